//! The growth of a backtracking search with the length of the text.
//!
//! An upper bound by the structure of the pattern: for each path through it, how many unbounded
//! repetitions multiply with each other. Two do not if the text between them must contain a byte
//! that the second one cannot match.

use crate::ast::{Assert, Greed, Node, Repeat, Test};
use crate::byte_set::ByteSet;
use crate::classes::{Charset, Named, VERTICAL};

/// Repetitions up to this count are a constant factor.
const FEW: u32 = 4;

/// The most steps of a search in a text of `n` bytes: about `n` to the power of the degree.
/// `None`: more than any power.
pub(crate) fn degree(node: &Node) -> Option<u32> {
    let anchored = is_anchored(node);
    let mut path = Path {
        ways: u32::from(!anchored),
        ..Path::default()
    };
    path.walk(node, Follow::END);
    (!path.unbounded).then_some(path.worst)
}

/// True if a step of the search may take time in proportion to the text, which no limit counts.
pub(crate) fn has_long_steps(node: &Node) -> bool {
    node.any(&|node| match node {
        Node::Repeat(repeat) => repeat.greed == Greed::Possessive,
        Node::Atomic(_) | Node::BackRef { .. } => true,
        _ => false,
    })
}

/// The bytes that may follow a part of the pattern.
#[derive(Debug, Clone, Copy)]
struct Follow {
    first: ByteSet,
    /// Nothing need follow.
    end: bool,
}

impl Follow {
    const END: Follow = Follow {
        first: ByteSet::EMPTY,
        end: true,
    };

    /// True if a part that stops where `next` could continue is certain to fail.
    fn excludes(self, next: ByteSet) -> bool {
        !self.end && self.first.intersection(next).is_empty()
    }

    /// The parts that may follow `node`.
    fn before(self, node: &Node) -> Follow {
        let (first, nullable) = first(node);
        Follow {
            first: if nullable {
                first.union(self.first)
            } else {
                first
            },
            end: nullable && self.end,
        }
    }

    /// The parts that may follow the body of a repetition.
    fn in_loop(self, body: &Node) -> Follow {
        Follow {
            first: first(body).0.union(self.first),
            end: self.end,
        }
    }
}

/// A walk through the pattern.
#[derive(Debug, Clone, Default)]
struct Path {
    /// In how many ways this place can be reached, as a power of the text's length.
    ways: u32,
    /// The sets that the text since the last choice has a byte of.
    gap: Vec<ByteSet>,
    worst: u32,
    unbounded: bool,
}

impl Path {
    fn walk(&mut self, node: &Node, follow: Follow) {
        match node {
            Node::Empty | Node::Fail | Node::Verb(..) | Node::BackRef { .. } | Node::Grapheme => {}
            Node::Assert(Assert::LineStart) => self.gap.push(ByteSet::single(b'\n')),
            Node::Assert(Assert::Word { negated: false, .. }) => self.boundary(follow),
            Node::Assert(_) => {}
            Node::Set(set) => self.gap.push(*set),
            Node::Newline => self.gap.push(VERTICAL),
            Node::Concat(nodes) => {
                for (at, node) in nodes.iter().enumerate() {
                    let rest = nodes[at + 1..].iter().rev();
                    let follow = rest.fold(follow, |follow, node| follow.before(node));
                    self.walk(node, follow);
                }
            }
            Node::Alt(nodes) | Node::BranchReset(nodes) => {
                self.branches(nodes.iter(), node, follow)
            }
            Node::Capture(_, node) => self.walk(node, follow),
            Node::Atomic(inner) => self.apart(inner, node),
            // At the front of the text, where nothing precedes, a part begins but once.
            Node::Look(look, inner) if look.behind => match (&**inner, look.negated) {
                (Node::Set(set), true) => self.gap.push(set.negated()),
                (inner, false) => self.require(inner),
                _ => {}
            },
            Node::Look(_, inner) => self.apart(inner, node),
            Node::Repeat(repeat) => self.repeat(repeat, follow),
            Node::Recurse(_) => self.unbounded = true,
            Node::Cond(cond) => {
                if let Test::Look(_, test) = &cond.test {
                    self.apart(test, &Node::Empty);
                }
                self.branches([&cond.yes, &cond.no].into_iter(), node, follow);
            }
        }
    }

    /// A word boundary: one of its sides is not part of a word.
    fn boundary(&mut self, follow: Follow) {
        let word = Named::Word.set(Charset::Ascii);
        if !follow.end && follow.first.minus(word).is_empty() {
            self.gap.push(word.negated());
        } else if !follow.end && follow.first.intersection(word).is_empty() {
            self.gap.push(word);
        }
    }

    /// A part that is left in one way only.
    fn apart(&mut self, inner: &Node, node: &Node) {
        let mut path = self.clone();
        path.walk(inner, Follow::END);
        self.worst = path.worst;
        self.unbounded = path.unbounded;
        self.require(node);
    }

    fn branches<'n>(&mut self, nodes: impl Iterator<Item = &'n Node>, node: &Node, follow: Follow) {
        let before = self.clone();
        for branch in nodes {
            let mut path = before.clone();
            path.worst = self.worst;
            path.walk(branch, follow);
            self.ways = self.ways.max(path.ways);
            self.worst = path.worst;
            self.unbounded |= path.unbounded;
        }
        if self.ways > before.ways {
            self.gap.clear();
        }
        self.require(node);
    }

    /// Notes a byte that the node must match.
    fn require(&mut self, node: &Node) {
        if let (set, false) = first(node) {
            self.gap.push(set);
        }
    }

    fn repeat(&mut self, repeat: &Repeat, follow: Follow) {
        let Repeat { min, max, node, .. } = repeat;
        let before = self.clone();
        if let (Node::Set(set), true) = (node, *max == Some(*min) && *min > 0) {
            // A fixed length is matched in one way, and costs no more than a literal.
            self.gap.push(*set);
        } else if max.is_some_and(|max| max <= FEW) {
            let follow = match max {
                // It does not follow itself.
                Some(1) => follow,
                _ => follow.in_loop(node),
            };
            for _ in 0..max.unwrap_or(0) {
                self.walk(node, follow);
            }
            if *min == 0 {
                self.gap = if self.ways > before.ways {
                    Vec::new()
                } else {
                    before.gap
                };
            }
        } else {
            self.unbounded |= is_ambiguous(node, follow.in_loop(node));
            self.run(repeat, follow);
        }
        if repeat.greed == Greed::Possessive {
            self.ways = before.ways;
        }
    }

    /// A repetition without a close bound.
    fn run(&mut self, repeat: &Repeat, follow: Follow) {
        let bytes = bytes_of(&repeat.node);
        let overlaps = self
            .gap
            .iter()
            .all(|set| !set.intersection(bytes).is_empty());
        let work = if overlaps {
            self.ways + 1
        } else {
            self.ways.max(1)
        };
        self.worst = self.worst.max(work);
        let (first, nullable) = first(&repeat.node);
        if repeat.greed != Greed::Possessive && !follow.excludes(first) {
            self.ways = work;
            self.gap.clear();
        } else if repeat.min > 0 && !nullable {
            self.gap.push(first);
        }
    }
}

/// True if every match begins at the front of the text.
pub(crate) fn is_anchored(node: &Node) -> bool {
    match node {
        Node::Assert(Assert::TextStart) => true,
        Node::Concat(nodes) => nodes
            .iter()
            .find(|node| !matches!(node, Node::Look(..) | Node::Verb(..)))
            .is_some_and(is_anchored),
        Node::Alt(nodes) | Node::BranchReset(nodes) => nodes.iter().all(is_anchored),
        Node::Capture(_, node) | Node::Atomic(node) => is_anchored(node),
        _ => false,
    }
}

/// The bytes that a match of the node can begin with, and whether it can be empty.
fn first(node: &Node) -> (ByteSet, bool) {
    match node {
        Node::Fail => (ByteSet::EMPTY, false),
        Node::Empty | Node::Assert(_) | Node::Look(..) | Node::Verb(..) => (ByteSet::EMPTY, true),
        Node::Set(set) => (*set, false),
        Node::Newline => (VERTICAL, false),
        Node::Grapheme => (ByteSet::ALL, false),
        Node::Concat(nodes) => {
            let mut set = ByteSet::EMPTY;
            for node in nodes {
                let (next, nullable) = first(node);
                set = set.union(next);
                if !nullable {
                    return (set, false);
                }
            }
            (set, true)
        }
        Node::Alt(nodes) | Node::BranchReset(nodes) => either(nodes.iter()),
        Node::Cond(cond) => either([&cond.yes, &cond.no].into_iter()),
        Node::Repeat(repeat) if repeat.max == Some(0) => (ByteSet::EMPTY, true),
        Node::Repeat(repeat) => {
            let (set, nullable) = first(&repeat.node);
            (set, nullable || repeat.min == 0)
        }
        Node::Capture(_, node) | Node::Atomic(node) => first(node),
        Node::BackRef { .. } | Node::Recurse(_) => (ByteSet::ALL, true),
    }
}

fn either<'n>(nodes: impl Iterator<Item = &'n Node>) -> (ByteSet, bool) {
    nodes.map(first).fold((ByteSet::EMPTY, false), |all, one| {
        (all.0.union(one.0), all.1 || one.1)
    })
}

/// All bytes that occur in a match of the node.
fn bytes_of(node: &Node) -> ByteSet {
    match node {
        Node::Set(set) => *set,
        Node::Newline => VERTICAL,
        Node::Look(..) => ByteSet::EMPTY,
        Node::BackRef { .. } | Node::Recurse(_) | Node::Grapheme => ByteSet::ALL,
        node => node
            .children()
            .into_iter()
            .fold(ByteSet::EMPTY, |set, child| set.union(bytes_of(child))),
    }
}

/// True if the node may match at one place in several ways. In a repetition these multiply.
fn is_ambiguous(node: &Node, follow: Follow) -> bool {
    match node {
        Node::Concat(nodes) => (0..nodes.len()).any(|at| {
            let rest = nodes[at + 1..].iter().rev();
            let follow = rest.fold(follow, |follow, node| follow.before(node));
            is_ambiguous(&nodes[at], follow)
        }),
        Node::Alt(nodes) | Node::BranchReset(nodes) => {
            let mut seen = ByteSet::EMPTY;
            nodes.iter().any(|node| {
                let (mut set, nullable) = first(node);
                if nullable {
                    set = if follow.end {
                        ByteSet::ALL
                    } else {
                        set.union(follow.first)
                    };
                }
                let overlaps = !seen.intersection(set).is_empty();
                seen = seen.union(set);
                overlaps || is_ambiguous(node, follow)
            })
        }
        Node::Repeat(repeat) if repeat.greed == Greed::Possessive => false,
        Node::Repeat(repeat) => {
            let (set, nullable) = first(&repeat.node);
            let varies = repeat.max != Some(repeat.min);
            nullable
                || (varies && !follow.excludes(set))
                || is_ambiguous(&repeat.node, follow.in_loop(&repeat.node))
        }
        Node::Capture(_, node) => is_ambiguous(node, follow),
        Node::Recurse(_) | Node::Cond(_) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::modifiers::Modifiers;
    use crate::parse::parse;

    #[test]
    fn repetitions_multiply_unless_what_stands_between_them_divides_them() {
        for (pattern, expected) in [
            ("^a", Some(0)),
            ("a", Some(0)),
            (r"^\w+x", Some(1)),
            (r"^\w+x\w+y", Some(2)),
            (r"^\w+x\w+y\w+z", Some(3)),
            (r"^\w+ \w+ \w+z", Some(1)),
            // A fixed length is matched in one way.
            (r"^\w+x\w{9}y", Some(1)),
            (r"^\w+x\w{8,9}y", Some(2)),
            // An optional part does not follow itself.
            (r"^(?:\d+(?::\d+){0,6})?:x", Some(1)),
            (r"^(?:\d+(?::\d+){0,6})+:x", None),
            (r"^(?:\w+\s?)*;", None),
        ] {
            let parsed = parse(pattern.as_bytes(), &Modifiers::default()).unwrap();
            assert_eq!(degree(&parsed.node), expected, "/{pattern}/");
        }
    }
}
