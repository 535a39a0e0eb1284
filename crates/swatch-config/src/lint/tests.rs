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
    let warned = "1: whoever can write into this line can choose what `$1` is";
    for text in [
        "watchfor /Failed password for .* from (\\d+\\.\\d+\\.\\d+\\.\\d+)/\nexec block $1",
        "watchfor /user .* from ([0-9.]+) port/\npipe block \"$1\"",
    ] {
        assert_eq!(findings(text), [warned], "{text}");
    }
    for text in [
        "watchfor /Failed password for .* from (\\d+\\.\\d+\\.\\d+\\.\\d+) port \\d+ ssh2$/\nexec block $1",
        "watchfor /from (\\d+\\.\\d+\\.\\d+\\.\\d+) .*/\nexec block $1",
        "watchfor /.* from (\\d+\\.\\d+\\.\\d+\\.\\d+)/\necho red",
        "watchfor /.*size (\\d+)/\nexec block $1",
    ] {
        assert_eq!(findings(text), [""; 0], "{text}");
    }
}

#[test]
fn word_edges() {
    let warned = ["1: `\\<` matches the sign `<`, not the edge of a word"];
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
