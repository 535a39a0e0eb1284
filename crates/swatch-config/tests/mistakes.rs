//! Mistakes that `--check` tells.

mod common;

use common::read;
use swatch_config::{Options, Severity, parse_str};

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
