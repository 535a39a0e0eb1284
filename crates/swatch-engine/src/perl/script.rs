//! The rule chain as a Perl program.
//!
//! Its structure is what users' code may rely on: code of depth 0 at the top, before the first
//! record; code of depth 1 in the loop, at its place between the rules, so that later conditions
//! and values see its `my` variables; code of depth 2 first in its block; code of depth 3 among the
//! actions.

use std::collections::BTreeSet;

use swatch_config::ast::{self, ActionKind, Item, PerlCode, RuleKind};
use swatch_config::{Config, Span};

use super::expression;
use crate::env::Variable;
use crate::program::Program;

/// The name of generated code in Perl's messages.
const OWN: &str = "swatch-rs";

/// The arguments of `-M` and `-I`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PerlModules {
    /// Modules, each as it is written after `use`.
    pub modules: Vec<Vec<u8>>,
    /// Directories to search before `@INC`, in order.
    pub include_dirs: Vec<Vec<u8>>,
}

pub(super) fn write(config: &Config, program: &Program, modules: &PerlModules) -> Vec<u8> {
    let mut script = Script {
        config,
        program,
        out: Vec::new(),
    };
    script.prologue(modules);
    script.chain();
    script.out
}

/// The name of a file in Perl's messages: its path, unless `#line` cannot express it.
pub(super) fn file_name(config: &Config, span: Span) -> String {
    let path = config.sources.path(span.file).to_string_lossy();
    if path.contains(['"', '\n', '\r']) {
        format!("configuration file {}", span.file.0 + 1)
    } else {
        path.into_owned()
    }
}

struct Script<'c> {
    config: &'c Config,
    program: &'c Program,
    out: Vec<u8>,
}

impl Script<'_> {
    fn line(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
        self.out.push(b'\n');
    }

    /// Text of the configuration, with its file name and line.
    fn foreign(&mut self, span: Span, text: &[u8]) {
        let (line, _) = self.config.sources.line_column(span);
        let name = file_name(self.config, span);
        self.line(&format!("\n#line {line} \"{name}\""));
        self.out.extend_from_slice(text);
        self.line(&format!("\n#line 1 \"{OWN}\""));
    }

    fn prologue(&mut self, modules: &PerlModules) {
        self.line(&format!("#line 1 \"{OWN}\""));
        self.line("use strict; use FileHandle; use IO::Handle; use POSIX ':sys_wait_h';");
        for directory in modules.include_dirs.iter().rev() {
            self.out.extend_from_slice(b"use lib ");
            expression::quoted(directory, &mut self.out);
            self.line(";");
        }
        for module in &modules.modules {
            self.line("\n#line 1 \"option -M\"");
            self.out.extend_from_slice(b"use ");
            self.out.extend_from_slice(module);
            self.line(";");
        }
        self.line(&format!("#line 1 \"{OWN}\""));
        let names = undeclared(self.config);
        if !names.is_empty() {
            self.line(&format!("our ({});", names.join(", ")));
        }
        self.line("$SwatchRs::Compiled = 1; return if $SwatchRs::Check;");
        for item in &self.config.items {
            if let Item::Perl(code) = item
                && code.depth == 0
            {
                self.foreign(code.span, &code.code);
            }
        }
        self.out.extend_from_slice(b"\n;SwatchRs::ready(");
        for name in functions(self.config) {
            expression::quoted(name, &mut self.out);
            self.out.extend_from_slice(b", ");
        }
        self.line(");");
    }

    fn chain(&mut self) {
        // The `eval` encloses the loop, because `use warnings` would complain about each `next`
        // that leaves an `eval`.
        self.line("until ($SwatchRs::Left) { next if eval {");
        self.line("LOOP: while (SwatchRs::next_record()) { @_ = split;");
        let mut number = 0;
        for item in &self.config.items {
            match item {
                Item::Perl(code) if code.depth == 1 => self.foreign(code.span, &code.code),
                Item::Perl(_) => {}
                Item::Rule(rule) => {
                    self.rule(number, rule);
                    number += 1;
                }
            }
        }
        self.line("\n;} continue { SwatchRs::done() }");
        self.line("$SwatchRs::Left = 1 }; SwatchRs::fault($@); SwatchRs::done(); }");
    }

    fn rule(&mut self, number: usize, rule: &ast::Rule) {
        let mut condition = Vec::new();
        expression::condition(&rule.condition, &mut true, &mut condition);
        self.out.extend_from_slice(b"\n;if (");
        self.foreign(rule.span, &condition);
        self.line(") {");
        if rule.kind == RuleKind::Ignore {
            self.line(&format!("SwatchRs::ignored({number}); next LOOP; }}"));
            return;
        }
        for code in &rule.perl_first {
            self.foreign(code.span, &code.code);
        }
        let sources = self.program.rules[number].gate_sources();
        let mut call = format!(";my @SwatchRs_gate = SwatchRs::gate({number}, $_").into_bytes();
        arguments(&sources, &mut call);
        self.out.append(&mut call);
        self.line(");");
        if self.program.rules[number].remember.is_some() {
            self.line("%SwatchRs::Recall = @SwatchRs_gate[3 .. $#SwatchRs_gate];");
        }
        self.line("if ($SwatchRs_gate[0]) {");
        // Without a throttle the message is the value of `$_` when the action runs.
        let message = match rule.throttles.is_empty() {
            true => "$_",
            false => "$SwatchRs_gate[1]",
        };
        for (at, action) in rule.actions.iter().enumerate() {
            self.action(number, at, action, message);
        }
        self.line("\n;}");
        self.line("if ($SwatchRs_gate[2] eq 'q') { $SwatchRs::Quit = 1; last LOOP }");
        self.line("next LOOP if $SwatchRs_gate[2] eq 's'; }");
    }

    fn action(&mut self, rule: usize, number: usize, action: &ast::Action, message: &str) {
        let code = match &action.kind {
            ActionKind::Perl(PerlCode { code, span, .. }) => {
                self.foreign(*span, code);
                return;
            }
            ActionKind::Custom { name, arguments } => Some((name, arguments)),
            _ => None,
        };
        let sources = self.program.rules[rule].steps[number].sources();
        let mut call = format!("({rule}, {number}, $_, {message}").into_bytes();
        arguments(&sources, &mut call);
        call.extend(b")");
        let Some((name, options)) = code else {
            let text = [b";SwatchRs::step", call.as_slice(), b";"].concat();
            self.foreign(action.span, &text);
            return;
        };
        let mut text = b";".to_vec();
        if action.when.is_some() || action.threshold.is_some() {
            text = [b";SwatchRs::asks", call.as_slice(), b" and "].concat();
        }
        text.extend_from_slice(name);
        text.extend(b"('MESSAGE' => ");
        match &action.message {
            Some(own) => expression::text(own, &mut text),
            None => text.extend(format!("\"{message}\"").into_bytes()),
        }
        for (key, value) in options {
            text.extend(b", ");
            expression::quoted(key, &mut text);
            text.extend(b" => ");
            expression::text(value, &mut text);
        }
        text.extend(b");");
        self.foreign(action.span, &text);
    }
}

/// Values that Perl sends along.
fn arguments(sources: &[Variable], out: &mut Vec<u8>) {
    for source in sources {
        out.extend(b", ");
        expression::source(source, out);
    }
}

/// Names of functions used as actions.
pub(super) fn functions(config: &Config) -> BTreeSet<&[u8]> {
    let rules = config.items.iter().filter_map(|item| match item {
        Item::Rule(rule) => Some(rule),
        Item::Perl(_) => None,
    });
    rules
        .flat_map(|rule| &rule.actions)
        .filter_map(|action| match &action.kind {
            ActionKind::Custom { name, .. } => Some(name.as_slice()),
            _ => None,
        })
        .collect()
}

/// Scalars that constant code assigns without `my`, as the manual's own example does; `strict`
/// would refuse them.
fn undeclared(config: &Config) -> Vec<String> {
    let mut names = BTreeSet::new();
    for item in &config.items {
        let Item::Perl(code) = item else { continue };
        if !code.constant {
            continue;
        }
        for statement in code.code.split(|b| *b == b';') {
            let statement = statement.trim_ascii();
            let Some(rest) = statement.strip_prefix(b"$") else {
                continue;
            };
            let word = |b: &&u8| b.is_ascii_alphanumeric() || **b == b'_';
            let length = rest.iter().take_while(word).count();
            let sets = rest[length..].trim_ascii_start().first() == Some(&b'=');
            if sets && rest.first().is_some_and(|b| !b.is_ascii_digit()) && &rest[..length] != b"_"
            {
                names.insert(format!("${}", String::from_utf8_lossy(&rest[..length])));
            }
        }
    }
    names.into_iter().collect()
}
