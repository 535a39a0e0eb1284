//! The lists that accompany the suite: cases not met yet, and defects kept on purpose.

use std::collections::BTreeMap;
use std::path::Path;

/// Case names, each with the reason why it is listed.
#[derive(Debug, Default)]
pub struct List(BTreeMap<String, String>);

impl List {
    /// Reads `NAME REASON` lines; `#` starts a comment line.
    ///
    /// # Errors
    /// The file cannot be read, a line has no reason, or a name occurs twice.
    pub fn read(path: &Path) -> Result<List, String> {
        let told = |n: usize, why: &str| Err(format!("{}:{}: {why}", path.display(), n + 1));
        let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
        let mut names = BTreeMap::new();
        for (n, line) in text.lines().enumerate() {
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            let Some((name, reason)) = line.split_once(' ') else {
                return told(n, "a name needs a reason");
            };
            if names
                .insert(name.to_owned(), reason.trim().to_owned())
                .is_some()
            {
                return told(n, "listed twice");
            }
        }
        Ok(List(names))
    }

    /// The reason, if the case is listed.
    pub fn reason(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Every listed name.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}
