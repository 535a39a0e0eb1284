//! Fields of a record separated by white space, as Perl's `split` and awk count them.

/// The bytes that Perl's `\s` matches.
pub(crate) fn is_blank(byte: u8) -> bool {
    byte == b' ' || (0x09..=0x0d).contains(&byte)
}

/// Perl's `split ' '`: leading and trailing white space is ignored.
pub(crate) fn words(text: &[u8]) -> impl DoubleEndedIterator<Item = &[u8]> {
    text.split(|&b| is_blank(b)).filter(|w| !w.is_empty())
}

/// `$_[N]`: field `index` from 0, or from the end if negative. A missing field is empty.
pub(crate) fn perl_field(text: &[u8], index: i64) -> &[u8] {
    let found = match usize::try_from(index) {
        Ok(i) => words(text).nth(i),
        Err(_) => usize::try_from(-(index + 1))
            .ok()
            .and_then(|i| words(text).rev().nth(i)),
    };
    found.unwrap_or_default()
}

/// Field `number` (from 1) under `--awk-field-syntax`: Perl's `split /\s+/`, which unlike awk
/// counts an empty field before leading white space. A missing field is empty.
pub(crate) fn awk_field(text: &[u8], number: u32) -> &[u8] {
    let leading = text.first().is_some_and(|&b| is_blank(b));
    let index = number as usize;
    let skipped = match (index, leading) {
        (0, _) => return text,
        (1, true) => return &[],
        (n, true) => n - 2,
        (n, false) => n - 1,
    };
    words(text).nth(skipped).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leading_blanks_make_an_empty_first_awk_field_but_no_perl_field() {
        assert_eq!(awk_field(b"  a b", 1), b"");
        assert_eq!(awk_field(b"  a b", 2), b"a");
        assert_eq!(awk_field(b"a b", 2), b"b");
        assert_eq!(awk_field(b"a b", 3), b"");
        assert_eq!(awk_field(b"1 2 3 4 5 6 7 8 9 ten", 10), b"ten");
        assert_eq!(perl_field(b"  a b ", 0), b"a");
        assert_eq!(perl_field(b"  a b ", -1), b"b");
        assert_eq!(perl_field(b"  a b ", -3), b"");
        assert_eq!(perl_field(b"a", i64::MIN), b"");
    }
}
