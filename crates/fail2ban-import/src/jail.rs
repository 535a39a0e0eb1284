//! Jails: filters with their logs and limits.

use std::path::{Path, PathBuf};

use crate::{
    error::ImportError,
    filter::{Filter, FilterName},
    ini::{Ini, Line},
    interpolate::Scope,
    time,
};

/// An enabled jail, with all its references resolved.
#[derive(Clone, Debug)]
pub(crate) struct Jail {
    pub(crate) name: String,
    pub(crate) filter: Filter,
    /// Paths and globs, in file order.
    pub(crate) logs: Vec<String>,
    /// It reads the journal instead of files.
    pub(crate) journal: bool,
    pub(crate) limits: Limits,
    /// Addresses, networks and host names that are never banned.
    pub(crate) ignored: Vec<String>,
    /// Sentences about options that have no counterpart.
    pub(crate) notes: Vec<String>,
}

/// The numbers of a jail.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Limits {
    pub(crate) max_retry: u64,
    /// In seconds.
    pub(crate) find_time: i64,
    /// In seconds; negative: for ever.
    pub(crate) ban_time: i64,
    pub(crate) increment: Increment,
}

/// The growth of the bans of one address (`bantime.increment`).
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Increment {
    /// They do not.
    None,
    /// Each is twice as long as the one before, which is fail2ban's own formula.
    Doubling {
        /// The longest that this makes a ban, in seconds.
        max_time: Option<i64>,
    },
    /// The lengths of the second and further bans in seconds, of which the last one stays.
    Listed(Vec<i64>),
}

/// The jails of a configuration directory.
#[derive(Debug)]
pub struct Jails {
    ini: Ini,
    directory: PathBuf,
}

impl Jails {
    /// Reads `jail.conf`, `jail.d/*.conf`, `jail.local` and `jail.d/*.local` of `directory`, each
    /// over those before it.
    ///
    /// # Errors
    /// A file that cannot be read or understood.
    pub fn load(directory: &Path) -> Result<Self, ImportError> {
        let mut ini = Ini::default();
        for extension in ["conf", "local"] {
            let main = directory.join("jail").with_extension(extension);
            let mut files = Vec::new();
            if main.exists() || extension == "conf" {
                files.push(main);
            }
            files.extend(drop_ins(&directory.join("jail.d"), extension));
            for file in files {
                ini.load(&file, &mut Vec::new())?;
            }
        }
        Ok(Self {
            ini,
            directory: directory.to_owned(),
        })
    }

    /// The names of the enabled jails, in file order.
    ///
    /// # Errors
    /// A broken reference in an `enabled` option.
    pub fn enabled(&self) -> Result<Vec<String>, ImportError> {
        let mut names = Vec::new();
        for name in self.ini.names() {
            if matches!(name, "DEFAULT" | "INCLUDES") || name.starts_with("KNOWN") {
                continue;
            }
            let enabled = self.options(name).text("enabled")?.unwrap_or_default();
            if matches!(
                enabled.trim().to_lowercase().as_str(),
                "true" | "1" | "yes" | "on"
            ) {
                names.push(name.to_owned());
            }
        }
        Ok(names)
    }

    fn options<'a>(&'a self, name: &'a str) -> Options<'a> {
        Options {
            ini: &self.ini,
            name,
        }
    }

    /// A jail by name.
    pub(crate) fn jail(&self, name: &str) -> Result<Jail, ImportError> {
        let options = self.options(name);
        let filter_name =
            FilterName::parse(&options.text("filter")?.unwrap_or_else(|| name.into()))?;
        let replaced = [
            "failregex",
            "ignoreregex",
            "prefregex",
            "datepattern",
            "maxlines",
            "journalmatch",
        ];
        let replaced: Vec<(String, Vec<Line>)> = replaced
            .iter()
            .filter_map(|option| Some((option.to_string(), options.raw(option)?)))
            .collect();
        let filter = Filter::load_with(&self.directory.join("filter.d"), &filter_name, &replaced)?;
        let backend = options.text("backend")?.unwrap_or_default();
        let mut notes = Vec::new();
        let limits = options.limits(&mut notes)?;
        let ignored = options.text("ignoreip")?.unwrap_or_default();
        let ignored = ignored
            .split([' ', ',', '\n', '\t'])
            .filter(|word| !word.is_empty());
        options.unsupported(&mut notes)?;
        Ok(Jail {
            name: name.into(),
            filter,
            logs: logs(&options.text("logpath")?.unwrap_or_default()),
            journal: backend.trim().starts_with("systemd"),
            limits,
            ignored: ignored.map(str::to_owned).collect(),
            notes,
        })
    }
}

struct Options<'a> {
    ini: &'a Ini,
    name: &'a str,
}

impl Options<'_> {
    fn text(&self, option: &str) -> Result<Option<String>, ImportError> {
        let scope = Scope {
            ini: self.ini,
            name: self.name,
            sections: &[self.name, "DEFAULT"],
            given: &[],
        };
        scope.text(option)
    }

    fn raw(&self, option: &str) -> Option<Vec<Line>> {
        let own = self.ini.get(self.name, option);
        own.or_else(|| self.ini.get("DEFAULT", option)).cloned()
    }

    fn seconds(
        &self,
        option: &str,
        default: i64,
        notes: &mut Vec<String>,
    ) -> Result<i64, ImportError> {
        let Some(text) = self.text(option)? else {
            return Ok(default);
        };
        Ok(time::seconds(&text).unwrap_or_else(|| {
            notes.push(format!(
                "{option} = {text} is not a length of time; {default} s is used"
            ));
            default
        }))
    }

    fn limits(&self, notes: &mut Vec<String>) -> Result<Limits, ImportError> {
        let max_retry = self.text("maxretry")?.unwrap_or_default();
        let ban_time = self.seconds("bantime", 600, notes)?;
        Ok(Limits {
            max_retry: max_retry.trim().parse().unwrap_or(5),
            find_time: self.seconds("findtime", 600, notes)?,
            ban_time,
            increment: self.increment(ban_time, notes)?,
        })
    }

    /// As fail2ban 1.0.2 reckons: the first ban lasts `bantime`, the one after `n` bans
    /// `bantime` × `factor` × 2^n (n at most 20) but no less than `bantime`, or `bantime` × `factor`
    /// × the n-th of `multipliers` counted from 0; no further one more than `maxtime`.
    fn increment(&self, ban_time: i64, notes: &mut Vec<String>) -> Result<Increment, ImportError> {
        let is_on = self.text("bantime.increment")?.unwrap_or_default();
        let is_on = matches!(
            is_on.trim().to_lowercase().as_str(),
            "true" | "1" | "yes" | "on"
        );
        if !is_on || ban_time < 0 {
            return Ok(Increment::None);
        }
        notes.push("bantime.increment: fail2ban also bans an address sooner after each ban; here only the lock grows".into());
        for option in ["bantime.rndtime", "bantime.overalljails"] {
            if self.text(option)?.is_some() {
                notes.push(format!("{option} has no counterpart"));
            }
        }
        let max_time = self.text("bantime.maxtime")?;
        let max_time = max_time.as_deref().and_then(time::seconds);
        let multipliers = self.text("bantime.multipliers")?;
        let multipliers: Option<Vec<f64>> = multipliers
            .as_deref()
            .map(|text| text.split_whitespace().map(str::parse).collect())
            .transpose()
            .unwrap_or_else(|_| {
                notes.push("bantime.multipliers: not a list of numbers; bans double".into());
                None
            })
            .filter(|list: &Vec<f64>| !list.is_empty());
        if multipliers.is_none() && self.text("bantime.formula")?.is_some() {
            notes.push(
                "bantime.formula has no counterpart: each lock is twice as long as the one before"
                    .into(),
            );
        }
        let factor = self.text("bantime.factor")?;
        let factor = factor.as_deref().map_or(Some(1.0), |text| {
            text.trim().parse().ok().filter(|f: &f64| *f > 0.0)
        });
        let factor = factor.unwrap_or_else(|| {
            notes.push("bantime.factor: not a number; 1 is used".into());
            1.0
        });
        if multipliers.is_none() && factor == 1.0 {
            return Ok(Increment::Doubling { max_time });
        }
        let bounded = |length: f64| (length as i64).min(max_time.unwrap_or(i64::MAX));
        let base = ban_time as f64;
        let lengths: Vec<i64> = match multipliers {
            Some(list) => {
                // The first is never used: the first ban is `bantime`.
                let used = list
                    .get(1..)
                    .filter(|rest| !rest.is_empty())
                    .unwrap_or(&list);
                used.iter().map(|by| bounded(base * factor * by)).collect()
            }
            None => (1..=20)
                .map(|bans| bounded((base * factor * 2_f64.powi(bans)).max(base)))
                .collect(),
        };
        Ok(Increment::Listed(lengths))
    }

    fn unsupported(&self, notes: &mut Vec<String>) -> Result<(), ImportError> {
        for option in ["ignorecommand", "ignorecache"] {
            if self
                .text(option)?
                .is_some_and(|text| !text.trim().is_empty())
            {
                notes.push(format!(
                    "{option} has no counterpart: list the addresses in `ignore` of action.toml"
                ));
            }
        }
        let port = self.text("port")?.unwrap_or_default();
        if !port.is_empty() && port != "0:65535" {
            notes.push(format!("port = {port}: a lock here covers all ports"));
        }
        let action = self.text("banaction")?.unwrap_or_default();
        if !action.is_empty() {
            notes.push(format!(
                "banaction = {action}: the firewall is that of /etc/swatch/action.toml"
            ));
        }
        Ok(())
    }
}

/// Paths of a `logpath`, one a line, without the words `head` and `tail` after them.
fn logs(text: &str) -> Vec<String> {
    text.lines()
        .map(|line| {
            line.trim()
                .trim_end_matches(" tail")
                .trim_end_matches(" head")
                .trim()
        })
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect()
}

/// The files of a drop-in directory, by name.
fn drop_ins(directory: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).into_iter().flatten();
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|own| own == extension))
        .collect();
    files.sort();
    files
}
