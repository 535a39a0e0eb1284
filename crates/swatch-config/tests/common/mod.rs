//! Helpers of several test files.

use std::path::Path;

use swatch_config::{Options, Parsed, parse_str};

/// Reads text as the file `test.conf`, with one variable in the environment.
pub(crate) fn read(text: &[u8]) -> Parsed {
    let mut options = Options::default();
    options.env.insert(b"WORD".to_vec(), b"from-env".to_vec());
    parse_str(text, Path::new("test.conf"), &options)
}

/// A configuration in full, without places and without the conditions' wording.
pub(crate) fn meaning(parsed: &Parsed) -> String {
    let text = format!("{:?}", parsed.config.items);
    let text = cut(&text, "span: Span {", "} }", "");
    let text = cut(&text, "span: Span {", "}", "");
    cut(&text, ", text: [", "]", ",")
}

/// Removes all that stands from one mark to the next other one.
fn cut(text: &str, from: &str, to: &str, instead: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(from) {
        out.push_str(&rest[..start]);
        out.push_str(instead);
        rest = &rest[start..];
        let end = rest.find(to).map_or(rest.len(), |end| end + to.len());
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}
