//! The links of the documents lead to files and headings, and the summary names every document.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every Markdown file below a directory.
fn documents(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(documents(&path));
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
    found
}

/// The links of a document, and the anchors of its headings.
fn read(path: &Path) -> (Vec<String>, BTreeSet<String>) {
    let text =
        fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let (mut links, mut anchors) = (Vec::new(), BTreeSet::new());
    let mut heading: Option<String> = None;
    for event in Parser::new_ext(&text, Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                links.push(dest_url.into_string());
            }
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::End(TagEnd::Heading(_)) => {
                let title = heading.take().unwrap_or_default().to_lowercase();
                let kept = title
                    .chars()
                    .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
                anchors.insert(kept.collect::<String>().replace(' ', "-"));
            }
            Event::Text(text) | Event::Code(text) => {
                if let Some(heading) = &mut heading {
                    heading.push_str(&text);
                }
            }
            _ => {}
        }
    }
    (links, anchors)
}

#[test]
fn links_lead_somewhere() {
    let docs = root().join("docs");
    let mut pages = documents(&docs);
    for name in [
        "README.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "SECURITY.md",
    ] {
        pages.push(root().join(name));
    }
    let mut followed = 0;
    let mut broken = Vec::new();
    for page in &pages {
        for link in read(page).0 {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            followed += 1;
            let (file, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let target = match file {
                "" => page.clone(),
                file => page.parent().expect("a folder").join(file),
            };
            // The installed documents and the book have nothing above them.
            let outside = page.starts_with(&docs) && {
                let (docs, target) = (docs.canonicalize(), target.canonicalize());
                target.is_ok_and(|target| docs.is_ok_and(|docs| !target.starts_with(docs)))
            };
            let there = target.exists()
                && !outside
                && (anchor.is_empty() || read(&target).1.contains(anchor));
            if !there {
                broken.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
    assert!(followed > 40, "{followed}");
}

#[test]
fn the_summary_names_every_document_once() {
    let docs = root().join("docs");
    let mut named: Vec<String> = read(&docs.join("SUMMARY.md")).0;
    named.sort();
    let mut there: Vec<String> = documents(&docs)
        .iter()
        .map(|path| {
            path.strip_prefix(&docs)
                .expect("in docs")
                .to_str()
                .expect("UTF-8")
                .to_owned()
        })
        .filter(|path| path != "SUMMARY.md")
        .collect();
    there.sort();
    assert_eq!(named, there);
}
