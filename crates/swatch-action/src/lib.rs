//! swatch-action
pub mod address;
