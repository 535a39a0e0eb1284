//! Any bytes as a pattern, any bytes as a record: nothing panics, nothing takes for ever, and what
//! one search says the other ones say too.

#![no_main]

use libfuzzer_sys::fuzz_target;
use swatch_config::ast::Flags;
use swatch_engine::pattern::{Captures, Limits, Matcher, Verdict};

fuzz_target!(|input: (u8, &[u8], &[u8])| {
    let (bits, source, record) = input;
    if source.len() > 200 || record.len() > 500 {
        return;
    }
    let flags = Flags {
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
        program_bytes: 1 << 20,
    };
    let matcher = match Matcher::compile(source, &flags, &limits) {
        Ok(matcher) => matcher,
        Err(error) => {
            assert!(error.offset <= source.len(), "the caret stands in the pattern");
            assert!(!error.message.is_empty());
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
        for group in 0..captures.len() {
            if let Some(range) = captures.get(group) {
                assert!(range.start <= range.end && range.end <= record.len());
            }
        }
    }
});
