//! swatch-rs
fn main() {}
