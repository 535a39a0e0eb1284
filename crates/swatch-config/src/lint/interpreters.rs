//! Text of the log in a program that no shell reads: the quoting that keeps it from being shell
//! code does not keep it from being code of awk, or of a shell that reads its standard input.

use crate::ast::{Action, ActionKind, Command, Piece, Rule};
use crate::diagnostic::Diagnostic;
use crate::grammar::shell_quotes::QuoteState;
use crate::lines::located::is_space;

/// Warns of variables in the program text of another interpreter.
pub(super) fn fed(rule: &Rule, out: &mut Vec<Diagnostic>) {
    for action in &rule.actions {
        let Some(command) = command(action) else {
            continue;
        };
        let list = divide(command);
        let program = list.iter().find_map(program_text);
        let input = || reader_of_commands(&list);
        let Some((name, what)) = program
            .map(|name| (name, "a part of a program for"))
            .or_else(|| input().map(|name| (name, "commands for")))
        else {
            continue;
        };
        out.push(
            Diagnostic::warning(
                action.span,
                format!("text of the log becomes {what} `{name}`"),
                "quotation marks do not protect it there",
            )
            .with_help(
                "hand it over as data: `pipe`, an argument of its own (`awk -v x=\"$1\"`), a script with arguments",
            ),
        );
    }
}

fn command(action: &Action) -> Option<&Command> {
    match &action.kind {
        ActionKind::Exec { command } | ActionKind::Pipe { command, .. } => Some(command),
        _ => None,
    }
}

/// A word without its quotation marks; what a variable gives it is not in the text.
#[derive(Default)]
struct Word {
    text: Vec<u8>,
    variable: bool,
}

/// A program and its arguments.
#[derive(Default)]
struct Simple {
    words: Vec<Word>,
    /// Its output is the next one's input.
    piped: bool,
}

impl Simple {
    /// The program without its folder, and what follows it.
    fn parts(&self) -> Option<(&str, &[Word])> {
        let wrapper = |word: &&Word| {
            let text = word.text.as_slice();
            matches!(
                text,
                b"sudo" | b"exec" | b"nice" | b"nohup" | b"env" | b"{" | b"("
            ) || text.starts_with(b"-")
                || text.contains(&b'=')
        };
        let at = self.words.iter().take_while(wrapper).count();
        let (first, rest) = self.words.get(at..)?.split_first()?;
        let name = first.text.rsplit(|&b| b == b'/').next()?;
        let name = name.strip_prefix(b"(").unwrap_or(name);
        Some((std::str::from_utf8(name).ok()?, rest))
    }
}

/// The simple commands of a command line, outside of quotation marks and substitutions.
fn divide(command: &Command) -> Vec<Simple> {
    let mut list = vec![Simple::default()];
    match command {
        Command::Direct(words) => {
            let words = words.iter().map(|word| {
                let mut out = Word::default();
                for piece in &word.pieces {
                    match piece {
                        Piece::Text(text) => out.text.extend(text),
                        Piece::Var(_) => out.variable = true,
                    }
                }
                out
            });
            list[0].words.extend(words);
        }
        Command::Shell(script) => {
            let mut shell = QuoteState::default();
            let mut word = Word::default();
            let mut end = |word: &mut Word, next: Option<bool>| {
                let last = list.last_mut().expect("it starts with one");
                if word.variable || !word.text.is_empty() {
                    last.words.push(std::mem::take(word));
                }
                if let Some(piped) = next
                    && !last.words.is_empty()
                {
                    last.piped = piped;
                    list.push(Simple::default());
                }
            };
            for piece in &script.pieces {
                let Piece::Text(text) = piece else {
                    word.variable = true;
                    continue;
                };
                for (at, &byte) in text.iter().enumerate() {
                    let outer = shell.outermost();
                    match byte {
                        b if outer && is_space(b) => end(&mut word, None),
                        b'|' if outer => {
                            // `||` divides without a pipe.
                            let pipe = text.get(at + 1) != Some(&b'|');
                            end(&mut word, Some(pipe));
                        }
                        b';' | b'&' | b'\n' if outer => end(&mut word, Some(false)),
                        b'"' | b'\'' if !shell.is_escaped() => {}
                        b => word.text.push(b),
                    }
                    shell.feed(byte);
                }
            }
            end(&mut word, None);
        }
    }
    list
}

/// The interpreter whose program, on the command line, holds a variable.
fn program_text(simple: &Simple) -> Option<&str> {
    let (name, arguments) = simple.parts()?;
    let behind = |option: fn(&[u8]) -> bool| {
        let mut pairs = arguments.windows(2);
        pairs.any(|pair| option(&pair[0].text) && pair[1].variable)
    };
    let letters = |text: &[u8], last: &[u8]| {
        text.len() > 1
            && text[0] == b'-'
            && text[1] != b'-'
            && text.last().is_some_and(|b| last.contains(b))
    };
    let found = match name {
        "awk" | "gawk" | "mawk" | "nawk" => first_plain(arguments, b"vFf"),
        "sed" => {
            let option = |text: &[u8]| text.starts_with(b"-") && text.ends_with(b"e");
            behind(option) || first_plain(arguments, b"ef")
        }
        "perl" | "ruby" | "node" => {
            behind(|text| text.starts_with(b"-") && (text.ends_with(b"e") || text.ends_with(b"E")))
        }
        "python" | "python2" | "python3" => behind(|text| text == b"-c"),
        "php" => behind(|text| text == b"-r"),
        "mysql" | "mariadb" | "psql" | "sqlite3" => {
            // `--execute=…` holds the program itself; sqlite3 has it behind the file.
            arguments.iter().enumerate().any(|(at, word)| {
                let before = at.checked_sub(1).map(|at| arguments[at].text.as_slice());
                let option = before.is_some_and(|text| letters(text, b"ec"));
                let long = word.text.starts_with(b"--execute") || word.text.starts_with(b"--comm");
                word.variable && (option || long || (name == "sqlite3" && at > 0))
            })
        }
        _ => false,
    };
    found.then_some(name)
}

/// Whether the first word that is neither an option nor the value of one holds a variable. With
/// `-f`, the program is in a file, and with `-e` it is no such word.
fn first_plain(arguments: &[Word], with_value: &[u8]) -> bool {
    let mut rest = arguments.iter();
    while let Some(word) = rest.next() {
        match word.text.as_slice() {
            [b'-', b'f' | b'e', ..] => return false,
            [b'-', letter] if with_value.contains(letter) => {
                rest.next();
            }
            [b'-', ..] => {}
            _ => return word.variable,
        }
    }
    false
}

/// The program that takes a text with a variable as commands from a pipe.
fn reader_of_commands(list: &[Simple]) -> Option<&str> {
    for (at, simple) in list.iter().enumerate() {
        let Some((name, arguments)) = simple.parts() else {
            continue;
        };
        let plain = |word: &Word| !word.text.starts_with(b"-");
        let reads = match name {
            "sh" | "bash" | "dash" | "ksh" | "zsh" => !arguments.iter().any(|word| {
                plain(word) || (!word.text.starts_with(b"--") && word.text.ends_with(b"c"))
            }),
            "at" | "batch" => !arguments.iter().any(|word| word.text == b"-f"),
            "mysql" | "mariadb" | "psql" | "sqlite3" => true,
            "perl" | "python" | "python3" | "ruby" => arguments.is_empty(),
            _ => false,
        };
        let before = list[..at].iter().rev().take_while(|simple| simple.piped);
        let fed = before
            .flat_map(|simple| &simple.words)
            .any(|word| word.variable);
        if reads && fed {
            return Some(name);
        }
    }
    None
}
