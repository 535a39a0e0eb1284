//! The services that `init` knows, each with its rules from `examples/rules`.

use std::path::{Path, PathBuf};

/// A service whose log `init` can watch.
pub(super) struct Service {
    /// The name of its configuration, without `.conf`.
    pub(super) name: &'static str,
    /// Programs that are there if it is installed.
    pub(super) programs: &'static [&'static str],
    /// The names of its processes.
    pub(super) processes: &'static [&'static str],
    /// Files that a syslog daemon may write its lines to, or that other systems call otherwise.
    pub(super) logs: &'static [&'static str],
    /// Its rules. Comments at the top name further places.
    pub(super) rules: &'static str,
}

macro_rules! service {
    ($name:literal, $programs:expr, $processes:expr, $logs:expr) => {
        Service {
            name: $name,
            programs: &$programs,
            processes: &$processes,
            logs: &$logs,
            rules: include_str!(concat!("../../../../examples/rules/", $name, ".conf")),
        }
    };
}

/// The logs of a syslog daemon for logins: Debian's, and that of Red Hat.
const AUTH: [&str; 2] = ["/var/log/auth.log", "/var/log/secure"];

/// The same for mail.
const MAIL: [&str; 2] = ["/var/log/mail.log", "/var/log/maillog"];

/// All services, in the order in which they are reported.
pub(super) const SERVICES: [Service; 7] = [
    service!("sshd", ["/usr/sbin/sshd"], ["sshd"], AUTH),
    service!("vsftpd", ["/usr/sbin/vsftpd"], ["vsftpd"], []),
    service!("postfix", ["/usr/sbin/postfix"], ["master"], MAIL),
    service!("dovecot", ["/usr/sbin/dovecot"], ["dovecot"], MAIL),
    service!("nginx", ["/usr/sbin/nginx"], ["nginx"], []),
    service!(
        "apache",
        ["/usr/sbin/apache2", "/usr/sbin/httpd"],
        ["apache2", "httpd"],
        ["/var/log/apache2/error.log", "/var/log/httpd/error_log"]
    ),
    service!("named", ["/usr/sbin/named"], ["named"], []),
];

/// A place where a service's lines may be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// A file.
    Log(PathBuf),
    /// Entries of the journal: matches, as journalctl takes them.
    Journal(String),
}

impl Place {
    /// The comment that names it.
    pub(super) fn comment(&self) -> String {
        match self {
            Self::Log(path) => format!("# logfile {}", path.display()),
            Self::Journal(entry) => format!("# journal {entry}"),
        }
    }
}

/// The place that a comment line names.
fn place(line: &str) -> Option<Place> {
    let words = line.strip_prefix("# ")?;
    if let Some(path) = words.strip_prefix("logfile ") {
        return Some(Place::Log(Path::new(path.trim()).to_owned()));
    }
    let entry = words.strip_prefix("journal ")?;
    Some(Place::Journal(entry.trim().to_owned()))
}

impl Service {
    /// The places where its lines may be, the best first.
    pub(super) fn places(&self) -> Vec<Place> {
        let logs = self.logs.iter().map(|log| Place::Log(log.into()));
        let head = self.rules.lines().take_while(|line| line.starts_with('#'));
        let mut places = Vec::new();
        for place in logs.chain(head.filter_map(place)) {
            if !places.contains(&place) {
                places.push(place);
            }
        }
        places
    }

    /// Its rules with only this place.
    pub(super) fn text(&self, chosen: &Place) -> String {
        let rest: String = self
            .rules
            .lines()
            .filter(|line| place(line).is_none())
            .map(|line| format!("{line}\n"))
            .collect();
        format!("{}\n{rest}", chosen.comment())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_service_has_places_and_rules_that_parse() {
        for service in &SERVICES {
            let places = service.places();
            assert!(!places.is_empty(), "{}", service.name);
            let text = service.text(&places[0]);
            let path = Path::new(service.name);
            let parsed =
                swatch_config::parse_str(text.as_bytes(), path, &swatch_config::Options::default());
            assert!(!parsed.has_errors(), "{}: {text}", service.name);
            let config = parsed.config;
            assert_eq!(config.log_files.len() + config.journal.len(), 1, "{text}");
        }
    }
}
