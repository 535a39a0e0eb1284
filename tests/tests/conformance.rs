//! The conformance suite, described in `tests/conformance/README.md`.
//!
//! Not a libtest harness, because a case is data: the number of tests, their names and
//! their order come from the case files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;
use swatch_tests::case::{Case, Need};
use swatch_tests::gate::List;
use swatch_tests::isolate::{Isolation, conformance_dir, isolation};
use swatch_tests::judge::{self, Status};
use swatch_tests::{parse, pool, program, run, skip};

/// The command line. Unknown options are libtest's and are ignored.
struct Arguments {
    names: Vec<String>,
    exact: bool,
    original: bool,
    keep: bool,
    list: bool,
    none: bool,
    jobs: usize,
}

fn arguments() -> Arguments {
    let mut arguments = Arguments {
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
            "--original" => arguments.original = true,
            "--keep" => arguments.keep = true,
            "--exact" => arguments.exact = true,
            "--list" => arguments.list = true,
            // No case is marked as ignored.
            "--ignored" => arguments.none = true,
            "-j" | "--test-threads" => {
                arguments.jobs = args
                    .next()
                    .and_then(|n| n.parse().ok())
                    .unwrap_or(arguments.jobs);
            }
            "--skip" | "--format" | "--color" | "--logfile" | "-Z" => drop(args.next()),
            name if !name.starts_with('-') => arguments.names.push(name.to_owned()),
            _ => {}
        }
    }
    arguments
}

impl Arguments {
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

/// The outcome of a case.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Good,
    Failed,
    /// Failed as listed in `not-yet.txt`.
    NotYet,
    Skipped,
}

/// The result of one case.
struct CaseResult {
    /// `None` if it was not run.
    status: Option<Status>,
    kind: Kind,
    /// The reason for the outcome, beside the comparison.
    remark: String,
    report: String,
}

/// The context that all cases share.
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
    let arguments = arguments();
    let dir = conformance_dir();
    let all = parse::suite(&dir)?;
    let (not_yet, kept) = (
        read_list(&dir, "not-yet.txt", &all)?,
        read_list(&dir, "kept.txt", &all)?,
    );
    let total = all.len();
    let cases: Vec<Case> = all.into_iter().filter(|c| arguments.takes(c)).collect();
    if arguments.list {
        cases.iter().for_each(|c| println!("{}: test", c.name));
        return Ok(true);
    }
    let program = if arguments.original {
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
        original: arguments.original,
        perl: program::perl(),
        keep: arguments.keep,
        not_yet,
        kept,
    };
    Ok(whole(&suite, &cases, total - cases.len(), arguments.jobs))
}

/// Reads a list and checks that all its names exist.
fn read_list(dir: &Path, name: &str, cases: &[Case]) -> Result<List, String> {
    let list = List::read(&dir.join(name))?;
    let known: std::collections::BTreeSet<&str> = cases.iter().map(|c| c.name.as_str()).collect();
    let unknown = list.names().find(|n| !known.contains(n)).map(str::to_owned);
    match unknown {
        Some(unknown) => Err(format!("{name}: there is no case {unknown}")),
        None => Ok(list),
    }
}

/// More failures than this cannot be blamed on a busy machine.
const REPEATED: usize = 40;

/// Runs the cases and prints the outcome; true if all is well.
fn whole(suite: &Suite, cases: &[Case], filtered: usize, jobs: usize) -> bool {
    let begin = Instant::now();
    let count = cases.len();
    println!("\nrunning {count} conformance cases, {jobs} at a time");
    println!("program: {}", suite.program.display());
    // Long cases start first; short ones fill the gaps.
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by_key(|&n| !(cases[n].has("driver") || cases[n].has("feed")));
    let outcomes = pool::map(&order, jobs, |&n| one(suite, &cases[n]));
    let mut results: Vec<(usize, CaseResult)> = order.into_iter().zip(outcomes).collect();
    results.sort_by_key(|(n, _)| *n);

    let failures = results
        .iter()
        .filter(|(_, d)| d.kind == Kind::Failed)
        .count();
    if failures <= REPEATED {
        for (n, first) in results.iter_mut().filter(|(_, d)| d.kind == Kind::Failed) {
            let again = one(suite, &cases[*n]);
            if again.kind != Kind::Failed {
                println!("test {} ... ok, but only when run alone", cases[*n].name);
                *first = again;
            }
        }
    }
    let results: Vec<(&Case, CaseResult)> =
        results.into_iter().map(|(n, d)| (&cases[n], d)).collect();
    print_each(&results);
    print_counts(&results, filtered, begin)
}

/// Prints a line for each skipped case and a report for each failure.
fn print_each(results: &[(&Case, CaseResult)]) {
    for (case, result) in results {
        match result.kind {
            Kind::Skipped => println!("test {} ... skipped: {}", case.name, result.remark),
            Kind::NotYet => println!("test {} ... not yet: {}", case.name, result.remark),
            Kind::Good | Kind::Failed => {}
        }
    }
    for (case, result) in results.iter().filter(|(_, d)| d.kind == Kind::Failed) {
        let status = result.status.map_or("not run".into(), |s| s.to_string());
        let (name, topic, line) = (&case.name, &case.topic, case.line);
        println!("\n---- {name} ({topic}.txt:{line}): {status} ----");
        if !result.remark.is_empty() {
            println!("  {}", result.remark);
        }
        print!("{}", result.report);
    }
}

/// Prints the counts by topic and by status, then libtest's closing line.
fn print_counts(results: &[(&Case, CaseResult)], filtered: usize, begin: Instant) -> bool {
    let kinds = [Kind::Good, Kind::Failed, Kind::NotYet, Kind::Skipped];
    let mut topics: BTreeMap<&str, [usize; 4]> = BTreeMap::new();
    let mut statuses: BTreeMap<String, usize> = BTreeMap::new();
    let mut sums = [0; 4];
    for (case, result) in results {
        let column = kinds.iter().position(|&k| k == result.kind).unwrap_or(0);
        topics.entry(&case.topic).or_default()[column] += 1;
        sums[column] += 1;
        let status = result.status.map_or("not run".into(), |s| s.to_string());
        *statuses.entry(status).or_default() += 1;
    }
    println!("\ntopic                 cases   good failed not yet skipped");
    for (topic, [good, failed, not_yet, skipped]) in &topics {
        let all = good + failed + not_yet + skipped;
        println!("{topic:<20} {all:>6} {good:>6} {failed:>6} {not_yet:>7} {skipped:>7}");
    }
    let [good, failed, not_yet, skipped] = sums;
    if failed > 0 {
        println!("\nfailures:");
        for (case, _) in results.iter().filter(|(_, d)| d.kind == Kind::Failed) {
            println!("    {}", case.name);
        }
    }
    let statuses: Vec<String> = statuses.iter().map(|(s, n)| format!("{n} {s}")).collect();
    println!("\nstatus: {}\n", statuses.join(", "));
    let word = if failed == 0 { "ok" } else { "FAILED" };
    let ignored = not_yet + skipped;
    let took = begin.elapsed().as_secs_f64();
    println!(
        "test result: {word}. {good} passed; {failed} failed; {ignored} ignored; \
         0 measured; {filtered} filtered out; finished in {took:.2}s\n"
    );
    failed == 0
}

/// Runs a case, or says why not, and checks it against the lists.
fn one(suite: &Suite, case: &Case) -> CaseResult {
    let unrun = |kind, remark| CaseResult {
        status: None,
        kind,
        remark,
        report: String::new(),
    };
    if let Some(why) = hindered(case) {
        let kind = if skip::no_skip() {
            Kind::Failed
        } else {
            Kind::Skipped
        };
        return unrun(kind, why);
    }
    let got = match run::run(case, &suite.program, suite.keep) {
        Ok(got) => got,
        Err(why) => return unrun(Kind::Failed, why),
    };
    let status = judge::status(case, &got);
    let (kind, remark) = if suite.original {
        let kind = if judge::holds(status) {
            Kind::Good
        } else {
            Kind::Failed
        };
        (
            kind,
            "the original does not do what the case says".to_owned(),
        )
    } else if let Some(text) = judge::unsaid(case, &got) {
        (Kind::Failed, format!("standard error does not say: {text}"))
    } else {
        suite.gate(case, status)
    };
    let report = match kind {
        Kind::Failed => judge::report(case, &got, status, suite.original),
        _ => String::new(),
    };
    CaseResult {
        status: Some(status),
        kind,
        remark,
        report,
    }
}

impl Suite {
    /// Both ways: a listed case must fail, an unlisted one must not.
    fn gate(&self, case: &Case, status: Status) -> (Kind, String) {
        let met = judge::met(case, status, self.perl);
        let not_yet = self.not_yet.reason(&case.name);
        let kept = self.kept.reason(&case.name);
        let as_original = status == Status::Orig && case.better.is_none();
        match (not_yet, kept) {
            (Some(reason), _) if !met => (Kind::NotYet, reason.to_owned()),
            (Some(_), _) => {
                let remark = "met, but listed in not-yet.txt: take it off the list";
                (Kind::Failed, remark.to_owned())
            }
            (None, Some(_)) if as_original => (Kind::Good, String::new()),
            (None, Some(_)) => {
                let remark = "listed in kept.txt, but not what the original does";
                (Kind::Failed, remark.to_owned())
            }
            (None, None) if met => (Kind::Good, String::new()),
            (None, None) => (Kind::Failed, String::new()),
        }
    }
}

/// The reason why a case cannot be run on this machine.
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
