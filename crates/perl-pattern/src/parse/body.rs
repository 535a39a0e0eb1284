//! The inside of a group.

use super::{Parser, Read};
use crate::ast::{Look, Node};
use crate::width;

/// The longest look-behind that Perl supports, in bytes.
const MAX_LOOK_BEHIND: u64 = 255;

/// Alternatives and the `)`. Modifiers set inside end with the group.
pub(super) fn body(parser: &mut Parser<'_>, start: usize) -> Read<Node> {
    let outer = parser.mode;
    let node = parser.alternation()?;
    parser.mode = outer;
    close(parser, start)?;
    Ok(node)
}

pub(super) fn close(parser: &mut Parser<'_>, start: usize) -> Read<()> {
    if parser.eat(b")") {
        return Ok(());
    }
    parser.refuse_with(
        start,
        "this `(` has no matching `)`",
        "write `\\(` for the character",
    )
}

pub(super) fn look_around(parser: &mut Parser<'_>, start: usize, look: Look) -> Read<Node> {
    parser.look_depth += 1;
    let node = body(parser, start)?;
    parser.look_depth -= 1;
    // Groups are unknown on the first reading. PCRE2 determines the length of a recursion.
    let readable = parser.known.is_some() || !parser.saw_reference;
    let measurable = readable && !node.any(&|node| matches!(node, Node::Recurse(_)));
    let longest = width::longest(&node);
    if look.behind && measurable && longest.is_none_or(|longest| longest > MAX_LOOK_BEHIND) {
        return parser.refuse_with(
            start,
            format!("this look-behind can be longer than {MAX_LOOK_BEHIND} bytes"),
            "bound the quantifiers in it: `{0,20}` instead of `*`",
        );
    }
    Ok(Node::Look(look, Box::new(node)))
}
