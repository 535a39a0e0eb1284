//! Lines lost under rotation: `rotation_table [LINES-PER-SECOND LINES ROTATIONS]`
//!
//! The table that was measured for other tools with 2,000 lines/s, 40,000 lines and ten
//! rotations, which are the defaults. It takes as long as the writing does; all modes run at
//! once.

#[path = "../tests/common/rotation.rs"]
mod rotation;

use rotation::{Load, MODES, play};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut load = Load {
        per_second: 2_000,
        lines: 40_000,
        rotations: 10,
    };
    let numbers: Vec<usize> = std::env::args()
        .skip(1)
        .map(|n| n.parse())
        .collect::<Result<_, _>>()?;
    if let [per_second, lines, rotations] = numbers[..] {
        load = Load {
            per_second,
            lines,
            rotations,
        };
    }
    let played = MODES.map(|(mode, name)| {
        let thread = std::thread::spawn(move || {
            let dir = tempfile::tempdir().expect("a temporary directory");
            play(mode, load, dir.path())
        });
        (name, thread)
    });
    println!("| {:<34} | lost | of these in no file | doubled |", "");
    println!("|{:-<36}|------|---------------------|---------|", "");
    for (name, thread) in played {
        let outcome = thread.join().map_err(|_| format!("{name}: failed"))?;
        println!(
            "| {name:<34} | {:>4} | {:>19} | {:>7} |",
            outcome.lost, outcome.in_no_file, outcome.doubled
        );
    }
    Ok(())
}
