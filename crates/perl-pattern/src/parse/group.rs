//! Everything that begins with `(`.

use super::{MAX_DEPTH, Parser, Read, refs};
use crate::ast::{Cond, Look, Node, Test};
use crate::error::{PatternError, PatternErrorKind};
use crate::width;

/// The longest text that Perl looks behind for.
const MAX_LOOK_BEHIND: u64 = 255;

impl Parser<'_> {
    /// Reads a group; none where it was modifiers alone.
    pub(super) fn group(&mut self) -> Read<Option<Node>> {
        let start = self.at;
        if self.depth == MAX_DEPTH {
            return Err(PatternError::syntax(
                start,
                format!("groups are nested more than {MAX_DEPTH} deep"),
            )
            .of_kind(PatternErrorKind::TooLarge)
            .into());
        }
        self.depth += 1;
        let node = match (self.peek_at(1), self.peek_at(2)) {
            (Some(b'*'), _) => self.star_group(start).map(Some),
            (Some(b'?'), Some(kind)) => self.special(start, kind),
            (Some(b'?'), None) => self.refuse(start, "the group `(?` is not complete"),
            _ if self.mode.no_capture => {
                self.at += 1;
                self.body(start).map(Some)
            }
            _ => {
                self.at += 1;
                self.capture(start, None).map(Some)
            }
        };
        self.depth -= 1;
        node
    }

    fn special(&mut self, start: usize, kind: u8) -> Read<Option<Node>> {
        let look = |behind, negated| Look { behind, negated };
        self.at = start + 3;
        let node = match (kind, self.peek()) {
            (b':', _) => self.body(start)?,
            (b'|', _) => self.branch_reset(start)?,
            (b'>', _) => Node::Atomic(Box::new(self.body(start)?)),
            (b'=', _) => self.look_around(start, look(false, false))?,
            (b'!', _) => self.look_around(start, look(false, true))?,
            (b'<', Some(b'=')) => self.look_behind(start, look(true, false))?,
            (b'<', Some(b'!')) => self.look_behind(start, look(true, true))?,
            (b'<', _) => self.named_group(start, b'>')?,
            (b'\'', _) => self.named_group(start, b'\'')?,
            (b'P', Some(b'<')) => {
                self.at += 1;
                self.named_group(start, b'>')?
            }
            (b'P', Some(b'=')) => {
                self.at += 1;
                let name = self.name(start, b')')?;
                let groups = self.named(start, &name)?;
                let fold = self.mode.ignore_case;
                Node::BackRef { groups, fold }
            }
            (b'P', Some(b'>')) => {
                self.at += 1;
                self.named_recursion(start)?
            }
            (b'&', _) => self.named_recursion(start)?,
            (b'R' | b'0'..=b'9', _) | (b'+' | b'-', Some(b'0'..=b'9')) => {
                self.at = start + 2;
                match self.until(b')') {
                    Some(b"R") => self.recursion(start, b"R")?,
                    Some(text) if is_signed_number(text) => self.recursion(start, text)?,
                    _ => return self.refuse(start, "the recursion `(?` is not ended by `)`"),
                }
            }
            (b'(', _) => self.conditional(start)?,
            (b'{' | b'?', _) => return self.code(start),
            (b'[', _) => {
                return self.unsupported(
                    start,
                    "classes with set operations, `(?[…])`, are not supported",
                    "write an ordinary class, with look-ahead for a difference: `(?!\\d)\\w`",
                );
            }
            _ => {
                self.at = start + 2;
                let modifiers = self.modifiers(start)?;
                if self.eat(b")") {
                    self.mode = modifiers;
                    return Ok(None);
                }
                self.at += 1;
                let outer = std::mem::replace(&mut self.mode, modifiers);
                let node = self.body(start)?;
                self.mode = outer;
                node
            }
        };
        Ok(Some(node))
    }

    fn code<T>(&self, start: usize) -> Read<T> {
        Err(
            PatternError::syntax(start, "code in a pattern can be run by Perl alone")
                .of_kind(PatternErrorKind::NeedsPerl)
                .help("test the captured text in the condition instead: `/load (\\d+)/ and $1 > 5`")
                .into(),
        )
    }

    /// Alternatives and the `)`. Mode set within end with the group.
    pub(super) fn body(&mut self, start: usize) -> Read<Node> {
        let outer = self.mode;
        let node = self.alternation()?;
        self.mode = outer;
        self.close(start)?;
        Ok(node)
    }

    fn close(&mut self, start: usize) -> Read<()> {
        if self.eat(b")") {
            return Ok(());
        }
        self.refuse_with(
            start,
            "the group that this `(` opens has no `)`",
            "write `\\(` for the character",
        )
    }

    fn capture(&mut self, start: usize, name: Option<Vec<u8>>) -> Read<Node> {
        self.opened += 1;
        let number = self.opened;
        self.seen.count = self.seen.count.max(number);
        if let Some(name) = name {
            let groups = self.seen.names.entry(name).or_default();
            if !groups.contains(&number) {
                groups.push(number);
            }
        }
        let node = self.body(start)?;
        Ok(Node::Capture(number, Box::new(node)))
    }

    fn named_group(&mut self, start: usize, end: u8) -> Read<Node> {
        let name = self.name(start, end)?;
        self.capture(start, Some(name))
    }

    fn named_recursion(&mut self, start: usize) -> Read<Node> {
        let name = self.name(start, b')')?;
        let groups = self.named(start, &name)?;
        Ok(Node::Recurse(groups.first().copied().unwrap_or(0)))
    }

    fn branch_reset(&mut self, start: usize) -> Read<Node> {
        let outer = self.mode;
        let base = self.opened;
        let mut top = base;
        let branches = self.branches(|parser| {
            top = top.max(parser.opened);
            parser.opened = base;
        })?;
        self.opened = self.opened.max(top);
        self.mode = outer;
        self.close(start)?;
        Ok(Node::BranchReset(branches))
    }

    fn look_behind(&mut self, start: usize, look: Look) -> Read<Node> {
        self.at += 1;
        self.look_around(start, look)
    }

    pub(super) fn look_around(&mut self, start: usize, look: Look) -> Read<Node> {
        self.look_depth += 1;
        let node = self.body(start)?;
        self.look_depth -= 1;
        // The first reading may take an octal number for a reference; how long a recursion is,
        // PCRE2 finds out.
        let readable = self.known.is_some() || !self.saw_reference;
        let measurable = readable && !node.any(&|node| matches!(node, Node::Recurse(_)));
        let longest = width::longest(&node);
        if look.behind && measurable && longest.is_none_or(|longest| longest > MAX_LOOK_BEHIND) {
            return self.refuse_with(
                start,
                format!("this looks behind for more than {MAX_LOOK_BEHIND} bytes"),
                "bound the quantifiers in it: `{0,20}` instead of `*`",
            );
        }
        Ok(Node::Look(look, Box::new(node)))
    }

    /// `(?(test)yes|no)`.
    fn conditional(&mut self, start: usize) -> Read<Node> {
        let test = self.condition(start)?;
        // Mode set within stay in force behind it: so they do in Perl, from here alone.
        let mut branches = self.branches(|_| {})?;
        self.close(start)?;
        if test == Test::Define && branches.len() > 1 {
            return self.refuse(start, "`(?(DEFINE)…)` has no alternatives");
        }
        if branches.len() > 2 {
            return self.refuse_with(
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
    fn condition(&mut self, start: usize) -> Read<Test> {
        let open = self.at - 1;
        match (self.peek(), self.peek_at(1)) {
            (Some(b'?'), Some(b'{')) => return self.code(start),
            (Some(b'?' | b'*'), _) => {
                self.at = open;
                return match self.group()? {
                    Some(Node::Look(look, node)) => Ok(Test::Look(look, *node)),
                    _ => self.unknown_condition(open),
                };
            }
            (Some(quote @ (b'<' | b'\'')), _) => {
                self.at += 1;
                let name = self.name(start, if quote == b'<' { b'>' } else { b'\'' })?;
                let groups = self.named(start, &name)?;
                return if self.eat(b")") {
                    Ok(Test::Group(groups))
                } else {
                    self.unknown_condition(start)
                };
            }
            _ => {}
        }
        let Some(text) = self.until(b')') else {
            return self.refuse(start, "the test of this conditional has no `)`");
        };
        match text {
            b"DEFINE" => Ok(Test::Define),
            b"R" => Ok(Test::Recursion(None)),
            [b'R', b'&', name @ ..] => {
                let groups = self.named(start, name)?;
                Ok(Test::Recursion(Some(groups.first().copied().unwrap_or(0))))
            }
            [b'R', digits @ ..] if digits.iter().all(u8::is_ascii_digit) => {
                Ok(Test::Recursion(Some(refs::decimal(digits))))
            }
            [b'1'..=b'9', digits @ ..] if digits.iter().all(u8::is_ascii_digit) => {
                self.saw_reference = true;
                let number = refs::decimal(text);
                let exists = self
                    .known
                    .as_ref()
                    .is_none_or(|known| number <= known.count);
                Ok(Test::Group(if exists { vec![number] } else { Vec::new() }))
            }
            _ => self.unknown_condition(open),
        }
    }

    fn unknown_condition<T>(&self, offset: usize) -> Read<T> {
        self.refuse_with(
            offset,
            "this is no test that a conditional can make",
            "write `(?(1)…)`, `(?(<name>)…)` or `(?(?=…)…)`",
        )
    }
}

fn is_signed_number(text: &[u8]) -> bool {
    let digits = match text {
        [b'+' | b'-', digits @ ..] => digits,
        digits => digits,
    };
    let from_one = matches!(digits, [b'1'..=b'9', ..]) && digits.iter().all(u8::is_ascii_digit);
    from_one || text == b"0"
}
