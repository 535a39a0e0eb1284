//! swatch-action
