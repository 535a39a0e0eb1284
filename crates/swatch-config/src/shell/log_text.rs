//! The bytes that a variable can hold.

use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind};

use crate::ast::{Config, Expr, Item, Pattern, Piece, Rule, Var};
use crate::lint::{patterns, regex};

/// The possible values of a variable in a command.
#[derive(Debug, Clone)]
pub(super) struct LogText {
    /// Bytes that can occur anywhere in it.
    any: Bytes,
    /// Bytes that it can begin with.
    first: Bytes,
    /// It certainly comes from the log. A value computed by Perl may not.
    pub(super) certain: bool,
}

impl LogText {
    fn unknown(certain: bool) -> Self {
        Self {
            any: Bytes([true; 256]),
            first: Bytes([true; 256]),
            certain,
        }
    }

    fn add(&mut self, other: &LogText) {
        self.any.add(&other.any);
        self.first.add(&other.first);
        self.certain &= other.certain;
    }

    /// Returns true if it can hold a byte with a meaning to a shell, in any place.
    pub(super) fn is_shell_code(&self) -> bool {
        let harmless = |b: u8| b.is_ascii_alphanumeric() || b" _.,:/@%+-=".contains(&b);
        (0..=255).any(|b| self.any.0[usize::from(b)] && !harmless(b))
    }

    /// Returns true if it can begin like an option or, if the shell splits it, a later part can.
    pub(super) fn is_option(&self, splits: bool) -> bool {
        let dash = usize::from(b'-');
        self.first.0[dash] || (splits && self.any.0[dash] && self.holds_space())
    }

    /// Returns true if it can lead to another directory.
    pub(super) fn is_path(&self) -> bool {
        self.holds(b'/')
    }

    /// Returns true if it can hold this byte.
    pub(super) fn holds(&self, byte: u8) -> bool {
        self.any.0[usize::from(byte)]
    }

    fn holds_space(&self) -> bool {
        self.holds(b' ') || self.holds(b'\t')
    }

    /// Returns true if it can begin with this byte.
    pub(super) fn begins_with(&self, byte: u8) -> bool {
        self.first.0[usize::from(byte)]
    }
}

/// The possible values of a variable in a rule; none if it never holds log text.
pub(super) fn of_variable(var: &Var, rule: &Rule, config: &Config) -> Option<LogText> {
    let condition = &rule.condition;
    match var {
        Var::Pid => None,
        Var::Perl(_) => Some(LogText::unknown(false)),
        Var::Group(_) if config.awk_fields => Some(field()),
        Var::Field(_) => Some(field()),
        Var::Group(number) => group(condition, |_| Some(*number as usize)),
        Var::Named(name) => group(condition, |pattern| regex::number_of(pattern, name)),
        Var::Record | Var::Whole => Some(line()),
        Var::Recall(name) => Some(recalled(name, config)),
        Var::Matched | Var::Before | Var::After | Var::LastGroup => Some(LogText::unknown(true)),
    }
}

/// A value that `remember` lines store under a name.
fn recalled(name: &[u8], config: &Config) -> LogText {
    let mut all = LogText {
        any: Bytes([false; 256]),
        first: Bytes([false; 256]),
        certain: true,
    };
    let rules = config.items.iter().filter_map(|item| match item {
        Item::Rule(rule) => Some(rule),
        Item::Perl(_) => None,
    });
    for rule in rules {
        let values = rule.remember.iter().flat_map(|remember| &remember.values);
        for (_, value) in values.filter(|(own, _)| own == name) {
            match value.pieces.as_slice() {
                // Values of options know no fields: `$1` is a group there.
                [Piece::Var(Var::Group(number))] => {
                    let group = group(&rule.condition, |_| Some(*number as usize));
                    all.add(&group.unwrap_or_else(|| LogText::unknown(true)));
                }
                [] => {}
                _ if value.as_text().is_some() => {
                    let text = value.as_text().unwrap_or_default();
                    text.iter().for_each(|&byte| all.any.set(byte));
                    text.iter().take(1).for_each(|&byte| all.first.set(byte));
                }
                _ => return LogText::unknown(true),
            }
        }
    }
    all
}

/// The line. It begins with a time stamp or a name, which an attacker does not choose.
fn line() -> LogText {
    let mut text = LogText::unknown(true);
    for byte in b"-~@" {
        text.first.0[usize::from(*byte)] = false;
    }
    text
}

/// A field of the line, without spaces.
fn field() -> LogText {
    let mut text = LogText::unknown(true);
    for space in [b' ', b'\t'] {
        text.any.0[usize::from(space)] = false;
        text.first.0[usize::from(space)] = false;
    }
    text
}

/// A group in any pattern of a condition.
fn group(condition: &Expr, number: impl Fn(&Pattern) -> Option<usize>) -> Option<LogText> {
    let patterns = patterns(condition);
    if patterns.is_empty() && matches!(condition, Expr::Perl(_)) {
        return Some(LogText::unknown(true));
    }
    let mut all: Option<LogText> = None;
    for pattern in patterns {
        let Some(number) = number(pattern) else {
            continue;
        };
        let exists = regex::groups(pattern).is_none_or(|groups| groups.len() >= number);
        if !exists || number == 0 {
            continue;
        }
        let text = captured(pattern, number).unwrap_or_else(|| LogText::unknown(true));
        match &mut all {
            Some(all) => all.add(&text),
            None => all = Some(text),
        }
    }
    all
}

/// The bytes of a group, if its pattern can be parsed.
fn captured(pattern: &Pattern, number: usize) -> Option<LogText> {
    let flags = pattern.flags;
    let groups = regex::groups(pattern)?;
    let group = groups.get(number - 1)?;
    let source = std::str::from_utf8(&pattern.source[group.start..group.end]).ok()?;
    let parsed = ParserBuilder::new()
        .unicode(false)
        .utf8(false)
        .case_insensitive(flags.ignore_case)
        .ignore_whitespace(flags.extended)
        .build()
        .parse(source)
        .ok()?;
    let mut text = LogText {
        any: Bytes([false; 256]),
        first: Bytes([false; 256]),
        certain: true,
    };
    any(&parsed, &mut text.any);
    first(&parsed, &mut text.first);
    Some(text)
}

fn any(hir: &Hir, out: &mut Bytes) {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => literal.0.iter().for_each(|&byte| out.set(byte)),
        HirKind::Class(class) => out.add_class(class),
        HirKind::Repetition(repetition) => any(&repetition.sub, out),
        HirKind::Capture(capture) => any(&capture.sub, out),
        HirKind::Concat(list) | HirKind::Alternation(list) => {
            list.iter().for_each(|sub| any(sub, out));
        }
    }
}

/// Adds the bytes that a match can begin with; returns whether it can be empty.
fn first(hir: &Hir, out: &mut Bytes) -> bool {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => true,
        HirKind::Literal(literal) => {
            out.set(literal.0[0]);
            false
        }
        HirKind::Class(class) => {
            out.add_class(class);
            false
        }
        HirKind::Repetition(repetition) => first(&repetition.sub, out) || repetition.min == 0,
        HirKind::Capture(capture) => first(&capture.sub, out),
        HirKind::Concat(list) => list.iter().all(|sub| first(sub, out)),
        HirKind::Alternation(list) => list
            .iter()
            .fold(false, |empty, sub| first(sub, out) | empty),
    }
}

/// A set of bytes.
#[derive(Debug, Clone)]
struct Bytes([bool; 256]);

impl Bytes {
    fn set(&mut self, byte: u8) {
        self.0[usize::from(byte)] = true;
    }

    fn add(&mut self, other: &Bytes) {
        for (own, other) in self.0.iter_mut().zip(other.0) {
            *own |= other;
        }
    }

    fn add_class(&mut self, class: &Class) {
        match class {
            Class::Bytes(class) => {
                let ranges = class.ranges().iter();
                ranges.for_each(|range| (range.start()..=range.end()).for_each(|b| self.set(b)));
            }
            Class::Unicode(class) => {
                for range in class.ranges() {
                    let end = range.end().min('\u{7f}');
                    (range.start()..=end).for_each(|c| self.set(c as u8));
                    if !range.end().is_ascii() {
                        (0x80..=0xff).for_each(|byte| self.set(byte));
                    }
                }
            }
        }
    }
}
