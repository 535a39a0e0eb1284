//! Comments that name the log: `# logfile PATH…` and `# journal MATCH…`.
//!
//! This is a convention of init scripts around swatch, not part of the original language. Clear
//! forms are accepted. Unclear ones are reported, because the watch would otherwise silently
//! follow the default log.

use crate::ast::Config;
use crate::diagnostic::Diagnostic;
use crate::journal::parse_match;
use crate::lines::located::{Located, is_space};

/// First words of such a comment, case-insensitive, and whether it is about the journal.
const KEYWORDS: &[(&str, bool)] = &[
    ("logfiles", false),
    ("logfile", false),
    ("log file", false),
    ("log-file", false),
    ("log_file", false),
    ("journal", true),
];

/// Reads a comment, without its `#`.
pub(crate) fn read(comment: Located<'_>, config: &mut Config, out: &mut Vec<Diagnostic>) {
    let comment = comment.trim();
    let lower = comment.bytes.to_ascii_lowercase();
    let keyword = KEYWORDS
        .iter()
        .find(|(word, _)| lower.starts_with(word.as_bytes()));
    let Some((word, is_journal)) = keyword else {
        return;
    };
    let rest = comment.from(word.len());
    let separated = |b: &u8| is_space(*b) || matches!(b, b':' | b'=');
    if !rest.bytes.first().is_none_or(separated) {
        return;
    }
    let spaced = rest.trim_start();
    let marked = matches!(spaced.bytes.first(), Some(b':' | b'='));
    let value = spaced.from(usize::from(marked)).trim_start();
    let words = words(value);
    match is_journal {
        true => journal(comment, &words, marked, config, out),
        false => log_file(comment, &words, marked, config, out),
    }
}

/// Words up to a trailing comment, without quotation marks and commas around them.
fn words(value: Located<'_>) -> Vec<Located<'_>> {
    let mut out = Vec::new();
    let mut at = 0;
    for part in value.bytes.split(|&b| is_space(b)) {
        let (mut start, mut end) = (at, at + part.len());
        at = end + 1;
        if part.first() == Some(&b'#') {
            break;
        }
        let mark = |b: &u8| matches!(b, b'"' | b'\'' | b',');
        while start < end && mark(&value.bytes[end - 1]) {
            end -= 1;
        }
        while start < end && mark(&value.bytes[start]) {
            start += 1;
        }
        if start < end {
            out.push(value.sub(start..end));
        }
    }
    out
}

fn log_file(
    comment: Located<'_>,
    words: &[Located<'_>],
    marked: bool,
    config: &mut Config,
    out: &mut Vec<Diagnostic>,
) {
    let absolute = |word: &Located<'_>| word.bytes.starts_with(b"/");
    if !words.is_empty() && words.iter().all(absolute) {
        let paths = words.iter().map(|word| word.bytes.to_vec());
        return config.log_files.extend(paths);
    }
    if marked || words.iter().any(|word| word.bytes.contains(&b'/')) {
        out.push(
            Diagnostic::warning(
                comment.span(),
                "this comment does not name a log",
                "expected absolute paths after `logfile`",
            )
            .with_help("for example `# logfile /var/log/auth.log`"),
        );
    }
}

fn journal(
    comment: Located<'_>,
    words: &[Located<'_>],
    marked: bool,
    config: &mut Config,
    out: &mut Vec<Diagnostic>,
) {
    let mut matches = Vec::new();
    let mut refused = None;
    for word in words {
        match parse_match(word.bytes) {
            Ok(found) => matches.push(found),
            Err(why) => refused = refused.or(Some((*word, why))),
        }
    }
    let first = words.first();
    let meant = marked || first.is_some_and(|word| word.bytes.contains(&b'='));
    match refused {
        None if !matches.is_empty() => config.journal.push(matches),
        None if !marked => {}
        Some(_) if matches.is_empty() && !meant => {}
        None => out.push(Diagnostic::warning(
            comment.span(),
            "this comment names no part of the journal",
            "expected FIELD=VALUE or the name of a unit",
        )),
        Some((word, why)) if meant => {
            let finding = Diagnostic::error(word.span(), why.to_string(), "in this match");
            out.push(finding);
        }
        Some((word, why)) => out.push(
            Diagnostic::warning(word.span(), why.to_string(), "so this comment is ignored")
                .with_help("for example `# journal _SYSTEMD_UNIT=ssh.service`"),
        ),
    }
}
