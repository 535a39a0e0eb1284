//! Action lines.

mod recipients;

use swatch_common::sanitize;

use crate::ast::{Action, ActionKind, Command, Remember, Template, Threshold, Throttle, When};
use crate::diagnostic::{Diagnostic, Severity};
use crate::grammar::ansi;
use crate::grammar::command;
use crate::grammar::numbers::{is_number, number};
use crate::grammar::options::{ListItem, ListStyle, named, no_bare, split, unknown};
use crate::grammar::rate_limit::ThresholdOptions;
use crate::grammar::scope::Context;
use crate::grammar::template::{self, VALUE};
use crate::grammar::when;
use crate::lines::keyword::KeywordLine;
use crate::lines::located::is_word;
use crate::source::Span;

/// Options that most actions share.
#[derive(Default)]
struct Common<'t> {
    when: Option<When>,
    message: Option<Template>,
    on: bool,
    parts: ThresholdOptions<'t>,
}

impl<'t> Common<'t> {
    /// Takes an item if it is a shared option.
    fn take(&mut self, item: &ListItem<'t>, context: &mut Context<'_>) -> bool {
        match item.name.as_ref().map(|(name, _)| name.as_str()) {
            Some("when") => self.when = when::parse(item.value, context),
            Some("message") => {
                self.message = Some(template::parse(item.value, VALUE, context));
            }
            Some("threshold" | "thresholding") => self.switch(item, context),
            _ => return self.parts.take(item),
        }
        true
    }

    fn switch(&mut self, item: &ListItem<'t>, context: &mut Context<'_>) {
        match item.value.bytes.to_ascii_lowercase().as_slice() {
            b"on" | b"1" | b"yes" => self.on = true,
            b"off" | b"0" | b"no" => {}
            _ => context.diagnostics.push(
                Diagnostic::error(
                    item.value.span(),
                    "this is neither `on` nor `off`",
                    "expected on or off",
                )
                .with_help("`threshold=on,track_by=$1,type=limit,count=1,seconds=60`"),
            ),
        }
    }

    fn threshold(&self, line: Span, context: &mut Context<'_>) -> Option<Threshold> {
        if self.on {
            return self.parts.finish(line, line, context);
        }
        if let Some(span) = self.parts.span() {
            context.diagnostics.push(
                Diagnostic::warning(
                    span,
                    "this has no effect",
                    "an option of a threshold that is not switched on",
                )
                .with_help("add `threshold=on`"),
            );
        }
        None
    }
}

/// A line of a rule's block.
pub(crate) enum BlockLine {
    /// An action.
    Action(Box<Action>),
    /// `continue`.
    Continue(When),
    /// `quit`.
    Quit(When),
    /// `throttle`.
    Throttle(Throttle),
    /// `threshold`.
    Threshold(Threshold),
    /// `remember`.
    Remember(Remember),
}

/// Reads a line whose keyword is one of swatchdog's actions. `None`: errors are recorded.
pub(crate) fn parse(line: KeywordLine<'_>, context: &mut Context<'_>) -> Option<BlockLine> {
    let before = context.diagnostics.len();
    let span = Span {
        start: line.key.span().start,
        ..line.value.span()
    };
    let mut common = Common::default();
    let name = line.name();
    let kind = match name.as_slice() {
        b"continue" | b"quit" => {
            flow(line, &mut common, context);
            let when = common.when.unwrap_or(When::ALWAYS);
            let failed = has_errors(context, before);
            return match (failed, name == b"quit") {
                (true, _) => None,
                (false, true) => Some(BlockLine::Quit(when)),
                (false, false) => Some(BlockLine::Continue(when)),
            };
        }
        b"echo" => echo(line, &mut common, context),
        b"bell" => bell(line, &mut common, context),
        b"exec" => run(line, false, &mut common, context),
        b"pipe" => run(line, true, &mut common, context),
        b"mail" => recipients::mail(line, &mut common, context),
        b"write" => recipients::write(line, &mut common, context),
        _ => None,
    };
    let threshold = common.threshold(span, context);
    if has_errors(context, before) {
        return None;
    }
    Some(BlockLine::Action(Box::new(Action {
        kind: kind?,
        when: common.when,
        threshold,
        message: common.message,
        span,
    })))
}

fn has_errors(context: &Context<'_>, before: usize) -> bool {
    let mut found = context.diagnostics[before..].iter();
    found.any(|finding| finding.severity == Severity::Error)
}

fn flow<'t>(line: KeywordLine<'t>, common: &mut Common<'t>, context: &mut Context<'_>) {
    let form = ListStyle {
        free: false,
        bare: no_bare,
    };
    for item in split(line.value, form, context) {
        if item.name.is_some() && common.take(&item, context) {
            continue;
        }
        let message = format!("`{}` takes no value", sanitize::text(line.key.bytes));
        let finding = Diagnostic::warning(item.span, message, "ignored");
        context.diagnostics.push(finding);
    }
}

fn starts_mode(text: &[u8]) -> bool {
    let end = text.iter().position(|b| matches!(b, b',' | b'#'));
    let list = text[..end.unwrap_or(text.len())].trim_ascii();
    let mut words = list.split(u8::is_ascii_whitespace);
    !list.is_empty() && words.all(|word| word.is_empty() || ansi::is_mode(word))
}

fn echo<'t>(
    line: KeywordLine<'t>,
    common: &mut Common<'t>,
    context: &mut Context<'_>,
) -> Option<ActionKind> {
    let form = ListStyle {
        free: false,
        bare: starts_mode,
    };
    let mut list = Vec::new();
    for item in split(line.value, form, context) {
        match item.name {
            None => list.push(item.value),
            Some(_) if item.is("modes") => list.push(item.value),
            Some(_) if common.take(&item, context) => {}
            Some(_) => unknown(
                &item,
                "echo",
                &["modes", "message", "when", "threshold"],
                context,
            ),
        }
    }
    let sgr = ansi::parse(&list, context);
    Some(ActionKind::Echo { sgr })
}

/// An upper limit for rings, and for seconds between two.
const MAX_RINGS: f64 = 1000.0;

fn bell<'t>(
    line: KeywordLine<'t>,
    common: &mut Common<'t>,
    context: &mut Context<'_>,
) -> Option<ActionKind> {
    let form = ListStyle {
        free: false,
        bare: is_number,
    };
    let (mut rings, mut delay) = (Some(1.0), Some(0.2));
    for item in split(line.value, form, context) {
        match item.name {
            None => rings = number(item.value, "the number of rings", context),
            Some(_) if item.is("rings") => {
                rings = number(item.value, "the number of rings", context);
            }
            Some(_) if item.is("delay") => delay = number(item.value, "`delay`", context),
            Some(_) if common.take(&item, context) => {}
            Some(_) => unknown(
                &item,
                "bell",
                &["rings", "delay", "when", "threshold"],
                context,
            ),
        }
    }
    Some(ActionKind::Bell {
        rings: rings?.ceil().clamp(0.0, MAX_RINGS) as u32,
        delay_ms: (delay?.clamp(0.0, MAX_RINGS) * 1000.0).round() as u64,
    })
}

/// `exec` and `pipe`.
fn run<'t>(
    line: KeywordLine<'t>,
    pipe: bool,
    common: &mut Common<'t>,
    context: &mut Context<'_>,
) -> Option<ActionKind> {
    let divided = command::divide(line.value, pipe, context);
    let mut keep_open = false;
    for item in &divided.items {
        if item.is("keep_open") {
            keep_open = !matches!(item.value.bytes, b"0" | b"off" | b"no");
        } else {
            common.take(item, context);
        }
    }
    let command = divided.command;
    let built = command.and_then(|command| command::build(command, context));
    let Some(command) = built else {
        let name = if pipe { "pipe" } else { "exec" };
        let place = match line.value.is_empty() {
            true => line.key.span(),
            false => line.value.span(),
        };
        context.diagnostics.push(
            Diagnostic::error(
                place,
                format!("`{name}` has no command"),
                "expected a command",
            )
            .with_help(format!("for example `{name} /usr/local/bin/alert \"$1\"`")),
        );
        return None;
    };
    Some(match pipe {
        true => ActionKind::Pipe { command, keep_open },
        false => ActionKind::Exec { command },
    })
}

fn program(item: &ListItem<'_>, action: &str, context: &mut Context<'_>) -> Option<Command> {
    let command = command::build(item.value, context);
    if command.is_none() {
        context.diagnostics.push(Diagnostic::error(
            item.span,
            format!("`{action}` has no command here"),
            "expected a command",
        ));
    }
    command
}

/// Reads the options of a function that Perl code defines, as the original passes them: every
/// comma separates, keys become upper case, a value without a key has an empty one.
pub(crate) fn custom(line: KeywordLine<'_>, context: &mut Context<'_>) -> Action {
    let span = Span {
        start: line.key.span().start,
        ..line.value.span()
    };
    let form = ListStyle {
        free: true,
        bare: |_| true,
    };
    let mut arguments: Vec<(Vec<u8>, Template)> = Vec::new();
    for item in split(line.value, form, context) {
        let key = match &item.name {
            Some((name, _)) => name.to_ascii_uppercase().into_bytes(),
            None => Vec::new(),
        };
        let value = template::parse(item.value, VALUE, context);
        arguments.retain(|(known, _)| *known != key);
        arguments.push((key, value));
    }
    let name = line.key.bytes.to_vec();
    let what = format!("the action `{}`, a Perl function", sanitize::text(&name));
    context.need(line.key.span(), what);
    Action {
        kind: ActionKind::Custom { name, arguments },
        when: None,
        threshold: None,
        message: None,
        span,
    }
}

/// Returns true if a keyword can be the name of a Perl function.
pub(crate) fn is_function_name(key: &[u8]) -> bool {
    let plain = key.iter().all(|&b| is_word(b) || b == b':');
    plain && named(key).is_none() && key.first().is_some_and(|b| !b.is_ascii_digit())
}
