//! Templates of requests to web services: `{address}` and the like are replaced by values that are
//! encoded for their place.
//!
//! The values may hold what attackers write. In JSON a value is a whole string outside of quotation
//! marks, and the escaped inside of one within them; in addresses and forms it is percent-encoded;
//! in headers and texts it is sanitised.

use std::fmt::Write as _;

use swatch_common::{sanitize, suggest};

/// The names of values.
const NAMES: [&str; 13] = [
    "address", "count", "host", "id", "locks", "network", "reason", "rule", "seconds", "subject",
    "text", "token", "until",
];

/// The encoding of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syntax {
    /// A JSON text.
    Json,
    /// An address, or a form.
    Url,
    /// The value of a header.
    Header,
    /// Text of any kind.
    Text,
}

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Text, which may have several lines.
    Text(String),
    /// A number.
    Number(u64),
}

/// The values of a message.
#[derive(Clone, Debug, Default)]
pub struct Values(Vec<(&'static str, Value)>);

/// A mistake in a template.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// A name that stands for nothing.
    #[error("{{{name}}} stands for nothing{hint}; the values are {}", known())]
    Unknown {
        /// The name.
        name: String,
        /// A name that may be meant, or nothing.
        hint: String,
    },
}

fn known() -> String {
    let names: Vec<String> = NAMES.iter().map(|name| format!("{{{name}}}")).collect();
    names.join(" ")
}

impl Values {
    /// Adds a text.
    #[must_use]
    pub fn text(mut self, name: &'static str, text: impl Into<String>) -> Self {
        self.0.push((name, Value::Text(text.into())));
        self
    }

    /// Adds a number.
    #[must_use]
    pub fn number(mut self, name: &'static str, number: u64) -> Self {
        self.0.push((name, Value::Number(number)));
        self
    }

    /// Values that a template can be tried with.
    #[must_use]
    pub fn sample() -> Self {
        NAMES
            .iter()
            .fold(Self::default(), |values, name| match *name {
                "count" | "locks" | "seconds" => values.number(name, 3),
                name => values.text(name, "a \"b\"\n"),
            })
    }

    fn get(&self, name: &str) -> Option<&Value> {
        self.0
            .iter()
            .find(|(own, _)| *own == name)
            .map(|(_, value)| value)
    }
}

/// Fills a template. Braces around anything that is not a word of small letters are text.
///
/// # Errors
/// [`TemplateError`].
pub fn fill(template: &str, syntax: Syntax, values: &Values) -> Result<String, TemplateError> {
    let mut out = String::with_capacity(template.len() + 200);
    let mut rest = template;
    // In JSON: within quotation marks, and after a backslash there.
    let (mut quoted, mut escaped) = (false, false);
    while let Some(c) = rest.chars().next() {
        if c == '{'
            && !escaped
            && let Some((name, after)) = placeholder(rest)
        {
            let value = values.get(name).ok_or_else(|| unknown(name))?;
            put(&mut out, value, syntax, quoted);
            rest = after;
            continue;
        }
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ => {}
        }
        out.push(c);
        rest = &rest[c.len_utf8()..];
    }
    Ok(out)
}

/// The name at the start of a text, and what follows it.
fn placeholder(text: &str) -> Option<(&str, &str)> {
    let (name, after) = text.strip_prefix('{')?.split_once('}')?;
    let word = !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    word.then_some((name, after))
}

fn unknown(name: &str) -> TemplateError {
    let hint = suggest::nearest(name, &NAMES).map_or(String::new(), |meant| {
        format!(": did you mean {{{meant}}}?")
    });
    TemplateError::Unknown {
        name: sanitize::excerpt(name.as_bytes(), 40),
        hint,
    }
}

fn put(out: &mut String, value: &Value, syntax: Syntax, quoted: bool) {
    let text = match value {
        Value::Number(number) => {
            // Writing to a string cannot fail.
            let _ = write!(out, "{number}");
            return;
        }
        Value::Text(text) => text,
    };
    let clean = sanitize::lines(text.as_bytes());
    match syntax {
        Syntax::Json => {
            let json = serde_json::Value::String(clean).to_string();
            let inside = json
                .strip_prefix('"')
                .and_then(|json| json.strip_suffix('"'));
            out.push_str(if quoted { inside.unwrap_or("") } else { &json });
        }
        Syntax::Url => {
            for byte in clean.bytes() {
                match byte {
                    b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                        out.push(char::from(byte));
                    }
                    byte => {
                        let _ = write!(out, "%{byte:02X}");
                    }
                }
            }
        }
        Syntax::Header => out.push_str(&sanitize::text(text.as_bytes()).replace('\t', " ")),
        Syntax::Text => out.push_str(&clean),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn values(reason: &str) -> Values {
        Values::default()
            .text("reason", reason)
            .text("address", "2001:db8::/64")
            .number("count", 3)
    }

    #[test]
    fn a_value_is_encoded_for_its_place() {
        let hostile = "\"}, \"x\": {\r\n\u{202e}\\ ü&=?#";
        let values = values(hostile);
        for (template, syntax, filled) in [
            ("{count} {address}", Syntax::Text, "3 2001:db8::/64"),
            (
                "/{address}?n={count}",
                Syntax::Url,
                "/2001%3Adb8%3A%3A%2F64?n=3",
            ),
            ("{x y} {} {Address} {", Syntax::Text, "{x y} {} {Address} {"),
            (
                r#"{"a": {address}, "b": "{address}: {count}", "n": {count}}"#,
                Syntax::Json,
                r#"{"a": "2001:db8::/64", "b": "2001:db8::/64: 3", "n": 3}"#,
            ),
        ] {
            assert_eq!(fill(template, syntax, &values).as_deref(), Ok(filled));
        }
        let header = fill("{reason}", Syntax::Header, &values).expect("filled");
        assert!(!header.contains(['\r', '\n', '\u{202e}']), "{header:?}");
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_known_ones() {
        let error = fill("{adress}", Syntax::Text, &values("")).expect_err("unknown");
        let text = error.to_string();
        assert!(
            text.contains("did you mean {address}?") && text.contains("{until}"),
            "{text}"
        );
    }

    proptest! {
        /// Whatever a value is, the JSON around it keeps its shape.
        #[test]
        fn no_value_breaks_out_of_json(reason in ".*", other in any::<String>()) {
            for reason in [reason, other] {
                let template = r#"{"q": "{reason}", "e": "\"{reason}\\", "w": {reason}, "n": {count}}"#;
                let json = fill(template, Syntax::Json, &values(&reason)).expect("filled");
                let read: serde_json::Value = serde_json::from_str(&json).expect("JSON");
                let shown = sanitize::lines(reason.as_bytes());
                prop_assert_eq!(&read["q"], &shown);
                prop_assert_eq!(&read["e"], &format!("\"{shown}\\"));
                prop_assert_eq!(&read["w"], &shown);
                prop_assert_eq!(read.as_object().map(serde_json::Map::len), Some(4));
            }
        }
    }
}
