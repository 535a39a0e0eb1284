//! References in values: `%(name)s` and `<name>`.

use std::sync::LazyLock;

use regex::Regex;

use crate::{
    error::ImportError,
    ini::{Ini, Line, Value},
};

/// The options that a filter's or a jail's references can name.
pub(crate) struct Scope<'a> {
    pub(crate) ini: &'a Ini,
    /// The value of `%(__name__)s`.
    pub(crate) name: &'a str,
    /// Sections that are searched in turn for a plain name; the first one that has it decides.
    pub(crate) sections: &'a [&'a str],
    /// Values that win over all sections: options in brackets after the filter's name.
    pub(crate) given: &'a [(String, String)],
}

/// An innermost tag: `<name>`, `<section/name>`.
static TAG: LazyLock<Regex> = LazyLock::new(|| regex(r"<([A-Za-z_][\w\-]*(?:/[\w\-]+)?)>"));

/// Tags that stand for parts of a pattern and are never replaced by an option.
static RESERVED: LazyLock<Regex> =
    LazyLock::new(|| regex(r"^(?:HOST|ADDR|IP4|IP6|DNS|SUBNET|CIDR|F-[A-Z_]+|SKIPLINES|W|CR|NL)$"));

/// A bound for tags that expand to themselves, far above what fail2ban's own files need.
const TAG_ROUNDS: usize = 200;

fn regex(pattern: &str) -> Regex {
    #[expect(
        clippy::expect_used,
        reason = "a constant pattern, covered by every test"
    )]
    Regex::new(pattern).expect("a constant pattern compiles")
}

impl Scope<'_> {
    /// The value of an option with all its references resolved; `None` if it is not set.
    pub(crate) fn value(&self, option: &str) -> Result<Option<Value>, ImportError> {
        let Some((section, value)) = self.find(option) else {
            return Ok(None);
        };
        let expanded = self.expand(section, &value, &mut vec![option.to_owned()])?;
        expanded
            .into_iter()
            .map(|line| self.tags(line))
            .collect::<Result<Vec<Value>, _>>()
            .map(|lines| Some(lines.concat()))
    }

    /// [`Scope::value`] as one text, its lines joined by a line feed.
    pub(crate) fn text(&self, option: &str) -> Result<Option<String>, ImportError> {
        Ok(self.value(option)?.map(|value| join(&value)))
    }

    fn find(&self, option: &str) -> Option<(&str, Value)> {
        if let Some((_, text)) = self.given.iter().find(|(name, _)| name == option) {
            let path = std::path::Path::new("command line");
            let text = text.clone();
            let line = Line {
                path: path.into(),
                number: 1,
                text,
            };
            return Some((self.sections.first()?, vec![line]));
        }
        self.sections
            .iter()
            .find_map(|section| Some((*section, self.ini.get(section, option)?.clone())))
    }

    /// Resolves `%(name)s` in each line. A reference to several lines splices them in, so that
    /// every line keeps the place that it was written at.
    fn expand(
        &self,
        section: &str,
        value: &Value,
        open: &mut Vec<String>,
    ) -> Result<Value, ImportError> {
        let mut lines = Vec::new();
        for line in value {
            let mut current = line.with(String::new());
            let mut rest = line.text.as_str();
            while let Some(at) = rest.find('%') {
                current.text.push_str(&rest[..at]);
                rest = &rest[at + 1..];
                if let Some(after) = rest.strip_prefix('%') {
                    current.text.push('%');
                    rest = after;
                    continue;
                }
                let (name, after) = rest
                    .strip_prefix('(')
                    .and_then(|text| text.split_once(")s"))
                    .ok_or_else(|| ImportError::Interpolation {
                        path: line.path.to_path_buf(),
                        line: line.number,
                    })?;
                let inner = self.reference(section, name, line, open)?;
                splice(&mut lines, &mut current, inner);
                rest = after;
            }
            current.text.push_str(rest);
            lines.push(current);
        }
        Ok(lines)
    }

    fn reference(
        &self,
        section: &str,
        name: &str,
        at: &Line,
        open: &mut Vec<String>,
    ) -> Result<Value, ImportError> {
        let name = name.to_lowercase();
        if open.contains(&name) && !name.starts_with("known/") {
            return Err(ImportError::Recursive {
                path: at.path.to_path_buf(),
                line: at.number,
                name,
            });
        }
        let found = if name == "__name__" {
            Some((section.to_owned(), vec![at.with(self.name.into())]))
        } else if let Some(plain) = name.strip_prefix("known/") {
            self.known(section, plain, &name)
        } else if let Some((other, option)) = name.split_once('/') {
            self.in_section(other, option)
        } else {
            self.find_from(section, &name)
        };
        let Some((section, value)) = found else {
            return Err(ImportError::Undefined {
                path: at.path.to_path_buf(),
                line: at.number,
                name,
            });
        };
        open.push(name);
        let expanded = self.expand(&section, &value, open);
        open.pop();
        expanded
    }

    fn known(&self, section: &str, plain: &str, name: &str) -> Option<(String, Value)> {
        std::iter::once(section)
            .chain(self.sections.iter().copied())
            .chain(["DEFAULT"])
            .find_map(|section| {
                let weaker = self.ini.get(section, name);
                Some((section.to_owned(), weaker?.clone()))
            })
            .or_else(|| {
                // `known/NAME` in [Definition] also reaches the value that [DEFAULT] has.
                let value = self.ini.get("DEFAULT", plain)?;
                Some(("DEFAULT".to_owned(), value.clone()))
            })
    }

    fn in_section(&self, section: &str, option: &str) -> Option<(String, Value)> {
        let name = self
            .ini
            .names()
            .find(|name| name.eq_ignore_ascii_case(section))?;
        let value = self
            .ini
            .get(name, option)
            .or_else(|| self.ini.get("DEFAULT", option))?;
        Some((name.to_owned(), value.clone()))
    }

    fn find_from(&self, section: &str, name: &str) -> Option<(String, Value)> {
        // A value of [DEFAULT] or of the filter's own sections is read as if it stood in the
        // strongest of them; one of another section sees that section first.
        let own = section == "DEFAULT" || self.sections.contains(&section);
        if let Some(value) = self.ini.get(section, name).filter(|_| !own) {
            return Some((section.to_owned(), value.clone()));
        }
        let (section, value) = self.find(name)?;
        Some((section.to_owned(), value))
    }

    /// Replaces `<name>` from the inside out. Unknown tags stay as they are, as in fail2ban: the
    /// name of a regular expression's group looks the same.
    fn tags(&self, line: Line) -> Result<Value, ImportError> {
        let mut lines = vec![line];
        for _ in 0..TAG_ROUNDS {
            let mut changed = false;
            let mut next = Vec::new();
            for line in lines {
                match self.tag(&line)? {
                    Some(replaced) => {
                        changed = true;
                        next.extend(replaced);
                    }
                    None => next.push(line),
                }
            }
            lines = next;
            if !changed {
                break;
            }
        }
        Ok(lines)
    }

    /// One round: the first tag in the line that is an option's name.
    fn tag(&self, line: &Line) -> Result<Option<Value>, ImportError> {
        for found in TAG.captures_iter(&line.text) {
            let (Some(whole), Some(name)) = (found.get(0), found.get(1)) else {
                continue;
            };
            let group = line.text[..whole.start()].ends_with("(?P");
            if group || RESERVED.is_match(name.as_str()) {
                continue;
            }
            let name = name.as_str().to_lowercase();
            let value = match name.split_once('/') {
                Some((section, option)) => self.in_section(section, option),
                None => self
                    .find(&name)
                    .map(|(section, value)| (section.to_owned(), value))
                    .or_else(|| {
                        let value = self.ini.get("DEFAULT", &name)?;
                        Some(("DEFAULT".into(), value.clone()))
                    }),
            };
            let Some((section, value)) = value else {
                continue;
            };
            let value = self.expand(&section, &value, &mut vec![name])?;
            let mut lines = Vec::new();
            let mut current = line.with(line.text[..whole.start()].to_owned());
            splice(&mut lines, &mut current, value);
            current.text.push_str(&line.text[whole.end()..]);
            lines.push(current);
            return Ok(Some(lines));
        }
        Ok(None)
    }
}

/// Appends a value to a line that is being built; all but its last line become lines of their own.
fn splice(lines: &mut Value, current: &mut Line, value: Value) {
    for (index, part) in value.into_iter().enumerate() {
        if index > 0 {
            lines.push(std::mem::replace(current, part.with(String::new())));
        } else if current.text.trim().is_empty() {
            *current = part.with(current.text.clone());
        }
        current.text.push_str(&part.text);
    }
}

pub(crate) fn join(value: &Value) -> String {
    let texts: Vec<&str> = value.iter().map(|line| line.text.as_str()).collect();
    texts.join("\n")
}
