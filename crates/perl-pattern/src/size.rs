//! A rough estimate of the size of a pattern's program.

use crate::ast::Node;

/// Programs below this many states fit any sensible limit.
pub(crate) const SURELY_SMALL: u64 = 10_000;

/// The approximate number of states of the program.
pub(crate) fn states(node: &Node) -> u64 {
    match node {
        Node::Repeat(repeat) => {
            let times = repeat.max.unwrap_or(repeat.min + 1).max(1);
            (states(&repeat.node) + 1).saturating_mul(u64::from(times))
        }
        Node::Concat(nodes) | Node::Alt(nodes) => nodes
            .iter()
            .fold(1u64, |sum, node| sum.saturating_add(states(node))),
        node => node
            .children()
            .into_iter()
            .fold(1u64, |sum, child| sum.saturating_add(states(child))),
    }
}
