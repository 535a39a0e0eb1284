//! Whole decisions, checked against sequences recorded from swatchdog 3.2.4.

use swatch_config::ast::*;

use crate::effect::{Effect, Invocation};
use crate::explain::SkipReason;
use crate::program::{Options, Program};
use crate::state::State;
use crate::testing::*;
use crate::{AfterRule, Throttled};

#[test]
fn the_first_rule_that_matches_wins_unless_it_continues() {
    let mut first = rule("a", matches("a"), vec![say("first")]);
    let second = rule("beta", matches("beta"), vec![say("second")]);
    let third = rule("two", matches("two"), vec![say("third")]);
    let mut bench = Bench::new(vec![first.clone(), second.clone(), third.clone()]);
    assert_eq!(bench.echoes("beta two", 0), ["first"]);
    first.go_on = Some(When::ALWAYS);
    let mut bench = Bench::new(vec![first, second, third]);
    assert_eq!(bench.echoes("beta two", 0), ["first", "second"]);
}

#[test]
fn ignore_and_a_rule_without_actions_hide_the_record_from_later_rules() {
    let mut ignore = rule("x", matches("x"), vec![]);
    ignore.kind = RuleKind::Ignore;
    let silent = rule("y", matches("y"), vec![]);
    let mut bench = Bench::new(vec![ignore, silent, rule(".", matches("."), vec![echo()])]);
    assert_eq!(bench.run(&[(0, "x"), (0, "y"), (0, "z")]), ["z"]);
}

#[test]
fn quit_comes_after_all_actions_beats_continue_and_keeps_its_window() {
    let mut quits = rule("b", matches("b"), vec![say("one"), say("two")]);
    quits.quit = Some(When::ALWAYS);
    quits.go_on = Some(When::ALWAYS);
    let later = rule(".", matches("."), vec![say("later")]);
    let mut bench = Bench::new(vec![quits.clone(), later.clone()]);
    assert_eq!(bench.echoes("b", 0), ["one", "two", "QUIT"]);
    quits.quit = Some(When { days: 1, hours: 2 });
    let mut bench = Bench::new(vec![quits, later]);
    assert_eq!(bench.echoes("b", 0), ["one", "two", "later"]);
}

#[test]
fn a_suppressed_block_still_continues_or_stops() {
    let mut first = rule("m", matches("m"), vec![echo()]);
    first.throttles.push(throttle(Some(300), None, None));
    let later = rule(".", matches("."), vec![say("later")]);
    let mut bench = Bench::new(vec![first.clone(), later.clone()]);
    assert_eq!(bench.run(&[(0, "m"), (0, "m")]), ["m"]);
    first.go_on = Some(When::ALWAYS);
    let mut bench = Bench::new(vec![first, later]);
    assert_eq!(bench.run(&[(0, "m"), (0, "m")]), ["m", "later", "later"]);
}

#[test]
fn groups_are_those_of_the_last_match_that_succeeded() {
    for (condition, record, text) in [
        (and(matches("(a)"), matches("(b)")), "a b", "b"),
        (and(matches("(a)"), matches("b")), "a b", ""),
        (and(matches("(a)"), not(matches("(z)"))), "a b", "a"),
        (or(matches("(a)"), matches("(b)")), "x b", "b"),
        (not(matches("(z)")), "a;b", ""),
        (
            Expr::Comma(vec![matches("(a)"), matches("(b)")]),
            "a b",
            "b",
        ),
        (
            Expr::Xor(Box::new(matches("(a)")), Box::new(matches("(z)"))),
            "a",
            "a",
        ),
        (and(matches("(b)"), matches("")), "ab", "b"),
    ] {
        let mut bench = Bench::new(vec![rule("c", condition.clone(), vec![say("$1")])]);
        assert_eq!(bench.echoes(record, 0), [text], "{condition:?}");
    }
}

#[test]
fn an_empty_pattern_repeats_the_last_one_and_else_matches_everything() {
    let again = || and(matches("beta"), matches(""));
    let mut bench = Bench::new(vec![rule("b", again(), vec![echo()])]);
    assert_eq!(bench.run(&[(0, "alpha"), (0, "beta")]), ["beta"]);
    let mut bench = Bench::new(vec![rule("", matches(""), vec![echo()])]);
    assert_eq!(bench.run(&[(0, "alpha"), (0, "")]), ["alpha", ""]);
}

#[test]
fn numbers_strings_and_targets_work_in_conditions() {
    let group = || Expr::Var(Var::Group(1));
    let compare = |op, left: Expr, right: Expr| Expr::Compare {
        op,
        left: Box::new(left),
        right: Box::new(right),
    };
    let load = and(
        matches(r"load (\S+)"),
        compare(CompareOp::NumGt, group(), Expr::Number(Number::Integer(5))),
    );
    let mut bench = Bench::new(vec![rule("l", load, vec![echo()])]);
    assert_eq!(
        bench.run(&[(0, "load 12.5x"), (0, "load 4")]),
        ["load 12.5x"]
    );
    let user = Expr::Match(Match {
        target: Some(Box::new(group())),
        pattern: pattern("^r(.*)"),
        negated: false,
    });
    let mut bench = Bench::new(vec![rule(
        "u",
        and(matches(r"user (\S+)"), user),
        vec![say("$1 $&")],
    )]);
    assert_eq!(
        bench.run(&[(0, "user root x"), (0, "user xroot r")]),
        ["oot root"]
    );
    let mut bench = Bench::new(vec![rule("0", Expr::Text(template("0")), vec![echo()])]);
    assert!(bench.echoes("x", 0).is_empty());
}

#[test]
fn parts_around_a_match_and_the_last_group_have_values() {
    let condition = matches("(b)|(c)(d)?");
    let mut bench = Bench::new(vec![rule("x", condition, vec![say("[$`|$&|$'|$+]")])]);
    assert_eq!(bench.echoes("abz", 0), ["[a|b|z|b]"]);
    assert_eq!(bench.echoes("cz", 0), ["[|c|z|c]"]);
}

#[test]
fn awk_fields_are_for_commands_alone() {
    let command = Command::Direct(vec![template("rec"), template("$2-$5")]);
    let actions = vec![action(ActionKind::Exec { command }), say("$1")];
    let config = config(vec![rule("x", matches("(b+)"), actions)]);
    let options = Options {
        awk_fields: true,
        ..Options::default()
    };
    let program = Program::compile(&config, &options).unwrap();
    let mut out = Vec::new();
    crate::decide(
        &program,
        &mut State::new(&program),
        b"aa bb",
        &at(0),
        &mut out,
    );
    let argv = vec![b"rec".to_vec(), b"bb-".to_vec()];
    assert_eq!(out[0], Effect::Exec(Invocation::Direct(argv)));
    assert_eq!(
        out[1],
        Effect::Echo {
            text: b"bb".to_vec(),
            sgr: None
        }
    );
}

#[test]
fn mail_headers_hold_no_line_breaks_and_a_colon_separates_recipients() {
    let mail = action(ActionKind::Mail {
        addresses: Some(template("a:b")),
        subject: Some(template("got $1")),
        mailer: None,
    });
    let mut bench = Bench::new(vec![rule("u", matches("user ((?s).*)"), vec![mail])]);
    let effects = bench.effects("user x\nBcc: evil", at(0));
    let [
        Effect::Mail {
            to,
            subject,
            body,
            mailer: None,
        },
    ] = &effects[..]
    else {
        panic!("{effects:?}")
    };
    assert_eq!(to.as_deref(), Some(&b"a,b"[..]));
    assert_eq!(subject, b"got x Bcc: evil");
    assert_eq!(body, b"user x\nBcc: evil");
}

#[test]
fn a_refused_pattern_is_an_error_and_all_are_reported() {
    let rules = vec![
        rule("a", matches("(a"), vec![]),
        rule("b", matches("b"), vec![]),
        rule("c", matches("c)"), vec![]),
    ];
    let errors = Program::compile(&config(rules), &Options::default()).unwrap_err();
    assert_eq!(errors.len(), 2);
}

#[test]
fn an_explanation_names_rule_captures_throttle_and_skipped_actions() {
    let mut first = rule("m", matches("m(.)"), vec![echo()]);
    first.throttles.push(throttle(Some(10), None, Some("$1")));
    first.go_on = Some(When::ALWAYS);
    let mut second = rule("n", matches("."), vec![say("x"), say("y")]);
    second.actions[0].when = Some(When { days: 2, hours: 1 });
    second.actions[1].threshold = Some(threshold(ThresholdKind::Limit, "k", 1, 60));
    let Bench { program, mut state } = Bench::new(vec![first, second]);
    let mut out = Vec::new();
    crate::explain::explain(&program, &mut state, b"m1", &at(0), &mut out);
    out.clear();
    let traces = crate::explain::explain(&program, &mut state, b"m1", &at(3), &mut out);
    assert!(out.is_empty());
    assert_eq!(traces.len(), 2);
    assert_eq!(traces[0].captures[1].text.as_deref(), Some(&b"1"[..]));
    assert_eq!(
        traces[0].throttle,
        Some((
            b"1".to_vec(),
            Throttled::Held {
                count: 2,
                until: Some(11)
            }
        ))
    );
    assert!(traces[0].is_held());
    assert_eq!(traces[0].end, AfterRule::Continue);
    let whys: Vec<_> = traces[1].skipped.iter().map(|s| &s.why).collect();
    assert_eq!(whys[0], &SkipReason::OutsideWindow);
    assert!(matches!(whys[1], SkipReason::Threshold(key, c) if key == b"k" && c.events == 2));
    let counters = state.counters();
    assert_eq!(
        (counters[0].matched, counters[0].acted, counters[0].held),
        (2, 1, 1)
    );
}

#[test]
fn a_pattern_that_can_be_given_up_is_worth_a_warning() {
    let warnings = |pattern| crate::lint(&config(vec![rule("x", matches(pattern), vec![echo()])]));
    assert_eq!(warnings("(?=.*root)x").len(), 1);
    assert_eq!(warnings(r"(?<!invalid )user (\S+) from").len(), 0);
    assert_eq!(warnings(r"(\w+\s?)*;").len(), 0);
}
