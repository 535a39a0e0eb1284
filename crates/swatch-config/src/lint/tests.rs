use std::path::Path;

use super::lint;
use crate::{Options, parse_str};

fn findings(text: &str) -> Vec<String> {
    let parsed = parse_str(text.as_bytes(), Path::new("t"), &Options::default());
    assert!(!parsed.has_errors(), "{:?}", parsed.diagnostics);
    let found = lint(&parsed.config);
    let sources = &parsed.config.sources;
    let show = |d: &crate::Diagnostic| {
        let line = sources.line_column(d.span.expect("a place")).0;
        format!("{line}: {}", d.message)
    };
    found.iter().map(show).collect()
}

#[test]
fn groups_are_counted() {
    let quiet = [
        "watchfor /(a)(b)/\nexec rec $2",
        "watchfor /(?:a)(?<n>b)[(](c)/\nexec rec $2",
        "watchfor /(a)/ && /(b)(c)/\nmail subject=$2",
        "watchfor /\\(a(b)\\)/\nthrottle 1,key=$1",
        "watchfor /(?|(a)|(b))/\nexec rec $3",
    ];
    for text in quiet {
        assert_eq!(findings(text), [""; 0], "{text}");
    }
    assert_eq!(
        findings("watchfor /(a)(?:b)/\nexec rec $2 '$3'"),
        [
            "2: `$2` is always empty: the pattern has one group",
            "2: `$3` is always empty: the pattern has one group"
        ]
    );
    assert_eq!(
        findings("watchfor /(a)/n\nthreshold track_by=$1,type=limit,count=1,seconds=1"),
        ["2: `$1` is always empty: the pattern has no group"]
    );
}

#[test]
fn fields_are_no_groups() {
    let options = Options {
        awk_fields: true,
        ..Options::default()
    };
    let text = b"watchfor /a/\nexec rec $3\nmail subject=$1";
    let parsed = parse_str(text, Path::new("t"), &options);
    let found = lint(&parsed.config);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].message.starts_with("`$1`"));
}

#[test]
fn forged_addresses() {
    let warned = "1: anyone who can write to this log can choose the value of `$1`";
    for text in [
        "watchfor /Failed password for .* from (\\d+\\.\\d+\\.\\d+\\.\\d+)/\nexec block $1",
        "watchfor /from (\\d+\\.\\d+\\.\\d+\\.\\d+) .*/\nexec block $1",
        "watchfor /user .* from ([0-9.]+) port/\npipe block \"$1\"",
    ] {
        assert_eq!(findings(text), [warned], "{text}");
    }
    for text in [
        "watchfor /Failed password for .* from (\\d+\\.\\d+\\.\\d+\\.\\d+) port \\d+ ssh2$/\nexec block $1",
        "watchfor /.* from (\\d+\\.\\d+\\.\\d+\\.\\d+)/\necho red",
        "watchfor /.*size (\\d+)/\nexec block $1",
    ] {
        assert_eq!(findings(text), [""; 0], "{text}");
    }
}

#[test]
fn word_edges() {
    let warned = ["1: `\\<` matches the character `<`, not the edge of a word"];
    assert_eq!(findings("watchfor /\\<info\\>/\necho"), warned);
    assert_eq!(findings("watchfor /(.*) \\> (.*)|\\\\<a/\necho"), [""; 0]);
}

#[test]
fn hidden_rules() {
    let hidden = "no line ever reaches this rule";
    assert_eq!(
        findings("watchfor /a/\necho\nwatchfor /b/\necho\nignore m|a|\n"),
        [format!("5: {hidden}")]
    );
    assert_eq!(
        findings("watchfor /.*/\necho\nwatchfor /b/\necho"),
        [format!("3: {hidden}")]
    );
    for text in [
        "watchfor /a/\ncontinue\nwatchfor /a/\necho",
        "watchfor /a/\necho\nwatchfor /a/i\necho",
        "watchfor /a/\necho\nwatchfor /.*/\necho",
        "perlcode $x++;\nwatchfor /a/\necho\nwatchfor /a/\necho",
    ] {
        assert_eq!(findings(text), [""; 0], "{text}");
    }
}

#[test]
fn conditions_that_are_only_a_string() {
    let always = "1: a string alone is true for every line";
    assert_eq!(findings("watchfor \"sshd\"\necho"), [always]);
    assert_eq!(findings("watchfor /a/ or 'sshd'\necho"), [always]);
    assert_eq!(
        findings("watchfor \"\"\necho"),
        ["1: this string is false for every line"]
    );
    for text in [
        "watchfor 1\necho",
        "watchfor /(a)/ and $1 eq \"b\"\necho",
        "watchfor $_ =~ \"sshd\"\necho",
    ] {
        assert_eq!(findings(text), [""; 0], "{text}");
    }
}

#[test]
fn named_groups_are_looked_up() {
    let text =
        "watchfor /(?<ip>a)/\nexec rec $+{ipp}\nmail subject=$+{ip}\nthrottle 1,key=$+{host}";
    let mut found = findings(text);
    found.sort();
    assert_eq!(
        found,
        [
            "2: `$+{ipp}` is always empty: the pattern has no such group",
            "4: `$+{host}` is always empty: the pattern has no such group"
        ]
    );
}

#[test]
fn groups_after_one_word() {
    let warned = ["1: anyone who can write to this log can choose the value of `$1`"];
    for pattern in [
        "from (\\S+)",
        "rhost=(\\S+)",
        "from\\s+([0-9.]+) x",
        "user ([^ ]+)",
    ] {
        let text = format!("watchfor /{pattern}/\nexec block $1");
        assert_eq!(findings(&text), warned, "{pattern}");
        let text = format!("watchfor /{pattern}/\nmail subject=$1");
        assert_eq!(findings(&text), [""; 0], "{pattern}");
    }
    for pattern in [
        "^from (\\S+)",
        "from (\\S+)$",
        "sshd: from (\\S+) port",
        "disk (\\w+)",
        "(\\S+)",
    ] {
        let text = format!("watchfor /{pattern}/\nexec block $1");
        assert_eq!(findings(&text), [""; 0], "{pattern}");
    }
}

/// Programs of a command that are looked up.
fn programs(command: &str) -> Vec<String> {
    let text = format!("watchfor /(a)/\n{command}\n");
    let parsed = parse_str(text.as_bytes(), Path::new("t"), &Options::default());
    let found = super::programs(&parsed.config).into_iter();
    found
        .map(|(_, name)| String::from_utf8_lossy(&name).into_owned())
        .collect()
}

#[test]
fn programs_that_must_exist() {
    for (command, expected) in [
        ("exec block $1", &["block"][..]),
        (
            "exec /opt/block \"$1\" | logger; cd /; x=1 other",
            &["/opt/block", "logger", "other"],
        ),
        ("exec sudo -u bob block", &["sudo", "block"]),
        ("exec if true; then block; fi", &["block"]),
        ("exec sh -c 'block x'", &["sh", "block"]),
        ("exec ssh gw block", &["ssh"]),
        ("exec ssh gw 'block; x'", &["ssh"]),
        ("exec $CMD x; ./local; f() { echo x; }; f", &[]),
        ("exec wrapper sh -c x", &["wrapper"]),
        ("pipe mail root", &["mail"]),
        ("mail root,mailer=/opt/send", &["/opt/send"]),
    ] {
        assert_eq!(programs(command), expected, "{command}");
    }
}
