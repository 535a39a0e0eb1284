//! Parser for the case files. `conformance/README.md` describes the format.

use crate::case::{Case, Exit, Expected, Need, THREE_LINES, Verdict};
use std::path::Path;

/// Reads every `NN-*.txt` in the directory, sorted by name.
///
/// # Errors
/// A file cannot be read or a line cannot be parsed; the message gives the place.
pub fn suite(dir: &Path) -> Result<Vec<Case>, String> {
    let listing = std::fs::read_dir(dir).map_err(|e| format!("{}: {e}", dir.display()))?;
    let mut files: Vec<_> = listing
        .filter_map(|entry| entry.ok().map(|e| e.path()))
        .filter(|p| {
            let name = p.file_name().unwrap_or_default().to_string_lossy();
            name.ends_with(".txt") && name.starts_with(|c: char| c.is_ascii_digit())
        })
        .collect();
    files.sort();
    let mut cases: Vec<Case> = Vec::new();
    for file in files {
        let text =
            std::fs::read_to_string(&file).map_err(|e| format!("{}: {e}", file.display()))?;
        let topic = file.file_stem().unwrap_or_default().to_string_lossy();
        cases.extend(topic_file(&topic, &text)?);
    }
    let mut names: Vec<&str> = cases.iter().map(|c| c.name.as_str()).collect();
    names.sort_unstable();
    if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(format!("two cases are named {}", twice[0]));
    }
    Ok(cases)
}

/// Reads the cases of one file.
///
/// # Errors
/// The first line that cannot be parsed, with file and line number.
pub fn topic_file(topic: &str, text: &str) -> Result<Vec<Case>, String> {
    let lines: Vec<&str> = text.lines().collect();
    let mut cases = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        if let Some(name) = lines[at].strip_prefix("=== ") {
            let end = (at + 1..lines.len())
                .find(|&n| lines[n].starts_with("==="))
                .unwrap_or(lines.len());
            let case = one(topic, name, at, &lines[at + 1..end])
                .map_err(|(line, why)| format!("{topic}.txt:{}: {why}", line + 1))?;
            cases.push(case);
            at = end;
        } else if lines[at].is_empty() || lines[at].starts_with('#') {
            at += 1;
        } else {
            return Err(format!("{topic}.txt:{}: expected `=== NAME`", at + 1));
        }
    }
    Ok(cases)
}

/// Parses one case; `lines` are those below its name, which is on line `start` (from 0).
fn one(topic: &str, name: &str, start: usize, lines: &[&str]) -> Result<Case, (usize, String)> {
    let mut case = Case::of(name, b"", b"");
    case.files.clear();
    topic.clone_into(&mut case.topic);
    case.line = start + 1;
    let mut verdict = None;
    let mut better = (None, None, None);
    let mut at = 0;
    while at < lines.len() {
        let here = start + 1 + at;
        let line = lines[at];
        at += 1;
        let fail = |why: &str| Err((here, format!("{why}: {line}")));
        if line.is_empty() {
            continue;
        }
        if let Some(note) = line.strip_prefix('#') {
            if verdict.is_none() {
                case.note.push_str(note.trim_start());
                case.note.push('\n');
            }
            continue;
        }
        let Some((field, value)) = line.split_once(':') else {
            verdict = Some(match line {
                "want" => Verdict::Want,
                "want perl" => Verdict::WantPerl,
                _ => return fail("not a field"),
            });
            continue;
        };
        let value = value.strip_prefix(' ').unwrap_or(value);
        let mut text = || -> Result<Vec<u8>, (usize, String)> {
            match value {
                "nothing" => Ok(Vec::new()),
                "three" => Ok(THREE_LINES.to_vec()),
                "" => {
                    let (bytes, used) =
                        block(&lines[at..]).map_err(|(n, why)| (here + 1 + n, why))?;
                    if used == 0 {
                        return Err((here, format!("no text follows: {line}")));
                    }
                    at += used;
                    Ok(bytes)
                }
                _ => Err((here, format!("the text belongs on the next lines: {line}"))),
            }
        };
        match field {
            "bug" => verdict = Some(Verdict::Bug(value.to_owned())),
            "needs" => case.needs.push(match value {
                "stand-ins" => Need::StandIns,
                "root" => Need::Root,
                _ => return fail("unknown need"),
            }),
            "keep" if value == "banner" => case.keep_banner = true,
            "timeout" => match value.parse() {
                Ok(seconds) => case.timeout = seconds,
                Err(_) => return fail("not a number of seconds"),
            },
            "env" => match value.split_once('=') {
                Some((k, v)) => case.env.push((k.to_owned(), v.to_owned())),
                None => return fail("expected NAME=VALUE"),
            },
            "arg" => case.args.push(value.to_owned()),
            "message" => case.messages.push(value.to_owned()),
            "prep" | "conf" | "input" | "feed" | "driver" => {
                let bytes = text()?;
                case.files.push((field.to_owned(), bytes));
            }
            "stdout" => case.expected.stdout = text()?,
            "side" => case.expected.side = text()?,
            "exit" => match exit(value) {
                Some(status) => case.expected.exit = status,
                None => return fail("not an exit status"),
            },
            "better stdout" => better.0 = Some(text()?),
            "better side" => better.1 = Some(text()?),
            "better exit" => match exit(value) {
                Some(status) => better.2 = Some(status),
                None => return fail("not an exit status"),
            },
            _ => match field.strip_prefix("file ") {
                Some(file) => {
                    let bytes = text()?;
                    case.files.push((file.to_owned(), bytes));
                }
                None => return fail("not a field"),
            },
        }
    }
    case.verdict = verdict.ok_or((start, format!("{name} has no verdict")))?;
    if better != (None, None, None) {
        case.better = Some(Expected {
            stdout: better.0.unwrap_or_else(|| case.expected.stdout.clone()),
            side: better.1.unwrap_or_else(|| case.expected.side.clone()),
            exit: better.2.unwrap_or(case.expected.exit),
        });
        if case.better.as_ref() == Some(&case.expected) {
            return Err((
                start,
                format!("{name}: `better` is what is expected anyway"),
            ));
        }
        if !matches!(case.verdict, Verdict::Bug(_)) {
            return Err((start, format!("{name}: only a bug can have a `better`")));
        }
    }
    if !["input", "feed", "driver", "prep"]
        .iter()
        .any(|f| case.has(f))
    {
        case.files.push(("input".to_owned(), THREE_LINES.to_vec()));
    }
    Ok(case)
}

fn exit(value: &str) -> Option<Exit> {
    match value {
        "nonzero" => Some(Exit::NonZero),
        _ => value.parse().ok().map(Exit::Code),
    }
}

/// The text block at the beginning of `lines`, and its length in lines.
fn block(lines: &[&str]) -> Result<(Vec<u8>, usize), (usize, String)> {
    let mut bytes = Vec::new();
    for (n, line) in lines.iter().enumerate() {
        if *line == "|" {
            bytes.push(b'\n');
        } else if let Some(text) = line.strip_prefix("| ") {
            bytes.extend_from_slice(text.as_bytes());
            bytes.push(b'\n');
        } else if let Some(text) = line.strip_prefix("~ ") {
            unescape(text, &mut bytes).map_err(|why| (n, why))?;
            bytes.push(b'\n');
        } else if line.starts_with("\\ ") {
            if bytes.pop() != Some(b'\n') {
                return Err((n, "there is no line before this one".to_owned()));
            }
            return Ok((bytes, n + 1));
        } else {
            return Ok((bytes, n));
        }
    }
    Ok((bytes, lines.len()))
}

fn unescape(text: &str, out: &mut Vec<u8>) -> Result<(), String> {
    let mut rest = text;
    while let Some(slash) = rest.find('\\') {
        out.extend_from_slice(&rest.as_bytes()[..slash]);
        let after = &rest[slash + 1..];
        let unknown = || format!("unknown escape: \\{after}");
        let mut used = 1;
        match after.as_bytes().first() {
            Some(b't') => out.push(b'\t'),
            Some(b'r') => out.push(b'\r'),
            Some(b'e') => out.push(0x1b),
            Some(b'a') => out.push(0x07),
            Some(b'\\') => out.push(b'\\'),
            Some(b'x') => {
                let digits = after.get(1..3).ok_or_else(unknown)?;
                out.push(u8::from_str_radix(digits, 16).map_err(|_| unknown())?);
                used = 3;
            }
            Some(b'{') => {
                let close = after.find('}').ok_or_else(unknown)?;
                let (count, piece) = after[1..close].split_once('*').ok_or_else(unknown)?;
                let count: usize = count.parse().map_err(|_| unknown())?;
                out.extend_from_slice(piece.repeat(count).as_bytes());
                used = close + 1;
            }
            _ => return Err(unknown()),
        }
        rest = &after[used..];
    }
    out.extend_from_slice(rest.as_bytes());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_keeps_its_bytes() {
        let lines = ["| a\\b ", "|", "~ \\x00\\tz\\{3*xy}\\\\", "\\ no newline"];
        let (bytes, used) = block(&lines).unwrap();
        assert_eq!(bytes, b"a\\b \n\n\x00\tzxyxyxy\\");
        assert_eq!(used, 4);
    }

    #[test]
    fn mistakes_are_told_with_their_line() {
        let why = topic_file("09-t", "=== 09-a\nwant\nconf:\n~ \\q\n").unwrap_err();
        assert_eq!(why, "09-t.txt:4: unknown escape: \\q");
        let why = topic_file("09-t", "=== 09-a\nwnat\n").unwrap_err();
        assert_eq!(why, "09-t.txt:2: not a field: wnat");
        let why = topic_file("09-t", "\n=== 09-a\nconf: nothing\n").unwrap_err();
        assert_eq!(why, "09-t.txt:2: 09-a has no verdict");
        let why = topic_file("09-t", "=== 09-a\nwant\nside:\nexit: 1\n").unwrap_err();
        assert_eq!(why, "09-t.txt:3: no text follows: side:");
    }

    #[test]
    fn better_differs_and_inherits() {
        let text = "=== 09-a\nbug: x\nstdout:\n| y\nbetter exit: nonzero\n";
        let case = topic_file("09-t", text).unwrap().remove(0);
        let better = case.better.unwrap();
        assert_eq!(better.stdout, b"y\n");
        assert_eq!(better.exit, Exit::NonZero);
        let same = "=== 09-a\nbug: x\nbetter exit: 0\n";
        assert!(topic_file("09-t", same).is_err());
    }
}
