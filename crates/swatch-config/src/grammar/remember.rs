//! `remember` lines: values that several records share.

use crate::ast::Remember;
use crate::diagnostic::Diagnostic;
use crate::grammar::numbers::duration;
use crate::grammar::options::{ListItem, ListStyle, no_bare, split};
use crate::grammar::scope::Context;
use crate::grammar::template::{self, VALUE};
use crate::lines::located::{Located, is_space, is_word};
use crate::source::Span;

/// Seconds for which values are kept without `for=`.
const DEFAULT_SECONDS: u64 = 600;

const EXAMPLE: &str = "for example `remember $1,host=$2,for=10:00`";

/// Reads the value of a `remember` line.
pub(crate) fn parse(value: Located<'_>, line: Span, context: &mut Context<'_>) -> Option<Remember> {
    let style = ListStyle {
        free: true,
        bare: no_bare,
    };
    let mut key = None;
    let mut out = Remember {
        key: Default::default(),
        seconds: DEFAULT_SECONDS,
        values: Vec::new(),
        need: Vec::new(),
        forget: Vec::new(),
        end: false,
        span: line,
    };
    let mut valid = true;
    for item in split(value, style, context) {
        match item.name.as_ref().map(|(name, _)| name.as_str()) {
            None | Some("key") => key = Some(template::parse(item.value, VALUE, context)),
            Some("for") => match duration(item.value, context).and_then(positive) {
                Some(seconds) => out.seconds = seconds,
                None => valid = false,
            },
            Some("need") => valid &= names(&item, &mut out.need, context),
            Some("forget") => valid &= names(&item, &mut out.forget, context),
            Some("end") => out.end = !matches!(item.value.bytes, b"0" | b"off" | b"no"),
            Some(name) => {
                let text = template::parse(item.value, VALUE, context);
                out.values.retain(|(known, _)| known != name.as_bytes());
                out.values.push((name.as_bytes().to_vec(), text));
            }
        }
    }
    let Some(key) = key else {
        context.diagnostics.push(
            Diagnostic::error(value.span(), "`remember` has no key", "expected a key")
                .with_help(EXAMPLE),
        );
        return None;
    };
    out.key = key;
    valid.then_some(out)
}

fn positive(seconds: i64) -> Option<u64> {
    u64::try_from(seconds).ok().filter(|&seconds| seconds > 0)
}

/// Names separated by white space or commas, in lower case. False: an error is recorded.
fn names(item: &ListItem<'_>, out: &mut Vec<Vec<u8>>, context: &mut Context<'_>) -> bool {
    let divides = |b: &u8| is_space(*b) || *b == b',';
    let words = item
        .value
        .bytes
        .split(divides)
        .filter(|word| !word.is_empty());
    let before = out.len();
    out.extend(words.map(<[u8]>::to_ascii_lowercase));
    let plain = |name: &Vec<u8>| name.iter().all(|&b| is_word(b));
    let valid = out.len() > before && out[before..].iter().all(plain);
    if !valid {
        context.diagnostics.push(
            Diagnostic::error(item.span, "these are not names of values", "expected names")
                .with_help("for example `need=host failed`"),
        );
    }
    valid
}
