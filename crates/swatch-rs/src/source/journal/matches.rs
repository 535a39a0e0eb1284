//! Matches for journalctl(1), checked before the start: a match that can never hold is silent.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use swatch_common::sanitize::Sanitized;

/// The suffixes of unit names (systemd.unit(5)) whose processes write entries.
const UNITS: [&str; 6] = [".service", ".scope", ".slice", ".socket", ".mount", ".swap"];

/// A word that is not a match, or one that can never hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MatchError {
    /// Neither `FIELD=VALUE`, `+`, an absolute path nor the name of a unit.
    #[error("{} is not a match for the journal; do you mean _SYSTEMD_UNIT={}?", shown(.0), unit(.0))]
    NotAMatch(OsString),
    /// The name of a field is in capital letters.
    #[error("{} is not a match for the journal: fields have names in capital letters", shown(.0))]
    Field(OsString),
    /// `_SYSTEMD_UNIT=ssh`.
    #[error("{} matches no entry, because names of units have a suffix; do you mean {}?", shown(.0), unit(.0))]
    NoSuffix(OsString),
}

/// The matches as journalctl takes them: the name of a unit alone stands for its entries.
///
/// Options of journalctl, and the word after a short one, are passed on as they are.
///
/// # Errors
/// [`MatchError`], for the first word that is wrong.
pub fn check(words: Vec<OsString>) -> Result<Vec<OsString>, MatchError> {
    let mut takes_value = false;
    words
        .into_iter()
        .map(|word| {
            let passed_on = std::mem::take(&mut takes_value);
            if passed_on {
                return Ok(word);
            }
            let bytes = word.as_bytes();
            if bytes.starts_with(b"-") {
                takes_value = bytes.len() == 2;
                return Ok(word);
            }
            check_word(word)
        })
        .collect()
}

fn check_word(word: OsString) -> Result<OsString, MatchError> {
    let bytes = word.as_bytes();
    if bytes == b"+" || bytes.starts_with(b"/") {
        return Ok(word);
    }
    let Some(equals) = bytes.iter().position(|&b| b == b'=') else {
        if has_unit_suffix(bytes) {
            return Ok(OsStr::from_bytes(&[b"_SYSTEMD_UNIT=", bytes].concat()).to_owned());
        }
        return Err(MatchError::NotAMatch(word));
    };
    let (field, value) = (&bytes[..equals], &bytes[equals + 1..]);
    let in_capitals = |b: &u8| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b'_';
    if field.is_empty() || !field.iter().all(in_capitals) {
        return Err(MatchError::Field(word));
    }
    if matches!(field, b"_SYSTEMD_UNIT" | b"_SYSTEMD_USER_UNIT") && !has_unit_suffix(value) {
        return Err(MatchError::NoSuffix(word));
    }
    Ok(word)
}

fn has_unit_suffix(name: &[u8]) -> bool {
    UNITS.iter().any(|suffix| {
        let stem = name.strip_suffix(suffix.as_bytes());
        stem.is_some_and(|stem| !stem.is_empty())
    })
}

fn shown(word: &OsStr) -> Sanitized<'_> {
    Sanitized(word.as_bytes())
}

/// The word as the name of a service.
fn unit(word: &OsStr) -> String {
    format!("{}.service", shown(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(words: &[&str]) -> Result<Vec<OsString>, String> {
        let words = words.iter().map(OsString::from).collect();
        check(words).map_err(|e| e.to_string())
    }

    #[test]
    fn matches_are_taken_as_they_are() {
        for words in [
            &["_SYSTEMD_UNIT=ssh.service", "+", "SYSLOG_IDENTIFIER=sshd"][..],
            &["/usr/sbin/sshd"],
            &["-u", "ssh", "--namespace=web"],
            &[],
        ] {
            assert_eq!(checked(words).unwrap(), words);
        }
    }

    #[test]
    fn the_name_of_a_unit_stands_for_its_entries() {
        assert_eq!(
            checked(&["ssh.service", "user@0.service"]).unwrap(),
            ["_SYSTEMD_UNIT=ssh.service", "_SYSTEMD_UNIT=user@0.service"]
        );
    }

    #[test]
    fn what_can_never_match_is_refused_with_a_suggestion() {
        for (word, suggestion) in [
            ("ssh", "do you mean _SYSTEMD_UNIT=ssh.service?"),
            (
                "_SYSTEMD_UNIT=ssh",
                "do you mean _SYSTEMD_UNIT=ssh.service?",
            ),
            (
                "_SYSTEMD_USER_UNIT=app",
                "do you mean _SYSTEMD_USER_UNIT=app.service?",
            ),
            ("unit=ssh.service", "capital letters"),
            ("=x", "capital letters"),
            (".service", "is not a match"),
        ] {
            let error = checked(&[word]).unwrap_err();
            assert!(error.contains(suggestion), "{word}: {error}");
        }
    }
}
