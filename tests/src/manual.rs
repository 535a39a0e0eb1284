//! Manual pages in man(7), made from the documents: swatch.conf(5) from `docs/language.md`,
//! swatch-migrate(7) from `docs/migration.md`, swatch-action.toml(5) from `examples/action.toml`.

use std::fmt::Write;
use std::path::{Path, PathBuf};

mod markdown;
mod settings;

/// A page that is made from a document.
#[derive(Debug)]
pub struct Page {
    /// Its name with the section, such as `swatch.conf.5`.
    pub file: &'static str,
    /// The document, relative to the root of the project.
    pub source: &'static str,
    about: &'static str,
    see_also: &'static [(&'static str, u8)],
}

/// The pages that are made from documents.
pub const PAGES: &[Page] = &[
    Page {
        file: "swatch.conf.5",
        source: "docs/language.md",
        about: "rules of swatch\\-rs, swatch and swatchdog",
        see_also: &[
            ("swatch-rs", 8),
            ("swatch-action", 8),
            ("swatch-migrate", 7),
        ],
    },
    Page {
        file: "swatch-action.toml.5",
        source: "examples/action.toml",
        about: "settings of swatch\\-action",
        see_also: &[("swatch-action", 8), ("swatch.conf", 5)],
    },
    Page {
        file: "swatch-migrate.7",
        source: "docs/migration.md",
        about: "moving from swatch, fail2ban, sshguard or CrowdSec to swatch\\-rs",
        see_also: &[("swatch-rs", 8), ("swatch-action", 8), ("swatch.conf", 5)],
    },
];

impl Page {
    /// The text of the page.
    ///
    /// # Panics
    /// If the document cannot be read.
    #[must_use]
    pub fn text(&self) -> String {
        let path = root().join(self.source);
        let document = std::fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let (name, section) = self.file.rsplit_once('.').expect("NAME.SECTION");
        let body = if self.source.ends_with(".toml") {
            settings::page(&document)
        } else {
            markdown::page(&document)
        };
        let mut text = format!(
            ".\\\" Made from {} by `make manuals`: change that file.\n.TH {} {section} \"\" swatch\\-rs\n.SH NAME\n{} \\- {}\n{body}.SH SEE ALSO\n",
            self.source,
            name.to_uppercase().replace('-', "\\-"),
            name.replace('-', "\\-"),
            self.about,
        );
        for (index, (page, section)) in self.see_also.iter().enumerate() {
            let comma = if index + 1 == self.see_also.len() {
                ""
            } else {
                ","
            };
            let page = page.replace('-', "\\-");
            let _ = writeln!(text, ".BR {page} ({section}){comma}");
        }
        text
    }
}

/// The directory of the committed pages.
#[must_use]
pub fn folder() -> PathBuf {
    root().join("docs/man")
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Text as roff prints it: no escape, no request, ASCII hyphens that can be copied.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\e"),
            '-' => out.push_str("\\-"),
            '\'' => out.push_str("\\(aq"),
            '`' => out.push_str("\\(ga"),
            '^' => out.push_str("\\(ha"),
            '~' => out.push_str("\\(ti"),
            '"' => out.push_str("\\(dq"),
            c if c.is_ascii() => out.push(c),
            c => {
                let _ = write!(out, "\\[u{:04X}]", u32::from(c));
            }
        }
    }
    out
}

/// Appends a line of text that roff must not take for a request.
fn line(out: &mut String, text: &str) {
    if text.starts_with(['.', '\'']) {
        out.push_str("\\&");
    }
    out.push_str(text);
    out.push('\n');
}
