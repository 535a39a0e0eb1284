//! Every mode of `echo`: swatch-rs prints the same bytes as the original, and so as the installed
//! Term::ANSIColor.

use std::fmt::Write as _;
use std::process::Command;
use swatch_tests::case::Case;
use swatch_tests::{program, run, show, skip};

/// The names known to the installed Term::ANSIColor; nothing if there is none.
fn names() -> Option<Vec<String>> {
    let list = "print join \"\\n\", sort keys %Term::ANSIColor::ATTRIBUTES";
    let output = Command::new("perl")
        .args(["-MTerm::ANSIColor", "-e", list])
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let names: Vec<String> = text.lines().map(str::to_owned).collect();
    output.status.success().then_some(names)
}

/// The output of a rule for each list of modes, for a line that only this rule matches.
fn printed(program: &std::path::Path, modes: &[String]) -> Vec<Vec<u8>> {
    let (mut conf, mut log) = (String::new(), String::new());
    for (number, list) in modes.iter().enumerate() {
        let _ = writeln!(conf, "watchfor /^line {number}$/\n  echo {list}");
        let _ = writeln!(log, "line {number}");
    }
    let mut case = Case::of("echo-modes", conf.as_bytes(), log.as_bytes());
    case.env
        .push(("ANSI_COLORS_ALIASES".to_owned(), "alert=red".to_owned()));
    let got = run::run(&case, program, false).expect("it can be run");
    assert_eq!(got.exit, 0, "{}", show::visible(&got.stderr, 2000));
    // Each output ends with a reset after its newline.
    let marks = got.stdout.split_inclusive(|&b| b == b'm');
    let mut outputs: Vec<Vec<u8>> = vec![Vec::new()];
    for part in marks {
        let last = outputs.last_mut().expect("there is one");
        last.extend_from_slice(part);
        if last.ends_with(b"\n\x1b[0m") {
            outputs.push(Vec::new());
        }
    }
    outputs
}

#[test]
fn every_mode_has_the_bytes_of_the_original() {
    let Some(original) = program::original() else {
        return skip::skipped("modes of echo", "swatchdog is not installed");
    };
    let Some(mut modes) = names() else {
        return skip::skipped("modes of echo", "Term::ANSIColor is not installed");
    };
    assert!(modes.len() > 1000, "{} modes", modes.len());
    let lists = [
        "r0g0b0",
        "r255g128b1",
        "on_r1g22b255",
        "BOLD",
        "On_Bright_Red",
        "red,on_blue",
        "bold red on_white",
        "bold, underline ,bright_green, on_rgb123",
        "\"italic\"",
        "faint,concealed,reverse,blink",
        "alert",
        "bold,alert",
        "grey23,on_ansi255",
    ];
    modes.extend(lists.map(str::to_owned));
    let expected = printed(&original, &modes);
    let got = printed(&program::swatch_rs(), &modes);
    assert_eq!(expected.len(), modes.len() + 1, "an output for each mode");
    for ((mode, expected), got) in modes.iter().zip(&expected).zip(&got) {
        assert_eq!(
            show::visible(got, 200),
            show::visible(expected, 200),
            "echo {mode}"
        );
    }
    assert_eq!(got.len(), expected.len());
}
