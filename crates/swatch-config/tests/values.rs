//! Option lists, limits, windows, modes, lines, includes.

mod common;

use std::path::Path;

use common::read;
use swatch_config::ast::{Action, ActionKind, Item, Rule, RuleKind, Template, When};
use swatch_config::{Options, Parsed, Severity, parse_str};

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

fn patterns(parsed: &Parsed) -> Vec<String> {
    let text = |item: &Item| match item {
        Item::Rule(rule) => Some(String::from_utf8_lossy(&rule.text).into_owned()),
        Item::Perl(_) => None,
    };
    parsed.config.items.iter().filter_map(text).collect()
}

#[test]
fn lines() {
    for (text, expected) in [
        (
            "\u{feff}watchfor /a/\r\n\techo\r\n# c\r\n\x0b\x0cignore\t=\t/b=1/ # note\r\n",
            vec!["/a/", "/b=1/ # note"],
        ),
        ("watchfor /a\\\nb\\ \n c/\n", vec!["/ab c/"]),
        ("watchfor /a/ \\\n&& /b/", vec!["/a/ && /b/"]),
        ("watchfor /a/\\\n\nwatchfor /b/", vec!["/a/", "/b/"]),
        ("watchfor /a/\\\n  # note\nwatchfor /b/", vec!["/a/", "/b/"]),
        ("watchfor=/a=1/", vec!["/a=1/"]),
        ("watchfor\t/a=1/", vec!["/a=1/"]),
    ] {
        let parsed = read(text.as_bytes());
        assert!(!parsed.has_errors(), "{text}: {:?}", parsed.diagnostics);
        assert_eq!(patterns(&parsed), expected, "{text}");
    }
}

#[test]
fn conventions_in_comments() {
    let parsed = read(b"# logfile /var/log/a /var/log/b\n#logfile is a word\n# journal _X=1 Y=2\n# journal of mine\nignore /x/");
    assert_eq!(
        parsed.config.log_files,
        [b"/var/log/a".to_vec(), b"/var/log/b".to_vec()]
    );
    assert_eq!(parsed.config.journal, [[b"_X=1".to_vec(), b"Y=2".to_vec()]]);
}

#[test]
fn comments_that_name_the_log_are_read_in_all_clear_forms() {
    for comment in [
        "# logfile /var/log/x",
        "#logfile /var/log/x",
        "# logfile: /var/log/x",
        "# logfile=/var/log/x",
        "# Logfile: /var/log/x",
        "# LOGFILE = \"/var/log/x\"",
        "# log file: /var/log/x",
        "# logfile /var/log/x # the main one",
    ] {
        let parsed = read(format!("{comment}\nignore /x/").as_bytes());
        assert_eq!(parsed.config.log_files, [b"/var/log/x"], "{comment}");
        assert!(parsed.diagnostics.is_empty(), "{comment}");
    }
    for comment in [
        "# journal _SYSTEMD_UNIT=ssh.service",
        "# journal ssh.service",
        "# Journal: ssh.service",
        "# journal=ssh.service # the daemon",
    ] {
        let parsed = read(format!("{comment}\nignore /x/").as_bytes());
        let expected = [[b"_SYSTEMD_UNIT=ssh.service".to_vec()]];
        assert_eq!(parsed.config.journal, expected, "{comment}");
        assert!(parsed.diagnostics.is_empty(), "{comment}");
    }
}

#[test]
fn comments_that_were_meant_to_name_the_log_are_reported() {
    for (comment, severity, message) in [
        (
            "# logfile: auth.log",
            Severity::Warning,
            "this comment does not name a log",
        ),
        (
            "# logfile is /var/log/x",
            Severity::Warning,
            "this comment does not name a log",
        ),
        (
            "# logfile ~/x",
            Severity::Warning,
            "this comment does not name a log",
        ),
        (
            "# journal ssh.service and more",
            Severity::Warning,
            "`and` is not a journal match",
        ),
        (
            "# journal: ssh",
            Severity::Error,
            "`ssh` is not a journal match: do you mean",
        ),
        (
            "# journal _SYSTEMD_UNIT=ssh",
            Severity::Error,
            "the journal match `_SYSTEMD_UNIT=ssh` is never true",
        ),
    ] {
        let parsed = read(format!("ignore /x/\n{comment}\n").as_bytes());
        let [finding] = &parsed.diagnostics[..] else {
            panic!("{comment}: {:?}", parsed.diagnostics);
        };
        assert_eq!(finding.severity, severity, "{comment}");
        assert!(
            finding.message.starts_with(message),
            "{comment}: {finding:?}"
        );
        let line = parsed
            .config
            .sources
            .line_column(finding.span.expect("a place"))
            .0;
        assert_eq!(line, 2, "{comment}");
    }
    for comment in [
        "# logfile",
        "# logfiles of the daemon",
        "# journald writes it",
        "# journal of mine",
        "# journal",
    ] {
        let parsed = read(format!("{comment}\nignore /x/").as_bytes());
        assert!(
            parsed.diagnostics.is_empty(),
            "{comment}: {:?}",
            parsed.diagnostics
        );
    }
}

#[test]
fn included_files_take_the_place_of_their_line() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let write = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).expect("the folder is writable");
    };
    write("inc", "exec early\nwatchfor /b/\nexec rec\ninclude inner");
    write("inner", "ignore /c/");
    write("my inc", "watchfor /d/");
    let text =
        "watchfor /a/\nexec one\ninclude inc # note\nexec two\nINCLUDE \"my inc\"\nwatchfor /e/";
    let options = Options {
        base_dir: folder.path().to_path_buf(),
        ..Options::default()
    };
    let parsed = parse_str(text.as_bytes(), Path::new("main"), &options);
    assert!(!parsed.has_errors(), "{:?}", parsed.diagnostics);
    assert_eq!(patterns(&parsed), ["/a/", "/b/", "/c/", "/d/", "/e/"]);
    let Item::Rule(first) = &parsed.config.items[0] else {
        panic!("a rule");
    };
    assert_eq!(first.actions.len(), 2);
    // The directory of the including file is the second place to look in.
    let main = folder.path().join("main");
    let parsed = parse_str(text.as_bytes(), &main, &Options::default());
    assert_eq!(patterns(&parsed).len(), 5);
    write("loop", "watchfor /x/\ninclude loop");
    let parsed = parse_str(b"include loop", Path::new("main"), &options);
    assert!(parsed.has_errors());
}

#[test]
fn the_old_format() {
    let options = Options {
        old_style: true,
        ..Options::default()
    };
    let text = b"# c\n/x ignored y/\techo=bold,bell\n/a/&&/b/\t\tignore\n/c/\texec=rec a, b --x=1,continue\t\t5:00\t0:16\n";
    let parsed = parse_str(text, Path::new("old"), &options);
    let worst = parsed.diagnostics.iter().map(|d| d.severity).max();
    assert!(worst < Some(Severity::Error), "{:?}", parsed.diagnostics);
    assert_eq!(patterns(&parsed), ["/x ignored y/", "/a/&&/b/", "/c/"]);
    let rules: Vec<&Rule> = parsed
        .config
        .items
        .iter()
        .filter_map(|item| match item {
            Item::Rule(rule) => Some(rule),
            Item::Perl(_) => None,
        })
        .collect();
    assert_eq!(rules[0].actions.len(), 2);
    assert_eq!(rules[1].kind, RuleKind::Ignore);
    assert_eq!(
        (rules[2].actions.len(), rules[2].go_on),
        (1, Some(When::ALWAYS))
    );
    assert_eq!(rules[2].throttles[0].hold, Some(300));
}

#[test]
fn constants_have_their_places() {
    for (text, native) in [
        (
            "perlcode 0 my $re = 'a' . \"b$ENV{WORD}\" . 1; our $s = qr/c/i;\nwatchfor /$re$s/",
            true,
        ),
        ("perlcode $re = \"\\d\";\nwatchfor /$re/", true),
        ("watchfor /$re/\nperlcode 0 my $re = q{a};", true),
        (
            "perlcode my $re = 'a';\nwatchfor /$re/\nperlcode my $re = 'b';\nwatchfor /$re/",
            true,
        ),
        ("watchfor /x/\nexec rec $z\nperlcode 2 my $z = 1;", true),
        (
            "perlcode 0 my $re = 'a';\nperlcode $re = 'b';\nwatchfor /$re/",
            false,
        ),
        (
            "perlcode 0 my $re = 'a'; sub f { $re .= 'b' }\nwatchfor /$re/",
            false,
        ),
        ("perlcode 0 my $re = lc 'A';\nwatchfor /$re/", false),
        (
            "perlcode 0 my $n = 0;\nperlcode $n++;\nwatchfor $n > 1",
            false,
        ),
    ] {
        let parsed = read(text.as_bytes());
        assert!(!parsed.has_errors(), "{text}: {:?}", parsed.diagnostics);
        assert_eq!(parsed.config.perl_needs.is_empty(), native, "{text}");
    }
    // Depth 1 is visible only to later rules, not to earlier ones in another file.
    assert!(read(b"watchfor /$re/\nperlcode my $re = 'a';").has_errors());
}

#[test]
fn functions_of_perl_are_actions() {
    let parsed =
        read(b"perlcode 0 sub act { 1 }\nwatchfor /x/\nact foo=bar,STATUS=stopped ,word\n");
    assert!(!parsed.has_errors(), "{:?}", parsed.diagnostics);
    let Some(Item::Rule(rule)) = parsed.config.items.get(1) else {
        panic!("a rule");
    };
    let ActionKind::Custom { name, arguments } = &rule.actions[0].kind else {
        panic!("{rule:?}");
    };
    assert_eq!(name, b"act");
    let keys: Vec<&[u8]> = arguments.iter().map(|(key, _)| key.as_slice()).collect();
    assert_eq!(keys, [&b"FOO"[..], b"STATUS", b""]);
    assert_eq!(arguments[1].1.as_text(), Some(&b"stopped "[..]));
    let options = Options {
        modules: true,
        ..Options::default()
    };
    let parsed = parse_str(b"watchfor /x/\nanything a=b", Path::new("m"), &options);
    assert!(!parsed.has_errors());
}

/// Diagnostics as with `--check`: `E` or `W`, and the message.
fn checked(text: &str) -> Vec<String> {
    let options = Options {
        check: true,
        ..Options::default()
    };
    let parsed = parse_str(text.as_bytes(), std::path::Path::new("t"), &options);
    let show = |d: &swatch_config::Diagnostic| match d.severity {
        Severity::Error => format!("E {}", d.message),
        Severity::Warning => format!("W {}", d.message),
    };
    parsed.diagnostics.iter().map(show).collect()
}

#[test]
fn mistakes_that_were_silent() {
    for (line, finding) in [
        ("throttle key=a", "W this `throttle` has no time"),
        ("throttle key=$_ 10:00", "W `10:00` belongs to the key here"),
        ("throttle 1000", "W this is 1000 seconds, or 16:40 minutes"),
        ("throttle 00:0010", "W this is 10 seconds, or 0:10 minutes"),
        ("throttle 5:00,extra", "W `extra` has no effect"),
        ("echo when=mon:9-25", "E there is no hour 25"),
        ("echo when=mon:24", "E there is no hour 24"),
        (
            "mail root,subject=\"Alarm",
            "W this quotation mark is not closed",
        ),
        (
            "mail root@localhost subject=hi",
            "W `subject=` belongs to the addresses here",
        ),
        (
            "write root message=x",
            "W `message=` belongs to the addresses here",
        ),
        ("echo yellow_h", "W `yellow_h` is a name from old versions"),
        (
            "pipe \"cmd\" keep_open",
            "W a comma is missing before `keep_open`",
        ),
        (
            "exec \"rec 'a",
            "E a quotation mark in this command is not closed",
        ),
        (
            "exec rec \"a",
            "E a quotation mark in this command is not closed",
        ),
        ("ignore", "W `ignore` without a pattern has no effect"),
        ("system /bin/echo full $0", "E `system` is not a keyword"),
        ("unlink", "E `unlink` is not a keyword"),
        ("open", "E `open` is not a keyword"),
    ] {
        let found = checked(&format!("watchfor /a/\n{line}\n"));
        assert_eq!(found, [finding], "{line}");
    }
    for line in [
        "throttle 10:00,key=a",
        "throttle 300",
        "throttle 30",
        "throttle 1:00:00",
        "throttle threshold=2,key=a",
        "throttle key=at noon,10:00",
        "echo when=mon:0-24",
        "echo when=*:22-6",
        "mail root,subject=a \"b",
        "pipe cmd keep_open",
        "exec rec it\\'s",
    ] {
        let found = checked(&format!("watchfor /a/\n{line}\n"));
        assert_eq!(found, [""; 0], "{line}");
    }
}

#[test]
fn a_function_of_the_rules_may_have_the_name_of_a_builtin() {
    let text = "perlcode 0 sub system { 1 }\nwatchfor /a/\nsystem x\n";
    assert_eq!(checked(text), [""; 0]);
    let parsed = read(b"watchfor /a/\nsystem x\n");
    assert_eq!(
        parsed.diagnostics[0].help.as_deref(),
        Some("did you mean `exec`?")
    );
}

#[test]
fn an_apostrophe_behind_a_variable() {
    let declared = "perlcode 0 my $user=\"joe\";\n";
    let warned = ["W `$user` ends at the apostrophe here"];
    assert_eq!(checked(&format!("{declared}watchfor /^$user's/\n")), warned);
    assert_eq!(
        checked(&format!("{declared}watchfor /a/\nmail subject=$user's\n")),
        warned
    );
    for rule in [
        "watchfor /^${user}'s/",
        "watchfor /'$user'/",
        "watchfor /a/\nexec rec '$user's",
    ] {
        let found = checked(&format!("{declared}{rule}\n"));
        assert!(!found.contains(&warned[0].to_owned()), "{rule}");
    }
}

#[test]
fn exclusive_or_has_a_sign() {
    let parsed = read(b"watchfor /a/ ^^ /b/ || /c/\n");
    assert!(parsed.diagnostics.is_empty(), "{:?}", parsed.diagnostics);
    let printed = swatch_config::print(&parsed.config);
    assert_eq!(printed, b"watchfor (/a/ xor /b/) or /c/\n");
}

#[test]
fn patterns_of_waitfor_are_kept_for_checking() {
    let parsed = read(b"waitfor /foo[/\nignore /a/\n");
    assert_eq!(parsed.config.items.len(), 1);
    assert_eq!(parsed.config.inert.len(), 1);
}
