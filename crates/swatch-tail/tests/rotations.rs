//! Rotation under a fast writer: small numbers of what the example `rotation_table` plays.

#[path = "common/rotation.rs"]
mod rotation;

use rotation::{Load, MODES, Mode, play};

#[test]
fn no_rotation_loses_a_line() {
    let load = Load {
        per_second: 5_000,
        lines: 8_000,
        rotations: 4,
    };
    let played: Vec<_> = MODES
        .map(|(mode, name)| {
            let thread = std::thread::spawn(move || {
                let dir = tempfile::tempdir().unwrap();
                play(mode, load, dir.path())
            });
            (mode, name, thread)
        })
        .into();
    for (mode, name, thread) in played {
        let outcome = thread.join().unwrap();
        assert_eq!(outcome.lost, outcome.in_no_file, "{name}: {outcome:?}");
        assert_eq!(outcome.doubled, 0, "{name}: {outcome:?}");
        if mode != Mode::CopyTruncate {
            assert_eq!(outcome.lost, 0, "{name}: {outcome:?}");
        }
    }
}
