//! Strings and pattern literals, compared with Perl.

mod common;

use std::fs;
use std::process::Command;

use common::read;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use swatch_config::ast::{ActionKind, Expr, Flags, Item, Piece, Template, Var};

/// Number of texts for one run of Perl; more with `PROPTEST_CASES`.
fn count() -> usize {
    let cases = std::env::var("PROPTEST_CASES").ok();
    cases.and_then(|cases| cases.parse().ok()).unwrap_or(2000)
}

fn samples(strategy: impl Strategy<Value = String>) -> Vec<String> {
    let mut runner = TestRunner::default();
    let sample = |_| strategy.new_tree(&mut runner).map(|tree| tree.current());
    let mut all: Vec<String> = (0..count())
        .map(sample)
        .collect::<Result<_, _>>()
        .expect("samples");
    all.sort();
    all.dedup();
    all
}

/// Evaluates an expression in Perl for each text. `None` if it does not compile.
fn ask(expressions: &[String], setup: &str) -> Option<Vec<Option<Vec<u8>>>> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let script = folder.path().join("ask.pl");
    let mut text =
        format!("use strict; no warnings; binmode STDOUT;\n$ENV{{WORD}} = 'from-env';\n{setup}");
    for expression in expressions {
        let quoted = expression.replace('\\', "\\\\").replace('\'', "\\'");
        text.push_str(&format!("answer('{quoted}');\n"));
    }
    fs::write(&script, text).expect("the folder is writable");
    let Ok(out) = Command::new("perl").arg(&script).output() else {
        println!("skipped: no perl");
        return None;
    };
    assert!(
        out.status.success(),
        "{}",
        String::from_utf8_lossy(&out.stderr)
    );
    let mut answers = Vec::new();
    let mut rest = out.stdout.as_slice();
    while !rest.is_empty() {
        let line = rest.iter().position(|&b| b == b'\n').expect("a line");
        let head = std::str::from_utf8(&rest[..line]).expect("a number");
        rest = &rest[line + 1..];
        match head.parse::<usize>() {
            Ok(length) => {
                answers.push(Some(rest[..length].to_vec()));
                rest = &rest[length..];
            }
            Err(_) => answers.push(None),
        }
    }
    assert_eq!(answers.len(), expressions.len());
    Some(answers)
}

const STRINGS: &str = r#"
sub answer {
    my ($text) = @_;
    $_ = 'aa b-b cc'; @_ = split;
    'aa b-b cc' =~ /(?<n>a+) (b)(-)(b)/;
    my $value = eval $text;
    if ($@) { print "no\n"; return }
    print length($value), "\n", $value;
}
"#;

/// The value of the template with the record of the script above.
fn filled(template: &Template) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    for piece in &template.pieces {
        match piece {
            Piece::Text(text) => out.extend(text),
            Piece::Var(var) => out.extend_from_slice(match var {
                Var::Record => b"aa b-b cc",
                Var::Group(1) => b"aa",
                Var::Group(2 | 4) => b"b",
                Var::Group(3) => b"-",
                Var::Group(_) => b"",
                Var::Named(name) if name == b"n" => b"aa",
                Var::Named(_) => b"",
                Var::Matched => b"aa b-b",
                Var::Before => b"",
                Var::After => b" cc",
                Var::Recall(_) => b"",
                Var::LastGroup => b"b",
                Var::Field(0) => b"aa",
                Var::Field(1) => b"b-b",
                Var::Field(2 | -1) => b"cc",
                Var::Field(_) => b"",
                Var::Whole | Var::Pid | Var::Perl(_) => return None,
            }),
        }
    }
    Some(out)
}

#[test]
fn values_are_perl_strings() {
    let atoms = select(vec![
        "a",
        "Z",
        " ",
        "2",
        "_",
        "$1",
        "${1}",
        "$2",
        "$12",
        "$_",
        "${_}",
        "$&",
        "$'",
        "$+",
        "$+{n}",
        "$_[1]",
        "$_[-1]",
        "$1[0]",
        "\\n",
        "\\t",
        "\\x41",
        "\\x{42}",
        "\\x4",
        "\\0",
        "\\101",
        "\\e",
        "\\cA",
        "\\$",
        "\\@",
        "\\\\",
        "\\\"",
        "\\.",
        "\\/",
        "\\ ",
        "\\U",
        "\\L",
        "\\E",
        "\\Q",
        "\\u",
        "\\l",
        "$ENV{WORD}",
        "$ENV{'WORD'}",
        "'",
        ":",
        "-",
        "(",
        ")",
        "]",
        "@ ",
        "#",
        "%",
        "é",
        "\\o{101}",
    ]);
    let texts = samples(proptest::collection::vec(atoms, 1..6).prop_map(|atoms| atoms.concat()));
    let expressions: Vec<String> = texts.iter().map(|text| format!("\"{text}\"")).collect();
    let Some(answers) = ask(&expressions, STRINGS) else {
        return;
    };
    let mut compared = 0;
    let mut differ: Vec<String> = Vec::new();
    for (text, answer) in texts.iter().zip(answers) {
        let Some(answer) = answer else { continue };
        // `$'s` is a name of an old package syntax; `\Q` within `\Q` quotes twice.
        if behind(text, "'", is_word) || text.matches("\\Q").count() > 1 || text.contains("_::") {
            continue;
        }
        let parsed =
            read(format!("watchfor /x/\nmail addresses=a,subject=\"{text}\"\n").as_bytes());
        let Some(Item::Rule(rule)) = parsed.config.items.first() else {
            panic!("{text}: {:?}", parsed.diagnostics);
        };
        let Some(ActionKind::Mail { subject, .. }) = rule.actions.first().map(|a| &a.kind) else {
            panic!("{text}: {:?}", parsed.diagnostics);
        };
        let Some(got) = filled(&subject.clone().unwrap_or_default()) else {
            continue;
        };
        let (got, want) = (
            String::from_utf8_lossy(&got),
            String::from_utf8_lossy(&answer),
        );
        if got != want {
            differ.push(format!("{text}\n  here {got:?}\n  perl {want:?}"));
        }
        compared += 1;
    }
    differ.sort_by_key(String::len);
    differ.truncate(20);
    assert!(differ.is_empty(), "{}", differ.join("\n"));
    assert!(compared * 3 > texts.len(), "{compared} of {}", texts.len());
}

const PATTERNS: &str = r#"
use re qw(regexp_pattern);
sub answer {
    my ($text) = @_;
    my $value = eval $text;
    if ($@) { print "no\n"; return }
    my ($source, $flags) = regexp_pattern($value);
    $source = "$flags/$source";
    print length($source), "\n", $source;
}
"#;

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Returns true if a character of some kind follows a mark anywhere.
fn behind(text: &str, mark: &str, kind: impl Fn(char) -> bool) -> bool {
    let mut ends = text.match_indices(mark).map(|(at, _)| at + mark.len());
    ends.any(|end| text[end..].chars().next().is_some_and(&kind))
}

fn letters(flags: Flags) -> String {
    let all = [
        (flags.multi_line, "m"),
        (flags.dot_all, "s"),
        (flags.ignore_case, "i"),
        (flags.extended, "x"),
        (flags.extended_more, "x"),
        (flags.no_capture, "n"),
        (flags.ascii, "a"),
    ];
    all.iter()
        .filter(|(on, _)| *on)
        .map(|(_, letter)| *letter)
        .collect()
}

#[test]
fn literals_are_perl_patterns() {
    let atoms = select(vec![
        "a",
        "b+",
        "(c)",
        "\\d",
        "$",
        "^",
        "\\$",
        "\\@",
        "\\/",
        "\\|",
        "\\!",
        "\\,",
        "\\}",
        "\\{",
        "\\)",
        "\\#",
        "\\\\",
        "[ab]",
        "[$]",
        "(?:x|y)",
        "$)",
        "a$|b",
        "$re",
        "${re}",
        "$ENV{WORD}",
        "\\Qa.b\\E",
        "\\Ux\\E",
        "\\LY",
        "\\uz",
        "@ ",
        "@1",
        "{2}",
        " ",
        "\\x41",
        "'",
        "\"",
        "é",
        ".*",
        "\\.",
        "$qr",
    ]);
    let body = proptest::collection::vec(atoms, 1..6).prop_map(|atoms| atoms.concat());
    let delimiters = select(vec![
        ("/", "/"),
        ("|", "|"),
        ("!", "!"),
        (",", ","),
        ("{", "}"),
        ("(", ")"),
        ("#", "#"),
        ("'", "'"),
        ("+", "+"),
        ("\"", "\""),
    ]);
    let flags = select(vec!["", "i", "x", "ms", "xx", "n", "a"]);
    let texts = samples(
        (body, delimiters, flags)
            .prop_map(|(body, (open, close), flags)| format!("{open}{body}{close}{flags}")),
    );
    let expressions: Vec<String> = texts
        .iter()
        .map(|text| format!("my $re = 'r[.]$'; my $qr = qr/q/is; qr{text}"))
        .collect();
    let Some(answers) = ask(&expressions, PATTERNS) else {
        return;
    };
    let mut compared = 0;
    let mut differ: Vec<String> = Vec::new();
    for (text, answer) in texts.iter().zip(answers) {
        let Some(answer) = answer else { continue };
        let whole = format!("perlcode 0 my $re = 'r[.]$'; my $qr = qr/q/is;\nwatchfor m{text}\n");
        // Perl's meaning of these is useless here, such as its `$]`.
        let odd = |c: char| !is_word(c) && !"{ )|/!,+(}".contains(c);
        let odd = text.contains("[$]") || behind(text, "$", odd);
        // Perl drops the modifiers of a literal that is only a compiled pattern, and ends
        // an extended one that contains a comment with a line feed.
        if odd || text[1..].starts_with("$qr") || text.contains("\\#") || behind(text, "'", is_word)
        {
            continue;
        }
        let parsed = read(whole.as_bytes());
        let Some(Item::Rule(rule)) = parsed.config.items.get(1) else {
            panic!("{text}: {:?}", parsed.diagnostics);
        };
        let Expr::Match(found) = &rule.condition else {
            continue;
        };
        let mut got = format!("{}/", letters(found.pattern.flags)).into_bytes();
        got.extend(&found.pattern.source);
        let (got, want) = (
            String::from_utf8_lossy(&got),
            String::from_utf8_lossy(&answer),
        );
        if got != want {
            differ.push(format!("{text}\n  here {got:?}\n  perl {want:?}"));
        }
        compared += 1;
    }
    differ.sort_by_key(String::len);
    differ.truncate(20);
    assert!(differ.is_empty(), "{}", differ.join("\n"));
    assert!(compared * 3 > texts.len(), "{compared} of {}", texts.len());
}
