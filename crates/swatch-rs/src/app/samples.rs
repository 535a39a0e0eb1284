//! `--test`: runs the sample lines of configurations through their rules.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::{Value, json};
use swatch_common::sanitize;
use swatch_config::ast::{Item, Rule, RuleKind, Sample};
use swatch_config::{Config, Diagnostic, Severity};
use swatch_engine::ClockReading;

use super::REFUSED;
use super::findings::Findings;
use super::load::Loader;
use super::plan::Refusal;
use crate::cli::Cli;
use crate::clock::Clock;
use crate::log;
use crate::rules::{PerlFailure, Rules};

/// A sample contradicts its rule.
const CONTRADICTED: u8 = 1;

/// The kinds of finding, as JSON names them.
const CONTRADICTION: &str = "contradiction";
const UNREACHABLE: &str = "unreachable";
const NO_RULE: &str = "no-rule";
const NO_SAMPLES: &str = "no-samples";

/// The result of the samples of one configuration.
struct Tested {
    config: Config,
    rules: usize,
    found: Vec<(&'static str, Diagnostic)>,
}

/// Tests all files, also after one is refused.
pub(super) fn test(cli: &Cli, loader: &Loader, files: &[PathBuf]) -> ExitCode {
    let mut told = Told::default();
    for path in files {
        match one(loader, path) {
            Ok(tested) => told.tested(cli, path, tested),
            Err(refusal) => told.refused(cli, path, &refusal),
        }
    }
    if cli.json {
        let all = json!({
            "ok": told.status == 0,
            "configurations": told.configurations,
            "diagnostics": told.diagnostics,
        });
        // If the reader has gone away, the exit status still tells.
        let _ = writeln!(std::io::stdout(), "{all}");
    }
    ExitCode::from(told.status)
}

fn one(loader: &Loader, path: &Path) -> Result<Tested, Refusal> {
    let (config, mut rules, _) = loader.load(path)?;
    let now = Clock::default().now();
    let found = match Samples::new(loader, &config, &now).run(&mut rules) {
        Ok(found) => found,
        Err(failure) => {
            let error = Diagnostic {
                severity: Severity::Error,
                message: format!("the samples cannot be tested: {failure}"),
                span: None,
                label: String::new(),
                help: None,
            };
            return Err(Refusal::Rules(Findings::new(vec![error], config.sources)));
        }
    };
    let rules = numbered(&config).count();
    Ok(Tested {
        config,
        rules,
        found,
    })
}

/// The answer for people and for programs.
#[derive(Default)]
struct Told {
    status: u8,
    configurations: Vec<Value>,
    diagnostics: Vec<Value>,
}

impl Told {
    fn tested(&mut self, cli: &Cli, path: &Path, tested: Tested) {
        let path = sanitize::path(path);
        let samples = tested.config.samples.len();
        let count = |wanted: &str| {
            let same = tested.found.iter().filter(|(kind, _)| *kind == wanted);
            same.count()
        };
        let (bare, wrong) = (count(NO_SAMPLES), tested.found.len() - count(NO_SAMPLES));
        if wrong > 0 {
            self.status = self.status.max(CONTRADICTED);
        }
        self.configurations.push(json!({
            "file": path, "ok": wrong == 0, "rules": tested.rules, "samples": samples,
            "rules_without_samples": bare,
        }));
        let (kinds, found): (Vec<_>, Vec<_>) = tested.found.into_iter().unzip();
        let findings = Findings::new(found, tested.config.sources);
        if cli.json {
            let objects = kinds.into_iter().zip(findings.json());
            self.diagnostics.extend(objects.map(|(kind, mut object)| {
                object["kind"] = kind.into();
                object
            }));
            return;
        }
        findings.print();
        let verdict = match wrong {
            0 => "ok".to_owned(),
            wrong => count_of(wrong, "fault"),
        };
        let bare = match bare {
            0 => String::new(),
            bare => format!(", {} without samples", count_of(bare, "rule")),
        };
        let rules = count_of(tested.rules, "rule");
        let samples = count_of(samples, "sample");
        let _ = writeln!(
            std::io::stdout(),
            "{path}: {rules}, {samples}{bare}: {verdict}"
        );
    }

    fn refused(&mut self, cli: &Cli, path: &Path, refusal: &Refusal) {
        self.status = REFUSED;
        if !cli.json {
            log::notice(format_args!("{}: refused", sanitize::path(path)));
            return refusal.report();
        }
        let file = sanitize::path(path);
        self.configurations
            .push(json!({"file": file, "ok": false, "refused": true}));
        match refusal {
            Refusal::Rules(findings) => self.diagnostics.extend(findings.json()),
            other => {
                let general = |text| json!({"severity": "error", "text": text, "file": file});
                self.diagnostics
                    .extend(other.reasons().into_iter().map(general));
            }
        }
    }
}

/// A number and a noun.
fn count_of(number: usize, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        _ => format!("{number} {noun}s"),
    }
}

/// The rules with the numbers that traces give them.
fn numbered(config: &Config) -> impl Iterator<Item = (usize, &Rule)> {
    let rules = config.items.iter().filter_map(|item| match item {
        Item::Rule(rule) => Some(rule),
        Item::Perl(_) => None,
    });
    rules.enumerate()
}

/// The samples of a configuration, and what was found about them.
struct Samples<'a> {
    loader: &'a Loader,
    config: &'a Config,
    now: &'a ClockReading,
    rules: Vec<&'a Rule>,
    found: Vec<(&'static str, Diagnostic)>,
}

impl<'a> Samples<'a> {
    fn new(loader: &'a Loader, config: &'a Config, now: &'a ClockReading) -> Self {
        Self {
            loader,
            config,
            now,
            rules: numbered(config).map(|(_, rule)| rule).collect(),
            found: Vec::new(),
        }
    }

    fn run(mut self, rules: &mut Rules) -> Result<Vec<(&'static str, Diagnostic)>, PerlFailure> {
        for number in 0..self.rules.len() {
            self.rule(number, rules)?;
        }
        let alone = self.config.samples.iter().filter(|s| s.rule.is_none());
        for sample in alone {
            let finding = Diagnostic::error(
                sample.span,
                "this sample belongs to no rule",
                "it is not tested",
            );
            let finding = finding.with_help("put it right above a `watchfor` or `ignore`");
            self.found.push((NO_RULE, finding));
        }
        self.found
            .sort_by_key(|(_, d)| d.span.map(|s| (s.file, s.start)));
        Ok(self.found)
    }

    /// Tests the samples of one rule.
    fn rule(&mut self, number: usize, rules: &mut Rules) -> Result<(), PerlFailure> {
        let rule = self.rules[number];
        let all = self.config.samples.iter();
        let samples: Vec<&Sample> = all.filter(|s| s.rule == Some(number)).collect();
        if !samples.iter().any(|sample| sample.matches) {
            let message = match samples.is_empty() {
                true => "this rule has no samples",
                false => "this rule has no sample that it should take",
            };
            let finding = Diagnostic::warning(rule.span, message, "it is not tested")
                .with_help("put `# match: LINE` above it, with a line from the log");
            self.found.push((NO_SAMPLES, finding));
        }
        let mut missed = Vec::new();
        for sample in &samples {
            let traces = rules.trace(&sample.text, self.now)?;
            let takers: Vec<usize> = traces.iter().map(|trace| trace.rule).collect();
            match (sample.matches, takers.contains(&number)) {
                (true, false) => missed.push((*sample, takers)),
                (false, true) => self.found.push(self.unwanted(sample, rule)),
                (true, true) | (false, false) => {}
            }
        }
        if missed.is_empty() {
            return Ok(());
        }
        let mut hidden = Vec::new();
        for (sample, takers) in &missed {
            let earlier = takers.last().filter(|&&taker| taker < number).copied();
            let hides = match earlier {
                Some(earlier) if self.takes_alone(number, sample)? => Some(earlier),
                _ => None,
            };
            hidden.push(hides);
        }
        let wanted = samples.iter().filter(|sample| sample.matches).count();
        if missed.len() == wanted && hidden.iter().all(Option::is_some) {
            self.found.push(self.unreachable(rule, &hidden));
            return Ok(());
        }
        for ((sample, takers), hides) in missed.iter().zip(hidden) {
            self.found.push(self.missed(sample, rule, takers, hides));
        }
        Ok(())
    }

    /// True if a rule would take a line if no other stood before it.
    fn takes_alone(&self, number: usize, sample: &Sample) -> Result<bool, PerlFailure> {
        let mut config = self.config.clone();
        let mut at = 0;
        config.items.retain(|item| match item {
            Item::Perl(_) => true,
            Item::Rule(_) => {
                at += 1;
                at > number
            }
        });
        match self.loader.compile(&config) {
            Some(mut rules) => {
                let traces = rules.trace(&sample.text, self.now)?;
                Ok(traces.first().is_some_and(|trace| trace.rule == 0))
            }
            None => Ok(false),
        }
    }

    fn unwanted(&self, sample: &Sample, rule: &Rule) -> (&'static str, Diagnostic) {
        let message = format!("{} takes this line", self.name(rule));
        let finding = Diagnostic::error(sample.span, message, "expected it not to");
        (CONTRADICTION, finding)
    }

    fn missed(
        &self,
        sample: &Sample,
        rule: &Rule,
        takers: &[usize],
        hides: Option<usize>,
    ) -> (&'static str, Diagnostic) {
        let label = format!("expected {} to take it", self.name(rule));
        let message = match takers.last() {
            Some(&taker) => format!("{} takes this line", self.name(self.rules[taker])),
            None => "no rule takes this line".to_owned(),
        };
        let help = match hides {
            Some(_) => "put the expected rule above that one, or narrow that one",
            None => "the condition of the expected rule does not hold for it",
        };
        let finding = Diagnostic::error(sample.span, message, label).with_help(help);
        (CONTRADICTION, finding)
    }

    fn unreachable(&self, rule: &Rule, hidden: &[Option<usize>]) -> (&'static str, Diagnostic) {
        let mut takers: Vec<usize> = hidden.iter().flatten().copied().collect();
        takers.sort_unstable();
        takers.dedup();
        let names = takers.iter().map(|&taker| self.name(self.rules[taker]));
        let names: Vec<String> = names.collect();
        let verb = if names.len() == 1 { "takes" } else { "take" };
        let message = format!("{} {verb} all samples of this rule", names.join(" and "));
        let finding = Diagnostic::error(rule.span, message, "this rule is never reached")
            .with_help("put this rule above, narrow the other one, or give that one a `continue`");
        (UNREACHABLE, finding)
    }

    /// The keyword and the place of a rule.
    fn name(&self, rule: &Rule) -> String {
        let keyword = match rule.kind {
            RuleKind::Watch => "watchfor",
            RuleKind::Ignore => "ignore",
        };
        let (line, _) = self.config.sources.line_column(rule.span);
        let path = self.config.sources.path(rule.span.file);
        format!("`{keyword}` at {}:{line}", sanitize::path(path))
    }
}
