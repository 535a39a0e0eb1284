//! Sequences of throttles and thresholds, as recorded from swatchdog 3.2.4.

use swatch_config::ast::*;

use crate::program::{Options, Program};
use crate::state::State;
use crate::testing::*;

fn throttled(t: Throttle) -> Bench {
    let mut r = rule(".", matches("."), vec![echo()]);
    r.throttles.push(t);
    Bench::new(vec![r])
}

fn counted(t: Threshold) -> Bench {
    let mut r = rule(".", matches("."), vec![echo()]);
    r.thresholds.push(t);
    Bench::new(vec![r])
}

fn seconds<'r>(list: &[i64], record: &'r str) -> Vec<(i64, &'r str)> {
    list.iter().map(|s| (*s, record)).collect()
}

#[test]
fn hold_times() {
    let mut hold2 = throttled(throttle(Some(2), None, None));
    let all: Vec<i64> = (0..8).collect();
    assert_eq!(
        hold2.run(&seconds(&all, "m")),
        ["m", "m (seen 4 times)", "m (seen 3 times)"]
    );
    let mut hold1 = throttled(throttle(Some(1), None, None));
    assert_eq!(
        hold1.run(&seconds(&all, "m")),
        [
            "m",
            "m (seen 3 times)",
            "m (seen 2 times)",
            "m (seen 2 times)"
        ]
    );
    let mut hold0 = throttled(throttle(Some(0), None, None));
    assert_eq!(
        hold0.run(&seconds(&[0, 0, 1, 1, 2], "m")),
        ["m", "m (seen 3 times)", "m (seen 2 times)"]
    );
    let mut quiet = throttled(throttle(Some(2), None, None));
    assert_eq!(
        quiet.run(&seconds(&[0, 6, 12], "m")),
        ["m", "m (seen 2 times)", "m (seen 1 times)"]
    );
    let mut ever = throttled(throttle(None, None, Some("k")));
    assert_eq!(ever.run(&seconds(&[0, 1_000_000], "m")), ["m"]);
}

#[test]
fn throttle_thresholds() {
    let mut three = throttled(throttle(None, Some(3), None));
    assert_eq!(
        three.run(&seconds(&[0; 7], "m")),
        ["m", "m (threshold 3 exceeded)", "m (threshold 3 exceeded)"]
    );
    let mut both = throttled(throttle(Some(2), Some(3), None));
    assert_eq!(
        both.run(&seconds(&[0, 0, 0, 0, 4, 4, 4, 4, 4, 4], "m")),
        [
            "m",
            "m (threshold 3 exceeded)",
            "m (seen 2 times)",
            "m (threshold 3 exceeded)"
        ]
    );
    let mut one = throttled(throttle(None, Some(1), None));
    assert_eq!(
        one.run(&seconds(&[0; 3], "m")),
        ["m", "m (threshold 1 exceeded)", "m (threshold 1 exceeded)"]
    );
}

#[test]
fn the_default_key_has_no_time_stamp_and_belongs_to_the_rule() {
    let mut bench = throttled(throttle(Some(300), None, Some("log")));
    let lines = [
        "Jan  2 03:04:05 h su: fail",
        "Jan 12 03:04:06 h su: fail",
        "2024-01-02T03:04:05.1+02:00 h su: fail",
        "Jan  2 03:04:07 h su: other",
    ];
    let records: Vec<_> = lines.iter().map(|l| (0, *l)).collect();
    assert_eq!(bench.run(&records), [lines[0], lines[3]]);
    let mut one = rule("same", matches("same"), vec![say("one")]);
    one.throttles.push(throttle(Some(300), None, None));
    one.go_on = Some(When::ALWAYS);
    let mut two = rule("same", matches("same"), vec![say("two")]);
    two.throttles.push(throttle(Some(300), None, None));
    // say() replaces the message after the throttle, so both keys are the record.
    let mut bench = Bench::new(vec![one, two]);
    assert_eq!(bench.run(&[(0, "same"), (0, "same")]), ["one", "two"]);
}

#[test]
fn own_keys_are_shared_between_rules() {
    let mut a = rule("a", matches("a"), vec![echo()]);
    a.throttles.push(throttle(Some(300), None, Some("k")));
    let mut b = rule("b", matches("b"), vec![echo()]);
    b.throttles.push(throttle(Some(300), None, Some("k")));
    let mut bench = Bench::new(vec![a, b]);
    assert_eq!(bench.run(&[(0, "a"), (0, "b"), (0, "a")]), ["a"]);
}

#[test]
fn cuts_regexes_and_messages_make_keys() {
    let mut cuts = throttle(Some(300), None, None);
    cuts.extra_cuts.push(pattern("[0-9]+"));
    assert_eq!(
        throttled(cuts).run(&[(0, "a 1 2"), (0, "a 33 4")]),
        ["a 1 2"]
    );
    let mut empty = throttle(Some(300), None, None);
    empty.extra_cuts.push(pattern("x*"));
    assert_eq!(throttled(empty).run(&[(0, "axxb"), (0, "abx")]), ["axxb"]);
    let mut regex = throttle(Some(300), None, None);
    regex.time_regex = Some(pattern(r"^(\d+) "));
    assert_eq!(
        throttled(regex).run(&[(0, "1 a"), (0, "2 a"), (0, "3 b")]),
        ["1 a", "3 b"]
    );
    let mut fixed = throttle(Some(300), None, None);
    fixed.message = Some(template("fixed"));
    assert_eq!(throttled(fixed).run(&[(0, "a"), (0, "b")]), ["fixed"]);
}

#[test]
fn the_time_of_the_record_can_be_the_clock() {
    let mut t = throttle(Some(10), None, Some("k"));
    t.time_from_record = true;
    let mut bench = throttled(t);
    assert_eq!(
        bench.run(&[
            (0, "Jan  2 03:04:05 a"),
            (900, "Jan  2 03:04:15 b"),
            (900, "2026-01-02T03:04:16 c"),
        ]),
        ["Jan  2 03:04:05 a", "2026-01-02T03:04:16 c (seen 3 times)"]
    );
    let mut t = throttle(Some(10), None, None);
    t.time_from_record = true;
    assert_eq!(
        throttled(t).run(&seconds(&[0, 5, 11], "no stamp")),
        ["no stamp", "no stamp (seen 3 times)"]
    );
}

#[test]
fn threshold_types() {
    use ThresholdKind::*;
    let names: Vec<String> = (1..=10).map(|i| format!("m{i}")).collect();
    let ten: Vec<_> = names.iter().map(|n| (0, n.as_str())).collect();
    for (kind, count, expected) in [
        (Limit, 2, &["m1", "m2"][..]),
        (Threshold, 3, &["m3", "m6", "m9"]),
        (Both, 3, &["m3"]),
        (Both, 1, &["m1"]),
        (Limit, 1, &["m1"]),
    ] {
        let mut bench = counted(threshold(kind, "k", count, 60));
        assert_eq!(bench.run(&ten), expected, "{kind:?} {count}");
    }
    assert_eq!(
        counted(threshold(Threshold, "k", 1, 60)).run(&ten).len(),
        10
    );
}

#[test]
fn threshold_windows() {
    use ThresholdKind::*;
    let mut limit = counted(threshold(Limit, "k", 1, 2));
    assert_eq!(
        limit.run(&[(0, "a"), (1, "b"), (1, "c"), (2, "d"), (3, "e"), (4, "f")]),
        ["a", "d", "f"]
    );
    // The first event after a window starts a new one: nothing is carried over.
    let mut carry = counted(threshold(Limit, "k", 3, 2));
    let times = [
        (0, "a"),
        (5, "b"),
        (10, "c"),
        (10, "d"),
        (10, "e"),
        (10, "f"),
        (10, "g"),
    ];
    assert_eq!(carry.run(&times), ["a", "b", "c", "d", "e"]);
    let mut every = counted(threshold(Threshold, "k", 2, 2));
    assert_eq!(
        every.run(&[(0, "a"), (0, "b"), (1, "c"), (3, "d"), (3, "e"), (3, "f")]),
        ["b", "e"]
    );
    let mut both = counted(threshold(Both, "k", 3, 2));
    let names: Vec<String> = (0..15).map(|i| format!("m{i}")).collect();
    let times = [0, 0, 0, 0, 2, 2, 2, 2, 4, 6, 6, 6, 6, 6, 6];
    let records: Vec<_> = times
        .iter()
        .copied()
        .zip(names.iter().map(String::as_str))
        .collect();
    assert_eq!(both.run(&records), ["m2", "m6", "m11"]);
}

#[test]
fn a_threshold_stands_outside_of_a_throttle() {
    let mut r = rule(".", matches("."), vec![echo()]);
    r.thresholds
        .push(threshold(ThresholdKind::Threshold, "k", 2, 60));
    r.throttles.push(throttle(None, Some(2), None));
    let mut bench = Bench::new(vec![r]);
    assert_eq!(
        bench.run(&seconds(&[0; 4], "m")),
        ["m", "m (threshold 2 exceeded)"]
    );
}

#[test]
fn a_reload_keeps_what_belongs_to_rules_that_are_still_there() {
    let mut kept = rule("kept", matches("k"), vec![echo()]);
    kept.throttles.push(throttle(Some(10), None, None));
    kept.thresholds
        .push(threshold(ThresholdKind::Limit, "x", 9, 60));
    let new_rule = rule("new", matches("z"), vec![echo()]);
    let mut bench = Bench::new(vec![kept.clone()]);
    assert_eq!(bench.run(&[(0, "k"), (1, "k")]), ["k"]);
    let options = Options {
        max_keys: 5,
        ..Options::default()
    };
    bench.program = Program::compile(&config(vec![new_rule, kept]), &options).unwrap();
    bench.state = bench.state.carry_over(&bench.program);
    assert_eq!(bench.state.counters()[1].matched, 2);
    assert_eq!(bench.run(&[(2, "k"), (11, "k")]), ["k (seen 4 times)"]);
}

#[test]
fn memory_is_bounded_whatever_the_keys() {
    let mut r = rule(".", matches("(.+)"), vec![echo()]);
    r.throttles.push(throttle(Some(10), None, Some("$1")));
    r.thresholds
        .push(threshold(ThresholdKind::Limit, "$1", 1, 2));
    let options = Options {
        max_keys: 500,
        ..Options::default()
    };
    let program = Program::compile(&config(vec![r]), &options).unwrap();
    let mut state = State::new(&program);
    let mut out = Vec::new();
    for i in 0..5_000 {
        out.clear();
        crate::decide(
            &program,
            &mut state,
            i.to_string().as_bytes(),
            &at(0),
            &mut out,
        );
        assert_eq!(out.len(), 1);
    }
    assert_eq!(state.remembered_keys(), 1000);
    assert_eq!(state.forgotten_keys(), 9000);
    // Expired windows are dropped as new keys arrive, before the limit requires it.
    for i in 0..250 {
        out.clear();
        crate::decide(
            &program,
            &mut state,
            format!("later {i}").as_bytes(),
            &at(60),
            &mut out,
        );
    }
    assert_eq!(state.remembered_keys(), 500 + 250);
}

#[test]
fn a_time_stamp_of_the_future_silences_no_key() {
    let mut t = throttle(Some(60), None, Some("k"));
    t.time_from_record = true;
    let records = [
        (0, "2026-11-22T18:00:00Z m"),
        (0, "2999-01-01T00:00:00Z m"),
        (0, "2026-11-22T18:00:30Z m"),
        (0, "2026-11-22T18:00:31Z m"),
        (0, "2026-11-22T18:02:00Z m"),
    ];
    assert_eq!(throttled(t).run(&records).len(), 4);
}
