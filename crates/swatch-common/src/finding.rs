//! Findings of the two `doctor` commands: what was looked at, how it is, and the remedy.

use serde_json::{Value, json};

/// The severity of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// As it should be.
    Fine,
    /// It works, but not as well as it could, or nobody can tell.
    Warning,
    /// Something does not work.
    Error,
}

/// One finding. The texts are sanitised by whoever makes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The subject, in one word that keeps its name: `firewall`, `log`, …
    pub check: String,
    /// The finding itself.
    pub severity: Severity,
    /// The finding in words.
    pub text: String,
    /// The remedy; empty for a finding that is fine.
    pub remedy: String,
}

impl Severity {
    const ALL: [Self; 3] = [Self::Fine, Self::Warning, Self::Error];

    /// `ok`, `warning` or `error`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Fine => "ok",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl Finding {
    /// Something that is as it should be.
    #[must_use]
    pub fn fine(check: &str, text: impl Into<String>) -> Self {
        Self::new(check, Severity::Fine, text.into(), String::new())
    }

    /// A warning, with its remedy.
    #[must_use]
    pub fn warning(check: &str, text: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(check, Severity::Warning, text.into(), remedy.into())
    }

    /// An error, with its remedy.
    #[must_use]
    pub fn error(check: &str, text: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(check, Severity::Error, text.into(), remedy.into())
    }

    fn new(check: &str, severity: Severity, text: String, remedy: String) -> Self {
        Self {
            check: check.to_owned(),
            severity,
            text,
            remedy,
        }
    }

    /// The finding as a JSON object.
    #[must_use]
    pub fn json(&self) -> Value {
        json!({
            "check": self.check,
            "severity": self.severity.word(),
            "text": self.text,
            "remedy": self.remedy,
        })
    }

    /// A finding that another program printed; `None` if it is not of the form of [`Finding::json`].
    #[must_use]
    pub fn from_json(value: &Value) -> Option<Self> {
        let text = |name: &str| value.get(name)?.as_str().map(str::to_owned);
        let word = text("severity")?;
        Some(Self {
            check: text("check")?,
            severity: *Severity::ALL.iter().find(|known| known.word() == word)?,
            text: text("text")?,
            remedy: text("remedy")?,
        })
    }

    /// The finding for people: a line, and a second one with the remedy.
    #[must_use]
    pub fn lines(&self) -> String {
        let mut lines = format!(
            "{:<8} {}: {}\n",
            self.severity.word(),
            self.check,
            self.text
        );
        if !self.remedy.is_empty() {
            lines.push_str(&format!("         remedy: {}\n", self.remedy));
        }
        lines
    }
}

/// The exit status of a doctor: 0 if all is fine, 1 after a warning, 2 after an error.
#[must_use]
pub fn exit_status(findings: &[Finding]) -> u8 {
    let worst = findings.iter().map(|finding| finding.severity).max();
    worst.map_or(0, |worst| worst as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_can_be_read_and_decides_the_status() {
        let fine = Finding::fine("log", "it grows");
        let bad = Finding::error("at", "atd does not run", "systemctl enable --now atd");
        let odd = Finding::warning("mail", "no mailer", "apt install msmtp-mta");
        for finding in [&fine, &bad, &odd] {
            assert_eq!(Finding::from_json(&finding.json()).as_ref(), Some(finding));
        }
        assert_eq!(Finding::from_json(&json!({"check": "x"})), None);
        assert_eq!(exit_status(&[]), 0);
        assert_eq!(exit_status(&[fine.clone(), odd.clone()]), 1);
        assert_eq!(exit_status(&[odd, bad, fine]), 2);
    }
}
