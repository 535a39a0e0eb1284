//! A pattern after reading: flags, escapes and names are resolved, so that both engines can be
//! told the same thing without a flag of their own.

use crate::byte_set::ByteSet;

/// A pattern or a part of one.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    /// Matches the empty text.
    Empty,
    /// Never matches: `(*FAIL)`, `x{3,1}`, a code point that no byte is.
    Fail,
    /// One byte out of a set that is not empty.
    Set(ByteSet),
    Assert(Assert),
    Concat(Vec<Node>),
    Alt(Vec<Node>),
    Repeat(Box<Repeat>),
    Capture(u32, Box<Node>),
    /// `(?|…)`: alternatives whose groups share their numbers.
    BranchReset(Vec<Node>),
    /// `(?>…)`.
    Atomic(Box<Node>),
    Look(Look, Box<Node>),
    /// The text of the first of these groups that took part.
    BackRef {
        groups: Vec<u32>,
        fold: bool,
    },
    /// `(?1)`; 0 is the whole pattern.
    Recurse(u32),
    Cond(Box<Cond>),
    /// `(*COMMIT)` and its like, with the argument, as PCRE2 writes them too.
    Verb(&'static str, Option<Vec<u8>>),
    /// `\R`.
    Newline,
    /// `\X`.
    Grapheme,
}

/// Assertions of zero width.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Assert {
    /// `\A`, `^` without `/m`, and `\G`: each search starts at the front.
    TextStart,
    /// `^` with `/m`.
    LineStart,
    /// `\z`.
    TextEnd,
    /// `\Z`, `$` without `/m`: at the end, or before a newline that ends the text.
    TextEndOrNewline,
    /// `$` with `/m`.
    LineEnd,
    /// `\b` (`\B` when negated); with the Latin-1 letters or without.
    Word { negated: bool, latin: bool },
    /// `\K`: the match is said to begin here.
    Keep,
}

/// A quantified part.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Repeat {
    pub(crate) min: u32,
    pub(crate) max: Option<u32>,
    pub(crate) greed: Greed,
    pub(crate) node: Node,
}

/// The appetite of a quantifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Greed {
    Greedy,
    Lazy,
    Possessive,
}

/// Look-around.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Look {
    pub(crate) behind: bool,
    pub(crate) negated: bool,
}

/// `(?(test)yes|no)`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Cond {
    pub(crate) test: Test,
    pub(crate) yes: Node,
    pub(crate) no: Node,
}

/// The test of a conditional.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Test {
    /// One of these groups took part.
    Group(Vec<u32>),
    /// Inside of a recursion; into this group.
    Recursion(Option<u32>),
    /// Never true: the groups within are only called.
    Define,
    Look(Look, Node),
}

impl Node {
    pub(crate) fn byte(byte: u8) -> Node {
        Node::Set(ByteSet::single(byte))
    }

    pub(crate) fn set(set: ByteSet) -> Node {
        if set.is_empty() {
            Node::Fail
        } else {
            Node::Set(set)
        }
    }

    pub(crate) fn concat(mut nodes: Vec<Node>) -> Node {
        match nodes.len() {
            0 => Node::Empty,
            1 => nodes.remove(0),
            _ => Node::Concat(nodes),
        }
    }

    /// The parts of a node, in order.
    pub(crate) fn children(&self) -> Vec<&Node> {
        match self {
            Node::Concat(nodes) | Node::Alt(nodes) | Node::BranchReset(nodes) => {
                nodes.iter().collect()
            }
            Node::Repeat(repeat) => vec![&repeat.node],
            Node::Capture(_, node) | Node::Atomic(node) | Node::Look(_, node) => vec![node],
            Node::Cond(cond) => match &cond.test {
                Test::Look(_, test) => vec![test, &cond.yes, &cond.no],
                _ => vec![&cond.yes, &cond.no],
            },
            Node::Empty
            | Node::Fail
            | Node::Set(_)
            | Node::Assert(_)
            | Node::BackRef { .. }
            | Node::Recurse(_)
            | Node::Verb(..)
            | Node::Newline
            | Node::Grapheme => Vec::new(),
        }
    }

    /// A verb that controls backtracking.
    pub(crate) fn is_control(&self) -> bool {
        matches!(self, Node::Verb(verb, _) if *verb != "MARK")
    }

    /// True if the predicate holds for the node or a part of it.
    pub(crate) fn any(&self, test: &dyn Fn(&Node) -> bool) -> bool {
        test(self) || self.children().into_iter().any(|child| child.any(test))
    }
}
