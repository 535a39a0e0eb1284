//! Option lists, limits, windows, modes.

mod common;

use common::read;
use swatch_config::ast::{Action, ActionKind, Item, Rule, Template, When};

fn rule(text: &str) -> Rule {
    let parsed = read(format!("watchfor /x/\n{text}\n").as_bytes());
    assert!(!parsed.has_errors(), "{text}: {:?}", parsed.diagnostics);
    match parsed.config.items.into_iter().next() {
        Some(Item::Rule(rule)) => rule,
        other => panic!("{text}: {other:?}"),
    }
}

fn action(text: &str) -> Action {
    rule(text).actions.swap_remove(0)
}

fn plain(template: &Option<Template>) -> String {
    let template = template.clone().unwrap_or_default();
    String::from_utf8_lossy(template.as_text().expect("no variables")).into_owned()
}

#[test]
fn mail_options() {
    for (text, to, subject) in [
        ("mail", "", ""),
        ("mail root", "root", ""),
        ("mail = a", "a", ""),
        ("mail a b", "a b", ""),
        ("mail a,b", "a,b", ""),
        ("mail \"me@example.com\"", "me@example.com", ""),
        ("mail me\\@example.com", "me@example.com", ""),
        ("mail addresses=a:b,subject=hi there", "a:b", "hi there"),
        (
            "mail  addresses = a:b , subject = hi there",
            "a:b ",
            "hi there",
        ),
        ("mail ADDRESSES=a,Subject=\"word\"", "a", "word"),
        ("mail a,subject=one, two", "a", "one, two"),
        ("mail a,subject=\"one, x=2\",when=*:*", "a", "one, x=2"),
        ("mail a,subject='one two'", "a", "'one two'"),
        ("mail a,subject=s1,subject=s2", "a", "s2"),
        ("mail a,subject=Ticket #5 # a note", "a", "Ticket #5"),
        (
            "mail a,subject=cost \\$5 100% $ENV{WORD}",
            "a",
            "cost $5 100% from-env",
        ),
        ("mail a,subject=curly ”x”", "a", "curly ”x”"),
    ] {
        let ActionKind::Mail {
            addresses,
            subject: found,
            ..
        } = action(text).kind
        else {
            panic!("{text}");
        };
        assert_eq!(
            (plain(&addresses).as_str(), plain(&found).as_str()),
            (to, subject),
            "{text}"
        );
    }
}

#[test]
fn write_options() {
    for (text, expected) in [
        ("write root", "root"),
        ("write=root:bin", "root:bin"),
        ("write a, b", "a:b"),
        ("write users=joe@host,message=x", "joe@host"),
    ] {
        let ActionKind::Write { users, .. } = action(text).kind else {
            panic!("{text}");
        };
        assert_eq!(plain(&Some(users)), expected, "{text}");
    }
}

#[test]
fn modes() {
    for (text, expected) in [
        ("echo", None),
        ("echo=", None),
        ("echo normal", None),
        ("echo NORMAL,red", None),
        ("echo red", Some("31")),
        ("echo red,normal", Some("31")),
        ("echo \"RED\"", Some("31")),
        ("echo red, on_blue", Some("31;44")),
        ("echo red on_blue", Some("31;44")),
        ("echo modes=bold, red", Some("1;31")),
        ("echo bright_red on_bright_red", Some("91;101")),
        (
            "echo grey5 rgb123 on_ansi208",
            Some("38;5;237;38;5;67;48;5;208"),
        ),
        ("echo r10g20b30,on_r1g2b3", Some("38;2;10;20;30;48;2;1;2;3")),
        ("echo clear", Some("0")),
        ("echo red # note", Some("31")),
        ("echo message=got it,red", Some("31")),
    ] {
        let ActionKind::Echo { sgr } = action(text).kind else {
            panic!("{text}");
        };
        assert_eq!(sgr.as_deref(), expected, "{text}");
    }
}

#[test]
fn bells() {
    for (text, expected) in [
        ("bell", (1, 200)),
        ("bell 3", (3, 200)),
        ("bell \"2\"", (2, 200)),
        ("bell 1.5", (2, 200)),
        ("bell -1", (0, 200)),
        ("bell rings=2,delay=0", (2, 0)),
    ] {
        let ActionKind::Bell { rings, delay_ms } = action(text).kind else {
            panic!("{text}");
        };
        assert_eq!((rings, delay_ms), expected, "{text}");
    }
}

#[test]
fn windows() {
    let week = 0x3e;
    for (text, days, hours) in [
        ("*:*", 0x7f, 0xff_ffff),
        ("*", 0x7f, 0xff_ffff),
        ("1", 2, 0xff_ffff),
        ("1-5:8-9", week, 0x300),
        ("\"1-5:8-9\"", week, 0x300),
        ("1 - 5 : 8,9", week, 0x300),
        ("Mon-fri:*", week, 0xff_ffff),
        ("1-7:0-24", 0x7e, 0xff_ffff),
        ("sat,sun:22-1", 0x41, 0xc0_0003),
        ("5-1:*", 0x63, 0xff_ffff),
        ("*:25", 0x7f, 0),
    ] {
        let when = action(&format!("echo normal,when={text}")).when;
        assert_eq!(when, Some(When { days, hours }), "{text}");
        assert_eq!(
            rule(&format!("quit when={text}")).quit,
            Some(When { days, hours })
        );
    }
    assert_eq!(rule("continue # now").go_on, Some(When::ALWAYS));
}

#[test]
fn throttles() {
    for (text, hold) in [
        ("10", 10),
        ("5:00", 300),
        ("00:00:10", 10),
        ("1:0:0:0", 86400),
        (":30", 30),
        ("-5", -5),
        ("1.5", 1),
        ("0:10 # ten", 10),
        ("min_delta=1:00", 60),
        ("key=a,5", 5),
    ] {
        assert_eq!(
            rule(&format!("throttle {text}")).throttles[0].hold,
            Some(hold),
            "{text}"
        );
    }
    let all = rule(
        "throttle=threshold=3,delay=0:1:0,key=$1 x,time_regex=^(\\\\d+) ,extra_cuts=[0-9]{1,2}",
    );
    let limit = &all.throttles[0];
    assert_eq!(
        (limit.hold, limit.threshold, limit.delay),
        (None, Some(3), Some(60))
    );
    assert_eq!(
        limit.time_regex.as_ref().map(|p| p.source.as_slice()),
        Some(&b"^(\\d+) "[..])
    );
    assert_eq!(limit.extra_cuts[0].source, b"[0-9]{1,2}");
    assert!(rule("throttle 5,key=log").throttles[0].key.is_none());
    let two = rule("throttle 0:10\nthrottle threshold=2");
    assert_eq!(two.throttles.len(), 1);
    assert_eq!(two.throttles[0].threshold, Some(2));
}

#[test]
fn thresholds() {
    for text in [
        "threshold track_by=k,type=limit,count=2,seconds=60",
        "threshold = TRACK_BY=k, TYPE = Limit , count = 2 , seconds = 60",
        "threshold type=limit,count=\"2\",seconds=60,track_by=\"k\" # note",
        "THRESHOLD\ttrack_by=k,type=limit,count=2,seconds=60",
    ] {
        let limit = &rule(text).thresholds[0];
        assert_eq!(plain(&Some(limit.track_by.clone())), "k", "{text}");
        assert_eq!((limit.count, limit.seconds), (2, 60), "{text}");
    }
    for switch in [
        "threshold=on",
        "thresholding=on",
        "threshold=on,thresholding=on",
    ] {
        let text = format!("exec rec x,{switch},track_by=k,type=both,count=1,seconds=9");
        assert!(action(&text).threshold.is_some(), "{text}");
    }
    assert!(action("echo red,threshold=off").threshold.is_none());
}
