//! Facts about Perl 5.36, each found by experiment or by comparing generated patterns.

use crate::{Captures, Limits, Literal, Matcher, Modifiers, PatternErrorKind, Verdict};

fn compile(pattern: &str) -> Matcher {
    Matcher::compile(
        pattern.as_bytes(),
        &Modifiers::default(),
        &Limits::default(),
    )
    .unwrap_or_else(|error| panic!("/{pattern}/: {error}"))
}

/// The texts of the groups of the first match: `-` for a group that did not participate, `no` for
/// no match.
fn groups(pattern: &str, text: &[u8]) -> String {
    let mut captures = Captures::new();
    if !compile(pattern)
        .captures_into(text, &mut captures)
        .is_match()
    {
        return "no".to_owned();
    }
    let shown = (0..captures.len()).map(|group| match captures.get(group) {
        Some(range) => text[range].escape_ascii().to_string(),
        None => "-".to_owned(),
    });
    shown.collect::<Vec<_>>().join("|")
}

#[test]
fn matches_what_perl_matches() {
    let table: &[(&str, &[u8], &str)] = &[
        // Syntax that other engines silently interpret differently.
        (r"\<b\>", b"a <b>", "<b>"),
        (r"[a&&b]+", b"&a&", "&a&"),
        (r"[+--]", b",", ","),
        (r"[a~~b]+", b"~b", "~b"),
        (r"[[]", b"[", "["),
        (r"[^[]", b"[x", "x"),
        (r"[\w-.]+", b"a-b.c d", "a-b.c"),
        (r"[a-\d]+", b"b-a1", "-a1"),
        (r"[\w--&]+", b"&-", "&-"),
        (r"x{foo}", b"x{foo}", "x{foo}"),
        (r"x{1,2", b"x{1,2", "x{1,2"),
        (r"x{,3}", b"xxxx", "xxx"),
        (r"x{ 1, 2 }", b"xxx", "xx"),
        (r"{3}", b"a{3}", "{3}"),
        (r"a{2,1}|b", b"aab", "b"),
        // The end of the text.
        (r"a$", b"a\n", "a"),
        (r"a\Z", b"a\n", "a"),
        (r"a\z", b"a\n", "no"),
        (r"(?m)^b$", b"a\nb\nc", "b"),
        (r"(?m)^\z", b"a\n", "no"),
        // A number above 9 is a reference only after as many groups.
        (
            r"x\11(1)(2)(3)(4)(5)(6)(7)(8)(9)(a)(b)",
            b"x\t123456789ab",
            r"x\t123456789ab|1|2|3|4|5|6|7|8|9|a|b",
        ),
        (
            r"(1)(2)(3)(4)(5)(6)(7)(8)(9)\10(a)",
            b"123456789\x08a",
            r"123456789\x08a|1|2|3|4|5|6|7|8|9|a",
        ),
        (
            r"(1)(2)(3)(4)(5)(6)(7)(8)(9)(a)\10",
            b"123456789aa",
            r"123456789aa|1|2|3|4|5|6|7|8|9|a",
        ),
        (
            r"(?:x\12|(?=y))(?:(?:y))()()()()()()()()()()()()",
            b"x\ny",
            r"x\ny||||||||||||",
        ),
        // Escapes.
        (r"\h\H", b"a\tb", r"\tb"),
        (r"\R\n", b"\r\n", "no"),
        (r"\R", b"\r\n", r"\r\n"),
        (
            r"\x4\cA\e\0\012\o{101}\x{42}",
            b"\x04\x01\x1b\x00\nAB",
            r"\x04\x01\x1b\x00\nAB",
        ),
        (r"\x{263a}?b", b"b", "b"),
        (r"\x{263a}", b"\xe2\x98\xba", "no"),
        (r"(a)\10", b"a\x08", r"a\x08|a"),
        (r"(a)(?#note)+", b"aa", "aa|a"),
        // Bytes and character classes.
        (r"\w", b"\xe9", "no"),
        (r"(?u)\w", b"\xe9", r"\xe9"),
        (r"\p{L}", b"\xe9", r"\xe9"),
        (r"(?i)\xe9", b"\xc9", "no"),
        (r"(?i)\xe9|\x{100}", b"\xc9", r"\xc9"),
        (r"\s", b"\x0b", r"\x0b"),
        (r"[[:^alpha:]]", b"a1", "1"),
        (r"(?i)[[:upper:]]", b"a", "a"),
        // Groups.
        (r"(?'n'a)\k<n>", b"aa", "aa|a"),
        (r"(?|a(b)|c(d))", b"cd", "cd|d"),
        (r"(?n)(a)(?<x>b)", b"ab", "ab|b"),
        (r"(?<n>a)|(?<n>b)", b"b", "b|-|b"),
        (r"a\Kb", b"ab", "b"),
        (r"(?:a\K|b)+", b"aab", "b"),
        (r"(\d+)(?!\.)\b", b"1.2 34", "2|2"),
        (r"(\w)(?(1)b|c)", b"ab", "ab|a"),
        (r"\((?:[^()]|(?R))*\)", b"x(a(b)c)", "(a(b)c)"),
        (r"a++b|a", b"aac", "a"),
        (r"(?<=ab|c)d", b"abd", "d"),
        // Loops: which groups Perl keeps and which it forgets.
        (r"^(a(b)?)+$", b"aba", "aba|a|-"),
        (r"^(a(b|cc)?)+$", b"aba", "aba|a|b"),
        (r"(?:(a)|b)+", b"ab", "ab|a"),
        (r"(a|b*)*", b"aab", "aab|"),
        (r"((a)*)+", b"a-", "a||-"),
        (r"(?:a||b)+", b"aabb", "aa"),
        (r"(?:(?:)(.))*", b"ab", "ab|b"),
        (r"(((?:(?:)(.))*)*)", b"ba", "ba|ba||a"),
        (r"(?:(\d)x|\d\w)+", b"1x2b", "1x2b|1"),
        (r"(c{2,1})?d", b"d", "d|-"),
        (r"\R*?1", b"\r\n1", r"\r\n1"),
        // Modifiers in a conditional's branches stay, `\N{U+…}` and `\p{…}` keep to their charset.
        (r"(?(?=x)|(?i))b", b"B", "B"),
        (r"(?(?=x)|(?n))(b)", b"b", "b"),
        (r"[\w]|(?u:\N{U+62})", b"\xe9b", "b"),
        (r"\w|(?u:\pN)", b"\xe9b", "b"),
        (r"\w|(?u:\x{100})", b"\xe9", r"\xe9"),
        (r"(?i)\c\x{", b"\x1cX{", r"\x1cX{"),
        // Bugs of PCRE2 10.46 that must not show.
        (r"(?<=b?$)", b"_", ""),
        (r"[ \t]?(_)?+.", b" ", " |-"),
        (r"b?a[/-]{0,2}+", b"a", "a"),
        (r"(b*+).|(?1)", b"bb", "bb|-"),
    ];
    for (pattern, text, expected) in table {
        assert_eq!(
            &groups(pattern, text),
            expected,
            "/{pattern}/ on {:?}",
            text.escape_ascii()
        );
    }
}

#[test]
fn modifiers_outside_of_the_pattern() {
    let flags = |letters: &str| Modifiers {
        ignore_case: letters.contains('i'),
        extended: letters.contains('x'),
        extended_more: letters.contains("xx"),
        dot_all: letters.contains('s'),
        multi_line: letters.contains('m'),
        no_capture: letters.contains('n'),
        ascii: letters.contains('a'),
    };
    for (letters, pattern, text, matched) in [
        ("x", "a b # comment\n c", "abc", true),
        ("x", r"[a b]\ c", "  c", true),
        ("xx", "[a b]", " ", false),
        ("xx", "[ ^a]", "a", false),
        ("s", "a.b", "a\nb", true),
        ("", "a.b", "a\nb", false),
        ("m", "^b", "a\nb", true),
        ("i", "AbC[d-f]", "aBcE", true),
        ("a", r"\d", "1", true),
    ] {
        let matcher =
            Matcher::compile(pattern.as_bytes(), &flags(letters), &Limits::default()).unwrap();
        let verdict = matcher.is_match(text.as_bytes());
        assert_eq!(
            verdict.is_match(),
            matched,
            "/{pattern}/{letters} on {text:?}"
        );
    }
    let matcher = Matcher::compile(b"(a)(?<n>b)", &flags("n"), &Limits::default()).unwrap();
    assert_eq!(matcher.group_count(), 1);
}

#[test]
fn linear_wherever_it_can_be() {
    for pattern in [
        r"sshd\[\d+\]: Failed password for (invalid user )?(\S+) from ([\d.]+)",
        r"[\w-.]+@[\w-.]+",
        r"a\Kb",
        r"(?|a(b)|c(d))",
        r"foo\Z",
        r"\h+\R",
        r"(?#no)x{,3}",
    ] {
        assert!(compile(pattern).is_linear(), "/{pattern}/");
    }
    for pattern in [
        r"(a)\1",
        "(?=a)",
        "a++",
        "(?R)?",
        "(?>a)",
        "(*PRUNE)a",
        r"(?u)\b",
    ] {
        assert!(!compile(pattern).is_linear(), "/{pattern}/");
    }
}

#[test]
fn a_search_that_backtracks_is_given_up() {
    let limits = Limits {
        backtracks: 10_000,
        ..Limits::default()
    };
    let matcher = Matcher::compile(br"^(?=(a+)+$)b", &Modifiers::default(), &limits).unwrap();
    let text = [b'a'; 60].iter().chain(b"!").copied().collect::<Vec<u8>>();
    assert_eq!(matcher.is_match(&text), Verdict::GaveUp);
    assert_eq!(matcher.given_up(), 1);
    assert_eq!(matcher.is_match(b"x"), Verdict::NoMatch);
}

/// PCRE2 alone runs for minutes to hours on each of these: it starts counting again at every start
/// position.
#[test]
fn no_search_of_a_long_text_goes_on_for_ever() {
    for (pattern, unit) in [
        (r"(\w+) \1", "a"),
        ("(?=.*root)x", "x"),
        ("^(?!.*foo.*bar)x", "foo"),
        ("(?<!x).*foo.*bar", "foo"),
        (r"(?:(?!from).)+ from (\S+)", "a"),
        (r"(?!y)a++b", "a"),
        (r"(?!y)(\w+\s?)*;", "a "),
    ] {
        let matcher = compile(pattern);
        assert!(matcher.may_exceed_limit(), "/{pattern}/");
        let text = unit.repeat(1_000_000 / unit.len()).into_bytes();
        assert_eq!(matcher.is_match(&text), Verdict::GaveUp, "/{pattern}/");
        let short = unit.repeat(20).into_bytes();
        assert_ne!(matcher.is_match(&short), Verdict::GaveUp, "/{pattern}/");
    }
}

#[test]
fn ordinary_look_around_stays_within_the_limit() {
    for pattern in [
        r"(?<!invalid )user (\S+) from (?!192\.0\.2\.)",
        r"(?<![\d.])(\d+)(?:\.\d+){3}(?!\d)",
        r"^(?!.*CRON).*error",
        r"^(\S+) (\S+) \1$",
        r"\b(\w+)\b=(?=x)",
        r"(?:\d+\.)+x",
    ] {
        assert!(!compile(pattern).may_exceed_limit(), "/{pattern}/");
    }
    // Without look-around the pattern takes linear time.
    assert!(!compile(r"(\w+\s?)*;").may_exceed_limit());
}

#[test]
fn a_long_text_is_searched_place_by_place() {
    let mut text = b"a ".repeat(5_000);
    text.extend_from_slice(b"\nfoo foo bar");
    let matcher = compile(r"(?m)^(\w{3}).*(?=\1).*(bar)\Z");
    let mut captures = Captures::new();
    assert!(matcher.captures_into(&text, &mut captures).is_match());
    assert_eq!(captures.get(0), Some(10_001..10_012));
    assert_eq!(captures.get(2), Some(10_009..10_012));
    assert_eq!(matcher.find_at(&text, 10_002), None);
}

#[test]
fn names_and_the_last_group() {
    let matcher = compile(r"(?<user>\w+)@(?<host>\w+)|(?<user>root)");
    let mut captures = Captures::new();
    assert!(matcher.captures_into(b"root", &mut captures).is_match());
    assert_eq!(captures.named(b"user"), Some(0..4));
    assert_eq!(captures.named(b"host"), None);
    assert_eq!(captures.last_group(), Some(0..4));
    assert!(!matcher.captures_into(b"-", &mut captures).is_match());
    assert!(captures.is_empty());
}

/// Refusals as users see them: pattern, caret, message, help.
#[test]
fn refusals() {
    let patterns = include_str!("tests/refused.txt");
    let mut shown = String::new();
    for pattern in patterns.lines().filter_map(|line| line.strip_prefix("/ ")) {
        let error = Matcher::compile(
            pattern.as_bytes(),
            &Modifiers::default(),
            &Limits::default(),
        )
        .expect_err(pattern);
        let caret = " ".repeat(error.offset);
        let kind = match error.kind {
            PatternErrorKind::Syntax => "",
            PatternErrorKind::NeedsPerl => " (needs Perl)",
            PatternErrorKind::Unsupported => " (unsupported)",
            PatternErrorKind::TooLarge => " (too large)",
        };
        shown += &format!("/ {pattern}\n  {caret}^ {}{kind}\n", error.message);
        if let Some(help) = error.help {
            shown += &format!("  = {help}\n");
        }
    }
    if std::env::var_os("SWATCH_BLESS").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/pattern/tests/refused.txt");
        std::fs::write(path, &shown).unwrap();
        return;
    }
    assert_eq!(shown, patterns, "SWATCH_BLESS=1 writes what is given now");
}

/// The literal sets of a pattern, and whether they are complete.
fn literals_of(pattern: &str) -> (Vec<Vec<String>>, bool) {
    let matcher = Matcher::compile(
        pattern.as_bytes(),
        &Modifiers::default(),
        &Limits::default(),
    );
    let found = matcher.unwrap().required_literals();
    let shown = |literal: &Literal| {
        let text = literal.bytes.escape_ascii().to_string();
        if literal.fold { text + "/i" } else { text }
    };
    let choices = found.sets.iter();
    (
        choices
            .map(|choice| choice.iter().map(shown).collect())
            .collect(),
        found.complete,
    )
}

#[test]
fn literals_that_a_text_must_contain() {
    let table: &[(&str, &[&[&str]], bool)] = &[
        ("foo", &[&["foo"]], true),
        ("(?i)Foo", &[&["foo/i"]], true),
        ("Foo(?i)bar", &[&["foobar/i"]], false),
        ("foo|bar", &[&["foo", "bar"]], true),
        ("colou?r", &[&["colour", "color"]], true),
        (r"\bfoo\b", &[&["foo"]], false),
        (r"foo\d+bar", &[&["foo"], &["bar"]], false),
        ("(?:foo|bar)+x", &[&["foo", "bar"]], false),
        ("(?:foo|ba*r)x", &[], false),
        ("(?:foo|bax*ry)z", &[&["foo", "ba"]], false),
        ("ab{3}c", &[&["abbbc"]], true),
        ("(?=.*root)x", &[&["root"]], false),
        ("(?!root)xy", &[&["xy"]], false),
        ("foo(*ACCEPT)bar", &[], false),
        (".*", &[], false),
        ("fo\no", &[&["fo"]], false),
    ];
    for (pattern, choices, whole) in table {
        let (found, found_whole) = literals_of(pattern);
        assert_eq!(&found, choices, "/{pattern}/");
        assert_eq!(found_whole, *whole, "/{pattern}/");
    }
}
