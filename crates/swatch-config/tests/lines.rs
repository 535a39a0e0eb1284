//! Lines, comments, includes, and what precedes the rules.

mod common;

use std::path::Path;

use common::read;
use swatch_config::ast::{ActionKind, Item, Rule, RuleKind, When};
use swatch_config::{Options, Parsed, Severity, parse_str};

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
