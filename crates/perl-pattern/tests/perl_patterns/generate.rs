//! Patterns by a grammar of all of Perl's constructs, and lines that they may match.

use crate::case::Case;
use crate::words::{CLASS_PARTS, ESCAPES, LITERALS, ODD_LITERALS, SCRAPS};

/// SplitMix64: small, and the same everywhere.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn pick<'t, T: ?Sized>(&mut self, from: &[&'t T]) -> &'t T {
        from[self.below(from.len())]
    }
}

/// The constructs to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    /// Those that the linear-time engine supports.
    Regular,
    /// Everything.
    Full,
    /// Scraps in any order: most are errors.
    Scraps,
}

struct Generator<'r> {
    random: &'r mut Random,
    out: Vec<u8>,
    style: Style,
    groups: usize,
    named: bool,
    budget: usize,
    /// Within a look-behind, or a negative look-around: there perl itself errs on possessive
    /// parts, verbs and recursion, and lets groups of a failed attempt stand.
    plain: bool,
}

pub(crate) fn case(random: &mut Random) -> Case {
    let style = match random.below(10) {
        0..=5 => Style::Regular,
        6..=8 => Style::Full,
        _ => Style::Scraps,
    };
    let budget = 1 + random.below(14);
    let mut generator = Generator {
        random,
        out: Vec::new(),
        style,
        groups: 0,
        named: false,
        budget,
        plain: false,
    };
    match style {
        Style::Scraps => generator.scraps(),
        _ => generator.alternation(0),
    }
    let pattern = generator.out;
    let flags = match random.below(12) {
        0..=5 => "",
        6 | 7 => "i",
        _ => random.pick(&[
            "x", "s", "m", "n", "a", "xx", "im", "ix", "sx", "ms", "ia", "in",
        ]),
    };
    let lines = (0..6).map(|_| line(random)).collect();
    Case {
        pattern,
        flags: flags.to_owned(),
        lines,
    }
}

fn line(random: &mut Random) -> Vec<u8> {
    let length = random.below(9);
    let alphabet: &[u8] = match random.below(4) {
        0 | 1 => b"ab",
        2 => b"abA1_ -b",
        _ => b"abAB1_ -.{}[]<>#\\,:&~\xe9\xc9\xa0\x85\t\n\r\x0b\x1b",
    };
    (0..length)
        .map(|_| alphabet[random.below(alphabet.len())])
        .collect()
}

/// True if a group might match the empty text. Counted repetitions of such groups are left out:
/// perl ends a loop at an empty iteration and PCRE2 does not, so their groups differ.
fn may_be_empty(atom: &[u8]) -> bool {
    atom.starts_with(b"(") && atom.iter().any(|byte| b"|*?{^$\\".contains(byte)) || atom == b"()"
}

impl Generator<'_> {
    fn push(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    fn scraps(&mut self) {
        for _ in 0..1 + self.random.below(7) {
            let scrap = self.random.pick(SCRAPS);
            self.push(scrap);
        }
    }

    fn alternation(&mut self, depth: usize) {
        self.branch(depth);
        while self.random.chance(22) && self.budget > 0 {
            self.push("|");
            self.branch(depth);
        }
    }

    fn branch(&mut self, depth: usize) {
        let atoms = self.random.below(4) + usize::from(depth == 0);
        let mut empty = false;
        for _ in 0..atoms {
            if self.budget == 0 {
                return;
            }
            self.budget -= 1;
            let start = self.out.len();
            self.atom(depth);
            let atom = self.out[start..].to_vec();
            // Verbs are not for quantifiers: perl itself is at odds with its manual there. Nor are
            // alternatives with shared numbers: what a loop forgets of them differs.
            let fixed = atom.starts_with(b"(*") || atom.starts_with(b"(?|");
            // Under /x a space is ignored: the item before it is repeated.
            let nothing = matches!(&atom[..], b" " | b"(?#b)") || atom.starts_with(b"(?x");
            empty = may_be_empty(&atom) || (nothing && empty);
            if self.random.chance(35) && !fixed {
                self.quantifier(empty);
            }
        }
    }

    fn quantifier(&mut self, unbounded: bool) {
        let quantifier = match self.random.below(10) {
            0..=6 => self.random.pick(&["*", "+", "?"]),
            _ if unbounded => "{1,}",
            _ => self.random.pick(&[
                "{2}", "{0}", "{1}", "{1,}", "{0,1}", "{1,2}", "{,2}", "{2,3}", "{ 1, 2 }",
                "{3,1}", "{0,}",
            ]),
        };
        self.push(quantifier);
        match self.random.below(10) {
            0 | 1 => self.push("?"),
            2 if self.style == Style::Full && !self.plain => self.push("+"),
            _ => {}
        }
    }

    fn atom(&mut self, depth: usize) {
        match self.random.below(100) {
            0..=39 => {
                let text = self.random.pick(LITERALS);
                self.push(text);
            }
            40..=44 => self.push("."),
            45..=46 => self.push("^"),
            47..=48 => self.push("$"),
            49..=56 => {
                let text = self.random.pick(ESCAPES);
                self.push(text);
            }
            57..=59 => {
                let text = self.random.pick(ODD_LITERALS);
                self.push(text);
            }
            60 => self
                .out
                .push([0xe9, 0xc9, 0x85, 0xa0, 0x00][self.random.below(5)]),
            61..=66 => self.class(),
            _ if depth > 3 => self.push("b"),
            67..=84 => self.plain_group(depth),
            85..=89 => self.modified_group(depth),
            _ if self.style == Style::Regular || self.plain => self.plain_group(depth),
            _ => self.special(depth),
        }
    }

    fn class(&mut self) {
        self.push("[");
        if self.random.chance(25) {
            self.push("^");
        }
        if self.random.chance(5) {
            self.push("]");
        }
        for _ in 0..1 + self.random.below(3) {
            let part = self.random.pick(CLASS_PARTS);
            self.push(part);
        }
        self.push("]");
    }

    fn group(&mut self, opening: &str, depth: usize) {
        self.push(opening);
        self.alternation(depth + 1);
        self.push(")");
    }

    fn plain_group(&mut self, depth: usize) {
        if self.random.chance(65) && !self.plain {
            self.groups += 1;
            self.group("(", depth);
        } else {
            self.group("(?:", depth);
        }
    }

    fn modified_group(&mut self, depth: usize) {
        match self.random.below(8) {
            0 | 1 if !self.plain => {
                self.groups += 1;
                self.named = true;
                let name = self.random.pick(&["(?<n>", "(?'n'", "(?P<n>", "(?<m>"]);
                self.group(name, depth);
            }
            2 | 3 => {
                let opening = self.random.pick(&[
                    "(?i:", "(?-i:", "(?^:", "(?s:", "(?m:", "(?x:", "(?^i:", "(?n:", "(?a:",
                    "(?u:", "(?aa:", "(?xx:", "(?d:",
                ]);
                self.group(opening, depth);
            }
            4 | 5 => {
                let flags = self.random.pick(&[
                    "(?i)", "(?-i)", "(?s)", "(?m)", "(?x)", "(?n)", "(?^)", "(?a)", "(?u)",
                ]);
                self.push(flags);
            }
            6 => self.push("(?#b)"),
            _ => self.push("(?:)"),
        }
    }

    fn special(&mut self, depth: usize) {
        let group = 1 + self.random.below(self.groups.max(1));
        match self.random.below(16) {
            0..=4 => {
                let opening = self.random.pick(&[
                    "(?=",
                    "(?!",
                    "(?<=",
                    "(?<!",
                    "(*pla:",
                    "(*nlb:",
                    "(*negative_lookahead:",
                ]);
                self.plain = opening != "(?=" && opening != "(*pla:";
                self.group(opening, depth);
                self.plain = false;
            }
            5 => self.group("(?>", depth),
            6 | 7 => self.group("(?|", depth),
            8 | 9 => {
                let text = match self.random.below(5) {
                    0 | 1 => format!("\\{group}"),
                    2 => format!("\\g{{{group}}}"),
                    3 => "\\g{-1}".to_owned(),
                    _ if self.named => "\\k<n>".to_owned(),
                    _ => format!("\\g{group}"),
                };
                self.push(&text);
            }
            10 => {
                let text = format!("(?({group})");
                self.push(&text);
                self.branch(depth + 1);
                if self.random.chance(60) {
                    self.push("|");
                    self.branch(depth + 1);
                }
                self.push(")");
            }
            11 => {
                let test = self
                    .random
                    .pick(&["(?(?=a)", "(?(?!b)", "(?(?<=a)", "(?(<n>)", "(?(R)"]);
                self.push(test);
                self.branch(depth + 1);
                self.push("|");
                self.branch(depth + 1);
                self.push(")");
            }
            12 => {
                let text = format!("(?{group})");
                self.push(&text);
            }
            13 => self.push("\\K"),
            14 => {
                // Of an (*ACCEPT) within an atomic group perl and PCRE2 make different things.
                let accept = if depth == 0 { "(*ACCEPT)" } else { "(*THEN)" };
                let verb = self.random.pick(&[
                    accept,
                    "(*FAIL)",
                    "(*F)",
                    "(*COMMIT)",
                    "(*PRUNE)",
                    "(*SKIP)",
                    "(*THEN)",
                    "(*MARK:m)",
                ]);
                self.push(verb);
            }
            _ => self.push("(?&n)"),
        }
    }
}
