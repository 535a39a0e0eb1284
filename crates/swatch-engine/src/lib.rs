//! swatch-engine
