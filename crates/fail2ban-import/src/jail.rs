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
    /// Each ban of an address is this many times longer than the one before.
    pub(crate) growth: Option<f64>,
    /// The longest that growth makes a ban, in seconds.
    pub(crate) max_time: Option<i64>,
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
        let increment = self.text("bantime.increment")?.unwrap_or_default();
        let increment = matches!(
            increment.trim().to_lowercase().as_str(),
            "true" | "1" | "yes" | "on"
        );
        let max_retry = self.text("maxretry")?.unwrap_or_default();
        let limits = Limits {
            max_retry: max_retry.trim().parse().unwrap_or(5),
            find_time: self.seconds("findtime", 600, notes)?,
            ban_time: self.seconds("bantime", 600, notes)?,
            // fail2ban's own formula doubles.
            growth: increment.then_some(2.0),
            max_time: match self.text("bantime.maxtime")? {
                Some(text) => time::seconds(&text).filter(|_| increment),
                None => None,
            },
        };
        if increment {
            notes.push("bantime.increment: fail2ban also bans an address sooner after each ban; here only the lock grows, twofold each time".into());
            for option in [
                "bantime.rndtime",
                "bantime.formula",
                "bantime.multipliers",
                "bantime.factor",
                "bantime.overalljails",
            ] {
                if self.text(option)?.is_some() {
                    notes.push(format!("{option} has no counterpart"));
                }
            }
        }
        Ok(limits)
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
