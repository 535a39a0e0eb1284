//! The syntax tree of a pattern. Flags, escapes and names are resolved, so neither engine needs
//! flags of its own.

use crate::byte_set::ByteSet;

/// A pattern, or a part of one.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    /// Matches the empty text.
    Empty,
    /// Never matches: `(*FAIL)`, `x{3,1}`, a code point above 0xff.
    Fail,
    /// One byte of a non-empty set.
    Set(ByteSet),
    Assert(Assert),
    Concat(Vec<Node>),
    Alt(Vec<Node>),
    Repeat(Box<Repeat>),
    Capture(u32, Box<Node>),
    /// `(?|…)`: alternatives that share group numbers.
    BranchReset(Vec<Node>),
    /// `(?>…)`.
    Atomic(Box<Node>),
    Look(Look, Box<Node>),
    /// The text of the first of these groups that participated in the match.
    BackRef {
        groups: Vec<u32>,
        fold: bool,
    },
    /// `(?1)`; 0 is the whole pattern.
    Recurse(u32),
    Cond(Box<Cond>),
    /// `(*COMMIT)` and similar verbs with their argument, in the spelling that PCRE2 shares.
    Verb(&'static str, Option<Vec<u8>>),
    /// `\R`.
    Newline,
    /// `\X`.
    Grapheme,
}

/// Assertions of zero width.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Assert {
    /// `\A`, `^` without `/m`, and `\G`, as every search starts at the front.
    TextStart,
    /// `^` with `/m`.
    LineStart,
    /// `\z`.
    TextEnd,
    /// `\Z`, `$` without `/m`: at the end, or before a newline that ends the text.
    TextEndOrNewline,
    /// `$` with `/m`.
    LineEnd,
    /// `\b` (`\B` when negated), with or without the Latin-1 letters.
    Word { negated: bool, latin: bool },
    /// `\K`: the reported match begins here.
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

/// The greediness of a quantifier.
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
    /// One of these groups participated.
    Group(Vec<u32>),
    /// Inside a recursion, or inside one into this group.
    Recursion(Option<u32>),
    /// Never true: the groups inside are only called.
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

    /// True if an `(*ACCEPT)` is in it: whatever follows that need not match.
    pub(crate) fn has_accept(&self) -> bool {
        match self {
            Node::Verb(verb, _) => *verb == "ACCEPT",
            Node::Set(_) | Node::Empty | Node::Fail | Node::Assert(_) => false,
            Node::Concat(nodes) | Node::Alt(nodes) => nodes.iter().any(Node::has_accept),
            node => node.children().into_iter().any(Node::has_accept),
        }
    }

    /// True if the test holds for the node or a part of it.
    pub(crate) fn any(&self, test: &dyn Fn(&Node) -> bool) -> bool {
        test(self)
            || match self {
                Node::Concat(nodes) | Node::Alt(nodes) => nodes.iter().any(|node| node.any(test)),
                node => node.children().into_iter().any(|child| child.any(test)),
            }
    }
}
