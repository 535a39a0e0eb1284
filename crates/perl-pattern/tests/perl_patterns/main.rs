//! Differential test against perl: generated patterns on generated lines, including groups.
//!
//! `PERL_PATTERN_CASES` is the number of patterns (default 4,000), `PERL_PATTERN_SEED` where
//! they begin, `PERL_PATTERN_REPORT` after how many differences it ends (default 1).

mod case;
mod generate;
mod oracle;
mod quirks;
mod words;

use std::collections::BTreeMap;

use case::{Case, Difference};
use oracle::Oracle;

/// Each reason may excuse one pattern in this many.
const EXCUSED_OF: u64 = 1_000;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| {
        text.parse()
            .unwrap_or_else(|_| panic!("{name} is not a number: {text}"))
    })
}

#[test]
fn generated_patterns_match_as_in_perl() {
    let Some(mut oracle) = Oracle::start() else {
        return;
    };
    let cases = number("PERL_PATTERN_CASES", 4_000);
    let seed = number("PERL_PATTERN_SEED", 1);
    let wanted = number("PERL_PATTERN_REPORT", 1) as usize;
    let mut differences = Vec::new();
    let mut excused: BTreeMap<&str, u64> = BTreeMap::new();
    for n in 0..cases {
        let mut random = generate::Random(seed.wrapping_mul(1 << 32).wrapping_add(n));
        let case = generate::case(&mut random);
        let found = difference(&mut oracle, &case);
        if let Some(Difference::Excused(reason)) = found {
            *excused.entry(reason).or_default() += 1;
        } else if found.is_some() {
            let (small, text) = shrink(&mut oracle, case);
            let text = format!("case {n}: {text}\n  from {}", small.shown());
            eprintln!("{text}");
            differences.push(text);
            if differences.len() == wanted {
                break;
            }
        }
    }
    println!("{cases} patterns from seed {seed}; excused: {excused:?}");
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    for (reason, count) in excused {
        let bound = 3 + cases / EXCUSED_OF;
        assert!(
            count <= bound,
            "{count} differences are excused by: {reason}"
        );
    }
}

/// A difference from perl both with and without its optimizer.
fn difference(oracle: &mut Oracle, case: &Case) -> Option<Difference> {
    let mut last = None;
    for optimised in [true, false] {
        let Some(answers) = oracle.ask(case, optimised) else {
            eprintln!("perl ended over {}", case.shown());
            *oracle = Oracle::start().expect("it was there before");
            return None;
        };
        last = Some(case.difference(&answers)?);
    }
    last
}

/// Removes bytes of the pattern while a difference remains.
fn shrink(oracle: &mut Oracle, mut case: Case) -> (Case, String) {
    let original = case.clone();
    let mut text = String::new();
    let mut tried = 0;
    'smaller: loop {
        for length in [8, 4, 3, 2, 1] {
            for start in 0..case.pattern.len().saturating_sub(length - 1) {
                let mut smaller = case.clone();
                smaller.pattern.drain(start..start + length);
                tried += 1;
                if tried > 3_000 {
                    break 'smaller;
                }
                if let Some(Difference::Found(found)) = difference(oracle, &smaller) {
                    case = smaller;
                    text = found;
                    continue 'smaller;
                }
            }
        }
        break;
    }
    if text.is_empty()
        && let Some(Difference::Found(found)) = difference(oracle, &case)
    {
        text = found;
    }
    (original, text)
}
