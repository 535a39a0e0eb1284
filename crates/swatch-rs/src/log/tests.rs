use super::visible;

#[test]
fn what_a_terminal_would_obey_is_shown() {
    assert_eq!(visible(b"a\tb\x1b[2Jc\x07\x7f"), "a\tb^[[2Jc^G^?");
    assert_eq!(visible("é\u{9b}".as_bytes()), "é\\u{9b}");
    assert_eq!(visible(b"\xff\x9b"), "\\xff\\x9b");
}
