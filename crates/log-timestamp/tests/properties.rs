//! Random lines and damaged samples against the invariants.

use log_timestamp::Format;
use proptest::prelude::*;
use proptest::sample::Index;

mod invariants;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes(line in proptest::collection::vec(any::<u8>(), 0..80), now in any::<i64>()) {
        invariants::any_line(&line, now);
    }

    /// Samples with a few bytes changed come close to every branch.
    #[test]
    fn damaged_samples(
        format in 0..Format::ALL.len(),
        sample in any::<Index>(),
        damage in proptest::collection::vec((any::<Index>(), any::<u8>()), 0..4),
        now in any::<i64>(),
    ) {
        let mut line = sample.get(Format::ALL[format].samples()).as_bytes().to_vec();
        for (place, byte) in damage {
            let place = place.index(line.len());
            match byte {
                0..50 => line.truncate(place.max(1)),
                50..100 => line.insert(place, byte),
                _ => line[place] = byte,
            }
        }
        invariants::any_line(&line, now);
    }
}
