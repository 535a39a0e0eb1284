use super::*;
use crate::ast::{CompareOp, Match, Var};
use crate::grammar::scope::Scope;
use crate::lines::located::LogicalLine;
use crate::source::FileId;

/// A short form: patterns as `/x/`, operators as words.
fn show(expression: &Expr) -> String {
    let two = |name: &str, a: &Expr, b: &Expr| format!("({name} {} {})", show(a), show(b));
    match expression {
        Expr::Match(Match {
            target,
            pattern,
            negated,
        }) => {
            let source = String::from_utf8_lossy(&pattern.source);
            let target = target.as_ref().map(|target| format!("{}~", show(target)));
            let sign = if *negated { "!" } else { "" };
            format!("{sign}{}/{source}/", target.unwrap_or_default())
        }
        Expr::Not(inner) => format!("(not {})", show(inner)),
        Expr::And(a, b) => two("and", a, b),
        Expr::Or(a, b) => two("or", a, b),
        Expr::Xor(a, b) => two("xor", a, b),
        Expr::Comma(list) => {
            let list: Vec<String> = list.iter().map(show).collect();
            format!("[{}]", list.join(" "))
        }
        Expr::Number(number) => number.to_string(),
        Expr::Text(text) => format!("{:?}", String::from_utf8_lossy(text.as_text().unwrap())),
        Expr::Var(Var::Group(n)) => format!("${n}"),
        Expr::Var(Var::Record) => "$_".into(),
        Expr::Var(var) => format!("{var:?}"),
        Expr::Compare { op, left, right } => {
            let name = match op {
                CompareOp::NumGt => ">",
                CompareOp::StrEq => "eq",
                _ => "?",
            };
            two(name, left, right)
        }
        Expr::Perl(text) => format!("perl<{}>", String::from_utf8_lossy(text)),
    }
}

fn read(text: &str) -> String {
    let offsets = (0..text.len()).collect();
    let line = LogicalLine::new(FileId(0), text.into(), offsets, text.len());
    let mut scope = Scope::default();
    scope.hashes.insert(b"seen".to_vec());
    let env = |_: &[u8]| None;
    let mut context = Context::new(&scope, &env);
    match parse(line.text(), &mut context) {
        Some(expression) => show(&expression),
        None => format!("error: {}", context.diagnostics[0].message),
    }
}

#[test]
fn precedence_is_perls() {
    for (text, expected) in [
        ("/a/&&/b/&&/c/", "(and (and /a/ /b/) /c/)"),
        ("/a/ || /b/ && /c/", "(or /a/ (and /b/ /c/))"),
        ("/a/ or /b/ and not /c/", "(or /a/ (and /b/ (not /c/)))"),
        ("/a/ and /b/ xor /c/", "(xor (and /a/ /b/) /c/)"),
        ("not /a/ || /b/", "(not (or /a/ /b/))"),
        ("!/a/ || /b/", "(or (not /a/) /b/)"),
        ("(/a/ or /b/) and /c/", "(and (or /a/ /b/) /c/)"),
        ("/n (\\d+)/ and $1 > 5", "(and /n (\\d+)/ (> $1 5))"),
        ("$_ =~ /x/ && $_ !~ m{y}i", "(and /x/ !/y/)"),
        ("$1 =~ /x/", "$1~/x/"),
        ("!$_ =~ /x/", "(not $_)~/x/"),
        ("/a/, /b/", "[/a/ /b/]"),
        ("not /a/, /b/", "(not [/a/ /b/])"),
        ("/a/ && /b/, 1", "[(and /a/ /b/) 1]"),
        ("$_ eq 'it\\'s' # note", "(eq $_ \"it's\")"),
        ("/a/x#c", "/a/"),
        ("0x1f", "31"),
        ("1_000.5", "1000.5"),
        ("-3", "-3"),
    ] {
        assert_eq!(read(text), expected, "{text}");
    }
}

#[test]
fn delimiters_are_perls() {
    for (text, expected) in [
        ("m|a\\|b|", "/a|b/"),
        ("m{a\\}b}", "/a\\}b/"),
        ("m{a{2}}", "/a{2}/"),
        ("m,beta,", "/beta/"),
        ("m#be\\#ta#", "/be#ta/"),
        ("m'a\\'b$x'", "/a'b$x/"),
        ("/a\\/b\\\\/", "/a/b\\\\/"),
        ("/[$]5|^a$|\\$/", "/[$]5|^a$|\\$/"),
        ("/\\Qa.b\\E.\\Ux/", "/a\\.b.X/"),
        ("/x@1 @ y@/", "/x @ y@/"),
        ("/\\w+@$/", "/\\w+/"),
    ] {
        assert_eq!(read(text), expected, "{text}");
    }
}

#[test]
fn other_perl_is_kept_whole() {
    for text in [
        "length($_) > 9 and /e/",
        "/(a)/ and !$seen{$1}++",
        "s/a/b/",
        "/a/ <=> 1",
        "$_ =~ tr/a/b/",
        "1 < 2 < 3",
        "/(?{ 1 })/",
        "-e '/tmp/x'",
    ] {
        assert_eq!(read(text), format!("perl<{text}>"));
    }
}

#[test]
fn broken_text_is_refused() {
    for (text, message) in [
        ("", "the rule has no pattern"),
        ("beta", "`beta` is a bare word"),
        ("/foo", "the pattern is not closed"),
        ("/foo/q", "`q` is not a modifier of a pattern"),
        ("(/a/", "this parenthesis is not closed"),
        ("/a/)", "there is no `(` for this `)`"),
        ("/a/ /b/", "`/` is not expected here"),
        ("/a/ exec x", "`exec` is not expected here"),
        ("/a/ &&", "the condition is incomplete"),
        ("= /a/", "`=` is not expected here"),
        ("/$foo/", "the variable `$foo` is not declared"),
        ("/(a) $1/", "`$1` has no value in a pattern"),
        ("'abc", "the string is not closed"),
    ] {
        assert_eq!(read(text), format!("error: {message}"), "{text}");
    }
}
