//! Words that are not keywords.

use swatch_common::sanitize;

use crate::diagnostic::Diagnostic;
use crate::lines::keyword;
use crate::lines::located::{Located, is_word};
use swatch_common::suggest::nearest;

/// An error for a word that is no keyword.
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
    match nearest(&String::from_utf8_lossy(plain), &keyword::all()) {
        Some(near) if near.as_bytes() == plain => finding.with_help(format!(
            "write `{near}`, then a blank or `=`, then its value"
        )),
        Some(near) => finding.with_help(format!("did you mean `{near}`?")),
        None if key.bytes.starts_with(b"/") => finding
            .with_help("a rule begins with `watchfor`; files of the 1990s need --old-style-config"),
        None => finding.with_help(
            "a Perl function of that name can be defined with `perlcode 0 sub …` or loaded with -M",
        ),
    }
}
