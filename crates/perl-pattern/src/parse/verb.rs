//! `(*VERB)` and the spelled-out assertions, `(*positive_lookahead:…)`.

use super::{Parser, Read, body, shown};
use crate::ast::{Look, Node};

/// Reads a group that begins with `(*`.
pub(super) fn star_group(parser: &mut Parser<'_>, start: usize) -> Read<Node> {
    parser.at = start + 2;
    let rest = parser.rest();
    let letters = rest
        .iter()
        .take_while(|byte| byte.is_ascii_alphabetic() || **byte == b'_')
        .count();
    let name = &rest[..letters];
    if name.first().is_some_and(u8::is_ascii_lowercase) {
        return spelled_out(parser, start, name);
    }
    parser.at += letters;
    let argument = if parser.eat(b":") {
        parser.until(b')')
    } else {
        None
    };
    if argument.is_none() && !parser.eat(b")") {
        return parser.refuse(start, "the verb `(*` has no `)`");
    }
    let argument = argument.map(<[u8]>::to_vec).filter(|text| !text.is_empty());
    let verb = match name {
        b"F" | b"FAIL" => return Ok(Node::Fail),
        b"ACCEPT" => "ACCEPT",
        b"COMMIT" => "COMMIT",
        b"PRUNE" => "PRUNE",
        b"SKIP" => "SKIP",
        // In and after loops, perl does not backtrack to where its manual says.
        b"THEN" => {
            return parser.unsupported(
                start,
                "`(*THEN)` is not supported",
                "write `(*PRUNE)`, or an atomic group: `(?>…)`",
            );
        }
        b"MARK" | b"" if argument.is_some() => "MARK",
        b"MARK" => return parser.refuse(start, "the verb `(*MARK` needs a name"),
        name => {
            let name = shown(name);
            return parser.refuse_with(
                start,
                format!("there is no verb `(*{name})`"),
                "write `\\(\\*` for the characters",
            );
        }
    };
    let verb = Node::Verb(verb, argument);
    if parser.look_depth > 0 && verb.is_control() {
        // In Perl the verb ends the whole search, in PCRE2 only the look-around.
        return parser.unsupported(
            start,
            "a verb that controls backtracking is not supported within look-around",
            "put it before or after the look-around, or write an atomic group: `(?>…)`",
        );
    }
    if verb.is_control() {
        parser.first_verb.get_or_insert(start);
    }
    Ok(verb)
}

fn spelled_out(parser: &mut Parser<'_>, start: usize, name: &[u8]) -> Read<Node> {
    let look = |behind, negated| Look { behind, negated };
    parser.at += name.len();
    let known = match name {
        b"pla" | b"positive_lookahead" => Some(look(false, false)),
        b"nla" | b"negative_lookahead" => Some(look(false, true)),
        b"plb" | b"positive_lookbehind" => Some(look(true, false)),
        b"nlb" | b"negative_lookbehind" => Some(look(true, true)),
        b"atomic" => None,
        b"sr" | b"script_run" | b"asr" | b"atomic_script_run" => {
            return parser.unsupported(
                start,
                "script runs are not supported, as log records are bytes",
                "leave the `(*script_run:` out",
            );
        }
        name => {
            let name = shown(name);
            return parser.refuse(start, format!("there is no `(*{name}:…)`"));
        }
    };
    if !parser.eat(b":") {
        return parser.refuse(start, "a `:` is missing after the name of the assertion");
    }
    match known {
        Some(look) => body::look_around(parser, start, look),
        None => body::body(parser, start).map(|node| Node::Atomic(Box::new(node))),
    }
}
