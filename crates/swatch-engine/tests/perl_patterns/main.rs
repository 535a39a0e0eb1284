//! Our engines against perl itself: generated patterns on generated lines, groups included.
//!
//! `SWATCH_PATTERN_CASES` is the number of patterns (default 4,000), `SWATCH_PATTERN_SEED` where
//! they begin.

mod case;
mod generate;
mod oracle;
mod words;

use case::Case;
use oracle::Oracle;

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
    let cases = number("SWATCH_PATTERN_CASES", 4_000);
    let seed = number("SWATCH_PATTERN_SEED", 1);
    let wanted = number("SWATCH_PATTERN_REPORT", 1) as usize;
    let mut differences = Vec::new();
    for n in 0..cases {
        let mut random = generate::Random(seed.wrapping_mul(1 << 32).wrapping_add(n));
        let case = generate::case(&mut random);
        if difference(&mut oracle, &case).is_some() {
            let (small, text) = shrink(&mut oracle, case);
            let text = format!("case {n}: {text}\n  from {}", small.shown());
            eprintln!("{text}");
            differences.push(text);
            if differences.len() == wanted {
                break;
            }
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// Where we say something that perl says neither with its optimiser nor without.
fn difference(oracle: &mut Oracle, case: &Case) -> Option<String> {
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

/// Leaves bytes of the pattern out as long as a difference remains.
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
                if let Some(difference) = difference(oracle, &smaller) {
                    case = smaller;
                    text = difference;
                    continue 'smaller;
                }
            }
        }
        break;
    }
    if text.is_empty() {
        text = difference(oracle, &case).unwrap_or_default();
    }
    (original, text)
}
