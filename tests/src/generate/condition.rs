//! Conditions: Perl expressions over pattern matches.

use super::line::word;
use proptest::collection::vec;
use proptest::prelude::*;

/// A condition.
#[derive(Debug, Clone)]
pub(super) enum Condition {
    Match(Pattern),
    /// `$_ =~ /re/`, or with `!~`.
    Bound(Pattern, bool),
    Not(Box<Condition>, bool),
    And(Box<Condition>, Box<Condition>, bool),
    Or(Box<Condition>, Box<Condition>, bool),
    Xor(Box<Condition>, Box<Condition>),
    /// A match and a comparison of its first group.
    Compare(Pattern, &'static str),
}

impl Condition {
    pub(super) fn text(&self) -> String {
        // Word operators bind more loosely than symbols: parentheses everywhere but at
        // the leaves preserve the meaning of the tree.
        match self {
            Condition::Match(p) => p.text(),
            Condition::Bound(p, negated) => {
                format!("$_ {} {}", if *negated { "!~" } else { "=~" }, p.text())
            }
            Condition::Not(c, true) => format!("!{}", c.inner()),
            Condition::Not(c, false) => format!("not {}", c.inner()),
            Condition::And(a, b, true) => format!("{} && {}", a.inner(), b.inner()),
            Condition::And(a, b, false) => format!("{} and {}", a.inner(), b.inner()),
            Condition::Or(a, b, true) => format!("{} || {}", a.inner(), b.inner()),
            Condition::Or(a, b, false) => format!("{} or {}", a.inner(), b.inner()),
            Condition::Xor(a, b) => format!("{} xor {}", a.inner(), b.inner()),
            Condition::Compare(p, test) => format!("{} and {test}", p.text()),
        }
    }

    fn inner(&self) -> String {
        match self {
            Condition::Match(p) => p.text(),
            _ => format!("({})", self.text()),
        }
    }

    /// True if some match has succeeded whenever the condition holds. If none has, the
    /// original's `$1` is left over from a substitution of its own (a bug), so such a
    /// rule must not use it.
    pub(super) fn captures(&self) -> bool {
        match self {
            Condition::Match(_) | Condition::Bound(_, false) | Condition::Compare(..) => true,
            Condition::Bound(_, true) | Condition::Not(..) => false,
            Condition::And(a, b, _) => a.captures() || b.captures(),
            Condition::Or(a, b, _) | Condition::Xor(a, b) => a.captures() && b.captures(),
        }
    }
}

pub(super) fn condition() -> impl Strategy<Value = Condition> {
    let tests: &[&str] = &[
        "$1 > 10",
        "$1 <= 42",
        "$1 == 7",
        "$1 != 0",
        "$1 eq 'root'",
        "$1 ne 'joe'",
        "$1 lt 'm'",
        "$1 ge 'err'",
    ];
    let leaf = prop_oneof![
        10 => pattern().prop_map(Condition::Match),
        1 => (pattern(), any::<bool>()).prop_map(|(p, n)| Condition::Bound(p, n)),
        1 => (pattern(), prop::sample::select(tests))
            .prop_map(|(p, t)| Condition::Compare(p, t)),
        1 => Just(Condition::Match(Pattern { source: "$word".into(), flags: "", braces: false })),
    ];
    leaf.prop_recursive(2, 4, 2, |c| {
        let pair = || (c.clone().prop_map(Box::new), c.clone().prop_map(Box::new));
        prop_oneof![
            2 => (c.clone().prop_map(Box::new), any::<bool>()).prop_map(|(a, s)| Condition::Not(a, s)),
            3 => (pair(), any::<bool>()).prop_map(|((a, b), s)| Condition::And(a, b, s)),
            3 => (pair(), any::<bool>()).prop_map(|((a, b), s)| Condition::Or(a, b, s)),
            1 => pair().prop_map(|(a, b)| Condition::Xor(a, b)),
        ]
    })
}

/// A pattern literal.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    /// The regular expression; `/` in it is escaped when it is written.
    source: String,
    flags: &'static str,
    /// `m{…}` instead of `/…/`.
    braces: bool,
}

impl Pattern {
    fn text(&self) -> String {
        if self.braces && !self.source.contains(['{', '}']) {
            return format!("m{{{}}}{}", self.source, self.flags);
        }
        format!("/{}/{}", self.source.replace('/', "\\/"), self.flags)
    }
}

/// Without the flag `g`: with it the original continues where the last match in the same
/// line ended, even that of another rule.
fn pattern() -> impl Strategy<Value = Pattern> {
    let flags = prop_oneof![6 => Just(""), 2 => Just("i"), 1 => Just("s")];
    (branches(), flags, prop::bool::weighted(0.1)).prop_map(|(source, flags, braces)| Pattern {
        source,
        flags,
        braces,
    })
}

fn branches() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => sequence(),
        1 => (sequence(), sequence()).prop_map(|(a, b)| format!("{a}|{b}")),
        1 => sequence().prop_map(|s| format!("^{s}")),
        1 => sequence().prop_map(|s| format!("{s}$")),
        1 => Just("(\\w)\\1".to_owned()),
        1 => sequence().prop_map(|s| format!("^(?!.*root).*{s}")),
        1 => sequence().prop_map(|s| format!("(?i){s}")),
        1 => sequence().prop_map(|s| format!("\\b{s}\\b")),
    ]
}

fn sequence() -> impl Strategy<Value = String> {
    vec(piece(), 1..4).prop_map(|pieces| pieces.concat())
}

fn piece() -> impl Strategy<Value = String> {
    let set = prop::sample::select(
        &[
            "\\d",
            "\\w",
            "\\S",
            "\\s",
            ".",
            "[a-f]",
            "[^ ]",
            "[\\w.]",
            "[[:digit:]]",
            "[0-9.]",
            "\\x61",
        ][..],
    );
    let often = prop::sample::select(&["", "+", "*", "?", "+?", "*?", "{2}", "{1,3}", "++"][..]);
    let set = (set, often).prop_map(|(set, often)| format!("{set}{often}"));
    let literal = prop_oneof![3 => word().prop_map(escaped), 1 => Just(" ".to_owned())];
    let plain = prop_oneof![3 => literal, 2 => set];
    let group = prop::sample::select(&["(", "(", "(", "(?:", "(?i:"][..]);
    let body = prop_oneof![
        3 => vec(plain.clone(), 1..3).prop_map(|v| v.concat()),
        1 => (plain.clone(), plain.clone()).prop_map(|(a, b)| format!("{a}|{b}")),
    ];
    let grouped = (group, body).prop_map(|(open, body)| format!("{open}{body})"));
    let maybe = prop_oneof![4 => Just(""), 1 => Just("?")];
    prop_oneof![
        3 => plain,
        3 => grouped.clone(),
        1 => (grouped, maybe).prop_map(|(g, m)| format!("{g}{m}")),
        // Words alone: perl's optimiser takes `(?=a*?)` for `(?=a)`.
        1 => word().prop_map(|w| format!("(?={})", escaped(w))),
    ]
}

/// A word as a pattern. The original takes `@` before a letter for an array (a bug).
fn escaped(word: &str) -> String {
    let mut out = String::new();
    for c in word.chars() {
        if "[].+*?(){}^$|\\@".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
