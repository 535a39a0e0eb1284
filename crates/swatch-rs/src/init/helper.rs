//! The answer of `swatch-action doctor --json`.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use swatch_common::finding::Finding;
use swatch_common::process::{self, Input, Limits, Output};
use swatch_common::sanitize;

/// The time that it may take: firewalld needs some seconds.
const PATIENCE: Duration = Duration::from_secs(60);

/// The answer of swatch-action about itself.
pub(crate) struct Helper {
    /// The firewall that it uses, as the settings spell it.
    pub(crate) firewall: String,
    /// The means that ends its locks: `the kernel`, `at` or `swatch-action expire`.
    pub(crate) ends_by: String,
    /// Its findings.
    pub(crate) findings: Vec<Finding>,
}

impl Helper {
    /// Asks it. With `try_firewall` it makes a test entry and removes it. `settings` is a file
    /// instead of the usual one.
    ///
    /// # Errors
    /// A sentence: it is not there, or it gave no answer.
    pub(crate) fn ask(try_firewall: bool, settings: Option<&Path>) -> Result<Self, String> {
        let program = super::beside("swatch-action")
            .ok_or("swatch-action is neither beside swatch-rs nor in PATH; remedy: install it")?;
        let mut command = process::command(program);
        command.args(["doctor", "--json"]);
        if !try_firewall {
            command.arg("--dry-run");
        }
        if let Some(path) = settings {
            command.arg("--config").arg(path);
        }
        let limits = Limits {
            time: Some(PATIENCE),
            stdout: Output::Capture(1 << 20),
            ..Limits::default()
        };
        let finished = process::run(&mut command, Input::Null, &limits);
        let object: Option<Value> = serde_json::from_slice(&finished.stdout.bytes).ok();
        object.as_ref().and_then(Self::read).ok_or_else(|| {
            let said = sanitize::excerpt(finished.stderr.bytes.trim_ascii(), 300);
            format!("`swatch-action doctor` {}: {said}", finished.exit)
        })
    }

    fn read(object: &Value) -> Option<Self> {
        let text = |name: &str| object.get(name)?.as_str().map(str::to_owned);
        let findings = object.get("findings")?.as_array()?;
        Some(Self {
            firewall: text("firewall")?,
            ends_by: text("ends_by")?,
            findings: findings.iter().filter_map(Finding::from_json).collect(),
        })
    }

    /// A finding by its name.
    pub(crate) fn finding(&self, check: &str) -> Option<&Finding> {
        self.findings.iter().find(|finding| finding.check == check)
    }
}
