//! swatch-action
fn main() {}
