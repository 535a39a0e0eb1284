//! The output of `print` means the same as its input; nothing makes the parser panic.

mod common;

use common::read;
use proptest::prelude::*;
use proptest::sample::select;
use swatch_config::{Parsed, Sources, parse_str, print, render};

/// More cases with `PROPTEST_CASES=100000`.
fn cases() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok();
    ProptestConfig {
        cases: cases.and_then(|cases| cases.parse().ok()).unwrap_or(300),
        failure_persistence: None,
        max_global_rejects: u32::MAX,
        ..ProptestConfig::default()
    }
}

/// A configuration in full, without places and without the wording of conditions.
fn meaning(parsed: &Parsed) -> String {
    let text = format!("{:?}", parsed.config.items);
    let text = cut(&text, "span: Span {", "} }", "");
    let text = cut(&text, "span: Span {", "}", "");
    cut(&text, ", text: [", "]", ",")
}

/// Removes all text from one mark to the next occurrence of another.
fn cut(text: &str, from: &str, to: &str, instead: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(from) {
        out.push_str(&rest[..start]);
        out.push_str(instead);
        rest = &rest[start..];
        let end = rest.find(to).map_or(rest.len(), |end| end + to.len());
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}

fn check(text: &[u8]) -> Result<(), TestCaseError> {
    let first = read(text);
    prop_assume!(!first.has_errors());
    let printed = print(&first.config);
    // If no quotation marks are left to enclose a command, its special characters get backslashes.
    let hidden = |mark: &[u8]| printed.windows(2).any(|pair| pair == mark);
    prop_assume!(!hidden(b"\\#") && !hidden(b"\\,"));
    let second = read(&printed);
    let shown = String::from_utf8_lossy(&printed).into_owned();
    let findings: Vec<&String> = second.diagnostics.iter().map(|d| &d.message).collect();
    prop_assert!(!second.has_errors(), "{shown}\n{findings:?}");
    let (wanted, got) = (meaning(&first), meaning(&second));
    if wanted != got {
        let at = wanted
            .bytes()
            .zip(got.bytes())
            .take_while(|(a, b)| a == b)
            .count();
        let part = |text: &str| {
            let part = text
                .as_bytes()
                .get(at.saturating_sub(80)..)
                .unwrap_or_default();
            String::from_utf8_lossy(&part[..part.len().min(400)]).into_owned()
        };
        let (wanted, got) = (part(&wanted), part(&got));
        prop_assert!(false, "wanted …{wanted}…\ngot …{got}…\nprinted:\n{shown}");
    }
    prop_assert_eq!(printed, print(&second.config), "{}", shown);
    Ok(())
}

fn pattern() -> impl Strategy<Value = String> {
    let atoms = select(vec![
        "a",
        "b+",
        "(c)",
        "\\d",
        "\\/",
        "$",
        "^",
        "[$]",
        "\\$",
        "\\@",
        " ",
        "#",
        "\\\\",
        "(?<n>x)",
        "|",
        "'",
        "\"",
        "é",
        "$re",
        "$ENV{WORD}",
        "\\Qa.b\\E",
        "{2}",
        "@ ",
        "!",
        ",",
        "%",
    ]);
    let body = proptest::collection::vec(atoms, 1..6);
    let flags = select(vec!["", "i", "x", "ms", "gi", "xx", "n", "a"]);
    let delimiters = select(vec![
        ("/", "/"),
        ("m|", "|"),
        ("m!", "!"),
        ("m{", "}"),
        ("m'", "'"),
    ]);
    (body, flags, delimiters)
        .prop_map(|(body, flags, (open, close))| format!("{open}{}{close}{flags}", body.concat()))
}

fn condition() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        4 => pattern(),
        1 => select(vec![
            "1", "$1 > 5", "$_ eq 'x'", "\"a$1b\" ne $2", "-1.5 < $1", "$& ge 'a'", "0x10",
            "$_[2] == 3", "length($_) > 3", "$re eq 'x'", "$+{n} eq \"q\\\"\\@\"",
        ]).prop_map(str::to_owned),
    ];
    leaf.prop_recursive(3, 12, 2, |inner| {
        let operator = select(vec![" && ", " and ", "||", " or ", " xor ", ", "]);
        prop_oneof![
            (inner.clone(), operator, inner.clone()).prop_map(|(a, op, b)| format!("{a}{op}{b}")),
            inner.clone().prop_map(|a| format!("!({a})")),
            inner.clone().prop_map(|a| format!("not {a}")),
            inner.clone().prop_map(|a| format!("({a})")),
            pattern().prop_map(|a| format!("$1 =~ {a}")),
            pattern().prop_map(|a| format!("$_ !~ {a}")),
        ]
    })
}

fn value() -> impl Strategy<Value = String> {
    let atoms = select(vec![
        "word",
        " ",
        "$1",
        "${1}",
        "2",
        "$_",
        "$0",
        "$*",
        "$&",
        "$+{n}",
        "$_[3]",
        "\\$",
        "\\@",
        "@",
        "\\n",
        "\\t",
        "\\x41",
        "é",
        "'",
        ":",
        "#",
        " # ",
        ", ",
        "$re",
        "$ENV{WORD}",
        "[",
        "{",
        "-",
        "\\\\",
        "$$",
        "%",
        "=",
        "\\U$1\\E",
        "\\u",
        "(",
        ")",
        "`",
    ]);
    proptest::collection::vec(atoms, 1..6).prop_map(|atoms| atoms.concat())
}

fn command() -> impl Strategy<Value = String> {
    let atoms = select(vec![
        "rec",
        " ",
        " ",
        "$1",
        "\"$1\"",
        "'$2'",
        "${1}",
        "$0",
        "$*",
        "\\$1",
        "\\$A",
        "$HOME",
        "$(cat x)",
        "$((1+1))",
        "`$1`",
        "a=b",
        ",",
        " --x=1",
        "'a  b'",
        "\"c, d\"",
        "|",
        ";",
        "\\.",
        "@",
        "\\@",
        "$",
        "2>&1",
        "é",
        "sh -c \"x \\$A\"",
        "$_",
        "$re",
        "#",
        "%",
        "~",
        "[",
        "$_[1]",
    ]);
    proptest::collection::vec(atoms, 1..7).prop_map(|atoms| atoms.concat())
}

fn action() -> impl Strategy<Value = String> {
    let when = select(vec![
        "",
        ",when=1-5:8-17",
        ",when=*:*",
        ",when=sat,sun:22-6",
    ]);
    let limit = select(vec![
        "",
        ",threshold=on,track_by=$1,type=both,count=2,seconds=5",
    ]);
    prop_oneof![
        command().prop_map(|c| format!("exec rec {c}")),
        (command(), when.clone()).prop_map(|(c, w)| format!("exec \"rec {c}\"{w}")),
        (command(), limit).prop_map(|(c, l)| format!("pipe rec {c},keep_open{l}")),
        (value(), value()).prop_map(|(a, s)| format!("mail addresses=x{a},subject=\"{s}\"")),
        value().prop_map(|m| format!("echo red,message=m{m}")),
        (
            select(vec![
                "red",
                "bold,on_blue",
                "rgb123",
                "ansi7 r1g2b3",
                "normal",
                "clear"
            ]),
            when
        )
            .prop_map(|(m, w)| format!("echo {m}{w}")),
        value().prop_map(|u| format!("write root:x{u}")),
        value().prop_map(|k| format!("throttle 1:00,key=\"{k}\"")),
        value().prop_map(|k| format!("threshold track_by=\"{k}\",type=limit,count=1,seconds=9")),
        Just("throttle 5,time_regex=^(\\\\d+) ,extra_cuts=[0-9]{1,2}".to_owned()),
        Just("bell 3,delay=0.5".to_owned()),
        Just("continue".to_owned()),
        Just("quit when=1:*".to_owned()),
        Just("act A=$1,b=\"c, d\",e".to_owned()),
        Just("perlcode 3 $x++;".to_owned()),
    ]
}

fn configuration() -> impl Strategy<Value = String> {
    let rule = (condition(), proptest::collection::vec(action(), 0..4)).prop_map(|(c, actions)| {
        let actions: String = actions.iter().map(|a| format!("\n\t{a}")).collect();
        format!("watchfor {c}{actions}\n")
    });
    let other = select(vec![
        "ignore = /noise/ # comment\n",
        "perlcode 0 sub act { print @_ }\n",
        "perlcode my $other = qr/y/i;\n",
        "# logfile /var/log/messages\n",
        "# journal _SYSTEMD_UNIT=ssh.service\n",
    ]);
    let item = prop_oneof![3 => rule, 1 => other.prop_map(str::to_owned)];
    proptest::collection::vec(item, 1..5).prop_map(|items| {
        format!(
            "perlcode 0 my $re = 'r.$'; sub act {{}}\nperlcode 0 my $re = 'r.$';\n{}",
            items.concat()
        )
    })
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn dumped_text_means_the_same(text in configuration()) {
        check(text.as_bytes())?;
    }

    #[test]
    fn arbitrary_bytes_do_no_harm(text in proptest::collection::vec(any::<u8>(), 0..300)) {
        let parsed = read(&text);
        for finding in &parsed.diagnostics {
            render(finding, &parsed.config.sources, true);
        }
    }

    #[test]
    fn broken_lines_do_no_harm(
        keyword in select(vec!["watchfor", "exec", "mail", "throttle", "threshold", "echo", "perlcode", "when", "pipe"]),
        text in "[ -~\\t]{0,60}",
    ) {
        let whole = format!("watchfor /x/\n{keyword} {text}\n");
        let parsed = read(whole.as_bytes());
        for finding in &parsed.diagnostics {
            render(finding, &parsed.config.sources, false);
        }
        if !parsed.has_errors() {
            check(whole.as_bytes())?;
        }
    }
}

/// Reads every file below the directories in `SWATCH_CORPUS` (separated by `:`) and prints a table.
#[test]
fn files_of_real_users() {
    let Ok(folders) = std::env::var("SWATCH_CORPUS") else {
        println!("skipped: SWATCH_CORPUS names no folder");
        return;
    };
    for folder in folders.split(':') {
        let folder = std::fs::read_dir(folder).expect("SWATCH_CORPUS names folders");
        let mut paths: Vec<_> = folder
            .map(|entry| entry.expect("readable").path())
            .collect();
        paths.sort();
        for path in paths {
            let text = match std::fs::metadata(&path).is_ok_and(|m| m.is_dir()) {
                true => std::fs::read(path.join("conf")).unwrap_or_default(),
                false => std::fs::read(&path).expect("readable"),
            };
            let parsed = parse_str(&text, &path, &Default::default());
            let errors = parsed.diagnostics.iter();
            let errors = errors.filter(|d| d.severity == swatch_config::Severity::Error);
            let first = errors
                .clone()
                .next()
                .map(|d| d.message.as_str())
                .unwrap_or("loads");
            let perl = if parsed.config.perl_needs.is_empty() {
                ""
            } else {
                " (Perl)"
            };
            println!(
                "{:45} {}{perl}",
                path.file_name().unwrap_or_default().to_string_lossy(),
                first
            );
            if errors.count() == 0 {
                check(&text).unwrap_or_else(|why| match why {
                    TestCaseError::Reject(_) => {}
                    why => panic!("{}: {why}", path.display()),
                });
            }
        }
    }
}

/// Texts on which generated cases once failed.
#[test]
fn odd_commands_are_printed_as_they_are() {
    for text in [
        "pipe '\\\\@",
        "pipe '\\\\$\t",
        "exec ==",
        "exec \"rec #,\"",
        "pipe 'A\t#\\'",
        "exec rec \\$ENV{WORD}",
        "exec rec \\$$1",
        "exec rec \"\\\\\\$10\"",
        "exec rec \"$$12\\${1}E\"",
        "exec rec \\${1} \\${_} ${HOME}",
        "exec \"rec it's,threshold=x\"",
        "throttle key=log",
    ] {
        let whole = format!("watchfor /x/\n{text}\n");
        check(whole.as_bytes()).unwrap_or_else(|why| panic!("{text}: {why}"));
    }
}

#[test]
fn an_empty_collection_of_sources_is_enough_to_render() {
    let finding = swatch_config::Diagnostic {
        severity: swatch_config::Severity::Error,
        message: "a\x1b[31m".into(),
        span: None,
        label: String::new(),
        help: None,
    };
    assert_eq!(
        render(&finding, &Sources::default(), false),
        "error: a\\x1b[31m\n"
    );
}
