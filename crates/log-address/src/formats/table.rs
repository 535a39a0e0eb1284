//! Reads the table of formats.

use std::sync::{LazyLock, OnceLock};

use super::{access, alert, json, logfmt, postgresql};
use crate::shape::{Parts, Readings, parse};

/// One known format.
#[derive(Debug, Default)]
pub(super) struct Format {
    /// Its name in messages and in the documentation.
    pub(super) name: &'static str,
    /// The programs that write it, as in a syslog tag: `postfix` stands for `postfix/smtpd` too,
    /// `postfix/smtp` for itself alone, a `*` at the end for any text.
    pub(super) tags: Vec<&'static str>,
    /// The shapes of the headers of its own log.
    pub(super) own_headers: Vec<Shape>,
    /// The shape of what may stand in front of each message.
    pub(super) before: Option<Shape>,
    /// The shapes of its messages.
    pub(super) shapes: Vec<Shape>,
    /// The name of a reader in code.
    pub(super) code: Option<&'static str>,
    after: &'static str,
    variables: Vec<(String, String)>,
}

/// A shape of the table. It is parsed when it is first needed, since most lines need few of them.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) text: &'static str,
    parts: OnceLock<Vec<Parts<'static>>>,
}

impl Shape {
    fn new(text: String) -> Self {
        Self {
            // The table lives as long as the process.
            text: text.leak(),
            parts: OnceLock::new(),
        }
    }

    /// The alternatives of the shape. A test holds that every shape of the table can be parsed.
    pub(super) fn sequences(&self) -> &[Parts<'static>] {
        self.parts
            .get_or_init(|| parse(self.text).unwrap_or_default())
    }

    /// The literal text that it begins with.
    pub(super) fn literal(&self) -> &'static [u8] {
        self.text.split('{').next().unwrap_or_default().as_bytes()
    }

    /// The text up to its cut.
    pub(super) fn before_cut(&self) -> Option<&'static str> {
        self.text.split_once("{!}").map(|(before, _)| before)
    }
}

impl Format {
    /// True if a syslog tag (without process number) belongs to the format.
    pub(super) fn is_of(&self, tag: &[u8]) -> bool {
        self.tags.iter().any(|name| is_named(name, tag))
    }

    pub(super) fn has_own_log(&self) -> bool {
        !self.own_headers.is_empty()
    }

    pub(super) fn reader(&self) -> Option<fn(&[u8]) -> Readings> {
        Some(match self.code? {
            "access" => access::read,
            "alert" => alert::read,
            "json" => json::read,
            "grafana" => logfmt::grafana,
            "valkey" => logfmt::valkey,
            _ => postgresql::read,
        })
    }

    fn expanded(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (name, value) in &self.variables {
            text = text.replace(name, value);
        }
        text
    }

    fn add(&mut self, line: &'static str) {
        if let Some(tags) = line.strip_prefix("tags: ") {
            self.tags = tags.split(' ').collect();
        } else if let Some(header) = line.strip_prefix("own:") {
            let header = header.strip_prefix(' ').unwrap_or_default();
            self.own_headers.push(Shape::new(self.expanded(header)));
        } else if let Some(before) = line.strip_prefix("before: ") {
            self.before = Some(Shape::new(self.expanded(before)));
        } else if let Some(after) = line.strip_prefix("after: ") {
            self.after = after;
        } else if let Some(code) = line.strip_prefix("code: ") {
            self.code = Some(code);
        } else if let Some((name, value)) = line
            .strip_prefix("let ")
            .and_then(|line| line.split_once(" = "))
        {
            let value = self.expanded(value);
            self.variables.push((format!("{{{name}}}"), value));
        } else {
            self.shapes
                .push(Shape::new(self.expanded(line) + self.after));
        }
    }
}

/// The formats, in the order of the table.
pub(super) fn formats() -> &'static [Format] {
    static FORMATS: LazyLock<Vec<Format>> = LazyLock::new(|| read(include_str!("../formats.txt")));
    &FORMATS
}

fn read(text: &'static str) -> Vec<Format> {
    let mut formats: Vec<Format> = Vec::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("== ") {
            formats.push(Format {
                name,
                ..Format::default()
            });
        } else if !line.is_empty()
            && !line.starts_with('#')
            && let Some(format) = formats.last_mut()
        {
            format.add(line);
        }
    }
    formats
}

fn is_named(name: &str, tag: &[u8]) -> bool {
    let name = name.as_bytes();
    if let Some(prefix) = name.strip_suffix(b"*") {
        return tag
            .get(..prefix.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    }
    if name.contains(&b'/') {
        return tag.eq_ignore_ascii_case(name);
    }
    let end = tag
        .iter()
        .position(|byte| matches!(byte, b'/' | b'('))
        .unwrap_or(tag.len());
    tag[..end].eq_ignore_ascii_case(name)
}
