//! Invariants of the time stamp reader, for the property tests and the fuzz target.

use log_timestamp::{Reference, find, find_at_front};

/// A line of any bytes, read at any time: no panic, ranges within the line, and a stamp that is
/// found again in what it was cut from.
pub(crate) fn any_line(line: &[u8], now: i64) {
    let Some(stamp) = find(line) else {
        return;
    };
    let reference = Reference { now, offset: 3600 };
    let _ = stamp.unix_seconds(reference);
    assert!(stamp.nanoseconds < 1_000_000_000);
    assert!(stamp.cut.start <= stamp.range.start);
    assert!(stamp.range.start < stamp.range.end);
    assert!(stamp.range.end <= stamp.cut.end);
    assert!(stamp.cut.end <= line.len());
    assert!(line.ends_with(stamp.rest(line)));
    match stamp.is_at_front() {
        true => {
            assert_eq!(find_at_front(line), Some(stamp.clone()));
            // Nothing after the stamp has a say.
            let separator = usize::from(stamp.cut.end == stamp.range.end);
            let end = line.len().min(stamp.cut.end + separator);
            let mut other = line[..end].to_vec();
            other.extend_from_slice(b"message");
            assert_eq!(find(&other).map(|again| again.range), Some(stamp.range));
        }
        false => assert_eq!(find_at_front(line), None),
    }
}
