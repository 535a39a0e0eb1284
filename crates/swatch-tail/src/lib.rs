//! swatch-tail
