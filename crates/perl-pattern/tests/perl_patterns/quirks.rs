//! Bugs of perl 5.36, and differences that PCRE2 documents. Each may excuse only a bounded number
//! of differences, which a bug of this crate would soon exceed.

use crate::case::Case;
use crate::oracle::Answer;

/// The reason why this crate need not report Perl's error.
pub(crate) fn excused_error(case: &Case, error: &str) -> Option<&'static str> {
    // `[:…:]` is a class by what perl guesses was meant; we guess less often that it was.
    if error.starts_with("POSIX") {
        return Some("a POSIX class that perl guesses");
    }
    // Perl looks one byte back for what may get a meaning, and under some modifiers rightly:
    // `\\o{`.
    if error.starts_with("Unescaped left brace") && find(&case.pattern, b"\\\\").is_some() {
        return Some("a brace behind an escaped backslash");
    }
    eaten_class(case).then_some("blanks and comments in a class")
}

/// The reason why this crate need not give Perl's answer.
pub(crate) fn excuse(case: &Case, ours: &Answer, perl: &Answer) -> Option<&'static str> {
    if eaten_class(case) {
        return Some("blanks and comments in a class");
    }
    if leaking_lazy(&case.pattern) {
        return Some("a lazy quantifier that leaks");
    }
    if find(&case.pattern, b"(?(?=)").is_some() {
        // `"a" =~ /(?(?=)a)/` finds the empty text.
        return Some("an empty test of a conditional");
    }
    if lazy_break(&case.pattern) {
        return Some("a lazy repetition of line breaks");
    }
    if possessive_behind(&case.pattern) {
        return Some("a possessive part behind");
    }
    let groups = Groups::of(case);
    if groups.refers_to_itself {
        return Some("a group that refers to itself");
    }
    let (Answer::Groups(ours), Answer::Groups(perl)) = (ours, perl) else {
        return None;
    };
    let (Some(whole), Some(perls)) = (ours[0], perl[0]) else {
        return None;
    };
    if kept_for_good(&case.pattern) && whole.1 == perls.1 {
        return Some("a \\K that stands");
    }
    let differ = |group: usize| ours.get(group) != perl.get(group);
    let all_repeated = (1..ours.len().max(perl.len()))
        .filter(|&group| differ(group))
        .all(|group| groups.repeated.get(group - 1) == Some(&true));
    (whole == perls && all_repeated).then_some("groups within a repetition")
}

/// After `\N{U+…}` in a class perl skips spaces and comments under `/x`, as if it were outside of
/// the class: `[\N{U+61}#]` is not closed, `[\N{U+61} ]` has no space.
fn eaten_class(case: &Case) -> bool {
    let extended = case.flags.contains('x') || find(&case.pattern, b"x").is_some();
    let mut rest = &case.pattern[..];
    while let Some(at) = find(rest, b"\\N{") {
        rest = &rest[at + 3..];
        let Some(end) = find(rest, b"}") else { break };
        if extended && matches!(rest.get(end + 1), Some(b' ' | b'#' | b'\t' | b'\n')) {
            return true;
        }
    }
    false
}

/// The `?` of a lazy quantifier on a character before one that no byte is passes to the next
/// quantifier: `"a" =~ /r+?\x{100}|a?/` finds the empty text.
fn leaking_lazy(pattern: &[u8]) -> bool {
    let wide = [&b"\\x{1"[..], b"\\400"];
    let lazy = [&b"+?"[..], b"*?", b"??", b"}?"];
    wide.iter().any(|text| find(pattern, text).is_some())
        && lazy.iter().any(|text| find(pattern, text).is_some())
}

/// Perl counts `\r\n` as two in a lazy repetition: `"\r\n1" =~ /\R*?1/` begins at the `\n`.
fn lazy_break(pattern: &[u8]) -> bool {
    let braced = find(pattern, b"\\R{").is_some() && find(pattern, b"}?").is_some();
    let signs = [&b"\\R*?"[..], b"\\R+?", b"\\R??"];
    braced || signs.iter().any(|text| find(pattern, text).is_some())
}

/// Perl's `(?<=.{0,1}+)` is never true. (Under `/x` spaces do not separate quantifiers.)
fn possessive_behind(pattern: &[u8]) -> bool {
    let text: Vec<u8> = pattern.iter().copied().filter(|&b| b != b' ').collect();
    let behind = [&b"(?<="[..], b"(?<!", b"(*nlb:"];
    let possessive = [&b"*+"[..], b"++", b"?+", b"}+"];
    behind.iter().any(|part| find(&text, part).is_some())
        && possessive.iter().any(|part| find(&text, part).is_some())
}

/// A `\K` in an atomic part or a repeated group stays in force when perl backtracks over it:
/// `"aab" =~ /(?:a(?>\K)x|a)(?=b)/` finds the empty text after its `a`, and
/// `"_1" =~ /(?:\K.)+./` only the 1.
fn kept_for_good(pattern: &[u8]) -> bool {
    let parts = [
        &b"(?>"[..],
        b"(*atomic",
        b"*+",
        b"++",
        b"?+",
        b"}+",
        b")*",
        b")+",
        b"){",
    ];
    find(pattern, b"\\K").is_some() && parts.iter().any(|text| find(pattern, text).is_some())
}

/// The groups of a pattern, as far as its text shows them.
#[derive(Default)]
struct Groups {
    /// Of each group, whether it stands within a repeated group. PCRE2's manual (pcre2compat) names
    /// "the settings of captured strings when part of a pattern is repeated" as a difference; and
    /// perl up to 5.36 lets stand what a group took in a branch that failed:
    /// `"1x2b" =~ /(?:(\d)x|\d\w)+/` leaves 2 in `$1`.
    repeated: Vec<bool>,
    /// A reference to a group, or a test of it, within it, or a test before it. It means what the
    /// group took earlier, and for perl that can be an attempt that failed:
    /// `"bbb" =~ /(\g{1}*?b)$/` finds two of them.
    refers_to_itself: bool,
}

impl Groups {
    fn of(case: &Case) -> Groups {
        let pattern = &case.pattern;
        let mut groups = Groups::default();
        if let (Some(test), Some(group)) = (find(pattern, b"(?(<n>)"), find(pattern, b"<n>")) {
            groups.refers_to_itself = group > test;
        }
        // Of each open parenthesis, the groups before it and whether it is one.
        let mut open: Vec<(usize, bool)> = Vec::new();
        let mut at = 0;
        while at < pattern.len() {
            let rest = &pattern[at + 1..];
            match pattern[at] {
                b'\\' => {
                    let mut within = open.iter().filter(|(_, is_group)| *is_group);
                    groups.refers_to_itself |= match reference(rest) {
                        Some(-1) => within.any(|(before, _)| before + 1 == groups.repeated.len()),
                        Some(number) => within.any(|(before, _)| *before as i64 + 1 == number),
                        None => false,
                    };
                    at += 1;
                }
                b'(' => {
                    if let Some(number) = rest.strip_prefix(b"?(").and_then(reference) {
                        groups.refers_to_itself |= number > groups.repeated.len() as i64;
                        groups.refers_to_itself |= open
                            .iter()
                            .any(|&(before, is_group)| is_group && before as i64 + 1 == number);
                    }
                    let named = [&b"?<"[..], b"?'", b"?P<"];
                    let named = named.iter().any(|start| rest.starts_with(start));
                    let is_group = named || !matches!(rest.first(), Some(b'?' | b'*'));
                    open.push((groups.repeated.len(), is_group));
                    groups.repeated.extend(is_group.then_some(false));
                }
                b')' => {
                    let (before, is_group) = open.pop().unwrap_or_default();
                    if matches!(rest.first(), Some(b'*' | b'+' | b'{')) {
                        groups.repeated[before + usize::from(is_group)..].fill(true);
                    }
                }
                _ => {}
            }
            at += 1;
        }
        // If the numbers are not those of the parentheses, any group may be meant.
        let shifted = [&b"(?|"[..], b"(?n", b"(?^n"];
        let shifted = shifted.iter().any(|text| find(pattern, text).is_some());
        if (shifted || case.flags.contains('n')) && groups.repeated.contains(&true) {
            groups.repeated.fill(true);
        }
        groups
    }
}

/// The number in `\1`, `\g1`, `\g{1}`, `\g{-1}`; `rest` is the text after the backslash.
fn reference(rest: &[u8]) -> Option<i64> {
    let rest = rest.strip_prefix(b"g").unwrap_or(rest);
    let rest = rest.strip_prefix(b"{").unwrap_or(rest);
    let (sign, rest) = match rest.strip_prefix(b"-") {
        Some(rest) => (-1, rest),
        None => (1, rest),
    };
    let digit = rest.first().filter(|byte| byte.is_ascii_digit())?;
    Some(sign * i64::from(digit - b'0'))
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}
