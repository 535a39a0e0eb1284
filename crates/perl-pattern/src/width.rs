//! The width of a part of a pattern.

use crate::ast::Node;

/// The most bytes that the node can match. `None`: there is no bound, or it is unknown.
pub(crate) fn longest(node: &Node) -> Option<u64> {
    match node {
        Node::Empty | Node::Fail | Node::Assert(_) | Node::Look(..) | Node::Verb(..) => Some(0),
        Node::Set(_) => Some(1),
        Node::Newline => Some(2),
        Node::Concat(nodes) => nodes.iter().try_fold(0u64, |sum, node| {
            longest(node).map(|width| sum.saturating_add(width))
        }),
        Node::Alt(nodes) | Node::BranchReset(nodes) => nodes
            .iter()
            .try_fold(0, |most, node| longest(node).map(|width| most.max(width))),
        Node::Repeat(repeat) if repeat.max == Some(0) => Some(0),
        Node::Repeat(repeat) => match (longest(&repeat.node)?, repeat.max) {
            (0, _) => Some(0),
            (width, max) => Some(width.saturating_mul(u64::from(max?))),
        },
        Node::Capture(_, node) | Node::Atomic(node) => longest(node),
        Node::Cond(cond) => Some(longest(&cond.yes)?.max(longest(&cond.no)?)),
        Node::Grapheme | Node::BackRef { .. } | Node::Recurse(_) => None,
    }
}

/// The fewest bytes that the node can match.
pub(crate) fn shortest(node: &Node) -> u64 {
    match node {
        Node::Set(_) | Node::Newline | Node::Grapheme => 1,
        Node::Concat(nodes) => nodes
            .iter()
            .fold(0u64, |sum, node| sum.saturating_add(shortest(node))),
        Node::Alt(nodes) | Node::BranchReset(nodes) => {
            nodes.iter().map(shortest).min().unwrap_or(0)
        }
        Node::Repeat(repeat) => shortest(&repeat.node).saturating_mul(u64::from(repeat.min)),
        Node::Capture(_, node) | Node::Atomic(node) => shortest(node),
        Node::Cond(cond) => shortest(&cond.yes).min(shortest(&cond.no)),
        _ => 0,
    }
}
