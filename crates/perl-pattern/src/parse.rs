//! Parser for regular expressions of Perl 5.36.
//!
//! Sources: perlre, perlrecharclass, perlrebackslash, and experiments with perl where these are
//! silent (stray braces, false ranges, which errors are errors).
//!
//! A pattern is parsed once to count its groups, and again with that knowledge if it refers to
//! groups.

mod atom;
mod body;
mod class;
mod escape;
mod group;
mod modifiers;
mod property;
mod quantifier;
mod refs;
mod verb;

use std::collections::BTreeMap;

use crate::ast::Node;
use crate::classes::Charset;
use crate::error::{PatternError, PatternErrorKind};
use crate::modifiers::Modifiers;

/// The deepest nesting of groups. (Perl allows 1000, PCRE2 250.)
const MAX_DEPTH: u32 = 200;

/// A parsed pattern.
#[derive(Debug, Clone)]
pub(crate) struct Parsed {
    pub(crate) node: Node,
    /// The number of capturing groups, not counting the whole match.
    pub(crate) groups: u32,
    /// Groups of each name, in order.
    pub(crate) names: BTreeMap<Vec<u8>, Vec<u32>>,
}

/// Parses a pattern.
pub(crate) fn parse(source: &[u8], modifiers: &Modifiers) -> Result<Parsed, PatternError> {
    let mut unicode = false;
    let mut known: Option<Groups> = None;
    loop {
        let mut parser = Parser::new(source, modifiers, unicode, known.take());
        match parser.whole() {
            Ok(node) if parser.saw_reference && parser.known.is_none() => {
                drop(node);
                known = Some(parser.seen);
            }
            Ok(node) => {
                return Ok(Parsed {
                    node,
                    groups: parser.seen.count,
                    names: parser.seen.names,
                });
            }
            Err(Stop::NeedsUnicode) if !unicode => unicode = true,
            Err(Stop::NeedsUnicode) => unreachable!("asked for once"),
            Err(Stop::Refused(error)) => return Err(*error),
        }
    }
}

/// Reasons to stop parsing.
#[derive(Debug)]
enum Stop {
    Refused(Box<PatternError>),
    /// Something in the pattern puts all of it under `/u` rules: start over with these.
    NeedsUnicode,
}

impl From<PatternError> for Stop {
    fn from(error: PatternError) -> Stop {
        Stop::Refused(Box::new(error))
    }
}

type Read<T> = Result<T, Stop>;

/// The groups of a pattern.
#[derive(Debug, Default)]
struct Groups {
    count: u32,
    names: BTreeMap<Vec<u8>, Vec<u32>>,
}

/// The modifiers in force at a place.
#[derive(Debug, Clone, Copy)]
struct Mode {
    ignore_case: bool,
    multi_line: bool,
    dot_all: bool,
    extended: bool,
    extended_more: bool,
    no_capture: bool,
    charset: Charset,
}

struct Parser<'p> {
    source: &'p [u8],
    at: usize,
    mode: Mode,
    /// Something in the pattern has put it under `/u` rules.
    unicode: bool,
    /// Groups opened so far (the number of the last one).
    opened: u32,
    seen: Groups,
    /// The groups of the whole pattern, from an earlier reading.
    known: Option<Groups>,
    saw_reference: bool,
    depth: u32,
    look_depth: u32,
    /// The end of the last escape, if it was a backslash and one more byte.
    letter_escape: Option<usize>,
    /// The position of the first verb that controls backtracking.
    first_verb: Option<usize>,
}

impl<'p> Parser<'p> {
    fn new(
        source: &'p [u8],
        modifiers: &Modifiers,
        unicode: bool,
        known: Option<Groups>,
    ) -> Parser<'p> {
        let charset = match (modifiers.ascii, unicode) {
            (true, _) => Charset::Ascii,
            (false, true) => Charset::Unicode,
            (false, false) => Charset::Depends,
        };
        Parser {
            source,
            at: 0,
            mode: Mode {
                ignore_case: modifiers.ignore_case,
                multi_line: modifiers.multi_line,
                dot_all: modifiers.dot_all,
                extended: modifiers.extended || modifiers.extended_more,
                extended_more: modifiers.extended_more,
                no_capture: modifiers.no_capture,
                charset,
            },
            unicode,
            opened: 0,
            seen: Groups::default(),
            known,
            saw_reference: false,
            depth: 0,
            look_depth: 0,
            letter_escape: None,
            first_verb: None,
        }
    }

    fn whole(&mut self) -> Read<Node> {
        let node = self.alternation()?;
        if self.at < self.source.len() {
            return self.refuse_with(self.at, "unmatched `)`", "write `\\)` for the character");
        }
        // PCRE2 confines a verb to the called group; Perl does not.
        if let Some(verb) = self.first_verb
            && node.any(&|node| matches!(node, Node::Recurse(_)))
        {
            return self.unsupported(
                verb,
                "a verb that controls backtracking is not supported together with recursion",
                "write an atomic group: `(?>…)`",
            );
        }
        Ok(node)
    }

    /// Branches up to the end or a `)`, which is not consumed.
    fn alternation(&mut self) -> Read<Node> {
        let mut branches = self.branches(|_| {})?;
        Ok(match branches.len() {
            1 => branches.remove(0),
            _ => Node::Alt(branches),
        })
    }

    /// The branches up to the end or a `)`; `between` is called before each but the first.
    fn branches(&mut self, mut between: impl FnMut(&mut Self)) -> Read<Vec<Node>> {
        let mut branches = vec![self.branch()?];
        while self.eat(b"|") {
            between(self);
            branches.push(self.branch()?);
        }
        Ok(branches)
    }

    fn branch(&mut self) -> Read<Node> {
        let mut nodes = Vec::new();
        let mut modified = false;
        loop {
            self.skip_space()?;
            match self.peek() {
                None | Some(b'|' | b')') => break,
                Some(_) => {}
            }
            let start = self.at;
            let Some(atom) = atom::atom(self)? else {
                modified = true;
                continue;
            };
            self.skip_space()?;
            // An empty group counts: `(?:(?:)(a))*` does not reset the group, `(?:(a))*` does.
            let node = quantifier::quantified(self, atom, start, std::mem::take(&mut modified))?;
            // Perl and PCRE2 disagree on which of several verbs takes precedence.
            if node.is_control() && nodes.iter().any(Node::is_control) {
                return self.unsupported(
                    start,
                    "a second verb that controls backtracking is not supported in a branch",
                    "leave one of them out, or write an atomic group: `(?>…)`",
                );
            }
            nodes.push(node);
        }
        Ok(Node::concat(nodes))
    }

    fn peek(&self) -> Option<u8> {
        self.source.get(self.at).copied()
    }

    fn peek_at(&self, ahead: usize) -> Option<u8> {
        self.source.get(self.at + ahead).copied()
    }

    fn rest(&self) -> &'p [u8] {
        &self.source[self.at.min(self.source.len())..]
    }

    fn eat(&mut self, text: &[u8]) -> bool {
        let found = self.rest().starts_with(text);
        if found {
            self.at += text.len();
        }
        found
    }

    /// The text up to `end`, which is consumed, or `None` if there is no `end`.
    fn until(&mut self, end: u8) -> Option<&'p [u8]> {
        let rest = self.rest();
        let length = memchr::memchr(end, rest)?;
        self.at += length + 1;
        Some(&rest[..length])
    }

    /// Skips `(?#…)` and, under `/x`, white space and comments.
    fn skip_space(&mut self) -> Read<()> {
        loop {
            let start = self.at;
            if self.eat(b"(?#") {
                if self.until(b')').is_none() {
                    return self.refuse(start, "the comment `(?#` has no `)` at its end");
                }
                continue;
            }
            match self.peek() {
                Some(b'\t'..=b'\r' | b' ' | 0x85) if self.mode.extended => self.at += 1,
                Some(b'#') if self.mode.extended => {
                    let rest = self.rest();
                    self.at += memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
                }
                _ => return Ok(()),
            }
        }
    }

    fn refuse<T>(&self, offset: usize, message: impl Into<String>) -> Read<T> {
        Err(PatternError::syntax(offset.min(self.source.len()), message).into())
    }

    fn refuse_with<T>(
        &self,
        offset: usize,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Read<T> {
        Err(PatternError::syntax(offset.min(self.source.len()), message)
            .help(help)
            .into())
    }

    fn unsupported<T>(&self, offset: usize, message: &str, help: &str) -> Read<T> {
        Err(PatternError::syntax(offset, message)
            .of_kind(PatternErrorKind::Unsupported)
            .help(help)
            .into())
    }

    /// The pattern comes under `/u` rules here.
    fn need_unicode(&mut self) -> Read<()> {
        if self.unicode {
            Ok(())
        } else {
            Err(Stop::NeedsUnicode)
        }
    }

    /// As [`Parser::need_unicode`], but inside `(?u:…)` or `(?a:…)` the rest is not affected.
    fn need_unicode_if_unsaid(&mut self) -> Read<()> {
        match self.mode.charset {
            Charset::Depends => self.need_unicode(),
            _ => Ok(()),
        }
    }
}

/// Pattern text for a message, escaped and shortened.
fn shown(text: &[u8]) -> String {
    let short = &text[..text.len().min(40)];
    let dots = if short.len() < text.len() { "…" } else { "" };
    format!("{}{dots}", short.escape_ascii())
}
