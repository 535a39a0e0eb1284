//! Values through real shells: in every place they come out as they went in.

use std::borrow::Cow;
use std::os::unix::ffi::OsStrExt;
use std::process::{Command as Process, Stdio};

use proptest::prelude::*;
use swatch_config::ast::{Command, Piece, Template, Var};

use super::CompiledCommand;
use crate::effect::Invocation;
use crate::env::{Env, Variable};

struct Always<'v>(&'v [u8]);

impl Env for Always<'_> {
    fn value(&mut self, _: &Variable) -> Cow<'_, [u8]> {
        Cow::Borrowed(self.0)
    }

    fn recall(&mut self, _: crate::recalled::Recalled) {}
}

/// A plan of shell text; `@` stands for a variable.
fn shell(text: &str) -> CompiledCommand {
    let mut pieces = Vec::new();
    for (i, part) in text.split('@').enumerate() {
        if i > 0 {
            pieces.push(Piece::Var(Var::Group(1)));
        }
        pieces.push(Piece::Text(part.as_bytes().to_vec()));
    }
    CompiledCommand::compile(&Command::Shell(Template { pieces }), false)
}

fn script(text: &str, value: &[u8]) -> Vec<u8> {
    match shell(text).render(&mut Always(value)) {
        Some(Invocation::Shell(script)) => script,
        other => panic!("{other:?}"),
    }
}

/// The output of a shell for a script.
fn run(program: &str, script: &[u8]) -> Vec<u8> {
    let output = Process::new(program)
        .arg("-c")
        .arg(std::ffi::OsStr::from_bytes(script))
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", "/nonexistent")
        .env("LC_ALL", "C")
        .current_dir("/")
        .stdin(Stdio::null())
        .output()
        .expect("the shell starts");
    output.stdout
}

fn shells() -> Vec<&'static str> {
    ["/bin/sh", "/bin/dash", "/bin/bash"]
        .into_iter()
        .filter(|s| std::path::Path::new(s).exists())
        .collect()
}

/// The expected result at a place, given the value.
#[derive(Clone, Copy, Debug)]
enum Expect {
    /// One argument per field.
    Words,
    /// One argument, the value.
    Whole,
    /// One argument, with line breaks as spaces and one line break at the end.
    Line,
    /// The same between two hyphens.
    Between,
    /// The value's number, else 0.
    Number,
    /// Only that nothing else was run: the output has no mark.
    Harmless,
}

const PLACES: &[(&str, Expect)] = &[
    ("printf '<%s>' @", Expect::Words),
    ("printf '<%s>' @ 2>&1; true", Expect::Words),
    ("printf \"<%s>\" \"@\"", Expect::Whole),
    ("printf '<%s>' '@'", Expect::Whole),
    (
        "printf '<%s>' \"\"@\"\"'x' | sed 's/x>$/>/'",
        Expect::Harmless,
    ),
    ("A=@; printf '<%s>' \"$A\"", Expect::Whole),
    ("A=@ sh -c 'printf \"<%s>\" \"$A\"'", Expect::Whole),
    ("export A=@; :", Expect::Harmless),
    (
        "case @ in 'no value') : ;; *) printf '<%s>' \"@\" ;; esac",
        Expect::Whole,
    ),
    (
        "printf '<%s>' \"$(case y in y) printf '%s.' '@' ;; esac)\" | sed '$s/\\.>$/>/'",
        Expect::Whole,
    ),
    ("sh -c \"printf '<%s>' @\"", Expect::Words),
    ("sh -c 'printf \"<%s>\" \"@\"'", Expect::Whole),
    ("sh -c \"printf '<%s>' '@'\"", Expect::Whole),
    ("env X=1 sh -ec 'printf \"<%s>\" @'", Expect::Words),
    ("bash -c \"sh -c 'printf \\\"<%s>\\\" @'\"", Expect::Words),
    ("sh -c @", Expect::Harmless),
    ("eval printf '\"<%s>\"' \"@\"", Expect::Words),
    (
        "printf '<%s>' \"$(printf '%s.' \"@\")\" | sed '$s/\\.>$/>/'",
        Expect::Whole,
    ),
    (
        "printf '<%s>' \"`printf '%s.' \"@\"`\" | sed '$s/\\.>$/>/'",
        Expect::Harmless,
    ),
    (
        "printf '<%s>' \"`printf '%s.' '@'`\" | sed '$s/\\.>$/>/'",
        Expect::Whole,
    ),
    (
        "A=`printf '%s.' '@'`; printf '<%s>' \"$A\" | sed '$s/\\.>$/>/'",
        Expect::Whole,
    ),
    (
        "A=`printf '%s.' \"@\"`; printf '<%s>' \"$A\" | sed '$s/\\.>$/>/'",
        Expect::Whole,
    ),
    (
        "A=`sh -c 'printf \"<%s>\" @'`; printf '%s' \"$A\"",
        Expect::Words,
    ),
    ("A=`echo \\`printf '%s' '@'\\``; :", Expect::Harmless),
    ("printf '<%s>' \"$((@ + 0))\"", Expect::Number),
    ("(( @ )); :", Expect::Harmless),
    ("let x=@; :", Expect::Harmless),
    ("[[ @ -eq 3 ]]; :", Expect::Harmless),
    ("printf '%s' \"${x:-@}\"", Expect::Harmless),
    ("printf '%s' ${x:-'@'}", Expect::Harmless),
    ("x=abc; printf '%s' \"${x#@}\" \"${@}\"", Expect::Harmless),
    ("printf '%s' $'a@' $'b\\'@'", Expect::Harmless),
    (
        "printf '%s' \"a$@b\" $@ \\@ \"\\@\" \\\\@",
        Expect::Harmless,
    ),
    ("sh -c 'printf \"%s\" \\@ $@ \"\\@ $@\"'", Expect::Harmless),
    ("printf '%s' `printf '%s' \\@ $@ \\\\@`", Expect::Harmless),
    ("cat <<EOF\n@\nEOF\n", Expect::Line),
    ("cat <<'EOF'\n-@-\nEOF\n", Expect::Between),
    ("cat <<-EOF | sed s/^.//\n\tx@\n\tEOF\n", Expect::Harmless),
    ("cat <<EOF\n$@ \\@ ${@} $(@\nEOF\n", Expect::Harmless),
    (": # a comment @\n:", Expect::Harmless),
    (": > /dev/null@ 2>/dev/null; :", Expect::Harmless),
    ("for i in @; do printf '<%s>' \"$i\"; done", Expect::Words),
    ("if :; then printf '<%s>' @; fi", Expect::Words),
    ("{ printf '<%s>' @; }", Expect::Words),
    ("true && ( printf '<%s>' @ )", Expect::Words),
];

fn fields(value: &[u8]) -> Vec<&[u8]> {
    value
        .split(|b| b" \t\n".contains(b))
        .filter(|f| !f.is_empty())
        .collect()
}

fn angle(args: &[&[u8]]) -> Vec<u8> {
    // printf without arguments takes its format once with an empty one.
    if args.is_empty() {
        return b"<>".to_vec();
    }
    args.iter()
        .flat_map(|a| [b"<", *a, b">"].concat())
        .collect()
}

fn check(text: &str, expect: Expect, value: &[u8]) -> Result<(), TestCaseError> {
    let script = script(text, value);
    for program in shells() {
        let got = run(program, &script);
        let wanted = match expect {
            Expect::Words if text.starts_with("for") && fields(value).is_empty() => Vec::new(),
            Expect::Words => angle(&fields(value)),
            Expect::Whole => angle(&[value]),
            Expect::Line => {
                let mut line = value.to_vec();
                line.iter_mut()
                    .filter(|b| **b == b'\n')
                    .for_each(|b| *b = b' ');
                line.push(b'\n');
                line
            }
            Expect::Between => {
                let mut line = [b"-", value, b"-\n"].concat();
                let end = line.len() - 1;
                let inner = line[..end].iter_mut().filter(|b| **b == b'\n');
                inner.for_each(|b| *b = b' ');
                line
            }
            Expect::Number => {
                let plain = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
                angle(&[if plain { value } else { b"0" }])
            }
            Expect::Harmless => {
                prop_assert!(
                    !got.windows(6).any(|w| w == b"RAN-42"),
                    "{program} ran a command: {}\n{}",
                    String::from_utf8_lossy(&script),
                    String::from_utf8_lossy(&got)
                );
                continue;
            }
        };
        prop_assert!(
            got == wanted,
            "{program}: {}\nwanted {:?}\ngot    {:?}",
            String::from_utf8_lossy(&script),
            String::from_utf8_lossy(&wanted),
            String::from_utf8_lossy(&got)
        );
    }
    Ok(())
}

fn nasty() -> impl Strategy<Value = Vec<u8>> {
    let fragment = prop_oneof![
        proptest::sample::select(vec![
            "'",
            "\"",
            "\\",
            "`",
            "$",
            "\n",
            " ",
            "\t",
            "*",
            "?",
            "~",
            "#",
            "=",
            "&",
            "|",
            "<",
            ">",
            "(",
            ")",
            "{a,b}",
            "[a]",
            "!",
            "%s",
            "-n",
            "EOF",
            "\nEOF\n",
            "$HOME",
            "${HOME}",
            "}",
            "A=1",
            "é",
            "/etc/*",
            "7",
            "x",
            "$(echo RAN-$((41+1)))",
            "`echo RAN-$((41+1))`",
            ";echo RAN-$((41+1));",
            "\necho RAN-$((41+1))\n",
            "'; echo RAN-$((41+1)); '",
            "\"; echo RAN-$((41+1)); \"",
            "(echo RAN-$((41+1)))",
            "a[$(echo RAN-$((41+1)) >&2)]",
            "|echo RAN-$((41+1))",
            "\\$(echo RAN-$((41+1)))",
            "{x:-$(echo RAN-$((41+1)))}",
        ])
        .prop_map(|s| s.as_bytes().to_vec()),
        proptest::collection::vec(1u8..=255, 1..4),
    ];
    proptest::collection::vec(fragment, 0..6).prop_map(|f| f.concat())
}

/// Some shells use bytes 0x81 to 0x88 for themselves and lose them here and there: their fault,
/// and harmless. They stay in the values that must only be harmless.
fn loses_bytes(value: &[u8]) -> bool {
    value.iter().any(|b| matches!(b, 0x01 | 0x7f..=0x88))
}

#[test]
fn values_are_data_in_every_place() {
    let longer = std::env::var("SWATCH_PROPTEST_CASES").ok();
    let cases = longer.and_then(|n| n.parse().ok()).unwrap_or(12);
    let mut failures = Vec::new();
    for (text, expect) in PLACES {
        let config = ProptestConfig {
            cases,
            failure_persistence: None,
            max_shrink_iters: 200,
            ..ProptestConfig::default()
        };
        let mut runner = proptest::test_runner::TestRunner::new(config);
        let outcome = runner.run(&nasty(), |value| {
            let expect = if loses_bytes(&value) {
                Expect::Harmless
            } else {
                *expect
            };
            check(text, expect, &value)
        });
        if let Err(e) = outcome {
            failures.push(format!("{text}: {e}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[test]
fn known_attacks_stay_data() {
    for value in [
        "x; echo RAN-$((41+1))",
        "$(echo RAN-$((41+1)))",
        "`echo RAN-$((41+1))`",
        "a\"; echo RAN-$((41+1)); \"b",
        "it's; echo RAN-$((41+1)); '",
        "a\necho RAN-$((41+1))",
        "(echo RAN-$((41+1)))",
        "a\\",
        "\\",
        "",
        " ",
        "A=1",
        "list inp* ?nput [i]nput ~ {a,b} #c",
    ] {
        for (text, expect) in PLACES {
            check(text, *expect, value.as_bytes()).unwrap_or_else(|e| panic!("{text}: {e}"));
        }
    }
}

#[test]
fn no_value_ends_a_here_document() {
    for text in [
        "cat <<EOF\n@\n@\nEOF\n",
        "cat <<'EOF'\n@@\n@\nEOF\n",
        "cat <<-'EOF'\n\tE@\n@\n\tEOF\n",
        "cat <<-'EOF'\n@\n@\nEOF\n",
        "cat <<-EOF\n\tE@F\n@\n\tEOF\n",
        "cat <<'E F'\nE@F\n@\nE F\n",
        "cat <<'E. _F'\nE@F\n@\nE. _F\n",
    ] {
        for value in ["EOF", "\tEOF", "OF", "O", " ", "E", "", ". _"] {
            for program in shells() {
                let printed = run(program, &script(text, value.as_bytes()));
                let lines = printed.iter().filter(|b| **b == b'\n').count();
                assert_eq!(lines, 2, "{program} {text} {value:?}");
            }
        }
    }
}

#[test]
fn a_value_is_glued_to_its_neighbours_and_an_empty_one_leaves_no_word() {
    let text = |t, v: &str| String::from_utf8(script(t, v.as_bytes())).unwrap();
    assert_eq!(text("rec [@]", "a b"), "rec ['a' 'b']");
    assert_eq!(text("rec [@]", ""), "rec []");
    assert_eq!(text("rec @ end", ""), "rec  end");
    assert_eq!(text("x@y", " a "), "x 'a' y");
    assert_eq!(text("@ rec x", "A=1"), "'A=1' rec x");
}

fn direct(words: &[&str], value: &str) -> Option<Vec<String>> {
    let words = words.iter().map(|w| {
        let mut pieces = Vec::new();
        for (i, part) in w.split('@').enumerate() {
            if i > 0 {
                pieces.push(Piece::Var(Var::Group(1)));
            }
            if !part.is_empty() {
                pieces.push(Piece::Text(part.as_bytes().to_vec()));
            }
        }
        Template { pieces }
    });
    let plan = CompiledCommand::compile(&Command::Direct(words.collect()), false);
    match plan.render(&mut Always(value.as_bytes()))? {
        Invocation::Direct(argv) => Some(
            argv.into_iter()
                .map(|a| String::from_utf8(a).unwrap())
                .collect(),
        ),
        Invocation::Shell(_) => panic!("a direct command stays direct"),
    }
}

#[test]
fn direct_commands_get_one_word_per_field() {
    let some = |words: &[&str]| Some(words.iter().map(|w| w.to_string()).collect::<Vec<_>>());
    assert_eq!(
        direct(&["rec", "@"], "ab; cd\r"),
        some(&["rec", "ab;", "cd"])
    );
    assert_eq!(direct(&["rec", "x@y"], "a b"), some(&["rec", "xa", "by"]));
    assert_eq!(direct(&["rec", "@", "end"], ""), some(&["rec", "end"]));
    assert_eq!(direct(&["rec", "@"], "a\0b"), some(&["rec", "ab"]));
    assert_eq!(direct(&["@"], "  "), None);
    assert_eq!(
        direct(&["ssh", "-p", "22", "host", "rec", "@"], "a;id b"),
        some(&["ssh", "-p", "22", "host", "rec", "'a;id' 'b'"])
    );
}

#[test]
fn any_text_of_an_administrator_is_read_without_a_panic() {
    let config = ProptestConfig {
        cases: 500,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let alphabet =
        proptest::sample::select("@'\"\\`$(){}<>|&;# \nEOFa=-c".chars().collect::<Vec<_>>());
    let text = proptest::collection::vec(alphabet, 0..40);
    runner
        .run(&text, |chars| {
            let text: String = chars.into_iter().collect();
            let length = text.chars().filter(|c| *c != '@').count();
            prop_assert!(script(&text, b"a'b \"c").len() >= length);
            Ok(())
        })
        .unwrap();
    // Nesting without an end.
    script(&"$(".repeat(20_000), b"");
    script(&format!("{}@", "`\"".repeat(5_000)), b"x");
}
