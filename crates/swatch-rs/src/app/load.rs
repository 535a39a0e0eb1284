//! Configuration files become rules, or messages that say why not.

use std::ffi::OsString;
use std::fs;
use std::io::{IsTerminal, Write};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use swatch_config::{Config, Diagnostic, Severity};

use super::plan::Plan;
use crate::cli::Cli;
use crate::log::{Level, tell};
use crate::rules::{Rules, RulesOptions};
use crate::trust;

/// Reads configurations as the command line asks for it.
#[derive(Clone)]
pub(super) struct Loader {
    options: swatch_config::Options,
    rules: RulesOptions,
    insecure: bool,
    /// Warnings are printed.
    talks: bool,
    /// Warnings about what surely is a mistake, too.
    lints: bool,
}

/// A configuration that can run.
pub(super) struct Loaded {
    pub(super) config: Config,
    pub(super) rules: Rules,
}

impl Loader {
    pub(super) fn new(cli: &Cli, talks: bool) -> Self {
        Self {
            options: swatch_config::Options {
                old_style: cli.old_style_config,
                awk_fields: cli.awk_field_syntax,
                modules: !cli.extra_module.is_empty(),
                base_dir: PathBuf::new(),
                env: std::env::vars_os()
                    .map(|(name, value)| (name.into_vec(), value.into_vec()))
                    .collect(),
            },
            rules: RulesOptions {
                awk_fields: cli.awk_field_syntax,
                max_keys: cli.max_keys,
                modules: cli.extra_module.clone(),
                include_dirs: cli.extra_include_dir.clone(),
                explain: cli.explain,
                check_only: cli.check || cli.dump_script.is_some() || super::starts_daemon(cli),
            },
            insecure: cli.insecure,
            talks,
            lints: cli.check,
        }
    }

    /// Reads and compiles a file. None: it is refused, and the reasons have been told.
    pub(super) fn load(&self, path: &Path) -> Option<Loaded> {
        let parsed = swatch_config::parse_file(path, &self.options);
        let config = parsed.config;
        let mut found = parsed.diagnostics;
        if !self.insecure {
            let mut trusted = true;
            for file in config.sources.files() {
                if let Err(e) = trust::check(config.sources.path(file)) {
                    tell(Level::Error, e);
                    trusted = false;
                }
            }
            if !trusted {
                return None;
            }
        }
        // All errors of a file in one go: those of its patterns, too.
        let compiled = Rules::compile(&config, &self.rules);
        let refused = found.iter().any(|d| d.severity == Severity::Error);
        let rules = match compiled {
            Ok(rules) => Some(rules).filter(|_| !refused),
            Err(more) => {
                found.extend(more);
                None
            }
        };
        if self.lints {
            found.extend(swatch_config::lint(&config));
        }
        self.print(&found, &config);
        rules.map(|rules| Loaded { config, rules })
    }

    fn print(&self, found: &[Diagnostic], config: &Config) {
        let color = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        let mut out = std::io::stderr().lock();
        for diagnostic in found {
            if diagnostic.severity == Severity::Error || self.talks {
                let text = swatch_config::render(diagnostic, &config.sources, color);
                let _ = writeln!(out, "{text}");
            }
        }
    }
}

/// `--dump-script`: the configurations as understood, to a file or standard output.
pub(super) fn dump(plans: &[Plan], file: &OsString) -> Result<()> {
    let mut text = "### Watcher Script BEGIN ###\n".to_owned().into_bytes();
    for plan in plans {
        text.extend_from_slice(&plan.dump);
    }
    text.extend_from_slice(b"### Watcher Script END ###\n");
    if file.is_empty() {
        std::io::stdout()
            .write_all(&text)
            .context("cannot write to standard output")
    } else {
        let shown = Path::new(file).display().to_string();
        fs::write(file, &text).with_context(|| format!("cannot write {shown}"))
    }
}
