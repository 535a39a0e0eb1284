//! Translates fail2ban's filters and jails into swatch configurations.
//!
//! fail2ban's configuration language is read as fail2ban 1.0 and 1.1 read it (sections, includes,
//! `.local` files, `%(name)s`, `<name>`); each regular expression becomes one rule, and lines of
//! one session are joined with `remember`.
//!
//! ```no_run
//! use fail2ban_import::{FilterName, import_filter};
//!
//! let name = FilterName::parse("sshd[mode=aggressive]")?;
//! let action = r#"pipe "swatch-action --ip {host}""#;
//! let imported = import_filter("/etc/fail2ban/filter.d".as_ref(), &name, action)?;
//! print!("{}", imported.text());
//! # Ok::<(), fail2ban_import::ImportError>(())
//! ```
#![forbid(unsafe_code)]

mod address;
mod date;
mod error;
mod filter;
mod hole;
mod ini;
mod interpolate;
mod jail;
mod python;
mod render;
mod rule;
mod skiplines;
mod tags;
mod time;

use std::path::Path;

pub use error::ImportError;
pub use filter::FilterName;
pub use jail::Jails;

/// The configuration that a filter or a jail becomes.
#[derive(Clone, Debug)]
pub struct Imported {
    /// Comments and definitions that precede the rules.
    pub head: String,
    /// The rules, in the order of the filter's expressions.
    pub rules: Vec<ImportedRule>,
    /// Differences from fail2ban, a sentence each.
    pub notes: Vec<String>,
}

/// One rule, with the comment that names its origin.
#[derive(Clone, Debug)]
pub struct ImportedRule {
    /// The file and line of the expression, as in `sshd.conf:44`.
    pub origin: String,
    /// The lines of the rule.
    pub text: String,
}

impl Imported {
    /// The whole configuration.
    #[must_use]
    pub fn text(&self) -> String {
        let rules = self.rules.iter().map(|rule| format!("\n{}", rule.text));
        self.head.clone() + &rules.collect::<String>()
    }
}

/// Translates one filter of the directory `filters` (`filter.d`). `{host}` in `action` becomes the
/// variable that holds the address.
///
/// # Errors
/// [`ImportError`].
pub fn import_filter(
    filters: &Path,
    name: &FilterName,
    action: &str,
) -> Result<Imported, ImportError> {
    let filter = filter::Filter::load(filters, name)?;
    Ok(render::filter(&filter, action))
}

/// Translates one jail. Without an `action` its rules pipe to `swatch-action` with the limits of
/// the jail.
///
/// # Errors
/// [`ImportError`].
pub fn import_jail(
    jails: &Jails,
    name: &str,
    action: Option<&str>,
) -> Result<Imported, ImportError> {
    Ok(render::jail(&jails.jail(name)?, action))
}
