//! Reading a configuration file and compiling its rules.

use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use nix::unistd::Uid;
use swatch_common::trust;
use swatch_config::{Config, Diagnostic, Severity};

use super::findings::Findings;
use super::plan::Refusal;
use super::programs;
use crate::cli::Cli;
use crate::explain::Explain;
use crate::rules::{Rules, RulesOptions};

/// Reads configurations as the command line asks for it.
#[derive(Clone)]
pub(super) struct Loader {
    options: swatch_config::Options,
    rules: RulesOptions,
    insecure: bool,
    /// Also warn of likely mistakes.
    lints: bool,
}

impl Loader {
    pub(super) fn new(cli: &Cli) -> Self {
        Self {
            options: swatch_config::Options {
                old_style: cli.old_style_config,
                awk_fields: cli.awk_field_syntax,
                check: cli.check,
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
                explain: cli.explain.then_some(match cli.json {
                    true => Explain::Json,
                    false => Explain::Text,
                }),
            },
            insecure: cli.insecure,
            lints: cli.check,
        }
    }

    /// Reads a configuration and compiles its rules, ready to run.
    ///
    /// # Errors
    /// The file is refused: it is not to be trusted, or there are errors in it.
    pub(super) fn load(&self, path: &Path) -> Result<(Config, Rules, Findings), Refusal> {
        self.read(path, |config| Rules::compile(config, &self.rules))
    }

    /// As [`Loader::load`], but no Perl code of the rules runs except what `use` and `BEGIN` run.
    pub(super) fn check(&self, path: &Path) -> Result<(Config, Findings), Refusal> {
        let check = |config: &Config| Rules::check(config, &self.rules);
        let (config, (), findings) = self.read(path, check)?;
        Ok((config, findings))
    }

    /// Compiles a configuration that was loaded, or a part of it.
    pub(super) fn compile(&self, config: &Config) -> Option<Rules> {
        Rules::compile(config, &self.rules).ok()
    }

    fn read<T>(
        &self,
        path: &Path,
        compile: impl FnOnce(&Config) -> Result<T, Vec<Diagnostic>>,
    ) -> Result<(Config, T, Findings), Refusal> {
        let parsed = swatch_config::parse_file(path, &self.options);
        let config = parsed.config;
        let mut diagnostics = parsed.diagnostics;
        if !self.insecure && Uid::effective().is_root() {
            let files = config.sources.files().map(|file| config.sources.path(file));
            let mut untrusted: Vec<_> = files.filter_map(|file| trust::check(file).err()).collect();
            untrusted.extend(programs::untrusted(&config));
            if !untrusted.is_empty() {
                return Err(Refusal::Untrusted(untrusted));
            }
        }
        // Errors of the patterns are reported along with those of the syntax.
        let compiled = compile(&config).map_err(|more| diagnostics.extend(more));
        if self.lints {
            diagnostics.extend(swatch_config::lint(&config));
            diagnostics.extend(swatch_engine::lint(&config));
            diagnostics.extend(programs::missing(&config));
        }
        let refused = diagnostics.iter().any(|d| d.severity == Severity::Error);
        let findings = Findings::new(diagnostics, config.sources.clone());
        match compiled {
            Ok(compiled) if !refused => Ok((config, compiled, findings)),
            _ => Err(Refusal::Rules(findings)),
        }
    }
}
