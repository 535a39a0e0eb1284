//! Words that are not keywords.

use swatch_common::sanitize;

use crate::diagnostic::Diagnostic;
use crate::lines::keyword;
use crate::lines::located::{Located, is_word};
use swatch_common::suggest::nearest;

/// Words of other programs and languages, and the keyword for what they do.
const OTHER_WORDS: &[(&[&str], &str)] = &[
    (
        &[
            "system", "run", "execute", "command", "cmd", "shell", "script", "call", "spawn", "qx",
        ],
        "exec",
    ),
    (&["print", "printf", "say", "display", "show"], "echo"),
    (&["open", "popen"], "pipe"),
    (&["email", "sendmail", "mailto"], "mail"),
    (&["beep", "alarm", "alert"], "bell"),
    (&["exit", "die", "stop", "halt"], "quit"),
    (&["next", "fallthrough", "goon"], "continue"),
    (&["match", "watch", "pattern", "regex"], "watchfor"),
    (&["skip", "drop", "discard"], "ignore"),
    (&["ratelimit", "rate_limit", "limit"], "throttle"),
];

/// An error for a word that is not a keyword.
pub(super) fn unknown(key: Located<'_>) -> Diagnostic {
    let word = sanitize::text(key.bytes);
    let finding = Diagnostic::error(
        key.span(),
        format!("`{word}` is not a keyword"),
        "expected a rule or an action",
    );
    let length = key.bytes.iter().take_while(|&&b| is_word(b)).count();
    let plain = if length > 0 {
        &key.bytes[..length]
    } else {
        key.bytes
    };
    let lower = plain.to_ascii_lowercase();
    let other = OTHER_WORDS
        .iter()
        .find(|(words, _)| words.iter().any(|word| word.as_bytes() == lower));
    if let Some((_, keyword)) = other {
        return finding.with_help(format!("did you mean `{keyword}`?"));
    }
    match nearest(&String::from_utf8_lossy(plain), &keyword::all()) {
        Some(near) if near.as_bytes() == plain => finding.with_help(format!(
            "write `{near}`, then a space or `=`, then its value"
        )),
        Some(near) => finding.with_help(format!("did you mean `{near}`?")),
        None if key.bytes.starts_with(b"/") => finding
            .with_help("a rule begins with `watchfor`; files of the 1990s need --old-style-config"),
        None => finding.with_help(
            "a Perl function of that name can be defined with `perlcode 0 sub …` or loaded with -M",
        ),
    }
}
