//! Compiles a [`Config`] to a [`Program`].

mod condition;
mod pattern;
mod rule;

use std::path::Path;
use std::sync::Arc;

use perl_pattern::Limits;
use swatch_config::ast::Item;
use swatch_config::{Config, Diagnostic};

use crate::program::{Options, Program, RuleInfo};
use pattern::PatternCompiler;
use rule::RuleCompiler;

impl Program {
    /// Compiles a configuration that needs no Perl.
    ///
    /// # Errors
    /// Every pattern that is refused and every place that needs Perl, each with its span.
    pub fn compile(config: &Config, options: &Options) -> Result<Self, Vec<Diagnostic>> {
        let needs_perl = config.perl_needs.iter().map(|need| {
            let message = format!("{} needs Perl", need.what);
            Diagnostic::error(need.span, message, "only a Perl interpreter can run this")
        });
        compile(config, options, needs_perl.collect(), false)
    }

    /// Compiles the part that the Perl engine leaves to the native one: actions, throttles and
    /// thresholds. Everything else becomes [`StepKind::Foreign`](crate::program::StepKind::Foreign)
    /// and the like.
    pub(crate) fn compile_for_perl(
        config: &Config,
        options: &Options,
    ) -> Result<Self, Vec<Diagnostic>> {
        compile(config, options, Vec::new(), true)
    }
}

/// Warnings for `--check`: patterns that are given up on some records, so that they count as not
/// matching.
#[must_use]
pub fn lint(config: &Config) -> Vec<Diagnostic> {
    let mut patterns = PatternCompiler::new(Limits::default(), &config.sources);
    let for_perl = !config.perl_needs.is_empty();
    let mut compiler = RuleCompiler::new(&Options::default(), &mut patterns, for_perl);
    for item in &config.items {
        if let Item::Rule(rule) = item {
            compiler.rule(rule);
        }
    }
    patterns.warnings
}

fn compile(
    config: &Config,
    options: &Options,
    mut errors: Vec<Diagnostic>,
    for_perl: bool,
) -> Result<Program, Vec<Diagnostic>> {
    let mut patterns = PatternCompiler::new(options.limits, &config.sources);
    let mut compiler = RuleCompiler::new(options, &mut patterns, for_perl);
    compiler.reserve(config.items.len());
    let mut rules = Vec::with_capacity(config.items.len());
    let mut infos = Vec::with_capacity(config.items.len());
    let files = config.sources.files();
    let paths: Vec<Arc<Path>> = files.map(|f| config.sources.path(f).into()).collect();
    for item in &config.items {
        let Item::Rule(rule) = item else { continue };
        let (line, _) = config.sources.line_column(rule.span);
        rules.push(compiler.rule(rule));
        let known = compiler.layout.rules.last();
        infos.push(RuleInfo {
            kind: rule.kind,
            text: known.map_or_else(|| rule.text.as_slice().into(), |id| Arc::clone(&id.text)),
            path: Arc::clone(&paths[rule.span.file.0 as usize]),
            line,
            span: rule.span,
        });
    }
    for rule in &config.inert {
        // Only for the errors in its patterns.
        compiler.rule(rule);
    }
    let layout = compiler.layout;
    errors.append(&mut patterns.errors);
    if errors.is_empty() {
        Ok(Program {
            rules,
            patterns: patterns.patterns.shrunk(),
            infos,
            layout: Arc::new(layout),
            pid: options.pid,
        })
    } else {
        Err(errors)
    }
}
