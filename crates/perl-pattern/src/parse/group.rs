//! Constructs that begin with `(`.

use super::{MAX_DEPTH, Parser, Read, body, modifiers, refs, verb};
use crate::ast::{Cond, Look, Node, Test};
use crate::error::{PatternError, PatternErrorKind};

/// Reads a group; `None` if it consists of modifiers only.
pub(super) fn group(parser: &mut Parser<'_>) -> Read<Option<Node>> {
    let start = parser.at;
    if parser.depth == MAX_DEPTH {
        return Err(PatternError::syntax(
            start,
            format!("groups are nested more than {MAX_DEPTH} deep"),
        )
        .of_kind(PatternErrorKind::TooLarge)
        .into());
    }
    parser.depth += 1;
    let node = match (parser.peek_at(1), parser.peek_at(2)) {
        (Some(b'*'), _) => verb::star_group(parser, start).map(Some),
        (Some(b'?'), Some(kind)) => special(parser, start, kind),
        (Some(b'?'), None) => parser.refuse(start, "the group `(?` is not complete"),
        _ if parser.mode.no_capture => {
            parser.at += 1;
            body::body(parser, start).map(Some)
        }
        _ => {
            parser.at += 1;
            capture(parser, start, None).map(Some)
        }
    };
    parser.depth -= 1;
    node
}

fn special(parser: &mut Parser<'_>, start: usize, kind: u8) -> Read<Option<Node>> {
    let look = |behind, negated| Look { behind, negated };
    parser.at = start + 3;
    let node = match (kind, parser.peek()) {
        (b':', _) => body::body(parser, start)?,
        (b'|', _) => branch_reset(parser, start)?,
        (b'>', _) => Node::Atomic(Box::new(body::body(parser, start)?)),
        (b'=', _) => body::look_around(parser, start, look(false, false))?,
        (b'!', _) => body::look_around(parser, start, look(false, true))?,
        (b'<', Some(b'=')) => look_behind(parser, start, look(true, false))?,
        (b'<', Some(b'!')) => look_behind(parser, start, look(true, true))?,
        (b'<', _) => named_group(parser, start, b'>')?,
        (b'\'', _) => named_group(parser, start, b'\'')?,
        (b'P', Some(b'<')) => {
            parser.at += 1;
            named_group(parser, start, b'>')?
        }
        (b'P', Some(b'=')) => {
            parser.at += 1;
            let name = refs::name(parser, start, b')')?;
            let groups = refs::named(parser, start, &name)?;
            let fold = parser.mode.ignore_case;
            Node::BackRef { groups, fold }
        }
        (b'P', Some(b'>')) => {
            parser.at += 1;
            named_recursion(parser, start)?
        }
        (b'&', _) => named_recursion(parser, start)?,
        (b'R' | b'0'..=b'9', _) | (b'+' | b'-', Some(b'0'..=b'9')) => {
            parser.at = start + 2;
            match parser.until(b')') {
                Some(b"R") => refs::recursion(parser, start, b"R")?,
                Some(text) if is_signed_number(text) => refs::recursion(parser, start, text)?,
                _ => return parser.refuse(start, "the recursion `(?` is not ended by `)`"),
            }
        }
        (b'(', _) => conditional(parser, start)?,
        (b'{' | b'?', _) => return code(start),
        (b'[', _) => {
            return parser.unsupported(
                start,
                "classes with set operations, `(?[…])`, are not supported",
                "write an ordinary class, with look-ahead for a difference: `(?!\\d)\\w`",
            );
        }
        _ => {
            parser.at = start + 2;
            let modifiers = modifiers::modifiers(parser, start)?;
            if parser.eat(b")") {
                parser.mode = modifiers;
                return Ok(None);
            }
            parser.at += 1;
            let outer = std::mem::replace(&mut parser.mode, modifiers);
            let node = body::body(parser, start)?;
            parser.mode = outer;
            node
        }
    };
    Ok(Some(node))
}

fn code<T>(start: usize) -> Read<T> {
    Err(
        PatternError::syntax(start, "code in a pattern can be run by Perl alone")
            .of_kind(PatternErrorKind::NeedsPerl)
            .help("test the captured text in the condition instead: `/load (\\d+)/ and $1 > 5`")
            .into(),
    )
}

fn capture(parser: &mut Parser<'_>, start: usize, name: Option<Vec<u8>>) -> Read<Node> {
    parser.opened += 1;
    let number = parser.opened;
    parser.seen.count = parser.seen.count.max(number);
    if let Some(name) = name {
        let groups = parser.seen.names.entry(name).or_default();
        if !groups.contains(&number) {
            groups.push(number);
        }
    }
    let node = body::body(parser, start)?;
    Ok(Node::Capture(number, Box::new(node)))
}

fn named_group(parser: &mut Parser<'_>, start: usize, end: u8) -> Read<Node> {
    let name = refs::name(parser, start, end)?;
    capture(parser, start, Some(name))
}

fn named_recursion(parser: &mut Parser<'_>, start: usize) -> Read<Node> {
    let name = refs::name(parser, start, b')')?;
    let groups = refs::named(parser, start, &name)?;
    Ok(Node::Recurse(groups.first().copied().unwrap_or(0)))
}

fn branch_reset(parser: &mut Parser<'_>, start: usize) -> Read<Node> {
    let outer = parser.mode;
    let base = parser.opened;
    let mut top = base;
    let branches = parser.branches(|parser| {
        top = top.max(parser.opened);
        parser.opened = base;
    })?;
    parser.opened = parser.opened.max(top);
    parser.mode = outer;
    body::close(parser, start)?;
    Ok(Node::BranchReset(branches))
}

fn look_behind(parser: &mut Parser<'_>, start: usize, look: Look) -> Read<Node> {
    parser.at += 1;
    body::look_around(parser, start, look)
}

/// `(?(test)yes|no)`.
fn conditional(parser: &mut Parser<'_>, start: usize) -> Read<Node> {
    let test = condition(parser, start)?;
    // Modifiers set inside stay in force after the conditional, as in Perl; here only.
    let mut branches = parser.branches(|_| {})?;
    body::close(parser, start)?;
    if test == Test::Define && branches.len() > 1 {
        return parser.refuse(start, "`(?(DEFINE)…)` has no alternatives");
    }
    if branches.len() > 2 {
        return parser.refuse_with(
            start,
            "a conditional has two branches at most",
            "put further alternatives in a group: `(?(1)a|(?:b|c))`",
        );
    }
    let no = if branches.len() == 2 {
        branches.pop()
    } else {
        None
    };
    let yes = branches.pop().unwrap_or(Node::Empty);
    let no = no.unwrap_or(Node::Empty);
    Ok(Node::Cond(Box::new(Cond { test, yes, no })))
}

/// The test with its parentheses; the first one was read.
fn condition(parser: &mut Parser<'_>, start: usize) -> Read<Test> {
    let open = parser.at - 1;
    match (parser.peek(), parser.peek_at(1)) {
        (Some(b'?'), Some(b'{')) => return code(start),
        (Some(b'?' | b'*'), _) => {
            parser.at = open;
            return match group(parser)? {
                Some(Node::Look(look, node)) => Ok(Test::Look(look, *node)),
                _ => unknown_condition(parser, open),
            };
        }
        (Some(quote @ (b'<' | b'\'')), _) => {
            parser.at += 1;
            let name = refs::name(parser, start, if quote == b'<' { b'>' } else { b'\'' })?;
            let groups = refs::named(parser, start, &name)?;
            return if parser.eat(b")") {
                Ok(Test::Group(groups))
            } else {
                unknown_condition(parser, start)
            };
        }
        _ => {}
    }
    let Some(text) = parser.until(b')') else {
        return parser.refuse(start, "the test of this conditional has no `)`");
    };
    match text {
        b"DEFINE" => Ok(Test::Define),
        b"R" => Ok(Test::Recursion(None)),
        [b'R', b'&', name @ ..] => {
            let groups = refs::named(parser, start, name)?;
            Ok(Test::Recursion(Some(groups.first().copied().unwrap_or(0))))
        }
        [b'R', digits @ ..] if digits.iter().all(u8::is_ascii_digit) => {
            Ok(Test::Recursion(Some(refs::decimal(digits))))
        }
        [b'1'..=b'9', digits @ ..] if digits.iter().all(u8::is_ascii_digit) => {
            parser.saw_reference = true;
            let number = refs::decimal(text);
            let exists = parser
                .known
                .as_ref()
                .is_none_or(|known| number <= known.count);
            Ok(Test::Group(if exists { vec![number] } else { Vec::new() }))
        }
        _ => unknown_condition(parser, open),
    }
}

fn unknown_condition<T>(parser: &Parser<'_>, offset: usize) -> Read<T> {
    parser.refuse_with(
        offset,
        "a conditional cannot test this",
        "write `(?(1)…)`, `(?(<name>)…)` or `(?(?=…)…)`",
    )
}

fn is_signed_number(text: &[u8]) -> bool {
    let digits = match text {
        [b'+' | b'-', digits @ ..] => digits,
        digits => digits,
    };
    let from_one = matches!(digits, [b'1'..=b'9', ..]) && digits.iter().all(u8::is_ascii_digit);
    from_one || text == b"0"
}
