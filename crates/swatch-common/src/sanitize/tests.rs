use proptest::prelude::*;

use super::*;

#[test]
fn control_characters_lose_their_power() {
    for (input, output) in [
        (&b"a\x1b]0;t\x07b\x7f"[..], r"a\x1b]0;t\x07b\x7f"),
        (b"one\ntwo\r\n", r"one\ntwo\r\n"),
        ("\u{9b}31m".as_bytes(), r"\u{9b}31m"),
        (b"\x9b31m\xff", r"\x9b31m\xff"),
        (b"\0", r"\x00"),
        (b"a\tb \\n", "a\tb \\n"),
    ] {
        assert_eq!(text(input), output);
    }
}

#[test]
fn text_cannot_be_reordered_or_hidden() {
    for c in [
        '\u{ad}',
        '\u{61c}',
        '\u{200b}',
        '\u{200d}',
        '\u{200f}',
        '\u{2028}',
        '\u{202a}',
        '\u{202e}',
        '\u{2060}',
        '\u{2066}',
        '\u{2069}',
        '\u{3164}',
        '\u{feff}',
        '\u{e0041}',
    ] {
        let escaped = format!("a\\u{{{:x}}}b", u32::from(c));
        let untrusted = format!("a{c}b");
        assert_eq!(text(untrusted.as_bytes()), escaped);
        assert_eq!(bytes(untrusted.as_bytes()), escaped.as_bytes());
        assert_eq!(cow(&untrusted), escaped);
        assert_eq!(lines(untrusted.as_bytes()), escaped);
    }
}

#[test]
fn other_text_is_kept() {
    for plain in ["日本語 é", "עברית العربية", "⚠️ naïve – “x”", "a\tb"]
    {
        assert_eq!(text(plain.as_bytes()), plain);
        assert!(matches!(cow(plain), Cow::Borrowed(_)));
    }
}

#[test]
fn stored_text_keeps_its_encoding() {
    // EUC-JP, as an old syslog may hold it.
    assert_eq!(bytes(b"\xc6\xfc\xcb\xdc"), b"\xc6\xfc\xcb\xdc");
    assert_eq!(bytes(b"\x9b31m\x1b\n"), br"\x9b31m\x1b\n");
}

#[test]
fn lines_keep_their_breaks_only() {
    assert_eq!(lines(b"a\tb\r\nc\x1b\n\rd"), "a\tb\nc\\x1b\n\\rd");
    assert_eq!(lines(b""), "");
}

#[test]
fn excerpts_are_bounded() {
    assert_eq!(excerpt("ééé".as_bytes(), 2), "éé…");
    assert_eq!(excerpt("ééé".as_bytes(), 3), "ééé");
    assert_eq!(excerpt(b"", 0), "");
    assert_eq!(excerpt(b"a", 0), "…");
    assert_eq!(excerpt(b"\x1b\x1b", 4), r"\x1b…");
}

#[test]
fn paths_are_text() {
    use std::ffi::OsStr;
    let hostile = Path::new(OsStr::from_bytes(b"/log/\x1b]0;\xff\nx"));
    assert_eq!(path(hostile), r"/log/\x1b]0;\xff\nx");
    assert_eq!(Sanitized::path(hostile).to_string(), path(hostile));
}

proptest! {
    #[test]
    fn nothing_unsafe_is_left(untrusted in proptest::collection::vec(any::<u8>(), 0..64), wide in any::<String>()) {
        for untrusted in [&untrusted[..], wide.as_bytes()] {
            prop_assert!(!text(untrusted).chars().any(is_unsafe));
            prop_assert!(!lines(untrusted).chars().any(|c| c != '\n' && is_unsafe(c)));
            prop_assert!(excerpt(untrusted, 8).chars().count() <= 9);
            let kept = bytes(untrusted);
            prop_assert!(!String::from_utf8_lossy(&kept).chars().any(is_unsafe));
        }
    }
}
