//! The exact text of diagnostics.
//!
//! Every `golden/NAME.conf` is read and linted; its diagnostics must be those of `golden/NAME.txt`.
//! `SWATCH_BLESS=1` rewrites the texts.

use std::fs;
use std::path::Path;

use swatch_config::{Options, lint, parse_file, render};

#[test]
fn findings_have_their_texts() {
    let folder = Path::new("tests/golden");
    let bless = std::env::var_os("SWATCH_BLESS").is_some();
    let mut differ = Vec::new();
    let mut count = 0;
    for entry in fs::read_dir(folder).expect("the folder is part of the sources") {
        let path = entry.expect("readable").path();
        if path.extension().is_none_or(|extension| extension != "conf") {
            continue;
        }
        count += 1;
        let options = Options {
            old_style: path.file_stem().is_some_and(|stem| stem == "old-style"),
            ..Options::default()
        };
        let parsed = parse_file(&path, &options);
        let mut got = String::new();
        let lints = match parsed.has_errors() {
            true => Vec::new(),
            false => lint(&parsed.config),
        };
        for finding in parsed.diagnostics.iter().chain(&lints) {
            got.push_str(&render(finding, &parsed.config.sources, false));
            got.push('\n');
        }
        let expected = path.with_extension("txt");
        if bless {
            fs::write(&expected, &got).expect("the folder is writable");
        } else if fs::read_to_string(&expected).ok().as_deref() != Some(&got) {
            differ.push(format!("{}:\n{got}", expected.display()));
        }
    }
    assert!(count > 10, "only {count} files found");
    assert!(
        differ.is_empty(),
        "{}\n(SWATCH_BLESS=1 takes the new texts)",
        differ.join("\n")
    );
}

#[test]
fn a_missing_file_is_an_error_without_a_place() {
    let parsed = parse_file(Path::new("tests/golden/no-such-file"), &Options::default());
    assert!(parsed.has_errors());
    let text = render(&parsed.diagnostics[0], &parsed.config.sources, false);
    assert!(
        text.starts_with("error: cannot read the configuration file tests/golden/no-such-file: "),
        "{text}"
    );
}
