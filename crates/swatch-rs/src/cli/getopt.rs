//! Spellings that Perl's Getopt::Long accepts (configured with `bundling`, as swatchdog does) and
//! clap does not: unique abbreviations, long names in any case or after `+`, `-c=FILE` for a file
//! called `=FILE`, and operands, which are ignored.
//!
//! [`normalise`] rewrites a command line to `--name=value` words with the same meaning for clap.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use swatch_common::{sanitize, suggest};

use super::UsageError;

/// The value of an option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    /// None.
    Nothing,
    /// None, and `--noNAME` and `--no-NAME` switch it off.
    NothingNegatable,
    /// Required, in the same word or the next.
    Value,
    /// Optional; the next word is taken unless it starts with `-`.
    OptionalValue,
    /// An optional whole number; the next word is taken if it is one.
    OptionalNumber,
}

/// One option of the program.
pub(super) struct Opt {
    pub(super) long: String,
    pub(super) short: Option<u8>,
    pub(super) takes: Takes,
    /// One of swatchdog's: an abbreviation that is unique among these is accepted, whatever options
    /// have been added since.
    pub(super) original: bool,
}

/// Rewrites `args`, which do not include the program's name. Also returns the operands.
pub(super) fn normalise(
    options: &[Opt],
    args: &[OsString],
) -> Result<(Vec<OsString>, Vec<OsString>), UsageError> {
    let mut out = Vec::new();
    let mut operands = Vec::new();
    let mut rest = args.iter();
    while let Some(word) = rest.next() {
        let bytes = word.as_bytes();
        if bytes == b"--" {
            operands.extend(rest.cloned());
            break;
        }
        let after_plus = bytes.strip_prefix(b"+").filter(|name| !name.is_empty());
        if let Some(long) = bytes.strip_prefix(b"--").or(after_plus) {
            let (name, value) = split_value(long);
            let (name, negated, takes) = find_long(options, name)?;
            let value = match value {
                Some(_) if matches!(takes, Takes::Nothing | Takes::NothingNegatable) => {
                    return Err(UsageError(format!("option --{name} takes no value")));
                }
                Some(value) => Some(value.to_vec()),
                None => next_value(takes, &mut rest, &format!("--{name}"))?,
            };
            push(&mut out, name, negated, value);
        } else if bytes.len() > 1 && bytes[0] == b'-' {
            bundle(options, &bytes[1..], &mut rest, &mut out)?;
        } else {
            operands.push(word.clone());
        }
    }
    Ok((out, operands))
}

/// `-cFILE`, `-Oc FILE`.
fn bundle(
    options: &[Opt],
    letters: &[u8],
    rest: &mut std::slice::Iter<'_, OsString>,
    out: &mut Vec<OsString>,
) -> Result<(), UsageError> {
    for (i, &letter) in letters.iter().enumerate() {
        let Some(option) = options.iter().find(|o| o.short == Some(letter)) else {
            return Err(UsageError(format!(
                "unknown option -{} in \"-{}\"; a long name needs two dashes",
                letter.escape_ascii(),
                sanitize::text(letters)
            )));
        };
        if option.long == "help" {
            // Shorter than --help.
            out.push("-h".into());
            continue;
        }
        if matches!(option.takes, Takes::Nothing | Takes::NothingNegatable) {
            push(out, &option.long, false, None);
            continue;
        }
        let attached = &letters[i + 1..];
        let value = if attached.is_empty() {
            let shown = format!("-{}", letter.escape_ascii());
            next_value(option.takes, rest, &shown)?
        } else {
            Some(attached.to_vec())
        };
        push(out, &option.long, false, value);
        break;
    }
    Ok(())
}

fn split_value(long: &[u8]) -> (&[u8], Option<&[u8]>) {
    match long.iter().position(|&b| b == b'=') {
        Some(at) => (&long[..at], Some(&long[at + 1..])),
        None => (long, None),
    }
}

/// The option that a long name, or a unique beginning of one, means.
fn find_long<'a>(options: &'a [Opt], name: &[u8]) -> Result<(&'a str, bool, Takes), UsageError> {
    let wanted = String::from_utf8_lossy(name).to_ascii_lowercase();
    // Every spelling: the name itself, and the two negations.
    let spellings = options.iter().flat_map(|o| {
        let negations: &[&str] = match o.takes {
            Takes::NothingNegatable => &["no", "no-"],
            _ => &[],
        };
        std::iter::once((o.long.clone(), false, o)).chain(
            negations
                .iter()
                .map(move |no| (format!("{no}{}", o.long), true, o)),
        )
    });
    let all: Vec<_> = spellings
        .filter(|(s, _, _)| s.starts_with(&wanted))
        .collect();
    if let Some((_, negated, o)) = all.iter().find(|(s, _, _)| *s == wanted) {
        return Ok((&o.long, *negated, o.takes));
    }
    let mut candidates: Vec<_> = all.iter().filter(|(_, _, o)| o.original).collect();
    if candidates.is_empty() {
        candidates = all.iter().collect();
    }
    // `--noawk` begins two spellings of the same meaning.
    candidates.dedup_by(|a, b| a.2.long == b.2.long && a.1 == b.1);
    match candidates[..] {
        [(_, negated, o)] => Ok((&o.long, *negated, o.takes)),
        [] => {
            let known: Vec<&str> = options.iter().map(|o| o.long.as_str()).collect();
            let hint = suggest::nearest(&wanted, &known)
                .map_or(String::new(), |name| format!("; did you mean --{name}?"));
            let shown = sanitize::text(wanted.as_bytes());
            Err(UsageError(format!("unknown option: --{shown}{hint}")))
        }
        _ => Err(UsageError(format!(
            "option --{wanted} is ambiguous: {}",
            candidates
                .iter()
                .map(|(s, _, _)| format!("--{s}"))
                .collect::<Vec<_>>()
                .join(", ")
        ))),
    }
}

/// The value in the next word, if the option wants one and it is there.
fn next_value(
    takes: Takes,
    rest: &mut std::slice::Iter<'_, OsString>,
    shown: &str,
) -> Result<Option<Vec<u8>>, UsageError> {
    let next = rest.as_slice().first().map(|w| w.as_bytes());
    let take = match (takes, next) {
        (Takes::Nothing | Takes::NothingNegatable, _) => false,
        (Takes::Value, Some(_)) => true,
        (Takes::Value, None) => {
            return Err(UsageError(format!("option {shown} requires an argument")));
        }
        (Takes::OptionalValue, Some(word)) => !word.starts_with(b"-") || word == b"-",
        (Takes::OptionalNumber, Some(word)) => {
            let digits = word.strip_prefix(b"-").unwrap_or(word);
            !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
        }
        (_, None) => false,
    };
    if take {
        return Ok(rest.next().map(|w| w.as_bytes().to_vec()));
    }
    // An optional value that is absent is empty: what Getopt::Long stores for it.
    Ok(match takes {
        Takes::OptionalValue | Takes::OptionalNumber => Some(Vec::new()),
        _ => None,
    })
}

fn push(out: &mut Vec<OsString>, name: &str, negated: bool, value: Option<Vec<u8>>) {
    let mut word = if negated {
        b"--no-".to_vec()
    } else {
        b"--".to_vec()
    };
    word.extend_from_slice(name.as_bytes());
    if let Some(value) = value {
        word.push(b'=');
        word.extend_from_slice(&value);
    }
    out.push(OsString::from_vec(word));
}

#[cfg(test)]
mod tests;
