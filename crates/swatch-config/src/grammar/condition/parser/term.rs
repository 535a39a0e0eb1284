//! Parses operands: patterns, strings, numbers, variables, parentheses.

use swatch_common::sanitize;

use crate::ast::{Expr, Match, Number, Template};
use crate::diagnostic::Diagnostic;
use crate::grammar::condition::parser::{Parser, Stop};
use crate::grammar::condition::token::{self, power};
use crate::grammar::pattern::{Literal, delimited, literal, single_quoted};
use crate::grammar::perl_functions::is_perl_function;
use crate::grammar::scope::Constant;
use crate::grammar::template::{self, CODE, StringStyle};
use crate::grammar::variable::{Interpolation, Site, scan, undeclared};
use crate::lines::located::{is_name_start, is_word, name_length};

impl Parser<'_, '_, '_> {
    /// An operand with its prefix operators.
    pub(super) fn operand(&mut self) -> Result<Expr, Stop> {
        self.skip_space();
        let start = self.at;
        let rest = self.rest();
        match rest.first().copied() {
            None | Some(b'#' | b')' | b',') => Err(self.missing().into()),
            Some(b'(') => self.parenthesized(),
            Some(b'!') => {
                self.at += 1;
                let operand = self.expression(power::NOT)?;
                Ok(Expr::Not(Box::new(operand)))
            }
            Some(b'/') => self.pattern(start, start),
            Some(b'$') => self.variable(),
            Some(b'"') => self.string(start, true),
            Some(b'\'') => self.string(start, false),
            Some(b'0'..=b'9') => self.number(),
            Some(b'.' | b'-') if token::number(&rest[1..]).is_ok() => self.number(),
            Some(b'-') if rest.get(1).is_some_and(u8::is_ascii_alphabetic) => {
                self.at += 2;
                Err(self.perl("a test of a file", start))
            }
            Some(b'@' | b'%' | b'&') => self.sigil(),
            Some(b'[' | b'{' | b'\\' | b'<' | b'`' | b'+' | b'-' | b'~') => {
                self.at += 1;
                Err(self.perl("an expression of Perl", start))
            }
            Some(b) if is_name_start(b) => self.word(),
            Some(_) => Err(self.missing().into()),
        }
    }

    fn missing(&self) -> Diagnostic {
        let rest = self.rest();
        let length = rest.iter().take_while(|&&b| is_word(b)).count().max(1);
        let finding = match rest.first() {
            None | Some(b'#') => self.at_here(0, "the condition is incomplete", ""),
            Some(b) => {
                let message = format!("`{}` is not expected here", sanitize::text(&[*b]));
                self.at_here(length, &message, "")
            }
        };
        let finding = Diagnostic {
            label: "expected a pattern such as `/text/`".into(),
            ..finding
        };
        match rest.first() {
            Some(b'=') => finding.with_help("write one `=` between keyword and pattern"),
            Some(b'*' | b'?') => finding.with_help("write a pattern between slashes: `/text/`"),
            _ => finding,
        }
    }

    fn parenthesized(&mut self) -> Result<Expr, Stop> {
        let open = self.at;
        self.at += 1;
        let inner = self.expression(0)?;
        self.skip_space();
        match self.rest().first() {
            Some(b')') => self.at += 1,
            None | Some(b'#') => {
                let finding = Diagnostic::error(
                    self.text.at(open..open + 1),
                    "this parenthesis is not closed",
                    "its `)` is missing",
                );
                return Err(finding.into());
            }
            Some(_) => return Err(self.junk().into()),
        }
        match self.rest().first() {
            Some(b'[') => Err(self.perl("an element of a list", open)),
            _ => Ok(inner),
        }
    }

    /// A pattern whose delimiter is at `open`, and the word before it at `start`.
    fn pattern(&mut self, start: usize, open: usize) -> Result<Expr, Stop> {
        let Some((meaning, end)) = literal(self.text, start, open, self.context) else {
            return Err(Stop::Broken(None));
        };
        self.at = end;
        match meaning {
            Literal::Perl(what) => Err(self.perl(what, start)),
            Literal::Native(pattern) => Ok(Expr::Match(Match {
                target: None,
                pattern,
                negated: false,
            })),
        }
    }

    fn number(&mut self) -> Result<Expr, Stop> {
        let negative = self.rest().first() == Some(&b'-');
        self.at += usize::from(negative);
        let Ok((rest, value)) = token::number(self.rest()) else {
            return Err(self.missing().into());
        };
        self.at = self.text.offset_of(rest);
        Ok(Expr::Number(if negative { -value } else { value }))
    }

    /// A string whose delimiter is at `open`.
    fn string(&mut self, open: usize, interpolate: bool) -> Result<Expr, Stop> {
        let text = self.text.from(open);
        let Some(found) = delimited(text.bytes) else {
            let finding = Diagnostic::error(
                text.span(),
                "the string is not closed",
                format!(
                    "expected a `{}` at its end",
                    sanitize::text(&text.bytes[..1])
                ),
            );
            return Err(finding.into());
        };
        self.at = open + found.end + 1;
        let body = text.sub(found.start..found.end);
        if !interpolate {
            let body = single_quoted(body.bytes, found.close);
            return Ok(Expr::Text(Template::text(body)));
        }
        let style = StringStyle {
            keep_unknown: false,
            ..CODE
        };
        Ok(Expr::Text(template::parse(body, style, self.context)))
    }

    fn variable(&mut self) -> Result<Expr, Stop> {
        let start = self.at;
        let (found, length) = scan(self.rest(), Site::Value, self.context);
        self.at += length;
        if matches!(self.rest(), [b'-', b'>', ..]) {
            return Err(self.perl("an element that a reference points to", start));
        }
        match found {
            Interpolation::Var(var) => Ok(Expr::Var(var)),
            Interpolation::Known(constant) => Ok(self.known(constant)),
            Interpolation::Empty => Ok(Expr::Text(Template::default())),
            Interpolation::Perl(_) => {
                let name = sanitize::text(&self.text.bytes[start..self.at]);
                Err(self.perl(format!("the value of `{name}`"), start))
            }
            Interpolation::Plain => {
                self.at = (self.at + 1).min(self.text.bytes.len());
                let name = sanitize::text(&self.text.bytes[start..self.at]);
                Err(self.perl(format!("the variable `{name}`"), start))
            }
            Interpolation::Undeclared(name) => {
                let finding = undeclared(self.text.at(start..self.at), &name);
                let help = format!(
                    "put `perlcode 0 my ${} = '…';` before the rule",
                    sanitize::text(&name)
                );
                Err(finding.with_help(help).into())
            }
        }
    }

    fn known(&self, constant: Constant) -> Expr {
        Expr::Text(Template::text(constant.pasted()))
    }

    /// `@x`, `%x`, `&x`.
    fn sigil(&mut self) -> Result<Expr, Stop> {
        let start = self.at;
        let rest = self.rest();
        let scope = self.context.scope;
        let length = name_length(&rest[1..]);
        let name = &rest[1..1 + length];
        let known = match rest[0] {
            b'@' => scope.arrays.contains(name) || matches!(name, b"_" | b"ARGV" | b"INC"),
            b'%' => scope.hashes.contains(name) || name == b"ENV",
            _ => scope.functions.contains(name),
        };
        let reference = matches!(rest.get(1), Some(b'$' | b'{'));
        self.at += 1 + length;
        match known || reference || scope.foreign {
            true => Err(self.perl(
                format!("the value of `{}`", sanitize::text(&rest[..1 + length])),
                start,
            )),
            false => {
                self.at = start;
                let message = match length {
                    0 => format!("`{}` is not expected here", sanitize::text(&rest[..1])),
                    _ => format!("`{}` is not declared", sanitize::text(&rest[..1 + length])),
                };
                let finding = self.at_here(1 + length, &message, "");
                Err(Diagnostic {
                    label: "expected a pattern such as `/text/`".into(),
                    ..finding
                }
                .into())
            }
        }
    }

    /// An operand that begins with a letter.
    fn word(&mut self) -> Result<Expr, Stop> {
        let start = self.at;
        let rest = self.rest();
        if let Some(expression) = self.quoted_by_word()? {
            return Ok(expression);
        }
        let length = name_length(rest);
        let name = &rest[..length];
        self.at += length;
        match name {
            b"not" => {
                let operand = self.expression(power::NOT_WORD)?;
                return Ok(Expr::Not(Box::new(operand)));
            }
            b"s" | b"tr" | b"y" | b"qw" if rest.len() > length => {
                return Err(self.perl(format!("the operator `{}`", sanitize::text(name)), start));
            }
            b"my" | b"our" | b"local" | b"sub" => {
                return Err(self.perl(format!("`{}`", sanitize::text(name)), start));
            }
            _ => {}
        }
        let scope = self.context.scope;
        let called = name.windows(2).any(|pair| pair == b"::") || scope.foreign;
        if is_perl_function(name) || scope.functions.contains(name) || called {
            let what = format!("a call of the Perl function `{}`", sanitize::text(name));
            return Err(self.perl(what, start));
        }
        self.at = start;
        let finding = self.at_here(
            length,
            &format!("`{}` is a bare word", sanitize::text(name)),
            "expected a pattern such as `/text/`",
        );
        let pattern = sanitize::text(rest).replace('/', "\\/");
        Err(finding
            .with_help(format!("write a pattern between slashes: `/{pattern}/`"))
            .into())
    }

    /// `m…`, `qr…`, `q…`, `qq…`.
    fn quoted_by_word(&mut self) -> Result<Option<Expr>, Stop> {
        let start = self.at;
        let rest = self.rest();
        let Ok((after, (word, spaces))) = token::quote_word(rest) else {
            return Ok(None);
        };
        if !matches!(word, b"m" | b"qr" | b"q" | b"qq") {
            return Ok(None);
        }
        // After white space a `#` starts a comment, and `=>` makes the word before it a string.
        let open = match after {
            [] | [b')', ..] => return Ok(None),
            [b'#', ..] if !spaces.is_empty() => return Ok(None),
            [b'=', b'>', ..] => return Ok(None),
            [b, ..] if is_word(*b) => return Ok(None),
            _ => self.text.offset_of(after),
        };
        match word {
            b"m" => self.pattern(start, open).map(Some),
            b"qr" => self.compiled(start, open).map(Some),
            _ => self.string(open, word == b"qq").map(Some),
        }
    }

    /// `qr//`: a pattern on the right of `=~`; anywhere else a true value.
    fn compiled(&mut self, start: usize, open: usize) -> Result<Expr, Stop> {
        let pattern = self.pattern(start, open)?;
        let before = self.text.bytes[..start].trim_ascii_end();
        if before.ends_with(b"=~") || before.ends_with(b"!~") {
            return Ok(pattern);
        }
        self.context.diagnostics.push(
            Diagnostic::warning(
                self.text.at(start..self.at),
                "this pattern is not searched for",
                "`qr` alone is true for every line",
            )
            .with_help("write `m` instead of `qr`, or `$_ =~` before it"),
        );
        Ok(Expr::Number(Number::Integer(1)))
    }
}
