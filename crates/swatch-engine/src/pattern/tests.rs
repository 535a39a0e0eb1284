use super::{Captures, Limits, Matcher};
use swatch_config::ast::Flags;

#[test]
fn first() {
    let m = Matcher::compile(br"(\w+)\s\1", &Flags::default(), &Limits::default()).unwrap();
    let mut c = Captures::new();
    assert!(m.captures_into(b"xx ab ab", &mut c).is_match());
    assert_eq!(c.get(1), Some(3..5));
}
