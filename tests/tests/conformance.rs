//! The conformance suite: `tests/conformance/README.md` says what it asks.
//!
//! Not a libtest harness, because a case is data: the number of tests, their names and
//! the order in which they are run come from the case files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;
use swatch_tests::case::{Case, Need};
use swatch_tests::gate::List;
use swatch_tests::isolate::{Isolation, conformance_dir, isolation};
use swatch_tests::judge::{self, Status};
use swatch_tests::{parse, pool, program, run, skip};

/// What the command line asks for; unknown options are libtest's and ignored.
struct Wish {
    names: Vec<String>,
    exact: bool,
    original: bool,
    keep: bool,
    list: bool,
    none: bool,
    jobs: usize,
}

fn wish() -> Wish {
    let mut wish = Wish {
        names: Vec::new(),
        exact: false,
        original: false,
        keep: false,
        list: false,
        none: false,
        jobs: pool::default_jobs(),
    };
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--original" => wish.original = true,
            "--keep" => wish.keep = true,
            "--exact" => wish.exact = true,
            "--list" => wish.list = true,
            // No case is marked as ignored.
            "--ignored" => wish.none = true,
            "-j" | "--test-threads" => {
                wish.jobs = args
                    .next()
                    .and_then(|n| n.parse().ok())
                    .unwrap_or(wish.jobs);
            }
            "--skip" | "--format" | "--color" | "--logfile" | "-Z" => drop(args.next()),
            name if !name.starts_with('-') => wish.names.push(name.to_owned()),
            _ => {}
        }
    }
    wish
}

impl Wish {
    fn takes(&self, case: &Case) -> bool {
        let hit = |n: &String| {
            if self.exact {
                *n == case.name
            } else {
                case.name.contains(n)
            }
        };
        !self.none && (self.names.is_empty() || self.names.iter().any(hit))
    }
}

/// The result of one case.
struct Done {
    status: Option<Status>,
    good: bool,
    /// Why it is good or not, beside the comparison.
    remark: String,
    report: String,
}

/// What stays the same from case to case.
struct Suite {
    program: PathBuf,
    original: bool,
    perl: bool,
    keep: bool,
    not_yet: List,
    kept: List,
}

fn main() -> ExitCode {
    match start() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("conformance: {why}");
            ExitCode::FAILURE
        }
    }
}

fn start() -> Result<bool, String> {
    let wish = wish();
    let dir = conformance_dir();
    let all = parse::suite(&dir)?;
    let (not_yet, kept) = (
        read_list(&dir, "not-yet.txt", &all)?,
        read_list(&dir, "kept.txt", &all)?,
    );
    let total = all.len();
    let cases: Vec<Case> = all.into_iter().filter(|c| wish.takes(c)).collect();
    if wish.list {
        cases.iter().for_each(|c| println!("{}: test", c.name));
        return Ok(true);
    }
    let program = if wish.original {
        match program::original() {
            Some(path) => path,
            None => {
                skip::skipped("the original", "swatchdog is not installed");
                return Ok(true);
            }
        }
    } else {
        program::swatch_rs()
    };
    let suite = Suite {
        program,
        original: wish.original,
        perl: program::perl(),
        keep: wish.keep,
        not_yet,
        kept,
    };
    Ok(whole(&suite, &cases, total - cases.len(), wish.jobs))
}

/// A list whose names all exist.
fn read_list(dir: &Path, name: &str, cases: &[Case]) -> Result<List, String> {
    let list = List::read(&dir.join(name))?;
    let known: std::collections::BTreeSet<&str> = cases.iter().map(|c| c.name.as_str()).collect();
    let unknown = list.names().find(|n| !known.contains(n)).map(str::to_owned);
    match unknown {
        Some(unknown) => Err(format!("{name}: there is no case {unknown}")),
        None => Ok(list),
    }
}

/// Runs the cases and prints what came of it; true if all is well.
fn whole(suite: &Suite, cases: &[Case], filtered: usize, jobs: usize) -> bool {
    let begin = Instant::now();
    println!(
        "\nrunning {} conformance cases, {jobs} at a time",
        cases.len()
    );
    println!("program: {}", suite.program.display());
    // What takes long begins first; what only computes fills the gaps.
    let mut order: Vec<usize> = (0..cases.len()).collect();
    order.sort_by_key(|&n| !(cases[n].has("driver") || cases[n].has("feed")));
    let outcomes = pool::map(&order, jobs, |&n| one(suite, &cases[n]));
    let mut done: Vec<(usize, Done)> = order.into_iter().zip(outcomes).collect();
    done.sort_by_key(|(n, _)| *n);
    for (n, result) in &mut done {
        if !result.good && result.status.is_some() {
            let again = one(suite, &cases[*n]);
            if again.good {
                println!("test {} ... ok, but only when run alone", cases[*n].name);
                *result = again;
            }
        }
    }

    let mut topics: BTreeMap<&str, [usize; 4]> = BTreeMap::new();
    let mut failed = Vec::new();
    for (n, result) in &done {
        let case = &cases[*n];
        let count = topics.entry(&case.topic).or_default();
        count[0] += 1;
        if result.status.is_none() && result.good {
            count[3] += 1;
            println!("test {} ... skipped: {}", case.name, result.remark);
        } else if result.good {
            count[1] += 1;
        } else {
            count[2] += 1;
            failed.push((case, result));
        }
    }
    for (case, result) in &failed {
        let status = result
            .status
            .map_or("not run".to_owned(), |s| s.to_string());
        println!(
            "\n---- {} ({}.txt:{}): {status} ----",
            case.name, case.topic, case.line
        );
        if !result.remark.is_empty() {
            println!("  {}", result.remark);
        }
        print!("{}", result.report);
    }
    println!(
        "\n{:<20} {:>6} {:>6} {:>6} {:>8}",
        "topic", "cases", "good", "failed", "skipped"
    );
    for (topic, [all, good, bad, skipped]) in &topics {
        println!("{topic:<20} {all:>6} {good:>6} {bad:>6} {skipped:>8}");
    }
    if !failed.is_empty() {
        println!("\nfailures:");
        failed
            .iter()
            .for_each(|(case, _)| println!("    {}", case.name));
    }
    summary(&done, &topics, filtered, begin);
    failed.is_empty()
}

/// The closing lines: how many of each status, then libtest's.
fn summary(
    done: &[(usize, Done)],
    topics: &BTreeMap<&str, [usize; 4]>,
    filtered: usize,
    begin: Instant,
) {
    let mut by_status: BTreeMap<String, usize> = BTreeMap::new();
    for (_, result) in done {
        let name = result
            .status
            .map_or("SKIPPED".to_owned(), |s| s.to_string());
        *by_status.entry(name).or_default() += 1;
    }
    let counts: Vec<String> = by_status.iter().map(|(s, n)| format!("{n} {s}")).collect();
    println!("\nstatus: {}", counts.join(", "));
    let sum = |n: usize| topics.values().map(|c| c[n]).sum::<usize>();
    println!(
        "\ntest result: {}. {} passed; {} failed; {} ignored; 0 measured; {filtered} filtered out; finished in {:.2}s\n",
        if sum(2) == 0 { "ok" } else { "FAILED" },
        sum(1),
        sum(2),
        sum(3),
        begin.elapsed().as_secs_f64()
    );
}

/// Runs a case, or says why not, and holds it against the lists.
fn one(suite: &Suite, case: &Case) -> Done {
    if let Some(why) = hindered(case) {
        return Done {
            status: None,
            good: !skip::no_skip(),
            remark: why,
            report: String::new(),
        };
    }
    let got = match run::run(case, &suite.program, suite.keep) {
        Ok(got) => got,
        Err(why) => {
            return Done {
                status: None,
                good: false,
                remark: why,
                report: String::new(),
            };
        }
    };
    let status = judge::status(case, &got);
    let (good, remark) = if suite.original {
        (
            judge::holds(status),
            "the original does not do what the case says".to_owned(),
        )
    } else {
        suite.gate(case, status)
    };
    let report = if good {
        String::new()
    } else {
        judge::report(case, &got, status, suite.original)
    };
    Done {
        status: Some(status),
        good,
        remark,
        report,
    }
}

impl Suite {
    /// Both ways: what is listed must fail, what is not must not.
    fn gate(&self, case: &Case, status: Status) -> (bool, String) {
        let met = judge::met(case, status, self.perl);
        if let Some(reason) = self.not_yet.reason(&case.name) {
            let remark = if met {
                "met, but listed in not-yet.txt: take it off the list".to_owned()
            } else {
                format!("not met yet: {reason}")
            };
            return (!met, remark);
        }
        match self.kept.reason(&case.name) {
            Some(reason) if status == Status::Orig && case.better.is_none() => {
                (true, format!("kept: {reason}"))
            }
            Some(_) => (
                false,
                "listed in kept.txt, but not what the original does".to_owned(),
            ),
            None => (met, String::new()),
        }
    }
}

/// Why the case cannot be run on this machine.
fn hindered(case: &Case) -> Option<String> {
    for need in &case.needs {
        match (need, isolation()) {
            (Need::StandIns, Isolation::None(why)) => return Some(why.clone()),
            (Need::Root, kind) if *kind != Isolation::Root => {
                return Some("needs root: the case changes to another user".to_owned());
            }
            _ => {}
        }
    }
    None
}
