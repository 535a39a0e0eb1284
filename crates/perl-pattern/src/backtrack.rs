//! Translation for PCRE2: [`Node`] to pattern text.
//!
//! The text uses only syntax that PCRE2 and Perl interpret alike: plain classes, numbered groups,
//! no modifiers. None of the user's text is passed on verbatim, so it cannot smuggle in a
//! start-of-pattern option of PCRE2.

use std::fmt::Write as _;

use crate::ast::{Assert, Cond, Greed, Look, Node, Repeat, Test};
use crate::byte_set::ByteSet;
use crate::classes::{Charset, NOT_NEWLINE, Named, VERTICAL};
use crate::limits::Limits;
use crate::linear::forgotten_group;
use crate::width::{longest, shortest};

/// A translated pattern.
#[derive(Debug, Clone)]
pub(crate) struct Text {
    /// The whole text, limits included.
    pub(crate) pattern: String,
    /// The same pattern, matching only where the search starts. `None`: that would change its
    /// meaning.
    pub(crate) anchored: Option<String>,
    /// The PCRE2 number of each Perl group.
    pub(crate) numbers: Vec<u32>,
    /// Groups that Perl resets: (Perl's group, PCRE2's number of the mark that records it).
    pub(crate) resets: Vec<(u32, u32)>,
}

/// True if PCRE2's JIT agrees with its interpreter. The JIT of PCRE2 10.46 compiles a look-behind
/// of variable length as if the text ended at the current position: `(?<=b?$)` matches everywhere.
pub(crate) fn is_sound_compiled(node: &Node) -> bool {
    let looks = |node: &Node| matches!(node, Node::Assert(_) | Node::Look(..));
    !node.any(&|node| match node {
        Node::Look(Look { behind: true, .. }, within) => {
            longest(within) != Some(shortest(within)) && within.any(&looks)
        }
        _ => false,
    })
}

/// Translates a pattern with that many groups.
pub(crate) fn text(node: &Node, groups: u32, limits: &Limits) -> Text {
    // Automatic possessive quantifiers are off: with them, PCRE2 10.46 fails to match a single
    // space with `[ \t]?(_)?+.`.
    // Marks shift the group numbers, including those that are referred to before they appear: the
    // first round determines the numbers, the second one uses them.
    let same: Vec<u32> = (0..=groups).collect();
    let first = Writer::run(node, same.clone(), limits);
    let writer = if first.found == same {
        first
    } else {
        Writer::run(node, first.found, limits)
    };
    // A verb determines where the search continues, and a recursion would include the `\G`.
    let is_whole = |node: &Node| node.is_control() || *node == Node::Recurse(0);
    let anchored = (!node.any(&is_whole)).then(|| {
        let [head, body] = [&writer.out[..writer.head], &writer.out[writer.head..]];
        format!("{head}\\G{body}")
    });
    Text {
        anchored,
        pattern: writer.out,
        numbers: writer.found,
        resets: writer.resets,
    }
}

struct Writer {
    out: String,
    /// The length of the options before the pattern.
    head: usize,
    /// The numbers that references use.
    numbers: Vec<u32>,
    /// The numbers as assigned in this round.
    found: Vec<u32>,
    last: u32,
    loops: u32,
    /// The number of enclosing `(?|…)`, in which marks would make the alternatives' numbers differ.
    shared: u32,
    resets: Vec<(u32, u32)>,
}

impl Writer {
    fn run(node: &Node, numbers: Vec<u32>, limits: &Limits) -> Writer {
        let mut writer = Writer {
            out: format!(
                "(*LIMIT_MATCH={})(*LIMIT_DEPTH={})(*LIMIT_HEAP={})(*NO_AUTO_POSSESS)(*LF)",
                limits.backtracks, limits.backtracks, limits.backtrack_kib
            ),
            head: 0,
            found: vec![0; numbers.len()],
            numbers,
            last: 0,
            loops: 0,
            shared: 0,
            resets: Vec::new(),
        };
        // Start optimizations skip attempts that a verb would have ended, and with them the JIT of
        // PCRE2 10.46 does not find `b?a[-/]{0,2}` in `a`.
        writer.push("(*NO_START_OPT)");
        writer.head = writer.out.len();
        writer.node(node);
        writer
    }

    fn push(&mut self, text: &str) {
        self.out.push_str(text);
    }

    fn format(&mut self, text: std::fmt::Arguments<'_>) {
        self.out
            .write_fmt(text)
            .expect("writing to a String does not fail");
    }

    fn node(&mut self, node: &Node) {
        match node {
            Node::Empty => {}
            Node::Fail => self.push("(*FAIL)"),
            Node::Set(set) => write_set(&mut self.out, *set),
            Node::Assert(assert) => self.assert(*assert),
            Node::Concat(nodes) => nodes.iter().for_each(|node| self.node(node)),
            Node::Alt(nodes) => {
                self.push("(?:");
                for (i, node) in nodes.iter().enumerate() {
                    self.push(if i > 0 { "|" } else { "" });
                    self.node(node);
                }
                self.push(")");
            }
            Node::BranchReset(nodes) => self.branch_reset(nodes),
            Node::Repeat(repeat) => self.repeat(repeat),
            Node::Capture(group, node) => {
                self.last += 1;
                self.found[*group as usize] = self.last;
                self.group("(", node);
            }
            Node::Atomic(node) => self.group("(?>", node),
            Node::Look(look, node) => self.group(look_opening(*look), node),
            Node::BackRef { groups, fold } => self.back_reference(groups, *fold),
            Node::Recurse(group) => {
                let number = self.numbers[*group as usize];
                self.format(format_args!("(?{number})"));
            }
            Node::Cond(cond) => self.conditional(cond),
            Node::Verb(name, argument) => self.verb(name, argument.as_deref()),
            Node::Newline => {
                self.push(r"(?>\x0d\x0a|");
                write_set(&mut self.out, VERTICAL);
                self.push(")");
            }
            Node::Grapheme => self.push(r"(?>\x0d\x0a|(?s:.))"),
        }
    }

    fn group(&mut self, opening: &str, node: &Node) {
        self.push(opening);
        self.node(node);
        self.push(")");
    }

    fn branch_reset(&mut self, nodes: &[Node]) {
        self.shared += 1;
        let base = self.last;
        let mut top = base;
        self.push("(?|");
        for (i, node) in nodes.iter().enumerate() {
            self.push(if i > 0 { "|" } else { "" });
            self.last = base;
            self.node(node);
            top = top.max(self.last);
        }
        self.push(")");
        self.last = top;
        self.shared -= 1;
    }

    fn verb(&mut self, name: &str, argument: Option<&[u8]>) {
        self.format(format_args!("(*{name}"));
        if let Some(argument) = argument {
            self.push(":");
            for byte in argument {
                self.format(format_args!("{byte:02x}"));
            }
        }
        self.push(")");
    }

    fn assert(&mut self, assert: Assert) {
        self.push(match assert {
            Assert::TextStart => r"\A",
            Assert::LineStart => "(?m:^)",
            Assert::TextEnd => r"\z",
            Assert::TextEndOrNewline => r"\Z",
            Assert::LineEnd => "(?m:$)",
            Assert::Word { negated, latin } => {
                return match (negated, latin) {
                    (false, false) => self.push(r"\b"),
                    (true, false) => self.push(r"\B"),
                    (negated, true) => {
                        let mut word = String::new();
                        write_set(&mut word, Named::Word.set(Charset::Unicode));
                        let (behind, beside) = if negated { ("?=", "?!") } else { ("?!", "?=") };
                        self.format(format_args!(
                            "(?:(?<={word})({behind}{word})|(?<!{word})({beside}{word}))"
                        ));
                    }
                };
            }
            Assert::Keep => r"\K",
        });
    }

    fn repeat(&mut self, repeat: &Repeat) {
        let again = repeat.max != Some(1) && repeat.max != Some(0);
        let forgotten = forgotten_group(repeat).filter(|_| self.loops > 0 && self.shared == 0);
        let Some(group) = forgotten else {
            self.loops += u32::from(again);
            self.repetition(repeat, repeat.min);
            self.loops -= u32::from(again);
            return;
        };
        let lazy = repeat.greed == Greed::Lazy;
        self.push(if repeat.greed == Greed::Possessive {
            "(?>"
        } else {
            "(?:"
        });
        if lazy {
            self.mark(group);
            self.push("|");
        }
        self.repetition(repeat, 1);
        if !lazy {
            self.push("|");
            self.mark(group);
        }
        self.push(")");
    }

    fn mark(&mut self, group: u32) {
        self.last += 1;
        self.resets.push((group, self.last));
        self.push("()");
    }

    fn repetition(&mut self, repeat: &Repeat, min: u32) {
        match repeat.node {
            Node::Set(_) | Node::Capture(..) => self.node(&repeat.node),
            _ => self.group("(?:", &repeat.node),
        }
        match repeat.max {
            Some(max) => self.format(format_args!("{{{min},{max}}}")),
            None => self.format(format_args!("{{{min},}}")),
        }
        self.push(match repeat.greed {
            Greed::Greedy => "",
            Greed::Lazy => "?",
            Greed::Possessive => "+",
        });
    }

    /// Of several groups with the same name, the first that participated counts.
    fn back_reference(&mut self, groups: &[u32], fold: bool) {
        self.push(if fold { "(?i:" } else { "(?:" });
        match groups {
            [group] => {
                let number = self.numbers[*group as usize];
                self.format(format_args!("\\g{{{number}}}"));
            }
            groups => self.first_set(groups, true),
        }
        self.push(")");
    }

    /// Succeeds if one of the groups participated, and matches its text if requested.
    fn first_set(&mut self, groups: &[u32], take: bool) {
        for &group in groups {
            let number = self.numbers[group as usize];
            self.format(format_args!("(?({number})"));
            if take {
                self.format(format_args!("\\g{{{number}}}"));
            }
            self.push("|");
        }
        self.push("(*FAIL)");
        groups.iter().for_each(|_| self.push(")"));
    }

    fn conditional(&mut self, cond: &Cond) {
        match &cond.test {
            Test::Group(groups) if groups.is_empty() => {
                self.push("(?:");
                self.group("(?(DEFINE)", &cond.yes);
                self.node(&cond.no);
                self.push(")");
                return;
            }
            Test::Define => return self.group("(?(DEFINE)", &cond.yes),
            Test::Group(groups) if groups.len() > 1 => {
                self.push("(?(?=");
                self.first_set(groups, false);
                self.push(")");
            }
            Test::Group(groups) => {
                let number = self.numbers[groups[0] as usize];
                self.format(format_args!("(?({number})"));
            }
            Test::Recursion(None) => self.push("(?(R)"),
            Test::Recursion(Some(group)) => {
                let number = self.numbers.get(*group as usize).copied();
                let number = number.unwrap_or(*group);
                self.format(format_args!("(?(R{number})"));
            }
            Test::Look(look, node) => {
                self.push("(?");
                self.group(look_opening(*look), node);
            }
        }
        self.node(&cond.yes);
        self.push("|");
        self.node(&cond.no);
        self.push(")");
    }
}

fn look_opening(look: Look) -> &'static str {
    match (look.behind, look.negated) {
        (false, false) => "(?=",
        (false, true) => "(?!",
        (true, false) => "(?<=",
        (true, true) => "(?<!",
    }
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
        write!(out, "\\x{byte:02x}").expect("writing to a String does not fail");
    }
}
