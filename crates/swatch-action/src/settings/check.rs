//! Values that parse but cannot be meant.

use std::path::PathBuf;

use swatch_common::process;

use super::{Backend, Settings, SettingsError, trusted};

impl Settings {
    /// Checks every value.
    ///
    /// # Errors
    /// [`SettingsError::Value`] or [`SettingsError::Untrusted`] for the first that is refused.
    pub fn check(&self) -> Result<(), SettingsError> {
        let refuse = |name, what: String| Err(SettingsError::Value { name, what });
        if self.mail.chars().any(char::is_control) {
            return refuse("mail", "recipients must be on one line".into());
        }
        if !self.mail.is_empty() && self.mailer.first().is_none_or(String::is_empty) {
            return refuse(
                "mailer",
                "name a program that reads a mail on its standard input".into(),
            );
        }
        if !self.mail.is_empty()
            && let Err(error) = super::SmtpServer::of(&self.mailer, &self.mail, &self.smtp)
        {
            return refuse("mailer", error.to_string());
        }
        for (name, dir) in [("log_dir", &self.log_dir), ("state_dir", &self.state_dir)] {
            if !dir.is_absolute() {
                return refuse(name, format!("{} is not an absolute path", dir.display()));
            }
            if dir
                .to_str()
                .is_none_or(|text| text.chars().any(char::is_control))
            {
                return refuse(name, "the path must be printable UTF-8".into());
            }
        }
        if self.count == 0 {
            return refuse("count", "at least 1".into());
        }
        if self.count > 100_000 && self.window.is_some() {
            return refuse("count", "at most 100000 if `window` is set".into());
        }
        if self.lock_time.0 == 0 || self.max_lock_time.0 == 0 || self.time_limit.0 == 0 {
            return refuse("lock_time", "times must be at least 1s".into());
        }
        if self.lock_times.iter().any(|time| time.0 == 0) {
            return refuse("lock_times", "times must be at least 1s".into());
        }
        if !self.lock_times.is_empty() && self.growth != 1.0 {
            return refuse(
                "lock_times",
                "either a list of lengths or `growth`, not both".into(),
            );
        }
        if !(1.0..=1000.0).contains(&self.growth) {
            return refuse(
                "growth",
                format!("{} is not between 1 and 1000", self.growth),
            );
        }
        if !(8..=32).contains(&self.ipv4_prefix) {
            return refuse(
                "ipv4_prefix",
                format!("/{} is not between /8 and /32", self.ipv4_prefix),
            );
        }
        if !(16..=128).contains(&self.ipv6_prefix) {
            return refuse(
                "ipv6_prefix",
                format!("/{} is not between /16 and /128", self.ipv6_prefix),
            );
        }
        if let Some(length) = self.aggregate
            && !(8..self.ipv4_prefix).contains(&length)
        {
            return refuse(
                "aggregate",
                format!("/{length} is not between /8 and `ipv4_prefix`"),
            );
        }
        for (name, at) in [
            ("ipv6_escalation.at_56", self.ipv6_escalation.at_56),
            ("ipv6_escalation.at_48", self.ipv6_escalation.at_48),
        ] {
            if at == 1 || at > 4096 {
                return refuse(
                    name,
                    format!("{at} is not between 2 and 4096, nor 0 for never"),
                );
            }
        }
        if self.aggregate_at < 2 {
            return refuse("aggregate_at", "at least 2".into());
        }
        if self.chains.is_empty() {
            return refuse("chains", "name at least one chain".into());
        }
        for chain in &self.chains {
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
            if chain.is_empty()
                || chain.len() > 28
                || chain.starts_with('-')
                || !chain.chars().all(plain)
            {
                return refuse("chains", format!("{chain:?} is not the name of a chain"));
            }
        }
        if self.firewall == Backend::Command
            && (self.command.lock.is_empty() || self.command.unlock.is_empty())
        {
            return refuse(
                "command",
                "the firewall `command` requires `command.lock` and `command.unlock`".into(),
            );
        }
        if let Some((name, what)) = self.fleet.mistake() {
            return refuse(name, what);
        }
        for service in &self.notify {
            if let Err(error) = service.check() {
                return refuse("notify", format!("{}: {error}", service.shown_name()));
            }
        }
        self.trusted()
    }

    /// Refuses a file that another user could change: that user would decide what root
    /// runs, or whom it leaves alone.
    fn trusted(&self) -> Result<(), SettingsError> {
        let programs = [
            ("setting `mailer`", &self.mailer),
            ("setting `command.lock`", &self.command.lock),
            ("setting `command.unlock`", &self.command.unlock),
            ("setting `notice.webhook`", &self.notice.webhook),
        ];
        // Without recipients the mailer does not run.
        let unused = usize::from(self.mail.is_empty());
        for (what, argv) in programs.into_iter().skip(unused) {
            for place in self.scripts(argv) {
                trusted(what, &place)?;
            }
        }
        for file in &self.ignore.files {
            trusted("setting `ignore.files`", file)?;
        }
        Ok(())
    }

    /// The files that decide what a command does: the program, and the script where the program is
    /// an interpreter.
    fn scripts(&self, argv: &[String]) -> Vec<PathBuf> {
        const INTERPRETERS: [&str; 7] = ["sh", "bash", "dash", "perl", "python", "ruby", "env"];
        let Some((program, arguments)) = argv.split_first() else {
            return Vec::new();
        };
        let name = program.rsplit('/').next().unwrap_or_default();
        let found = if program.contains('/') {
            Some(program.into())
        } else {
            process::find(program, &self.path)
        };
        let mut files: Vec<PathBuf> = found.into_iter().collect();
        if INTERPRETERS.iter().any(|known| name.starts_with(known)) {
            let scripts = arguments.iter().map(PathBuf::from);
            files.extend(scripts.filter(|script| script.is_absolute() && script.is_file()));
        }
        files
    }
}
