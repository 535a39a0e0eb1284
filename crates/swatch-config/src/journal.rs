//! Match expressions of the systemd journal, as `journalctl` takes them.
//!
//! `journalctl` accepts a match that can never be true (`_SYSTEMD_UNIT=ssh`) without a word and
//! refuses a bare unit name with an error of its own, so both are checked before it is started.

use swatch_common::sanitize;

/// Endings of unit names, from systemd.unit(5).
const UNIT_TYPES: &[&str] = &[
    "service",
    "socket",
    "timer",
    "target",
    "mount",
    "automount",
    "path",
    "scope",
    "slice",
    "swap",
    "device",
];

/// Fields whose value is the name of a unit, from systemd.journal-fields(7).
const UNIT_FIELDS: &[&str] = &[
    "_SYSTEMD_UNIT",
    "_SYSTEMD_USER_UNIT",
    "OBJECT_SYSTEMD_UNIT",
    "OBJECT_SYSTEMD_USER_UNIT",
    "COREDUMP_UNIT",
    "UNIT",
    "USER_UNIT",
];

/// A word that is not a match. The message says what to write instead, where that is clear.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MatchError {
    /// Neither `FIELD=VALUE` nor the name of a unit.
    #[error("`{word}` is not a journal match{}", way_out(.suggestion))]
    NotAMatch {
        /// The word, safe to print.
        word: String,
        /// A match that may have been meant.
        suggestion: Option<String>,
    },
    /// The field never has such a value.
    #[error("the journal match `{word}` is never true{}", way_out(.suggestion))]
    NeverTrue {
        /// The word, safe to print.
        word: String,
        /// A match that may have been meant.
        suggestion: Option<String>,
    },
}

fn way_out(text: &Option<String>) -> String {
    match text {
        Some(text) => format!(": do you mean `{text}`?"),
        None => ": expected FIELD=VALUE or the name of a unit, such as ssh.service".into(),
    }
}

/// Reads one match: `FIELD=VALUE`, `+`, the path of a program, or the name of a unit
/// (`ssh.service`), which becomes `_SYSTEMD_UNIT=ssh.service`.
pub fn parse_match(word: &[u8]) -> Result<Vec<u8>, MatchError> {
    if word == b"+" || word.starts_with(b"/") {
        return Ok(word.to_vec());
    }
    if is_unit(word) {
        return Ok([b"_SYSTEMD_UNIT=", word].concat());
    }
    let shown = sanitize::text(word);
    let Some(equals) = word.iter().position(|&b| b == b'=') else {
        let name = is_unit_name(word).then(|| format!("_SYSTEMD_UNIT={shown}.service"));
        return Err(MatchError::NotAMatch {
            word: shown,
            suggestion: name,
        });
    };
    let (field, value) = (&word[..equals], &word[equals + 1..]);
    match better(field, value) {
        Ok(()) => Ok(word.to_vec()),
        Err(suggestion) => Err(MatchError::NeverTrue {
            word: shown,
            suggestion,
        }),
    }
}

/// Checks a field and its value; the error is what may have been meant.
fn better(field: &[u8], value: &[u8]) -> Result<(), Option<String>> {
    let valid = |b: &u8| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b'_';
    let name = String::from_utf8_lossy(field).to_ascii_uppercase();
    let shown = sanitize::text(value);
    if field.is_empty() || value.is_empty() {
        return Err(None);
    }
    let trusted = format!("_{name}");
    let name = match UNIT_FIELDS.contains(&trusted.as_str()) && name != "UNIT" {
        true => trusted,
        false => name,
    };
    if UNIT_FIELDS.contains(&name.as_str()) && !is_unit(value) {
        let unit = is_unit_name(value).then(|| format!("{name}={shown}.service"));
        return Err(unit);
    }
    if name.as_bytes() != field || !field.iter().all(valid) {
        let all_valid = name.as_bytes().iter().all(valid);
        return Err(all_valid.then(|| format!("{name}={shown}")));
    }
    // syslog's names of priorities are for the option -p alone.
    if name == "PRIORITY" && !matches!(value, [b'0'..=b'7']) {
        const NAMES: [&str; 8] = [
            "emerg", "alert", "crit", "err", "warning", "notice", "info", "debug",
        ];
        let number = NAMES.iter().position(|known| known.as_bytes() == value);
        return Err(number.map(|number| format!("PRIORITY={number}")));
    }
    Ok(())
}

fn is_unit(word: &[u8]) -> bool {
    let Some(dot) = word.iter().rposition(|&b| b == b'.') else {
        return false;
    };
    let ending = UNIT_TYPES
        .iter()
        .any(|known| known.as_bytes() == &word[dot + 1..]);
    ending && is_unit_name(&word[..dot])
}

/// Signs that systemd allows in the name of a unit.
fn is_unit_name(word: &[u8]) -> bool {
    let valid = |b: &u8| b.is_ascii_alphanumeric() || b":-_.\\@".contains(b);
    !word.is_empty() && word.iter().all(valid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_are_taken_as_they_are() {
        for word in [
            "_SYSTEMD_UNIT=ssh.service",
            "SYSLOG_IDENTIFIER=sshd",
            "_COMM=sshd",
            "PRIORITY=3",
            "UNIT=user@1000.service",
            "MY_FIELD=a b=c",
            "+",
            "/usr/sbin/sshd",
        ] {
            assert_eq!(parse_match(word.as_bytes()).as_deref(), Ok(word.as_bytes()));
        }
    }

    #[test]
    fn a_unit_alone_is_a_match() {
        for unit in [
            "ssh.service",
            "getty@tty1.service",
            "dev-sda.device",
            "a.b.socket",
        ] {
            let expected = format!("_SYSTEMD_UNIT={unit}");
            assert_eq!(parse_match(unit.as_bytes()), Ok(expected.into_bytes()));
        }
    }

    #[test]
    fn other_words_are_refused_with_a_way_out() {
        for (word, message) in [
            (
                "ssh",
                "`ssh` is not a journal match: do you mean `_SYSTEMD_UNIT=ssh.service`?",
            ),
            (
                "_SYSTEMD_UNIT=ssh",
                "the journal match `_SYSTEMD_UNIT=ssh` is never true: do you mean `_SYSTEMD_UNIT=ssh.service`?",
            ),
            (
                "SYSTEMD_UNIT=ssh.service",
                "the journal match `SYSTEMD_UNIT=ssh.service` is never true: do you mean `_SYSTEMD_UNIT=ssh.service`?",
            ),
            (
                "_systemd_unit=ssh",
                "the journal match `_systemd_unit=ssh` is never true: do you mean `_SYSTEMD_UNIT=ssh.service`?",
            ),
            (
                "syslog_identifier=sshd",
                "the journal match `syslog_identifier=sshd` is never true: do you mean `SYSLOG_IDENTIFIER=sshd`?",
            ),
            (
                "PRIORITY=err",
                "the journal match `PRIORITY=err` is never true: do you mean `PRIORITY=3`?",
            ),
            (
                "_COMM=",
                "the journal match `_COMM=` is never true: expected FIELD=VALUE or the name of a unit, such as ssh.service",
            ),
            (
                "a,b",
                "`a,b` is not a journal match: expected FIELD=VALUE or the name of a unit, such as ssh.service",
            ),
        ] {
            let error = parse_match(word.as_bytes()).expect_err(word);
            assert_eq!(error.to_string(), message);
        }
    }
}
