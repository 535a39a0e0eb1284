//! Modes of `echo`: the names of Perl's Term::ANSIColor.

use nom::bytes::complete::tag;
use nom::character::complete::digit1;
use nom::combinator::{all_consuming, map_opt};
use nom::sequence::preceded;
use nom::{IResult, Parser};

use swatch_common::sanitize;

use crate::diagnostic::Diagnostic;
use crate::grammar::scope::Context;
use crate::lines::located::{Located, is_space};
use crate::source::Span;
use swatch_common::suggest::nearest;

const COLORS: [&str; 8] = [
    "black", "red", "green", "yellow", "blue", "magenta", "cyan", "white",
];

/// The name of `reverse` in early versions of swatch. swatchdog 3.2.4 dies of it.
const OLD_REVERSE: &str = "inverse";

const ATTRIBUTES: [(&str, u8); 13] = [
    ("clear", 0),
    ("reset", 0),
    ("bold", 1),
    ("dark", 2),
    ("faint", 2),
    ("italic", 3),
    ("underline", 4),
    ("underscore", 4),
    ("blink", 5),
    ("reverse", 7),
    (OLD_REVERSE, 7),
    ("concealed", 8),
    // Not an attribute: no code is written.
    ("normal", u8::MAX),
];

/// Names that a misspelt mode is compared with.
const KNOWN: &[&str] = &[
    "normal",
    "clear",
    "reset",
    "bold",
    "dark",
    "faint",
    "italic",
    "underline",
    "underscore",
    "blink",
    "reverse",
    "concealed",
    "black",
    "red",
    "green",
    "yellow",
    "blue",
    "magenta",
    "cyan",
    "white",
    "bright_red",
    "bright_green",
    "bright_yellow",
    "bright_blue",
    "on_black",
    "on_red",
    "on_green",
    "on_yellow",
    "on_blue",
    "on_magenta",
    "on_cyan",
    "on_white",
];

fn byte(text: &[u8]) -> IResult<&[u8], u8> {
    map_opt(digit1, |digits: &[u8]| {
        std::str::from_utf8(digits).ok()?.parse().ok()
    })
    .parse(text)
}

/// `r1g2b3`.
fn true_color(text: &[u8]) -> IResult<&[u8], (u8, u8, u8)> {
    let part = |letter: &'static [u8]| preceded(tag(letter), byte);
    all_consuming((part(b"r"), part(b"g"), part(b"b"))).parse(text)
}

fn palette(name: &str) -> Option<u32> {
    if let Some(number) = name.strip_prefix("ansi") {
        let number: u8 = number.parse().ok()?;
        return (number.to_string() == name[4..]).then_some(number.into());
    }
    if let Some(number) = name.strip_prefix("grey") {
        let number: u32 = number.parse().ok()?;
        return (number < 24).then_some(232 + number);
    }
    let digits = name.strip_prefix("rgb")?;
    let levels: Option<Vec<u32>> = digits.chars().map(|c| c.to_digit(6)).collect();
    match levels?.as_slice() {
        [r, g, b] => Some(16 + 36 * r + 6 * g + b),
        _ => None,
    }
}

/// The parameters of a mode: `None` for `normal`, an error for an unknown mode.
fn parameters(name: &str) -> Result<Option<String>, ()> {
    if let Some((_, code)) = ATTRIBUTES.iter().find(|(known, _)| *known == name) {
        return Ok((*code != u8::MAX).then(|| code.to_string()));
    }
    if let Some(today) = renamed(name) {
        return parameters(&today);
    }
    let (background, rest) = match name.strip_prefix("on_") {
        Some(rest) => (10, rest),
        None => (0, name),
    };
    let (bright, color) = match rest.strip_prefix("bright_") {
        Some(color) => (60, color),
        None => (0, rest),
    };
    if let Some(color) = COLORS.iter().position(|known| *known == color) {
        return Ok(Some((30 + background + bright + color).to_string()));
    }
    let select = 38 + background;
    if let Ok((_, (r, g, b))) = true_color(rest.as_bytes()) {
        return Ok(Some(format!("{select};2;{r};{g};{b}")));
    }
    match palette(rest) {
        Some(number) => Ok(Some(format!("{select};5;{number}"))),
        None => Err(()),
    }
}

/// Looks up a name in the variable `ANSI_COLORS_ALIASES` (`alert=red,quiet=faint`).
fn alias(name: &str, context: &Context<'_>) -> Option<String> {
    let aliases = (context.env)(b"ANSI_COLORS_ALIASES")?;
    let aliases = String::from_utf8_lossy(&aliases).into_owned();
    aliases.split(',').find_map(|pair| {
        let (new, old) = pair.split_once('=')?;
        (new.trim() == name).then(|| old.trim().to_ascii_lowercase())
    })
}

/// Returns true for the name of a mode.
pub(crate) fn is_mode(word: &[u8]) -> bool {
    let word = String::from_utf8_lossy(word).to_ascii_lowercase();
    parameters(&word).is_ok()
}

/// Reads modes separated by commas or white space; returns the parameters of the SGR sequence.
pub(crate) fn parse(list: &[Located<'_>], context: &mut Context<'_>) -> Option<String> {
    let mut codes: Vec<String> = Vec::new();
    let mut plain = None;
    for text in list {
        let mut at = 0;
        for word in text.bytes.split(|&b| is_space(b) || b == b',') {
            let (start, end) = (at, at + word.len());
            at = end + 1;
            if word.is_empty() {
                continue;
            }
            let mut name = String::from_utf8_lossy(word).into_owned();
            if let Some(alias) = alias(&name, context) {
                name = alias;
            }
            // A list that starts with `normal` is plain, whatever follows.
            let first = *plain.get_or_insert(name.eq_ignore_ascii_case("normal"));
            match parameters(&name.to_ascii_lowercase()) {
                Ok(code) => {
                    if let Some(today) = renamed(&name) {
                        let finding = old_name(text.at(start..end), &name, &today);
                        context.diagnostics.push(finding);
                    }
                    codes.extend(code);
                }
                Err(()) => {
                    let message = format!("`{}` is not a mode of `echo`", sanitize::text(word));
                    let label = "expected a colour or a mode such as `red`, `on_blue`, `bold`";
                    let span = text.at(start..end);
                    let finding = match first {
                        true => Diagnostic::warning(span, message, label),
                        false => Diagnostic::error(span, message, label),
                    };
                    context.diagnostics.push(help(finding, &name));
                }
            }
        }
    }
    let plain = plain.unwrap_or(true) || codes.is_empty();
    (!plain).then(|| codes.join(";"))
}

/// The current name for a mode of old versions: `inverse`, and backgrounds such as `red_h`.
fn renamed(name: &str) -> Option<String> {
    let name = name.to_ascii_lowercase();
    if name == OLD_REVERSE {
        return Some("reverse".into());
    }
    let color = name.strip_suffix("_h")?;
    COLORS.contains(&color).then(|| format!("on_{color}"))
}

fn old_name(span: Span, name: &str, today: &str) -> Diagnostic {
    let name = sanitize::text(name.as_bytes());
    Diagnostic::warning(
        span,
        format!("`{name}` is a name from old versions"),
        format!("read as `{today}`"),
    )
    .with_help(format!(
        "swatchdog 3.2.4 knows only `{today}`, and dies at the first matching line of `{name}`"
    ))
}

fn help(finding: Diagnostic, name: &str) -> Diagnostic {
    if name.starts_with('$') {
        return finding.with_help("the line is echoed anyway: write just `echo`");
    }
    match nearest(name, KNOWN) {
        Some(near) => finding.with_help(format!("did you mean `{near}`?")),
        None => finding,
    }
}
