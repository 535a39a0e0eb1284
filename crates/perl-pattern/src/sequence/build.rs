//! From a pattern to operations.

use super::needle::{Needle, Text};
use super::{Gap, Length, MOST_GAPS, Op};
use crate::ast::{Assert, Greed, Node, Repeat};
use crate::byte_set::ByteSet;
use crate::classes::NOT_NEWLINE;

/// More operations than this are the automaton's work.
const MOST_OPS: usize = 160;
/// More repetitions than this are not written out.
const MOST_COPIES: u32 = 4;

pub(super) fn build(node: &Node) -> Option<Vec<Op>> {
    let mut builder = Builder::default();
    // A match may begin anywhere.
    builder.node(node, true)?;
    builder.push(Op::Match)?;
    let mut ops = builder.ops;
    for at in 0..ops.len() {
        let chosen = length(&ops, at);
        let any_text = is_before_any_text(&ops, at + 1);
        match (&mut ops[at], chosen) {
            (Op::Run { length, .. }, Some(chosen)) => *length = chosen,
            // The first occurrence leaves the most text to those that follow.
            (Op::Gap(gap), _) => gap.retry = !any_text,
            _ => {}
        }
    }
    Some(ops)
}

#[derive(Default)]
struct Builder {
    ops: Vec<Op>,
    gaps: usize,
}

impl Builder {
    fn push(&mut self, op: Op) -> Option<()> {
        self.ops.push(op);
        (self.ops.len() <= MOST_OPS).then_some(())
    }

    /// Adds a part of the pattern. `gap`: any text may precede it. Returns whether any text may
    /// follow, or `None` if the part is of another kind.
    fn node(&mut self, node: &Node, gap: bool) -> Option<bool> {
        match node {
            Node::Empty => Some(gap),
            Node::Capture(_, node) => self.node(node, gap),
            Node::Set(_) => self.concat(std::slice::from_ref(node), gap),
            Node::Concat(nodes) => self.concat(nodes, gap),
            Node::Alt(nodes) => self.alternatives(nodes, gap),
            Node::Repeat(repeat) => self.repeat(repeat, gap),
            Node::Assert(assert) => self.assert(*assert, gap),
            _ => None,
        }
    }

    fn concat(&mut self, nodes: &[Node], mut gap: bool) -> Option<bool> {
        let mut rest = nodes;
        while let Some(node) = rest.first() {
            let (text, taken) = literal(rest);
            if taken > 0 {
                gap = self.text(text, gap)?;
                rest = &rest[taken..];
                continue;
            }
            gap = match node {
                Node::Set(_) if gap => return None,
                Node::Set(set) => self.run(*set, 1, 1)?,
                node => self.node(node, gap)?,
            };
            rest = &rest[1..];
        }
        Some(gap)
    }

    fn text(&mut self, text: Text, gap: bool) -> Option<bool> {
        if !gap {
            self.push(Op::Text(text))?;
        } else if self.gaps < MOST_GAPS {
            self.push(Op::Gap(Gap {
                slot: self.gaps as u8,
                retry: true,
                needle: Needle::new(text),
            }))?;
            self.gaps += 1;
        } else {
            return None;
        }
        Some(false)
    }

    fn run(&mut self, set: ByteSet, min: usize, max: usize) -> Option<bool> {
        self.push(Op::Run {
            set,
            min,
            max,
            length: Length::Any,
        })?;
        Some(false)
    }

    fn alternatives(&mut self, nodes: &[Node], gap: bool) -> Option<bool> {
        // After any text, what may be empty requires nothing.
        if gap && nodes.iter().any(|node| matches!(node, Node::Empty)) {
            return Some(true);
        }
        let mut jumps = Vec::new();
        let mut gaps = Vec::new();
        for (number, node) in nodes.iter().enumerate() {
            let split = self.ops.len();
            let is_last = number + 1 == nodes.len();
            if !is_last {
                self.push(Op::Split(0))?;
            }
            gaps.push(self.node(node, gap)?);
            if !is_last {
                jumps.push(self.ops.len());
                self.push(Op::Jump(0))?;
                self.ops[split] = Op::Split(self.ops.len());
            }
        }
        let end = self.ops.len();
        jumps
            .into_iter()
            .for_each(|jump| self.ops[jump] = Op::Jump(end));
        let first = *gaps.first()?;
        gaps.iter().all(|gap| *gap == first).then_some(first)
    }

    fn repeat(&mut self, repeat: &Repeat, gap: bool) -> Option<bool> {
        let Repeat { min, max, .. } = *repeat;
        if repeat.greed == Greed::Possessive {
            return None;
        }
        if max == Some(0) || (gap && min == 0) {
            return Some(gap);
        }
        let mut inner = &repeat.node;
        while let Node::Capture(_, node) = inner {
            inner = node;
        }
        if let Node::Set(set) = inner {
            let any = NOT_NEWLINE.minus(*set).is_empty();
            if any && max.is_none() {
                if min > 0 && gap {
                    return None;
                }
                if min > 0 {
                    self.run(*set, min as usize, min as usize)?;
                }
                return Some(true);
            }
            let max = max.map_or(usize::MAX, |max| max as usize);
            return match gap {
                true => None,
                false => self.run(*set, min as usize, max),
            };
        }
        match max {
            Some(1) if min == 0 => {
                let split = self.ops.len();
                self.push(Op::Split(0))?;
                // Another way to the same place must not have a gap behind it.
                if self.node(inner, false)? {
                    return None;
                }
                self.ops[split] = Op::Split(self.ops.len());
                Some(false)
            }
            Some(max) if max == min && max <= MOST_COPIES => {
                let mut gap = gap;
                for _ in 0..max {
                    gap = self.node(inner, gap)?;
                }
                Some(gap)
            }
            _ => None,
        }
    }

    fn assert(&mut self, assert: Assert, gap: bool) -> Option<bool> {
        match assert {
            // Before everything else, any text in front may be none.
            Assert::TextStart | Assert::LineStart if !gap || self.ops.is_empty() => {
                self.push(Op::Front)?;
                Some(false)
            }
            Assert::TextEnd | Assert::TextEndOrNewline | Assert::LineEnd => {
                self.push(if gap { Op::ToEnd } else { Op::End })?;
                Some(false)
            }
            Assert::Word {
                negated,
                latin: false,
            } if !gap => {
                self.push(Op::Word(negated))?;
                Some(false)
            }
            // It moves the reported start, not the match.
            Assert::Keep => Some(gap),
            _ => None,
        }
    }
}

/// The literal at the front of these parts, and the number of parts that it takes.
fn literal(nodes: &[Node]) -> (Text, usize) {
    let mut bytes = Vec::new();
    let mut cased = None;
    for node in nodes {
        let Node::Set(set) = node else { break };
        let mut members = set.bytes();
        let (Some(first), second, None) = (members.next(), members.next(), members.next()) else {
            break;
        };
        let fold = match second {
            Some(second) if first.is_ascii_uppercase() && second == first | 0x20 => Some(true),
            Some(_) => break,
            None => first.is_ascii_alphabetic().then_some(false),
        };
        if let Some(fold) = fold
            && *cased.get_or_insert(fold) != fold
        {
            break;
        }
        bytes.push(if fold == Some(true) {
            first | 0x20
        } else {
            first
        });
    }
    let taken = bytes.len();
    let text = Text {
        bytes: bytes.into_boxed_slice(),
        fold: cased == Some(true),
    };
    (text, taken)
}

/// The lengths to try of the run at `at`.
fn length(ops: &[Op], at: usize) -> Option<Length> {
    let Op::Run { set, .. } = &ops[at] else {
        return None;
    };
    Some(match is_before_any_text(ops, at + 1) {
        true => Length::Shortest,
        false => match first(ops, at + 1) {
            Some(first) if first.intersection(*set).is_empty() => Length::Longest,
            _ => Length::Any,
        },
    })
}

/// True if any text may follow before this operation.
fn is_before_any_text(ops: &[Op], mut at: usize) -> bool {
    while let Some(Op::Jump(target)) = ops.get(at) {
        at = *target;
    }
    matches!(ops.get(at), Some(Op::Match | Op::Gap(_) | Op::ToEnd))
}

/// The bytes that can follow at this operation; `None` if they are not known.
fn first(ops: &[Op], at: usize) -> Option<ByteSet> {
    match &ops[at] {
        Op::Text(text) => {
            let byte = *text.bytes.first()?;
            let set = ByteSet::single(byte);
            Some(match text.fold {
                true => set.union(ByteSet::single(byte.to_ascii_uppercase())),
                false => set,
            })
        }
        Op::Run { set, min, .. } if *min > 0 => Some(*set),
        Op::Run { set, .. } => Some(set.union(first(ops, at + 1)?)),
        Op::Split(other) => Some(first(ops, at + 1)?.union(first(ops, *other)?)),
        Op::Jump(target) => first(ops, *target),
        // Nothing can follow.
        Op::End => Some(ByteSet::EMPTY),
        Op::Gap(_) | Op::Front | Op::ToEnd | Op::Word(_) | Op::Match => None,
    }
}
