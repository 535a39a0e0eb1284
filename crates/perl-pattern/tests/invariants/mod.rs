//! Invariants for any bytes as a pattern, shared by the test of edited patterns and the fuzz
//! target.

use std::time::Duration;

use perl_pattern::{Captures, Limits, Matcher, Modifiers, Verdict};

/// Nothing panics, nothing runs for ever, and all kinds of search agree. The bits are the
/// modifiers.
pub(crate) fn any_pattern(bits: u8, source: &[u8], record: &[u8]) {
    let modifiers = Modifiers {
        ignore_case: bits & 1 != 0,
        multi_line: bits & 2 != 0,
        dot_all: bits & 4 != 0,
        extended: bits & 8 != 0,
        extended_more: bits & 16 != 0,
        no_capture: bits & 32 != 0,
        ascii: bits & 64 != 0,
    };
    let limits = Limits {
        backtracks: 10_000,
        backtrack_kib: 1_000,
        time: Duration::from_millis(100),
        program_bytes: 1 << 20,
    };
    let matcher = match Matcher::compile(source, &modifiers, &limits) {
        Ok(matcher) => matcher,
        Err(error) => {
            let offset = error.offset;
            assert!(offset <= source.len(), "the caret stands in the pattern");
            assert!(!error.message.is_empty());
            assert!(!error.message.contains(char::is_control), "{error}");
            return;
        }
    };
    let found = matcher.is_match(record);
    let mut captures = Captures::new();
    let captured = matcher.captures_into(record, &mut captures);
    if found == Verdict::GaveUp || captured == Verdict::GaveUp {
        return;
    }
    assert_eq!(found, captured);
    if found == Verdict::Match {
        assert_eq!(captures.len(), matcher.group_count() as usize + 1);
        for range in (0..captures.len()).filter_map(|group| captures.get(group)) {
            assert!(range.start <= range.end && range.end <= record.len());
        }
        assert_eq!(matcher.find(record), captures.get(0));
    }
}
