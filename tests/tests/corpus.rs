//! Configurations written in the manner of real users' files, run through the original and
//! swatch-rs; see `tests/corpus/README.md`.

use std::path::{Path, PathBuf};
use swatch_tests::case::{Case, Need};
use swatch_tests::gate::List;
use swatch_tests::isolate::{Isolation, isolation};
use swatch_tests::{corpus, judge, pool, program, run, show, skip, write};

/// The cases that this machine allows; the others are reported as skipped.
fn cases() -> Vec<Case> {
    let (known, unknown) = corpus::load().expect("the corpus is readable");
    if let Some(program) = program::original() {
        for case in &unknown {
            let got = run::run(case, &program, false).expect("the original can be run");
            let name = &case.name;
            println!("=== {name}\nwant\n{}", write::fields(&got));
        }
    }
    let names: Vec<&str> = unknown.iter().map(|c| c.name.as_str()).collect();
    assert!(
        names.is_empty(),
        "without an entry in effects.txt (above: what the original does): {names:?}"
    );
    known
        .into_iter()
        .filter(|case| match isolation() {
            Isolation::None(why) if case.needs.contains(&Need::StandIns) => {
                skip::skipped(&case.name, why);
                false
            }
            _ => true,
        })
        .collect()
}

/// Runs every case; `check` returns what is wrong with a result, if anything.
fn all(program: &Path, original: bool) {
    let cases = cases();
    let perl = program::perl();
    let not_yet = List::read(&corpus::dir().join("not-yet.txt")).expect("the list is readable");
    let reports = pool::map(&cases, pool::default_jobs(), |case| {
        let got = match run::run(case, program, false) {
            Ok(got) => got,
            Err(why) => return Some(why),
        };
        let status = judge::status(case, &got);
        let good = if original {
            judge::holds(status)
        } else {
            judge::met(case, status, perl)
        };
        let unsaid = judge::unsaid(case, &got).filter(|_| !original);
        let good = good && unsaid.is_none();
        let listed = not_yet.reason(&case.name).filter(|_| !original);
        match (good, listed) {
            (true, None) => return None,
            (false, Some(reason)) => {
                println!("{}.conf: not yet: {reason}", case.name);
                return None;
            }
            (true, Some(_)) => return Some(format!("take {} off not-yet.txt", case.name)),
            (false, None) => {}
        }
        let mut report = format!("---- {}.conf: {status} ----\n", case.name);
        if let Some(text) = unsaid {
            report.push_str(&format!("  standard error does not say: {text}\n"));
        }
        report.push_str(&judge::report(case, &got, status, original));
        report.push_str("  what came, as an entry:\n");
        report.push_str(&write::fields(&got));
        Some(report)
    });
    let wrong: Vec<String> = reports.into_iter().flatten().collect();
    wrong.iter().for_each(|report| println!("{report}"));
    println!(
        "{} of {} files as they should be",
        cases.len() - wrong.len(),
        cases.len()
    );
    assert!(wrong.is_empty(), "{} files differ: see above", wrong.len());
}

#[test]
fn the_original_does_what_is_written() {
    match program::original() {
        Some(program) => all(&program, true),
        None => skip::skipped("the original", "swatchdog is not installed"),
    }
}

#[test]
fn swatch_rs_does_what_is_written() {
    all(&program::swatch_rs(), false);
}

/// `SWATCH_CORPUS=DIRECTORY`: every `.conf` in your own directory loads, or is refused with
/// status 2 and a message. Prints a table of the files.
#[test]
fn files_of_a_given_folder_load_or_are_refused() {
    let Some(folder) = std::env::var_os("SWATCH_CORPUS").map(PathBuf::from) else {
        println!("no folder given in SWATCH_CORPUS");
        return;
    };
    let program = program::swatch_rs();
    let files = corpus::confs(&folder).expect("SWATCH_CORPUS names a readable folder");
    assert!(!files.is_empty(), "no .conf in {}", folder.display());
    let rows = pool::map(&files, pool::default_jobs(), |file| load(&program, file));
    let mut wrong = 0;
    for (file, (verdict, line, good)) in files.iter().zip(&rows) {
        wrong += usize::from(!good);
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        println!("{verdict:<9}{name:<56} {line}");
    }
    let refused = rows
        .iter()
        .filter(|(verdict, _, _)| *verdict == "refused")
        .count();
    let loaded = rows.len() - refused - wrong;
    println!("{loaded} loaded, {refused} refused, {wrong} neither");
    assert_eq!(
        wrong, 0,
        "files that neither load nor are refused as they should be"
    );
}

/// Loads one file with an empty log: the verdict, the first line of the message, and whether it is
/// one of the two good outcomes. A file in the style of the nineties gets a second try as
/// such.
fn load(program: &Path, file: &Path) -> (&'static str, String, bool) {
    let conf = match std::fs::read(file) {
        Ok(conf) => conf,
        Err(why) => return ("unread", why.to_string(), false),
    };
    let mut case = Case::of("corpus", &conf, b"");
    let mut first = None;
    for old_style in [false, true] {
        if old_style {
            case.args.push("--old-style-config".to_owned());
        }
        let got = match run::run(&case, program, false) {
            Ok(got) => got,
            Err(why) => return ("unrun", why, false),
        };
        let line = first_error(&got.stderr);
        match (got.exit, old_style) {
            (0, false) => return ("loads", String::new(), true),
            (0, true) => return ("loads -O", String::new(), true),
            (exit, false) => first = Some((exit, line)),
            (_, true) => {}
        }
    }
    let (exit, line) = first.unwrap_or_default();
    match exit {
        2 if !line.is_empty() => ("refused", line, true),
        2 => ("refused", "(without a message)".to_owned(), false),
        _ => ("status", format!("{exit}: {line}"), false),
    }
}

/// The first line that reports an error; warnings come before it.
fn first_error(stderr: &[u8]) -> String {
    let lines = || {
        stderr
            .split(|&b| b == b'\n')
            .filter(|line| !line.is_empty())
    };
    let error = lines().find(|line| line.starts_with(b"error"));
    let line = show::visible(error.or_else(|| lines().next()).unwrap_or_default(), 100);
    line.replace(" (no newline)", "")
}
