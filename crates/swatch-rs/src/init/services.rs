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
    /// Its rules. The comments at the top name the logs that it may write to, the best first.
    pub(super) rules: &'static str,
}

macro_rules! service {
    ($name:literal, $programs:expr, $processes:expr) => {
        Service {
            name: $name,
            programs: &$programs,
            processes: &$processes,
            rules: include_str!(concat!("../../../../examples/rules/", $name, ".conf")),
        }
    };
}

/// All services, in the order in which they are reported.
pub(super) const SERVICES: [Service; 7] = [
    service!("sshd", ["/usr/sbin/sshd"], ["sshd"]),
    service!("vsftpd", ["/usr/sbin/vsftpd"], ["vsftpd"]),
    service!("postfix", ["/usr/sbin/postfix"], ["master"]),
    service!("dovecot", ["/usr/sbin/dovecot"], ["dovecot"]),
    service!("nginx", ["/usr/sbin/nginx"], ["nginx"]),
    service!(
        "apache",
        ["/usr/sbin/apache2", "/usr/sbin/httpd"],
        ["apache2", "httpd"]
    ),
    service!("named", ["/usr/sbin/named"], ["named"]),
];

/// A place where a service's lines may be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// A file.
    Log(PathBuf),
    /// Entries of the journal: one match, as journalctl takes it.
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
    /// The places that its rules name, the best first.
    pub(super) fn places(&self) -> Vec<Place> {
        let head = self.rules.lines().take_while(|line| line.starts_with('#'));
        head.filter_map(place).collect()
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
