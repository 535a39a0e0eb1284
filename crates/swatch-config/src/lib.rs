//! The swatch configuration language: text in, a typed [`Config`] and [`Diagnostic`]s out.
//!
//! This crate knows the language of `swatchdog(1)` 3.2.4 and nothing else: no regex engine, no
//! process, no clock. Everything is bytes, because a configuration may hold Latin-1 or UTF-8 and
//! the original never decodes either.

pub mod ast;
pub mod diagnostic;
pub mod journal;
pub mod nested_shell;
pub mod source;

mod grammar;
mod lines;
mod lint;
mod print;
mod render;
mod shell;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub use ast::Config;
pub use diagnostic::{Diagnostic, Severity};
pub use grammar::escape::unescape;
pub use lint::{lint, programs};
pub use print::print;
pub use render::render;
pub use source::{FileId, Sources, Span};

/// Options of the parser.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The format of the 1990s (`--old-style-config`).
    pub old_style: bool,
    /// `$N` in commands is a field of the record (`--awk-field-syntax`).
    pub awk_fields: bool,
    /// `--check`: treat as errors what a running watch tolerates but no author can have meant.
    pub check: bool,
    /// Perl modules are loaded (`-M`): an unknown action may be one of their functions.
    pub modules: bool,
    /// The directory that relative names of included files start from; empty: the working
    /// directory.
    pub base_dir: PathBuf,
    /// The environment, for `$ENV{NAME}` and `ANSI_COLORS_ALIASES`.
    pub env: BTreeMap<Vec<u8>, Vec<u8>>,
}

/// The result of reading a configuration.
#[derive(Debug, Clone, Default)]
pub struct Parsed {
    /// The configuration, without the parts that have errors.
    pub config: Config,
    /// Errors and warnings of all files, by file and place.
    pub diagnostics: Vec<Diagnostic>,
}

impl Parsed {
    /// Returns true if the configuration must be refused.
    pub fn has_errors(&self) -> bool {
        let mut all = self.diagnostics.iter();
        all.any(|finding| finding.severity == Severity::Error)
    }
}

/// Reads a configuration file and all files that it includes.
pub fn parse_file(path: &Path, options: &Options) -> Parsed {
    match lines::reader::load(path) {
        Ok(text) => grammar::configuration::configuration(path.to_path_buf(), text, options),
        Err(why) => Parsed {
            config: Config::default(),
            diagnostics: vec![Diagnostic {
                severity: Severity::Error,
                message: format!(
                    "cannot read the configuration file {}: {why}",
                    swatch_common::sanitize::path(path)
                ),
                span: None,
                label: String::new(),
                help: Some("create it, or name another with --config-file".into()),
            }],
        },
    }
}

/// Reads a configuration from memory; `path` is what messages call it, and where included files
/// are looked for.
pub fn parse_str(text: &[u8], path: &Path, options: &Options) -> Parsed {
    grammar::configuration::configuration(path.to_path_buf(), text.to_vec(), options)
}
