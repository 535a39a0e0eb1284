//! fail2ban's configuration files: sections, options, includes.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    rc::Rc,
};

use crate::error::ImportError;

/// One line of a value, with the place that it was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) path: Rc<Path>,
    /// Starts at 1.
    pub(crate) number: usize,
    pub(crate) text: String,
}

impl Line {
    pub(crate) fn with(&self, text: String) -> Self {
        Self {
            text,
            ..self.clone()
        }
    }
}

pub(crate) type Value = Vec<Line>;
pub(crate) type Section = HashMap<String, Value>;

/// The sections of one or several files, the later ones over the earlier ones.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ini {
    sections: HashMap<String, Section>,
    order: Vec<String>,
}

impl Ini {
    /// Reads `path` with everything that it includes, and then `path` with the ending `.local` if
    /// that exists. At least one of the two must exist.
    pub(crate) fn load_with_local(path: &Path) -> Result<Self, ImportError> {
        let mut ini = Self::default();
        let local = path.with_extension("local");
        if path.exists() || !local.exists() {
            ini.load(path, &mut Vec::new())?;
        }
        if local.exists() {
            ini.load(&local, &mut Vec::new())?;
        }
        Ok(ini)
    }

    /// Adds one file, after its `before` files and before its `after` files.
    pub(crate) fn load(
        &mut self,
        path: &Path,
        including: &mut Vec<PathBuf>,
    ) -> Result<(), ImportError> {
        if including.iter().any(|p| p == path) {
            return Err(ImportError::IncludeCycle { path: path.into() });
        }
        let bytes = std::fs::read(path).map_err(|source| ImportError::Read {
            path: path.into(),
            source,
        })?;
        let own = parse(path, &String::from_utf8_lossy(&bytes))?;
        including.push(path.into());
        self.include(&own, path, "before", including)?;
        for (name, section) in own.in_order() {
            self.merge(name, section);
        }
        self.include(&own, path, "after", including)?;
        including.pop();
        Ok(())
    }

    /// An `after` file and the `.local` twin of an include may be missing, as in fail2ban; a
    /// missing `before` file would silently change what the filter matches.
    fn include(
        &mut self,
        own: &Ini,
        path: &Path,
        option: &str,
        including: &mut Vec<PathBuf>,
    ) -> Result<(), ImportError> {
        let Some(value) = own.get("INCLUDES", option) else {
            return Ok(());
        };
        for line in value {
            for name in line.text.split_whitespace() {
                let file = path.parent().unwrap_or(Path::new("")).join(name);
                if file.exists() {
                    self.load(&file, including)?;
                } else if option == "before" {
                    return Err(ImportError::NoInclude {
                        path: line.path.to_path_buf(),
                        line: line.number,
                        name: name.into(),
                    });
                }
                let local = file.with_extension("local");
                if local != file && local.exists() {
                    self.load(&local, including)?;
                }
            }
        }
        Ok(())
    }

    fn merge(&mut self, name: &str, section: &Section) {
        if !self.sections.contains_key(name) {
            self.order.push(name.into());
        }
        let into = self.sections.entry(name.into()).or_default();
        for (option, value) in section {
            // The weaker value stays reachable as `known/NAME`.
            if let Some(weaker) = into.insert(option.clone(), value.clone()) {
                into.insert(format!("known/{option}"), weaker);
            }
        }
    }

    fn in_order(&self) -> impl Iterator<Item = (&str, &Section)> {
        self.order
            .iter()
            .filter_map(|name| Some((name.as_str(), self.sections.get(name)?)))
    }

    /// The names of the sections, in the order in which they first appeared.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.order.iter().map(String::as_str)
    }

    /// The value of an option in that section alone.
    pub(crate) fn get(&self, section: &str, option: &str) -> Option<&Value> {
        self.sections.get(section)?.get(option)
    }

    pub(crate) fn set(&mut self, section: &str, option: &str, value: Value) {
        let one = HashMap::from([(option.to_owned(), value)]);
        self.merge(section, &one);
    }
}

/// Reads one file without its includes.
fn parse(path: &Path, text: &str) -> Result<Ini, ImportError> {
    let shared: Rc<Path> = path.into();
    let mut ini = Ini::default();
    let mut section: Option<String> = None;
    let mut option: Option<String> = None;
    for (index, raw) in text.lines().enumerate() {
        let number = index + 1;
        let trimmed = raw.trim();
        if trimmed.starts_with('#') || trimmed.starts_with(';') {
            continue;
        }
        let line = |text: &str| Line {
            path: shared.clone(),
            number,
            text: text.into(),
        };
        let syntax = || ImportError::Syntax {
            path: path.into(),
            line: number,
            text: trimmed.chars().take(60).collect(),
        };
        let indented = raw.starts_with([' ', '\t']);
        if let (true, Some(section), Some(option)) = (indented, &section, &option) {
            if !trimmed.is_empty() {
                let value = ini
                    .sections
                    .get_mut(section)
                    .and_then(|section| section.get_mut(option))
                    .ok_or_else(syntax)?;
                value.push(line(without_comment(trimmed)));
            }
            continue;
        }
        if trimmed.is_empty() {
            continue;
        }
        if let Some(name) = trimmed.strip_prefix('[').and_then(|s| s.split_once(']')) {
            section = Some(name.0.into());
            option = None;
            ini.merge(name.0, &Section::new());
            continue;
        }
        let current = section.as_ref().ok_or_else(syntax)?;
        let at = trimmed.find(['=', ':']).ok_or_else(syntax)?;
        let name = trimmed[..at].trim().to_lowercase();
        let value = without_comment(trimmed[at + 1..].trim());
        let lines = if value.is_empty() {
            Vec::new()
        } else {
            vec![line(value)]
        };
        ini.sections
            .entry(current.clone())
            .or_default()
            .insert(name.clone(), lines);
        option = Some(name);
    }
    Ok(ini)
}

/// A comment inside a line starts at a semicolon after white space.
fn without_comment(text: &str) -> &str {
    let mut from = 0;
    while let Some(at) = text[from..].find(';').map(|at| at + from) {
        if text[..at].ends_with([' ', '\t']) || at == 0 {
            return text[..at].trim_end();
        }
        from = at + 1;
    }
    text
}
