//! Random configurations and logs, run through the original and through swatch-rs.
//!
//! `SWATCH_DIFF_CASES=N` sets the number of configurations (default 40), `SWATCH_DIFF_SEED=N`
//! another seed than the usual one.

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::path::Path;
use std::time::{Duration, Instant};
use swatch_tests::case::Case;
use swatch_tests::generate::{SENTINEL, Sample, sample};
use swatch_tests::isolate::{Isolation, isolation};
use swatch_tests::run::{Outcome, run};
use swatch_tests::{pool, program, show, skip};

/// The time limit for finding a smaller configuration that still differs.
const SHRINKING: Duration = Duration::from_secs(20);

#[test]
fn random_configurations_do_the_same() {
    let Some(original) = program::original() else {
        return skip::skipped("random configurations", "swatchdog is not installed");
    };
    if let Isolation::None(why) = isolation() {
        return skip::skipped("random configurations", why);
    }
    let ours = program::swatch_rs();
    let (count, seed) = (
        number("SWATCH_DIFF_CASES", 40),
        number("SWATCH_DIFF_SEED", 1),
    );
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let strategy = sample();
    let grown = || {
        strategy
            .new_tree(&mut runner)
            .expect("the grammar rejects nothing")
    };
    let mut trees: Vec<_> = std::iter::repeat_with(grown).take(count as usize).collect();
    let samples: Vec<Sample> = trees.iter().map(ValueTree::current).collect();
    let found = pool::map(&samples, pool::default_jobs(), |sample| {
        difference(sample, &original, &ours)
    });
    let differing: Vec<usize> = (0..found.len()).filter(|&n| found[n].is_some()).collect();
    println!(
        "{} of {count} configurations differ (seed {seed})",
        differing.len()
    );
    // The first few are enough; shrinking each takes a while.
    for &n in differing.iter().take(3) {
        let tree = &mut trees[n];
        let begin = Instant::now();
        let mut smallest = (samples[n].clone(), found[n].clone().unwrap_or_default());
        let mut smaller = tree.simplify();
        while smaller && begin.elapsed() < SHRINKING {
            let sample = tree.current();
            smaller = match difference(&sample, &original, &ours) {
                Some(told) => {
                    smallest = (sample, told);
                    tree.simplify()
                }
                None => tree.complicate(),
            };
        }
        let (sample, told) = smallest;
        println!("---- configuration {n} ----\n{}", sample.conf());
        println!(
            "---- log ----\n{}---- - original, + swatch-rs ----\n{told}",
            sample.log()
        );
    }
    assert!(differing.is_empty(), "swatch-rs and the original differ");
}

/// The difference, if there is one.
fn difference(sample: &Sample, original: &Path, ours: &Path) -> Option<String> {
    let case = Case::of("random", sample.conf().as_bytes(), sample.log().as_bytes());
    let go = |program: &Path| run(&case, program, false).expect("both programs can be run");
    let (wanted, got) = (go(original), go(ours));
    let begin = format!("{SENTINEL}\n");
    if !wanted.stdout.starts_with(begin.as_bytes()) {
        let said = String::from_utf8_lossy(&wanted.stderr).into_owned();
        return Some(format!("the original does not load this: {said}\n"));
    }
    (!same(&wanted, &got)).then(|| {
        let mut told = String::new();
        told.push_str(&show::diff(&wanted.stdout, &got.stdout));
        told.push_str(&show::diff(&wanted.side, &got.side));
        told.push_str(&format!("    exit - {} + {}\n", wanted.exit, got.exit));
        told.push_str(&String::from_utf8_lossy(&got.stderr));
        told
    })
}

fn same(a: &Outcome, b: &Outcome) -> bool {
    a.stdout == b.stdout && a.side == b.side && a.exit == b.exit
}

fn number(variable: &str, default: u64) -> u64 {
    let text = std::env::var(variable).ok();
    text.map_or(default, |t| {
        t.parse()
            .unwrap_or_else(|_| panic!("{variable}: not a number: {t}"))
    })
}
