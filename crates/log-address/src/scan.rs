//! Small tools for reading headers and messages.

use memchr::memmem;

/// The text before and after the first `needle`.
pub(crate) fn split<'a>(text: &'a [u8], needle: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = memmem::find(text, needle)?;
    Some((&text[..at], &text[at + needle.len()..]))
}

/// The text before and after the last `needle`.
pub(crate) fn split_last<'a>(text: &'a [u8], needle: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = memmem::rfind(text, needle)?;
    Some((&text[..at], &text[at + needle.len()..]))
}

/// The text up to the first space, and the text after that space.
pub(crate) fn word(text: &[u8]) -> (&[u8], &[u8]) {
    split(text, b" ").unwrap_or((text, b""))
}

/// The text after a run of digits; `None` if there is no digit.
pub(crate) fn digits(text: &[u8]) -> Option<&[u8]> {
    let end = text
        .iter()
        .position(|byte| !byte.is_ascii_digit())
        .unwrap_or(text.len());
    if end == 0 { None } else { Some(&text[end..]) }
}
