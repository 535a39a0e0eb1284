//! A filter: what fail2ban would look for, with all references resolved.

use std::path::Path;

use crate::{
    error::ImportError,
    ini::{Ini, Line},
    interpolate::Scope,
};

/// A filter by name, with the options that stand in brackets after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterName {
    /// The name of the file in `filter.d`, without `.conf`.
    pub name: String,
    /// Options that win over those of the files.
    pub options: Vec<(String, String)>,
}

impl FilterName {
    /// Reads `sshd` or `sshd[mode=aggressive, logtype="journal"]`.
    ///
    /// # Errors
    /// [`ImportError::Brackets`].
    pub fn parse(text: &str) -> Result<Self, ImportError> {
        let text = text.trim();
        let brackets = || ImportError::Brackets { text: text.into() };
        let Some((name, rest)) = text.split_once('[') else {
            return Ok(Self {
                name: text.into(),
                options: Vec::new(),
            });
        };
        let mut rest = rest.trim_end().strip_suffix(']').ok_or_else(brackets)?;
        let mut options = Vec::new();
        loop {
            rest = rest.trim_start_matches([',', ' ', '\t', '\n']);
            if rest.is_empty() {
                break;
            }
            let (option, after) = rest.split_once('=').ok_or_else(brackets)?;
            let after = after.trim_start();
            let quoted = after.chars().next().filter(|c| ['"', '\''].contains(c));
            let (value, next) = match quoted {
                Some(quote) => after[1..].split_once(quote).ok_or_else(brackets)?,
                None => after.split_once(',').unwrap_or((after, "")),
            };
            let value = if quoted.is_some() {
                value
            } else {
                value.trim()
            };
            options.push((option.trim().to_lowercase(), value.to_owned()));
            rest = next;
        }
        Ok(Self {
            name: name.trim().into(),
            options,
        })
    }
}

/// One regular expression of fail2ban, before it is translated.
#[derive(Clone, Debug)]
pub(crate) struct Expression {
    pub(crate) text: String,
    /// The file and line that it was written in.
    pub(crate) origin: String,
}

/// A filter with all its references resolved.
#[derive(Clone, Debug)]
pub(crate) struct Filter {
    pub(crate) name: String,
    pub(crate) prefix: Option<Expression>,
    pub(crate) failures: Vec<Expression>,
    pub(crate) ignored: Vec<Expression>,
    /// Empty: a date anywhere is cut out of the line.
    pub(crate) dates: Vec<String>,
    pub(crate) journal: Vec<String>,
    /// The number of lines that fail2ban joins before it matches.
    pub(crate) max_lines: u32,
}

impl Filter {
    /// Loads `directory/NAME.conf` and `NAME.local`.
    pub(crate) fn load(directory: &Path, filter: &FilterName) -> Result<Self, ImportError> {
        Self::load_with(directory, filter, &[])
    }

    /// The same, with options of a jail that replace those of the filter.
    pub(crate) fn load_with(
        directory: &Path,
        filter: &FilterName,
        jail: &[(String, Vec<Line>)],
    ) -> Result<Self, ImportError> {
        let path = directory.join(format!("{}.conf", filter.name));
        if !path.exists() && !path.with_extension("local").exists() {
            return Err(ImportError::NoFilter {
                name: filter.name.clone(),
                directory: directory.into(),
            });
        }
        let mut ini = Ini::load_with_local(&path)?;
        for (option, value) in jail {
            ini.set("Definition", option, value.clone());
        }
        let scope = Scope {
            ini: &ini,
            name: "Definition",
            sections: &["Init", "Definition", "DEFAULT"],
            given: &filter.options,
        };
        let expressions = |option: &str| -> Result<Vec<Expression>, ImportError> {
            let lines = scope.value(option)?.unwrap_or_default();
            let full = lines.iter().filter(|line| !line.text.trim().is_empty());
            Ok(full.map(expression).collect())
        };
        let failures = expressions("failregex")?;
        if failures.is_empty() {
            return Err(ImportError::NoFailregex {
                name: filter.name.clone(),
            });
        }
        let max_lines = scope.text("maxlines")?;
        Ok(Self {
            name: filter.name.clone(),
            prefix: expressions("prefregex")?.into_iter().next(),
            failures,
            ignored: expressions("ignoreregex")?,
            dates: non_empty(scope.text("datepattern")?),
            journal: non_empty(scope.text("journalmatch")?),
            max_lines: max_lines
                .and_then(|text| text.trim().parse().ok())
                .unwrap_or(1),
        })
    }
}

fn expression(line: &Line) -> Expression {
    let file = line.path.file_name().unwrap_or(line.path.as_os_str());
    Expression {
        text: line.text.trim().to_owned(),
        origin: format!("{}:{}", file.to_string_lossy(), line.number),
    }
}

fn non_empty(text: Option<String>) -> Vec<String> {
    let lines = text.unwrap_or_default();
    let full = lines.lines().map(str::trim).filter(|line| !line.is_empty());
    full.map(str::to_owned).collect()
}
