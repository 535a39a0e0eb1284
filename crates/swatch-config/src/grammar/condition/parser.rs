//! Parses operators by precedence.

mod term;

use swatch_common::sanitize;

use crate::ast::{Expr, Match, Pattern, Var};
use crate::diagnostic::Diagnostic;
use crate::grammar::condition::token::{self, Operator, power};
use crate::grammar::scope::Context;
use crate::lines::located::{Located, is_word};

/// The reason why parsing ended early.
pub(super) enum Stop {
    /// An error; absent if it is already recorded.
    Broken(Option<Box<Diagnostic>>),
    /// Only Perl can evaluate the condition.
    Perl {
        /// A description of the part that needs Perl.
        what: String,
        /// Its start.
        start: usize,
        /// Its end.
        end: usize,
    },
}

impl From<Diagnostic> for Stop {
    fn from(finding: Diagnostic) -> Self {
        Stop::Broken(Some(Box::new(finding)))
    }
}

/// Nesting limit of parentheses and `!`, safe for the stack.
const MAX_DEPTH: usize = 200;

/// Parser of one condition.
pub(super) struct Parser<'t, 'c, 's> {
    pub(super) text: Located<'t>,
    pub(super) at: usize,
    pub(super) context: &'c mut Context<'s>,
    depth: usize,
}

impl<'t, 'c, 's> Parser<'t, 'c, 's> {
    pub(super) fn new(text: Located<'t>, context: &'c mut Context<'s>) -> Self {
        Self {
            text,
            at: 0,
            context,
            depth: 0,
        }
    }

    /// The rest of the text.
    pub(super) fn rest(&self) -> &'t [u8] {
        &self.text.bytes[self.at..]
    }

    pub(super) fn skip_space(&mut self) {
        let spaces = token::spaces(self.rest()).map_or(0, |(_, spaces)| spaces.len());
        self.at += spaces;
    }

    /// The whole condition, up to its end or a comment.
    pub(super) fn whole(mut self) -> Result<Expr, Stop> {
        let expression = self.expression(0)?;
        self.skip_space();
        match self.rest().first() {
            None | Some(b'#') => Ok(expression),
            Some(b')') => Err(self
                .at_here(1, "there is no `(` for this `)`", "unexpected")
                .into()),
            Some(_) => Err(self.junk().into()),
        }
    }

    /// An expression of operators that bind more strongly than `floor`.
    pub(super) fn expression(&mut self, floor: u8) -> Result<Expr, Stop> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self
                .at_here(0, "the condition is nested too deeply", "")
                .into());
        }
        let mut left = self.operand()?;
        let mut compared = None;
        loop {
            self.skip_space();
            let start = self.at;
            let Ok((rest, operator)) = token::operator(self.rest()) else {
                break;
            };
            let power = operator.power();
            if power <= floor {
                break;
            }
            self.at = self.text.offset_of(rest);
            if compared == Some(power) {
                return Err(self.perl("a chain of comparisons", start));
            }
            compared = matches!(operator, Operator::Compare(_)).then_some(power);
            left = match operator {
                Operator::Perl(what) => return Err(self.perl(what, start)),
                Operator::Comma => self.list(left)?,
                Operator::Bind(negated) => {
                    let right = self.expression(power)?;
                    self.bind(left, right, negated, start)?
                }
                _ => {
                    let right = Box::new(self.expression(power)?);
                    let left = Box::new(left);
                    match operator {
                        Operator::Or(_) => Expr::Or(left, right),
                        Operator::And(_) => Expr::And(left, right),
                        Operator::Compare(op) => Expr::Compare { op, left, right },
                        _ => Expr::Xor(left, right),
                    }
                }
            };
        }
        self.depth -= 1;
        Ok(left)
    }

    /// The rest of a list, after its first element and comma.
    fn list(&mut self, first: Expr) -> Result<Expr, Stop> {
        let mut elements = vec![first];
        loop {
            self.skip_space();
            if matches!(self.rest().first(), None | Some(b')' | b'#')) {
                break;
            }
            elements.push(self.expression(power::COMMA)?);
            self.skip_space();
            if self.rest().first() != Some(&b',') {
                break;
            }
            self.at += 1;
        }
        match elements.len() {
            1 => Ok(elements.swap_remove(0)),
            _ => Ok(Expr::Comma(elements)),
        }
    }

    /// `target =~ pattern`.
    fn bind(&self, target: Expr, right: Expr, negated: bool, start: usize) -> Result<Expr, Stop> {
        let pattern = match right {
            Expr::Match(Match {
                target: None,
                pattern,
                negated: false,
            }) => pattern,
            Expr::Text(template) => match template.as_text() {
                Some(source) => Pattern {
                    source: source.to_vec(),
                    flags: Default::default(),
                    span: self.text.at(start..self.at),
                },
                None => return Err(self.perl("a pattern that changes with the record", start)),
            },
            Expr::Number(_) | Expr::Var(_) => {
                return Err(self.perl("a pattern that Perl computes", start));
            }
            _ => {
                let finding = Diagnostic::error(
                    self.text.at(start..start + 2),
                    "there is no pattern after this operator",
                    "expected a pattern such as `/text/` on its right",
                );
                return Err(finding.into());
            }
        };
        let target = match target {
            Expr::Var(Var::Record) => None,
            other => Some(Box::new(other)),
        };
        Ok(Expr::Match(Match {
            target,
            pattern,
            negated,
        }))
    }

    /// An error here.
    pub(super) fn at_here(&self, length: usize, message: &str, label: &str) -> Diagnostic {
        let end = (self.at + length).min(self.text.bytes.len());
        Diagnostic::error(self.text.at(self.at..end), message, label)
    }

    /// Stops because the text from `start` to here needs Perl.
    pub(super) fn perl(&self, what: impl Into<String>, start: usize) -> Stop {
        Stop::Perl {
            what: what.into(),
            start,
            end: self.at.max(start),
        }
    }

    /// An error for text in the place of an operator.
    pub(super) fn junk(&self) -> Diagnostic {
        let rest = self.rest();
        let word = rest.iter().take_while(|&&b| is_word(b)).count().max(1);
        let finding = self.at_here(
            word,
            &format!("`{}` is not expected here", sanitize::text(&rest[..word])),
            "expected an operator (and, or, &&, ||) or the end of the line",
        );
        let word = &rest[..word];
        if self.rest().contains(&b'\r') {
            return finding.with_help("the lines of this file end in CR only: convert them");
        }
        if crate::lines::keyword::is_action(word) {
            return finding.with_help("write the action on a line of its own below the rule");
        }
        match word {
            b"/" => finding.with_help("to use a `/` in the pattern, write `\\/`"),
            _ => finding,
        }
    }
}
