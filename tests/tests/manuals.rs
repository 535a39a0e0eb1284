//! The manual pages that are made from documents are up to date, and can be set without a warning.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use swatch_tests::manual::{PAGES, folder};
use swatch_tests::skip::skipped;

/// With `SWATCH_WRITE_MANUALS=1`, as `make manuals` sets it, they are written instead.
#[test]
fn the_pages_say_what_the_documents_say() {
    let write = std::env::var_os("SWATCH_WRITE_MANUALS").is_some();
    for page in PAGES {
        let path = folder().join(page.file);
        if write {
            fs::write(&path, page.text()).expect("the page can be written");
        }
        let there = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            there == page.text(),
            "{} is older than {}: run `make manuals`",
            page.file,
            page.source
        );
    }
}

/// The references between our pages lead to pages, with the right section.
#[test]
fn references_between_the_pages_lead_to_pages() {
    let pages: BTreeSet<String> = fs::read_dir(folder())
        .expect("docs/man")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .into_string()
                .expect("UTF-8")
        })
        .collect();
    assert_eq!(pages.len(), 5, "{pages:?}");
    let mut seen = 0;
    for page in &pages {
        let text = fs::read_to_string(folder().join(page))
            .expect("a page")
            .replace("\\-", "-");
        for line in text.lines() {
            let words = line.split([' ', '(', ')']).filter(|word| !word.is_empty());
            let words: Vec<&str> = words.collect();
            let (name, section) = match words[..] {
                [".Xr" | ".BR", name, section, ..] => (name, section),
                _ => continue,
            };
            if name.starts_with("swatch") && name != "swatchdog" {
                seen += 1;
                assert!(
                    pages.contains(&format!("{name}.{section}")),
                    "{page}: {name}({section})"
                );
            }
        }
    }
    assert!(seen >= 10, "{seen}");
}

#[test]
fn groff_has_nothing_to_say() {
    if Command::new("groff").arg("--version").output().is_err() {
        return skipped("manual pages", "no groff on this machine");
    }
    for entry in fs::read_dir(folder()).expect("docs/man") {
        let path = entry.expect("an entry").path();
        let output = Command::new("groff")
            .args(["-mandoc", "-Tutf8", "-ww", "-z"])
            .arg(&path)
            .output()
            .expect("groff runs");
        let said = String::from_utf8_lossy(&output.stderr);
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .expect("UTF-8");
        // Debian's base groff lacks some macro files of other languages: that is not the page's.
        let faults: Vec<&str> = said.lines().filter(|line| line.contains(name)).collect();
        assert!(faults.is_empty(), "{faults:?}");
    }
}
