//! `remember` lines: valid values and errors.

use std::path::Path;

use swatch_config::ast::{Item, Piece, Remember, Var};
use swatch_config::{Options, Parsed, parse_str, print};

fn read(text: &str) -> Parsed {
    parse_str(text.as_bytes(), Path::new("conf"), &Options::default())
}

fn remember(line: &str) -> Remember {
    let parsed = read(&format!("watchfor /x/\n    {line}\n    echo\n"));
    assert!(!parsed.has_errors(), "{line}: {:?}", parsed.diagnostics);
    match &parsed.config.items[0] {
        Item::Rule(rule) => *rule.remember.clone().expect("a remember line"),
        other => panic!("{other:?}"),
    }
}

fn error(line: &str) -> String {
    let parsed = read(&format!("watchfor /x/\n    {line}\n    echo\n"));
    let messages = parsed
        .diagnostics
        .iter()
        .map(|finding| finding.message.clone());
    assert!(parsed.has_errors(), "{line}");
    messages.collect::<Vec<_>>().join("; ")
}

#[test]
fn a_line_has_a_key_values_and_conditions() {
    let read = remember("remember sshd $1,Host=$2,for=1:30,need=host failed,forget=failed,end=on");
    assert_eq!(read.seconds, 90);
    assert_eq!(read.need, [b"host".to_vec(), b"failed".to_vec()]);
    assert_eq!(read.forget, [b"failed".to_vec()]);
    assert!(read.end);
    assert_eq!(read.values.len(), 1);
    assert_eq!(read.values[0].0, b"host");
    assert_eq!(read.values[0].1.pieces, [Piece::Var(Var::Group(2))]);
}

#[test]
fn values_are_kept_for_ten_minutes_by_default() {
    let read = remember("remember key=$1,host=$2");
    assert_eq!(read.seconds, 600);
    assert!(!read.end);
}

#[test]
fn the_printed_form_means_the_same() {
    let line = "remember a $1,host=$2,for=90,need=host failed,forget=failed,end=on";
    let parsed = read(&format!(
        "watchfor /x/\n    {line}\n    echo message=$recall{{host}}\n"
    ));
    let printed = print(&parsed.config);
    let again = read(&String::from_utf8_lossy(&printed));
    assert!(!again.has_errors(), "{:?}", again.diagnostics);
    assert_eq!(printed, print(&again.config));
}

#[test]
fn a_line_without_key_time_or_names_is_refused() {
    assert_eq!(error("remember host=$1"), "`remember` has no key");
    assert_eq!(error("remember $1,need="), "these are not names of values");
    assert_eq!(
        error("remember $1,forget=*"),
        "these are not names of values"
    );
    assert!(!error("remember $1,for=x").is_empty());
}

#[test]
fn a_function_of_that_name_keeps_its_meaning() {
    let parsed = read("perlcode 0 sub remember { }\nwatchfor /x/\n    remember a,b=c\n");
    assert!(!parsed.has_errors(), "{:?}", parsed.diagnostics);
    match &parsed.config.items.last() {
        Some(Item::Rule(rule)) => assert!(rule.remember.is_none()),
        other => panic!("{other:?}"),
    }
}
