//! The block path, the record path and the rule-by-rule path agree.

use std::ops::ControlFlow;

use proptest::prelude::*;
use swatch_config::ast::{Expr, Flags, Match, When};

use super::{Hits, Prefilter, Scratch, in_order};
use crate::effect::Effect;
use crate::state::{Counters, State};
use crate::testing::*;

/// Parts of patterns and lines.
const WORDS: &[&str] = &[
    "Failed password",
    "connect from",
    "sshd",
    "error",
    "ERROR",
    "su",
    "a",
    "[pam]",
    "user=root",
    "10.0.0.1",
    " ",
    ":",
    "x\u{e9}y",
    "kernel: oops",
    "lease lost",
    "lease expired by",
    "",
];

/// Parts of patterns only.
const CONSTRUCTS: &[&str] = &[
    r"\d+",
    r"\S+",
    ".*",
    "^",
    "$",
    r"\b",
    r"(\w+)",
    "(?i)error",
    "(?i:ssHd)",
    "(?:foo|connect from)",
    "(?:error|su|)",
    "(?=.*root)",
    "(?!x)",
    r"(o)\1",
    "x*",
    "[ab]",
    "(?:Failed|Accepted) password",
    r"\s*",
    "(?<=d)",
    "a{2,3}",
    "(?>su)",
    r"\.",
    "(?:10|192)",
    "[Ee]rror",
    "(?i:(?:lease|LOCK) (?:LOST|expired by))",
    "(?i:sshd.*(lost|lease expired))",
    r"(lease|lock) (\w+) by",
    "lease lost.*kernel",
    r"[0-9]+\.(?:0|[1-9]+)",
    "(?:[a-f]+|[0-9]+)=",
    "(?<!lease )lost",
];

fn pattern_text() -> impl Strategy<Value = String> {
    let word = prop::sample::select(WORDS).prop_map(|word| word.replace('[', r"\["));
    let part =
        prop_oneof![3 => word, 2 => prop::sample::select(CONSTRUCTS).prop_map(str::to_owned)];
    prop::collection::vec(part, 1..4).prop_map(|parts| parts.concat())
}

fn condition() -> impl Strategy<Value = Expr> {
    let leaf = (pattern_text(), any::<bool>(), prop::bool::weighted(0.1)).prop_map(
        |(source, ignore_case, negated)| {
            let mut pattern = pattern(&source);
            pattern.flags = Flags {
                ignore_case,
                ..Flags::default()
            };
            Expr::Match(Match {
                target: None,
                pattern,
                negated,
            })
        },
    );
    leaf.prop_recursive(2, 6, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(l, r)| and(l, r)),
            (inner.clone(), inner.clone()).prop_map(|(l, r)| or(l, r)),
            inner.prop_map(not),
        ]
    })
}

fn log() -> impl Strategy<Value = Vec<u8>> {
    let part = prop_oneof![
        4 => prop::sample::select(WORDS),
        1 => prop::sample::select(vec!["foo", "aa", "1", "Accepted password", "Error", "SSHD"]),
    ];
    let line = prop::collection::vec(part, 0..5).prop_map(|parts| parts.concat());
    let lines = prop::collection::vec(line, 1..20);
    (lines, any::<bool>()).prop_map(|(lines, open)| {
        let mut log = lines.join("\n");
        log += if open { "" } else { "\n" };
        log.into_bytes()
    })
}

fn lines(log: &[u8]) -> Vec<&[u8]> {
    let mut lines: Vec<_> = log.split(|&byte| byte == b'\n').collect();
    if lines.last() == Some(&&b""[..]) {
        lines.pop();
    }
    lines
}

fn cases() -> u32 {
    std::env::var("SWATCH_SEARCH_CASES").map_or(100, |n| n.parse().expect("a number"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn all_paths_decide_the_same(
        rules in prop::collection::vec((condition(), prop::bool::weighted(0.3), prop::bool::weighted(0.3)), 1..10),
        log in log(),
        size in 1usize..4,
    ) {
        let rules = rules.into_iter().enumerate().map(|(n, (condition, go_on, held))| {
            let mut rule = rule(&n.to_string(), condition, vec![say(&format!("{n}: $1 $_"))]);
            rule.go_on = go_on.then_some(When::ALWAYS);
            rule.throttles.extend(held.then(|| throttle(Some(60), None, Some("$1"))));
            rule
        });
        let mut bench = Bench::new(rules.collect());
        let now = at(0);
        let mut plain = Vec::new();
        for line in lines(&log) {
            crate::decide(&bench.program, &mut bench.state, line, &now, &mut plain);
        }
        let program = &bench.program;
        let search = Prefilter::new(program);

        // Record by record.
        let (mut scratch, mut found) = (Scratch::new(), Hits::new());
        let mut state = State::new(program);
        let mut out: Vec<Effect> = Vec::new();
        for line in lines(&log) {
            search.record(program, &mut scratch, line, &mut found);
            for hit in found.hits() {
                crate::decide_hit(program, &search, &hit, &mut state, line, &now, &mut out);
            }
        }
        prop_assert_eq!(&out, &plain);

        prop_assert_eq!(state.counters(), bench.state.counters());

        // In blocks, by two threads.
        let mut blocks = Vec::new();
        let mut block = Vec::new();
        for (n, line) in log.split_inclusive(|&byte| byte == b'\n').enumerate() {
            block.extend_from_slice(line);
            if n % size == size - 1 {
                blocks.push(std::mem::take(&mut block));
            }
        }
        blocks.push(block);
        let mut state = State::new(program);
        let mut out: Vec<Effect> = Vec::new();
        let ended = in_order(program, &search, 2, blocks.into_iter(), Ok, |block, found| {
            for hit in found.hits() {
                let record = &block[hit.range.clone()];
                crate::decide_hit(program, &search, &hit, &mut state, record, &now, &mut out);
            }
            ControlFlow::<()>::Continue(())
        });
        prop_assert_eq!(ended, None);
        prop_assert_eq!(&out, &plain);
        prop_assert_eq!(state.counters(), bench.state.counters());
    }
}

/// Many small blocks, in each of which the number of the block is found.
fn numbered(mut decide: impl FnMut(usize) -> ControlFlow<usize> + Send) -> Option<usize> {
    let bench = Bench::new(vec![rule("n", matches("number"), vec![say("$_")])]);
    let search = Prefilter::new(&bench.program);
    let blocks = (0..1_000).map(|n| format!("number {n}\n").into_bytes());
    in_order(&bench.program, &search, 4, blocks, Ok, |block, found| {
        assert_eq!(found.len(), 1);
        let text = String::from_utf8_lossy(&block);
        decide(text["number ".len()..].trim_end().parse().unwrap())
    })
}

#[test]
fn blocks_come_in_order_until_it_is_broken_off() {
    let mut came = Vec::new();
    let ended = numbered(|number| {
        came.push(number);
        if number == 500 {
            return ControlFlow::Break(number);
        }
        ControlFlow::Continue(())
    });
    assert_eq!(ended, Some(500));
    assert!(came.into_iter().eq(0..=500));
}

#[test]
fn what_cannot_be_loaded_breaks_off_in_its_turn() {
    let bench = Bench::new(vec![rule("n", matches("number"), vec![say("$_")])]);
    let search = Prefilter::new(&bench.program);
    let load = |n: usize| match n {
        300.. => Err(n),
        _ => Ok(b"number\n"),
    };
    let mut came = 0;
    let ended = in_order(&bench.program, &search, 4, 0..1_000, load, |_, _| {
        came += 1;
        ControlFlow::Continue(())
    });
    assert_eq!((ended, came), (Some(300), 300));
}

#[test]
fn a_panic_of_the_one_that_decides_ends_the_others() {
    let result = std::panic::catch_unwind(|| {
        numbered(|number| {
            assert!(number < 20, "as meant");
            ControlFlow::Continue(())
        })
    });
    assert!(result.is_err());
}

#[test]
fn a_choice_that_the_log_shows_to_be_poor_is_changed() {
    // Both literals are in the pattern; the one that seems rarer is on every line.
    let bench = Bench::new(vec![rule(
        "x",
        matches(r"QQQQQ_QQQQQ.*seldom seen"),
        vec![echo()],
    )]);
    let search = Prefilter::new(&bench.program);
    let log = "QQQQQ_QQQQQ and so on, line after line of it\n".repeat(4_000);
    let (mut scratch, mut found) = (Scratch::new(), Hits::new());
    let generation = || search.generation.load(std::sync::atomic::Ordering::Relaxed);
    assert_eq!(generation(), 1);
    let short = &log.as_bytes()[..4096];
    search.block(&bench.program, &mut scratch, short, &mut found);
    assert_eq!(generation(), 1);
    for _ in 0..16 {
        search.block(&bench.program, &mut scratch, log.as_bytes(), &mut found);
        assert!(found.is_empty());
    }
    assert_eq!(generation(), 2);
    let log = log + "QQQQQ_QQQQQ, seldom seen\n";
    search.block(&bench.program, &mut scratch, log.as_bytes(), &mut found);
    assert_eq!(found.len(), 1);
}

/// Decides a log rule by rule, and by a search of the whole as one block.
fn both_ways(rules: Vec<swatch_config::ast::Rule>, log: &str) -> [(Vec<Effect>, Vec<Counters>); 2] {
    let mut bench = Bench::new(rules);
    let now = at(0);
    let mut plain = Vec::new();
    for line in lines(log.as_bytes()) {
        crate::decide(&bench.program, &mut bench.state, line, &now, &mut plain);
    }
    let program = &bench.program;
    let search = Prefilter::new(program);
    let (mut scratch, mut found) = (Scratch::new(), Hits::new());
    let (mut state, mut out) = (State::new(program), Vec::new());
    search.block(program, &mut scratch, log.as_bytes(), &mut found);
    for hit in found.hits() {
        let record = &log.as_bytes()[hit.range.clone()];
        crate::decide_hit(program, &search, &hit, &mut state, record, &now, &mut out);
    }
    let counters = |state: &State| state.counters().to_vec();
    [(plain, counters(&bench.state)), (out, counters(&state))]
}

#[test]
fn patterns_without_literals_share_an_automaton() {
    let patterns = [
        r"^[a-f]+[0-9]{2}",
        r"[0-9]{3}$",
        r"\b(?:[g-k]+|[0-9]+)[;,]",
        r"[A-Z]{2}(?=[0-9])",
        r"([a-f])\1",
        r"(?<![a-z])[xyz]{2}",
    ];
    let log = "abc12 and more\nghi;\n123\nAB1\naa\nxy\nwxy\n.xy\n\nabc123\nnone\nAB xx 77";
    for patterns in [&patterns[..], &patterns[..1], &patterns[3..4]] {
        let rules = patterns.iter().enumerate().map(|(n, pattern)| {
            let mut rule = rule(
                &n.to_string(),
                matches(pattern),
                vec![say(&format!("{n} $& $1"))],
            );
            rule.go_on = Some(When::ALWAYS);
            rule
        });
        let [plain, searched] = both_ways(rules.collect(), log);
        assert!(!plain.0.is_empty());
        assert_eq!(plain, searched);
    }
}

#[test]
fn a_search_that_is_given_up_is_counted_once_for_its_rule() {
    let hostile = format!("b{}!\n", "a".repeat(60));
    let log = format!("{hostile}aab\n{hostile}");
    let rules = vec![
        rule("1", matches("^(?=b(a+)+$)b"), vec![say("1")]),
        rule("2", matches("aab"), vec![say("2")]),
    ];
    let [plain, searched] = both_ways(rules, &log);
    assert_eq!(plain.1[0].gave_up, 2);
    assert_eq!(plain.1[1].matched, 1);
    assert_eq!(plain, searched);
}
