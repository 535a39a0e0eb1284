//! swatch-config
