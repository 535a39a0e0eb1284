//! A pattern for PCRE2: [`Node`] to pattern text.
//!
//! The text is made of what PCRE2 and Perl read alike: plain classes, numbered groups, no
//! modifiers. Nothing of the user's text is passed on as it is, so no start-of-pattern item of
//! PCRE2's can be smuggled in.

use std::fmt::Write as _;

use super::ast::{Assert, Greed, Look, Node, Repeat, Test};
use super::matcher::Limits;
use super::set::ByteSet;
use super::tables::{Charset, NOT_NEWLINE, Named, VERTICAL};

/// The whole text, limits included.
pub(crate) fn pattern(node: &Node, limits: &Limits) -> String {
    let mut text = format!(
        "(*LIMIT_MATCH={})(*LIMIT_DEPTH={})(*LIMIT_HEAP={})(*LF)",
        limits.backtracks, limits.backtracks, limits.backtrack_kib
    );
    write(&mut text, node);
    text
}

fn write(out: &mut String, node: &Node) {
    match node {
        Node::Empty => {}
        Node::Fail => out.push_str("(*FAIL)"),
        Node::Set(set) => write_set(out, *set),
        Node::Assert(assert) => write_assert(out, *assert),
        Node::Concat(nodes) => nodes.iter().for_each(|node| write(out, node)),
        Node::Alt(nodes) => write_alternatives(out, "(?:", nodes),
        Node::BranchReset(nodes) => write_alternatives(out, "(?|", nodes),
        Node::Repeat(repeat) => write_repeat(out, repeat),
        Node::Capture(_, node) => write_group(out, "(", node),
        Node::Atomic(node) => write_group(out, "(?>", node),
        Node::Look(look, node) => write_group(out, look_opening(*look), node),
        Node::BackRef { groups, fold } => write_back_reference(out, groups, *fold),
        Node::Recurse(group) => push(out, format_args!("(?{group})")),
        Node::Cond(cond) => write_conditional(out, &cond.test, &cond.yes, &cond.no),
        Node::Verb(name, argument) => {
            push(out, format_args!("(*{name}"));
            if let Some(argument) = argument {
                out.push(':');
                for byte in argument {
                    push(out, format_args!("{byte:02x}"));
                }
            }
            out.push(')');
        }
        Node::Newline => {
            out.push_str(r"(?>\x0d\x0a|");
            write_set(out, VERTICAL);
            out.push(')');
        }
        Node::Grapheme => {
            out.push_str(r"(?>\x0d\x0a|");
            write_set(out, ByteSet::ALL);
            out.push(')');
        }
    }
}

fn push(out: &mut String, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text)
        .expect("writing to a String does not fail");
}

fn write_group(out: &mut String, opening: &str, node: &Node) {
    out.push_str(opening);
    write(out, node);
    out.push(')');
}

fn write_alternatives(out: &mut String, opening: &str, nodes: &[Node]) {
    out.push_str(opening);
    for (i, node) in nodes.iter().enumerate() {
        if i > 0 {
            out.push('|');
        }
        write(out, node);
    }
    out.push(')');
}

fn write_set(out: &mut String, set: ByteSet) {
    let known = [
        (Named::Digit.set(Charset::Ascii), r"\d"),
        (Named::Space.set(Charset::Ascii), r"\s"),
        (Named::Word.set(Charset::Ascii), r"\w"),
        (Named::Digit.set(Charset::Ascii).negated(), r"\D"),
        (Named::Space.set(Charset::Ascii).negated(), r"\S"),
        (Named::Word.set(Charset::Ascii).negated(), r"\W"),
        (NOT_NEWLINE, r"\N"),
        (ByteSet::ALL, r"(?s:.)"),
    ];
    if let Some((_, text)) = known.iter().find(|(known, _)| *known == set) {
        out.push_str(text);
        return;
    }
    if set.len() == 1 {
        set.bytes().for_each(|byte| write_byte(out, byte));
        return;
    }
    let negated = set.len() > 128;
    out.push_str(if negated { "[^" } else { "[" });
    for (first, last) in if negated { set.negated() } else { set }.ranges() {
        write_byte(out, first);
        if first < last {
            out.push('-');
            write_byte(out, last);
        }
    }
    out.push(']');
}

fn write_byte(out: &mut String, byte: u8) {
    if byte.is_ascii_alphanumeric() {
        out.push(char::from(byte));
    } else {
        push(out, format_args!("\\x{byte:02x}"));
    }
}

fn write_assert(out: &mut String, assert: Assert) {
    match assert {
        Assert::TextStart => out.push_str(r"\A"),
        Assert::LineStart => out.push_str("(?m:^)"),
        Assert::TextEnd => out.push_str(r"\z"),
        Assert::TextEndOrNewline => out.push_str(r"\Z"),
        Assert::LineEnd => out.push_str("(?m:$)"),
        Assert::Word {
            negated: false,
            latin: false,
        } => out.push_str(r"\b"),
        Assert::Word {
            negated: true,
            latin: false,
        } => out.push_str(r"\B"),
        Assert::Word {
            negated,
            latin: true,
        } => {
            let mut word = String::new();
            write_set(&mut word, Named::Word.set(Charset::Unicode));
            let (behind, beside) = if negated { ("?=", "?!") } else { ("?!", "?=") };
            push(
                out,
                format_args!("(?:(?<={word})({behind}{word})|(?<!{word})({beside}{word}))"),
            );
        }
        Assert::Keep => out.push_str(r"\K"),
    }
}

fn write_repeat(out: &mut String, repeat: &Repeat) {
    match repeat.node {
        Node::Set(_) | Node::Capture(..) => write(out, &repeat.node),
        _ => write_group(out, "(?:", &repeat.node),
    }
    match (repeat.min, repeat.max) {
        (min, Some(max)) => push(out, format_args!("{{{min},{max}}}")),
        (min, None) => push(out, format_args!("{{{min},}}")),
    }
    out.push_str(match repeat.greed {
        Greed::Greedy => "",
        Greed::Lazy => "?",
        Greed::Possessive => "+",
    });
}

fn look_opening(look: Look) -> &'static str {
    match (look.behind, look.negated) {
        (false, false) => "(?=",
        (false, true) => "(?!",
        (true, false) => "(?<=",
        (true, true) => "(?<!",
    }
}

/// Of several groups with one name the first that took part counts.
fn write_back_reference(out: &mut String, groups: &[u32], fold: bool) {
    out.push_str(if fold { "(?i:" } else { "(?:" });
    match groups {
        [group] => push(out, format_args!("\\g{{{group}}}")),
        groups => {
            for group in groups {
                push(out, format_args!("(?({group})\\g{{{group}}}|"));
            }
            out.push_str("(*FAIL)");
            groups.iter().for_each(|_| out.push(')'));
        }
    }
    out.push(')');
}

fn write_conditional(out: &mut String, test: &Test, yes: &Node, no: &Node) {
    match test {
        Test::Group(groups) if groups.is_empty() => {
            out.push_str("(?:");
            write_group(out, "(?(DEFINE)", yes);
            write(out, no);
            out.push(')');
            return;
        }
        Test::Define => {
            write_group(out, "(?(DEFINE)", yes);
            return;
        }
        Test::Group(groups) if groups.len() > 1 => {
            out.push_str("(?(?=");
            write_back_reference_test(out, groups);
            out.push(')');
        }
        Test::Group(groups) => push(out, format_args!("(?({})", groups[0])),
        Test::Recursion(None) => out.push_str("(?(R)"),
        Test::Recursion(Some(group)) => push(out, format_args!("(?(R{group})")),
        Test::Look(look, node) => {
            out.push_str("(?");
            write_group(out, look_opening(*look), node);
        }
    }
    write(out, yes);
    out.push('|');
    write(out, no);
    out.push(')');
}

/// Succeeds if one of the groups took part.
fn write_back_reference_test(out: &mut String, groups: &[u32]) {
    for group in groups {
        push(out, format_args!("(?({group})|"));
    }
    out.push_str("(*FAIL)");
    groups.iter().for_each(|_| out.push(')'));
}
