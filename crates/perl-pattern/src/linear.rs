//! Translation for the linear-time engine: [`Node`] to `regex-syntax`'s HIR.
//!
//! Translating to HIR instead of pattern text means no escape is interpreted twice. A construct
//! that the engine lacks is replaced by one that matches wherever the original does, and the result
//! is then a necessary condition only: [`examine`](crate::examine) tells which.

use regex_syntax::hir::{self, Class, ClassBytes, ClassBytesRange, Hir};

use crate::ast::{Assert, Greed, Node, Repeat};
use crate::byte_set::ByteSet;
use crate::width::{longest, shortest};

/// The kind of text to search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// One record. `\Z` and `$` are translated as the very end, so a text that ends in a newline
    /// must go to the other engine where that matters ([`Newlines`](crate::examine::Newlines)).
    Record,
    /// Records separated by newlines, with none inside: a match never leaves its record.
    Chunk,
}

/// A pattern as HIR.
#[derive(Debug, Clone)]
pub(crate) struct Lowered {
    pub(crate) hir: Hir,
    /// The group that represents `\K`, numbered after those of the pattern.
    pub(crate) keep: Option<u32>,
    /// Groups that Perl resets: (group, mark after the place where it is reset).
    pub(crate) resets: Vec<(u32, u32)>,
}

/// Lowers a pattern. `groups` is the number of its groups, or `None` if they are not needed.
pub(crate) fn lower(node: &Node, scope: Scope, groups: Option<u32>) -> Lowered {
    let mut lower = Lower {
        scope,
        captures: groups.is_some(),
        last_group: groups.unwrap_or(0),
        loops: 0,
        out: Lowered {
            hir: Hir::empty(),
            keep: None,
            resets: Vec::new(),
        },
    };
    if node.has_accept() {
        return lower.out;
    }
    lower.out.hir = lower.node(node);
    lower.out
}

struct Lower {
    scope: Scope,
    captures: bool,
    last_group: u32,
    /// The number of enclosing repetitions that may run more than once.
    loops: u32,
    out: Lowered,
}

impl Lower {
    fn node(&mut self, node: &Node) -> Hir {
        match node {
            Node::Empty => Hir::empty(),
            Node::Fail => Hir::fail(),
            Node::Set(set) => self.set(*set),
            Node::Assert(assert) => self.assert(*assert),
            Node::Concat(nodes) => Hir::concat(nodes.iter().map(|node| self.node(node)).collect()),
            Node::Alt(nodes) | Node::BranchReset(nodes) => {
                Hir::alternation(nodes.iter().map(|node| self.node(node)).collect())
            }
            Node::Repeat(repeat) => self.repeat(repeat),
            Node::Capture(index, node) => {
                let sub = self.node(node);
                self.capture(*index, sub)
            }
            Node::Newline => self.set(crate::classes::VERTICAL),
            Node::Grapheme => self.set(ByteSet::ALL),
            Node::Atomic(node) => self.node(node),
            Node::BackRef { .. } | Node::Recurse(_) => self.anything(),
            Node::Cond(cond) => Hir::alternation(vec![self.node(&cond.yes), self.node(&cond.no)]),
            Node::Look(..) | Node::Verb(..) => Hir::empty(),
        }
    }

    fn anything(&mut self) -> Hir {
        let sub = self.set(ByteSet::ALL);
        Hir::repetition(hir::Repetition {
            min: 0,
            max: None,
            greedy: true,
            sub: Box::new(sub),
        })
    }

    fn set(&mut self, set: ByteSet) -> Hir {
        let set = match self.scope {
            Scope::Record => set,
            Scope::Chunk => set.minus(ByteSet::single(b'\n')),
        };
        let ranges = set.ranges();
        match ranges[..] {
            [] => Hir::fail(),
            [(first, last)] if first == last => Hir::literal([first]),
            _ => Hir::class(Class::Bytes(ClassBytes::new(
                ranges
                    .into_iter()
                    .map(|(first, last)| ClassBytesRange::new(first, last)),
            ))),
        }
    }

    fn assert(&mut self, assert: Assert) -> Hir {
        use hir::Look;
        let look = match (assert, self.scope) {
            (Assert::TextStart, Scope::Record) => Look::Start,
            (Assert::TextEnd, Scope::Record) => Look::End,
            (Assert::TextEndOrNewline, Scope::Record) => Look::End,
            (Assert::LineStart, Scope::Record) => Look::StartLF,
            (Assert::LineEnd, Scope::Record) => Look::EndLF,
            (Assert::TextStart | Assert::LineStart, Scope::Chunk) => Look::StartLF,
            (Assert::TextEnd | Assert::TextEndOrNewline | Assert::LineEnd, Scope::Chunk) => {
                Look::EndLF
            }
            (Assert::Word { latin: true, .. }, _) => return Hir::empty(),
            (Assert::Word { negated: false, .. }, _) => Look::WordAscii,
            (Assert::Word { negated: true, .. }, _) => Look::WordAsciiNegate,
            (Assert::Keep, _) => {
                let index = match self.out.keep {
                    Some(index) => index,
                    None => {
                        self.last_group += 1;
                        *self.out.keep.insert(self.last_group)
                    }
                };
                return self.capture(index, Hir::empty());
            }
        };
        Hir::look(look)
    }

    fn capture(&self, index: u32, sub: Hir) -> Hir {
        if !self.captures {
            return sub;
        }
        Hir::capture(hir::Capture {
            index,
            name: None,
            sub: Box::new(sub),
        })
    }

    fn repeat(&mut self, repeat: &Repeat) -> Hir {
        let again = repeat.max != Some(1) && repeat.max != Some(0);
        let forgotten = forgotten_group(repeat).filter(|_| self.captures && self.loops > 0);
        self.loops += u32::from(again);
        let sub = Box::new(self.node(&repeat.node));
        self.loops -= u32::from(again);
        let greedy = repeat.greed != Greed::Lazy;
        let (min, max) = (repeat.min, repeat.max);
        let Some(group) = forgotten else {
            return Hir::repetition(hir::Repetition {
                min,
                max,
                greedy,
                sub,
            });
        };
        let some = Hir::repetition(hir::Repetition {
            min: 1,
            max,
            greedy,
            sub,
        });
        self.last_group += 1;
        self.out.resets.push((group, self.last_group));
        let none = self.capture(self.last_group, Hir::empty());
        Hir::alternation(if greedy {
            vec![some, none]
        } else {
            vec![none, some]
        })
    }
}

/// The group that Perl resets when this repetition runs zero times.
///
/// Perl runs a repeated group of fixed length without inner groups in a special loop, which resets
/// what the group matched earlier: `"aba" =~ /^(a(b)?)+$/` leaves `$2` undefined. This matters only
/// inside another loop.
pub(crate) fn forgotten_group(repeat: &Repeat) -> Option<u32> {
    let Node::Capture(group, inner) = &repeat.node else {
        return None;
    };
    let width = shortest(inner);
    let fixed = width > 0
        && longest(inner) == Some(width)
        && !inner.any(&|node| matches!(node, Node::Capture(..)));
    (fixed && repeat.min == 0 && repeat.max != Some(0)).then_some(*group)
}
