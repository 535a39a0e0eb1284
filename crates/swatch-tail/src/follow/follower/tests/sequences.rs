//! The model test: whatever happens to a log, each line comes.
//!
//! `SWATCH_MODEL_CASES=20000 cargo test -p swatch-tail --lib model` for the long run.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::model::check;
use super::op::{Op, ops};
use super::world::Scheme;

/// Sequences that the model found, and that failed once.
#[test]
fn found_by_the_model() {
    use Op::*;
    use Scheme::*;
    let found: [(Scheme, &str, &[Op]); 13] = [
        (
            Counted,
            "the log has the number of an empty generation that was removed",
            &[
                Start,
                Create,
                Rotate,
                Drain,
                WritePart,
                Compress,
                Finish(1),
                Start,
                Write(4),
                Write(3),
                Compress,
                DeleteOldest,
                WritePart,
                Write(3),
                Stop,
                RotateTwice,
                Truncate,
                Stop,
            ],
        ),
        (
            Counted,
            "the number of a removed inode is used again",
            &[Start, Create, Drain, Write(1), Delete, Stop, RotateTwice],
        ),
        (
            Counted,
            "compressed while it was held and unread",
            &[Create, Start, Write(1), Rotate, Compress, Write(1)],
        ),
        (
            Counted,
            "copied and truncated before anything was read",
            &[Start, Drain, Create, Drain, Write(1), CopyTruncate],
        ),
        (
            Counted,
            "truncated, then rotated twice",
            &[
                Create,
                Start,
                Write(1),
                Drain,
                CopyTruncate,
                Write(1),
                Rotate,
                Write(1),
                Rotate,
            ],
        ),
        (
            Counted,
            "less is done than the head that is known",
            &[Start, RotateTwice, Write(9), Drain, Rotate, Compress, Stop],
        ),
        (
            Counted,
            "truncated and renamed at the stop",
            &[
                Create,
                Rotate,
                Start,
                Write(1),
                Drain,
                CopyTruncate,
                Finish(1),
                Write(2),
                Rename,
                Stop,
            ],
        ),
        (
            Counted,
            "truncated, renamed, and written to while down",
            &[
                Create,
                Rotate,
                Write(1),
                Start,
                CopyTruncate,
                Rotate,
                Stop,
                WriteLate(1),
            ],
        ),
        (
            Counted,
            "compressed between two starts",
            &[
                Start,
                RotateTwice,
                Rotate,
                Stop,
                Compress,
                Start,
                Stop,
                Compress,
            ],
        ),
        (
            Counted,
            "copied and renamed while down, nothing read",
            &[
                Create,
                Start,
                Write(1),
                Stop,
                CopyTruncate,
                Write(1),
                Rotate,
                Rename,
            ],
        ),
        (
            Counted,
            "found after a truncation, compressed unread",
            &[
                Create,
                Start,
                WritePart,
                Drain,
                CopyTruncate,
                Write(1),
                Rotate,
                Take(1),
                Stop,
                Compress,
            ],
        ),
        (
            Dated,
            "the order of the positions over two starts",
            &[
                Create,
                Write(1),
                Start,
                Write(1),
                Stop,
                Rotate,
                Write(1),
                Compress,
                Rotate,
                Start,
                Stop,
            ],
        ),
        (
            Linked,
            "a link moves back while nobody looks",
            &[Create, Start, Rotate, WritePart, Drain, LinkBack, Stop],
        ),
    ];
    for (scheme, what, ops) in found {
        for events in [true, false] {
            if let Err(failure) = check(scheme, events, 20, ops) {
                panic!("{what}: {failure}");
            }
        }
    }
}

#[test]
fn model() {
    let cases = std::env::var("SWATCH_MODEL_CASES").ok();
    let cases = cases.and_then(|n| n.parse().ok()).unwrap_or(300);
    let config = Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: 20_000,
        ..Config::default()
    };
    let schemes = prop_oneof![
        4 => Just(Scheme::Counted),
        3 => Just(Scheme::Dated),
        2 => Just(Scheme::Linked),
    ];
    let inputs = (schemes, prop::bool::weighted(0.8), 20usize..200, ops());
    let run = |(scheme, events, block_size, ops): (Scheme, bool, usize, Vec<Op>)| {
        check(scheme, events, block_size, &ops).map_err(TestCaseError::fail)
    };
    if let Err(failure) = TestRunner::new(config).run(&inputs, run) {
        panic!("{failure}");
    }
}
