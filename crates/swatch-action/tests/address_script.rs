//! The field rule, held against the tools that the script was made of: bash's `read` and `echo`,
//! cut and sed.

use std::io::Write as _;
use std::process::{Command, Stdio};

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use regex::bytes::Regex;
use swatch_action::address::{self, FieldList, NotFound, Rule};

/// `count` samples of a strategy; the same ones in every run.
fn samples<S: Strategy>(count: usize, strategy: S) -> Vec<S::Value> {
    let mut runner = TestRunner::deterministic();
    let mut sample = || strategy.new_tree(&mut runner).expect("a sample").current();
    (0..count).map(|_| sample()).collect()
}

/// The output of a program for `input`, in the C locale.
fn output(program: &str, args: &[&str], input: &[u8]) -> Vec<u8> {
    let mut child = Command::new(program)
        .args(args)
        .env("LC_ALL", "C")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("bash, cut and sed are on every system");
    let mut stdin = child.stdin.take().expect("a pipe");
    let input = input.to_vec();
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let out = child.wait_with_output().expect("its output");
    // cut refuses some lists before it reads anything.
    let _ = writer.join().expect("the writer");
    out.stdout
}

fn joined(lines: &[String]) -> Vec<u8> {
    lines
        .iter()
        .flat_map(|line| line.bytes().chain([b'\n']))
        .collect()
}

fn lines(output: &[u8]) -> Vec<&[u8]> {
    output
        .strip_suffix(b"\n")
        .unwrap_or(output)
        .split(|&byte| byte == b'\n')
        .collect()
}

#[test]
fn blanks_collapse_as_in_bash() {
    // A line that starts with an option of echo, or ends in a lone backslash, is read differently
    // on purpose; and 0x01 is bash's own mark for a quoted byte: it loses some of them.
    let inputs: Vec<String> = samples(3000, "[ab \t\\\\.*?\r\u{2}\u{7f}é-]{0,20}")
        .into_iter()
        .filter(|line| {
            let trailing = line.len() - line.trim_end_matches('\\').len();
            trailing % 2 == 0 && !line.trim_start_matches(['\\', ' ', '\t']).starts_with('-')
        })
        .collect();
    assert!(inputs.len() > 2000);
    let script = "set -f; while read LOG; do echo $LOG; done";
    let out = output("bash", &["-c", script], &joined(&inputs));
    let theirs = lines(&out);
    assert_eq!(theirs.len(), inputs.len());
    for (input, theirs) in inputs.iter().zip(theirs) {
        let ours = address::collapse(input.as_bytes());
        assert_eq!(
            ours.escape_ascii().to_string(),
            theirs.escape_ascii().to_string(),
            "{input:?}"
        );
    }
}

#[test]
fn a_backslash_at_the_end_joins_the_next_line() {
    let input = b"one \\\n two\\\nthree \nfour\n";
    let theirs = output("bash", &["-c", "read LOG; echo $LOG"], input);
    assert_eq!(theirs, b"one twothree\n");
    assert_eq!(address::collapse(input), b"one twothree");
}

#[test]
fn fields_are_chosen_as_by_cut() {
    let texts = samples(150, "[a-z]{1,3}( [a-z]{1,3}){0,9}");
    let collapsed = joined(&texts);
    let lists = samples(120, "[1-9]?[0-9]?-?[0-9]?([, ][0-9]?-?[0-9]{1,2}){0,3}");
    let (mut accepted, mut refused) = (0, 0);
    for list in &lists {
        let out = output("cut", &["-d", " ", "-f", list], &collapsed);
        match FieldList::parse(list) {
            Err(_) => {
                refused += 1;
                assert!(out.is_empty(), "cut takes {list:?}");
            }
            Ok(fields) => {
                accepted += 1;
                let theirs = lines(&out);
                assert_eq!(theirs.len(), texts.len(), "cut refuses {list:?}");
                for (text, theirs) in texts.iter().zip(theirs) {
                    let ours = fields.select(text.as_bytes());
                    assert_eq!(&*ours, theirs, "fields {list:?} of {text:?}");
                }
            }
        }
    }
    assert!(
        accepted > 30 && refused > 10,
        "{accepted} accepted, {refused} refused"
    );
}

#[test]
fn the_address_is_taken_from_the_field_as_by_sed() {
    let quad = "(0|9|25[0-6]|192|203|7777)\\.(0|1|113|255|999)?\\.(0|2|x)\\.[0-9]{0,3}";
    let fields = samples(
        12_000,
        &*format!("([ax.:/\\[(]{{0,2}}[0-9.]{{0,3}}({quad})?[])#:x.]?){{1,3}}"),
    );
    // Its two substitutions, with an empty line where there is no match.
    let sed = r"
        /^[0-9]*\./{
            s/\([0-9]*\.[0-9]*\.[0-9]*\.[0-9]*\).*/\1/
            t
            s/.*//
            b
        }
        s/.*[^0-9]\([0-9]*\.[0-9]*\.[0-9]*\.[0-9]*\).*/\1/
        t
        s/.*//";
    let out = output("sed", &["-e", sed], &joined(&fields));
    let theirs = lines(&out);
    assert_eq!(theirs.len(), fields.len());
    let octet = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";
    let sound = Regex::new(&format!(r"\A{octet}\.{octet}\.{octet}\.{octet}\z")).expect("a pattern");
    let starts_with_digits = Regex::new(r"\A[0-9]*\.").expect("a pattern");
    let tail_of_longer =
        Regex::new(r"\A.*[0-9]\.[0-9]*\.[0-9]*\.[0-9]*\.[0-9]*").expect("a pattern");
    let last = Regex::new(r"\A.*[^0-9](?<quad>[0-9]*\.[0-9]*\.[0-9]*\.[0-9]*)").expect("a pattern");
    let (mut found, mut longer) = (0, 0);
    for (field, theirs) in fields.iter().zip(theirs) {
        let mut expected = sound
            .is_match(theirs)
            .then(|| theirs.escape_ascii().to_string());
        if !starts_with_digits.is_match(field.as_bytes()) {
            let tail = last.captures(field.as_bytes()).is_some_and(|captures| {
                let quad = captures.name("quad").expect("it takes part");
                tail_of_longer
                    .find(field.as_bytes())
                    .is_some_and(|tail| tail.end() == quad.end())
            });
            if tail && expected.is_some() {
                longer += 1;
                expected = None;
            }
        }
        let ours = address::script::quad(field.as_bytes()).map(|ip| ip.to_string());
        assert_eq!(
            ours,
            expected,
            "field {field:?}, the script took {:?}",
            theirs.escape_ascii().to_string()
        );
        found += usize::from(ours.is_some());
    }
    assert!(found > 300, "only {found} of the fields held an address");
    assert!(longer > 3, "only {longer} held a longer number");
}

#[test]
fn a_line_without_address_in_the_field_is_an_error_that_names_both() {
    let list = FieldList::parse("7").expect("a list");
    let error = address::find(
        b"a b c d e f 10.1.2 \x1b[31m h\n",
        &Rule::Field(&list),
        true,
    )
    .expect_err("no address");
    assert!(matches!(error, NotFound::InField { .. }));
    let text = error.to_string();
    assert!(
        text.contains("field 7 ") && text.contains("\"10.1.2\"") && text.contains(r"\x1b[31m h"),
        "{text}"
    );
}
