//! Facts about a pattern that are needed before it runs: the engines that can run it, and the texts it can run on.

use crate::ast::{Assert, Greed, Node, Repeat};
use crate::width::{longest, shortest};

/// The places where a newline in the text makes the linear translation inexact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Newlines {
    /// Nowhere.
    Exact,
    /// As the last byte.
    AtEnd,
    /// Anywhere.
    Anywhere,
}

/// The findings about a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Findings {
    /// Its linear translation matches the same texts. Otherwise it matches those and more.
    pub(crate) exact: bool,
    /// The translation's matches and groups have Perl's spans. (They may not in loops over parts
    /// that can match the empty text: Perl matches `a` of `ab` with `(?:a||b)+`.)
    pub(crate) exact_groups: bool,
    pub(crate) newlines: Newlines,
    /// It contains `\K`.
    pub(crate) has_keep: bool,
}

/// Examines a pattern.
pub(crate) fn examine(node: &Node) -> Findings {
    let mut findings = Findings {
        exact: true,
        exact_groups: true,
        newlines: Newlines::Exact,
        has_keep: false,
    };
    if node.has_accept() {
        findings.exact = false;
    } else {
        findings.note(node);
    }
    findings
}

impl Findings {
    fn note(&mut self, node: &Node) {
        match node {
            Node::Empty | Node::Fail | Node::Set(_) => {}
            Node::Assert(assert) => match assert {
                Assert::TextEndOrNewline | Assert::LineStart => self.newlines(Newlines::AtEnd),
                Assert::Word { latin: true, .. } => self.exact = false,
                Assert::Keep => self.has_keep = true,
                Assert::TextStart
                | Assert::TextEnd
                | Assert::LineEnd
                | Assert::Word { latin: false, .. } => {}
            },
            Node::Concat(nodes) | Node::Alt(nodes) | Node::BranchReset(nodes) => {
                nodes.iter().for_each(|node| self.note(node));
            }
            Node::Repeat(repeat) => self.repeat(repeat),
            Node::Capture(_, node) => self.note(node),
            Node::Newline | Node::Grapheme => self.newlines(Newlines::Anywhere),
            Node::Atomic(node) => {
                self.exact = false;
                self.note(node);
            }
            Node::Cond(cond) => {
                self.exact = false;
                self.note(&cond.yes);
                self.note(&cond.no);
            }
            Node::Look(..) | Node::BackRef { .. } | Node::Recurse(_) | Node::Verb(..) => {
                self.exact = false;
            }
        }
    }

    fn newlines(&mut self, newlines: Newlines) {
        self.newlines = self.newlines.max(newlines);
    }

    fn repeat(&mut self, repeat: &Repeat) {
        let again = repeat.max != Some(1) && repeat.max != Some(0);
        // Perl ends a loop at an empty iteration; the linear engine tries another alternative.
        if again && shortest(&repeat.node) == 0 && longest(&repeat.node) != Some(0) {
            self.exact_groups = false;
        }
        if repeat.greed == Greed::Possessive {
            self.exact = false;
        }
        self.note(&repeat.node);
    }
}
