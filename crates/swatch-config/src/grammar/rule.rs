//! Collects lines into rules.

mod perl;
mod words;

use std::rc::Rc;

use swatch_common::sanitize;

use crate::ast::{Config, Expr, Item, PerlCode, Rule, RuleKind};
use crate::diagnostic::Diagnostic;
use crate::grammar::action::{self, BlockLine};
use crate::grammar::perl_functions::is_perl_function;
use crate::grammar::prescan::{Prescan, perl_line};
use crate::grammar::scope::{Context, Scope};
use crate::grammar::{condition, rate_limit, remember, sample, source_comment};
use crate::lines::keyword::{KeywordLine, divide, is_action};
use crate::lines::located::Located;
use crate::lines::reader::{Read, Step};
use crate::shell;
use crate::source::Span;
use crate::{Parsed, Severity};
use words::unknown;

/// State of an open file.
#[derive(Debug, Default)]
struct Frame {
    /// A rule, or Perl code, has been seen in it.
    started: bool,
    /// The owner of the following action lines.
    open: Open,
    /// Perl code of depth 2 and 3 before the first rule, which belongs to that rule.
    pending: Vec<PerlCode>,
}

/// The owner of action lines.
#[derive(Debug, Default)]
enum Open {
    /// None: they are skipped.
    #[default]
    None,
    /// A rule that drops its actions: `ignore`, `waitfor`.
    Silent(&'static str),
    /// The rule at this index of the items, and the names visible in its block.
    Rule(usize, Rc<Scope>),
}

/// Builds the list of rules.
pub(crate) struct RuleBuilder<'a> {
    prescan: &'a Prescan,
    env: &'a dyn Fn(&[u8]) -> Option<Vec<u8>>,
    scope: Rc<Scope>,
    config: Config,
    diagnostics: Vec<Diagnostic>,
    frames: Vec<Frame>,
    /// An entry was found, even if it yields no rule, such as `waitfor`.
    useful: bool,
}

impl<'a> RuleBuilder<'a> {
    pub(crate) fn new(prescan: &'a Prescan, env: &'a dyn Fn(&[u8]) -> Option<Vec<u8>>) -> Self {
        Self {
            prescan,
            env,
            scope: Rc::new(prescan.scope.clone()),
            config: Config::default(),
            diagnostics: Vec::new(),
            frames: vec![Frame::default()],
            useful: false,
        }
    }

    /// Starts an included file.
    pub(crate) fn enter_file(&mut self) {
        self.frames.push(Frame::default());
    }

    /// Ends an included file.
    pub(crate) fn leave_file(&mut self) {
        self.close_pending();
        self.frames.pop();
    }

    fn frame(&mut self) -> &mut Frame {
        let last = self.frames.len() - 1;
        &mut self.frames[last]
    }

    /// Runs a sub-parser with the names of `scope`, and keeps its diagnostics.
    pub(crate) fn with<T>(&mut self, scope: &Scope, read: impl FnOnce(&mut Context<'_>) -> T) -> T {
        let mut context = Context::new(scope, self.env);
        let value = read(&mut context);
        self.diagnostics.extend(context.diagnostics);
        self.config.perl_needs.extend(context.needs);
        value
    }

    pub(crate) fn warn(&mut self, span: Span, message: impl Into<String>, label: &str) {
        let finding = Diagnostic::warning(span, message, label);
        self.diagnostics.push(finding);
    }

    /// A line of the modern format; `following` are the entries after it.
    pub(crate) fn line(&mut self, line: Located<'_>, following: &[Step]) {
        if let Some((depth, code)) = perl_line(line) {
            return self.perl(divide(line), depth, code);
        }
        let divided = divide(line);
        match divided.name().as_slice() {
            b"watchfor" => self.rule(RuleKind::Watch, divided.value, line, following),
            b"ignore" if divided.value.is_empty() && self.in_rule() => self.bare_ignore(divided),
            b"ignore" => self.rule(RuleKind::Ignore, divided.value, line, following),
            b"waitfor" => self.waitfor(divided),
            _ => self.action(divided),
        }
    }

    fn in_rule(&mut self) -> bool {
        matches!(self.frame().open, Open::Rule(..))
    }

    /// `ignore` without a pattern, as the action of a rule.
    fn bare_ignore(&mut self, divided: KeywordLine<'_>) {
        let finding = Diagnostic::warning(
            divided.key.span(),
            "`ignore` without a pattern has no effect",
            "ignored",
        );
        self.diagnostics.push(finding.with_help(
            "a `watchfor` without actions drops its lines; to drop others write `ignore /pattern/`",
        ));
    }

    fn waitfor(&mut self, divided: KeywordLine<'_>) {
        let scope = self.scope.clone();
        let condition = self.with(&scope, |context| condition::parse(divided.value, context));
        if let Some(condition) = condition {
            let rule = Rule::new(RuleKind::Watch, condition, divided.value);
            self.config.inert.push(rule);
        }
        self.useful = true;
        let finding = Diagnostic::warning(
            divided.key.span(),
            "`waitfor` has no effect",
            "ignored, with the actions that follow",
        );
        self.diagnostics
            .push(finding.with_help("did you mean `watchfor`?"));
        let frame = self.frame();
        frame.started = true;
        frame.open = Open::Silent("waitfor");
    }

    /// Opens a rule.
    pub(crate) fn rule(
        &mut self,
        kind: RuleKind,
        value: Located<'_>,
        line: Located<'_>,
        following: &[Step],
    ) {
        self.useful = true;
        let scope = self.scope.clone();
        let condition = self.with(&scope, |context| match value.is_empty() {
            true => condition::parse(line.from(line.bytes.len()), context),
            false => condition::parse(value, context),
        });
        let pending = std::mem::take(&mut self.frame().pending);
        let block = self.block_scope(&pending, following);
        // A rule with a broken condition is kept so that its block is checked as well.
        let condition = condition.unwrap_or(Expr::Number(crate::ast::Number::Integer(0)));
        let rule = Rule::new(kind, condition, value);
        let index = self.config.items.len();
        self.config.items.push(Item::Rule(rule));
        let frame = self.frame();
        frame.started = true;
        frame.open = match kind {
            RuleKind::Watch => Open::Rule(index, block),
            RuleKind::Ignore => Open::Silent("ignore"),
        };
        for code in pending {
            self.block_code(code);
        }
    }

    /// A line of a block.
    fn action(&mut self, divided: KeywordLine<'_>) {
        let key = divided.key;
        let started = self.frame().started;
        let (index, scope) = match &self.frame().open {
            Open::Rule(index, scope) => (*index, scope.clone()),
            Open::None if started => {
                let message = format!("`{}` belongs to no rule", sanitize::text(key.bytes));
                return self.warn(
                    key.span(),
                    message,
                    "ignored: Perl code ends the rule before it",
                );
            }
            Open::None => return self.before_rules(divided),
            Open::Silent(keyword) => {
                let message = format!("an action below `{keyword}` has no effect");
                return self.warn(key.span(), message, "ignored");
            }
        };
        self.block_line(divided, index, &scope);
    }

    /// A line of the block of the rule at an index.
    pub(crate) fn block_line(&mut self, divided: KeywordLine<'_>, index: usize, scope: &Scope) {
        let key = divided.key;
        let span = Span {
            start: key.span().start,
            ..divided.value.span()
        };
        let name = divided.name();
        let known = is_action(&name);
        let mut twice = None;
        let read = self.with(scope, |context| match name.as_slice() {
            b"throttle" => {
                rate_limit::throttle(divided.value, span, context).map(BlockLine::Throttle)
            }
            b"threshold" => {
                rate_limit::threshold(divided.value, span, context).map(BlockLine::Threshold)
            }
            // A function of that name in an older file takes precedence.
            b"remember" if !scope.functions.contains(key.bytes) => {
                remember::parse(divided.value, span, context).map(BlockLine::Remember)
            }
            _ if known && name != b"remember" => action::parse(divided, context),
            _ if custom(key.bytes, scope) => Some(BlockLine::Action(Box::new(action::custom(
                divided, context,
            )))),
            _ => {
                context.diagnostics.push(unknown(key));
                None
            }
        });
        let Item::Rule(rule) = &mut self.config.items[index] else {
            return;
        };
        match read {
            // As in the original the last one counts.
            Some(BlockLine::Throttle(throttle)) => {
                twice = rule.throttles.pop().map(|earlier| earlier.span);
                rule.throttles.push(throttle);
            }
            Some(BlockLine::Threshold(threshold)) => {
                twice = rule.thresholds.pop().map(|earlier| earlier.span);
                rule.thresholds.push(threshold);
            }
            Some(BlockLine::Remember(remember)) => {
                twice = rule.remember.take().map(|earlier| earlier.span);
                rule.remember = Some(Box::new(remember));
            }
            Some(BlockLine::Action(action)) => {
                // Most rules have one action or two: no room in advance.
                rule.actions.reserve_exact(1);
                rule.actions.push(*action);
            }

            Some(BlockLine::Continue(when)) => rule.go_on = Some(when),
            Some(BlockLine::Quit(when)) => rule.quit = Some(when),
            None => {}
        }
        if let Some(earlier) = twice {
            let message = format!("this `{}` has no effect", sanitize::text(&name));
            self.warn(earlier, message, "a later one of the same rule replaces it");
        }
    }

    /// The throttle column of the old style.
    pub(crate) fn throttle_line(&mut self, value: Located<'_>, index: usize, scope: &Scope) {
        let read = self.with(scope, |context| {
            rate_limit::throttle(value, value.span(), context)
        });
        if let (Item::Rule(rule), Some(read)) = (&mut self.config.items[index], read) {
            rule.throttles.push(read);
        }
    }

    /// A line before the first rule of its file.
    fn before_rules(&mut self, divided: KeywordLine<'_>) {
        let (key, name) = (divided.key, divided.name());
        let word = sanitize::text(key.bytes);
        let action = is_action(&name);
        let finding = match action {
            true => Diagnostic::warning(
                key.span(),
                format!("`{word}` comes before the first rule"),
                "ignored: an action belongs below a `watchfor`",
            ),
            false => {
                let finding = Diagnostic::warning(
                    key.span(),
                    format!("`{word}` is not a keyword"),
                    "ignored",
                );
                Diagnostic {
                    help: unknown(key).help,
                    ..finding
                }
            }
        };
        self.diagnostics.push(finding);
    }

    pub(crate) fn last_index(&self) -> usize {
        self.config.items.len() - 1
    }

    pub(crate) fn outer_scope(&self) -> Rc<Scope> {
        self.scope.clone()
    }

    /// Returns the configuration at the end of the main file.
    pub(crate) fn finish(mut self, mut read: Read, awk_fields: bool) -> Parsed {
        self.close_pending();
        let mut config = self.config;
        config.awk_fields = awk_fields;
        config.sources = std::mem::take(&mut read.sources);
        config.samples = sample::samples(&read, &config);
        for comment in &read.comments {
            source_comment::read(comment.text(), &mut config, &mut self.diagnostics);
        }
        self.diagnostics.extend(read.diagnostics);
        for item in &config.items {
            if let Item::Rule(rule) = item {
                let hazards = shell::hazards(rule, &config).into_iter();
                let errors = hazards.filter(|hazard| hazard.severity == Severity::Error);
                self.diagnostics.extend(errors);
            }
        }
        let failed = self
            .diagnostics
            .iter()
            .any(|d| d.severity == crate::Severity::Error);
        if !self.useful && !failed {
            self.diagnostics.push(Diagnostic {
                severity: crate::Severity::Error,
                message: "the configuration has no rules".into(),
                span: config.sources.files().next().map(|file| Span {
                    file,
                    start: 0,
                    end: 0,
                }),
                label: "expected at least one `watchfor` or `ignore`".into(),
                help: None,
            });
        }
        self.diagnostics
            .sort_by_key(|finding| finding.span.map(|span| (span.file, span.start, span.end)));
        self.diagnostics.dedup();
        Parsed {
            config,
            diagnostics: self.diagnostics,
        }
    }
}

/// Returns true if an action is a function that Perl code of the rules defines or imports. Perl's
/// built-in functions are excluded: swatchdog calls `unlink` or `open` with the line.
fn custom(key: &[u8], scope: &Scope) -> bool {
    let imported = scope.foreign && !is_perl_function(key);
    let known = scope.functions.contains(key) || imported;
    known && action::is_function_name(key)
}

impl Rule {
    /// A rule without a block; `text` is its condition as written.
    fn new(kind: RuleKind, condition: Expr, text: Located<'_>) -> Self {
        Self {
            kind,
            condition,
            text: text.bytes.to_vec(),
            span: text.span(),
            actions: Vec::new(),
            throttles: Vec::new(),
            thresholds: Vec::new(),
            remember: None,
            go_on: None,
            quit: None,
            perl_first: Vec::new(),
        }
    }
}
