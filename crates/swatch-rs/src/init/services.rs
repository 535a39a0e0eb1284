//! The services that `init` knows, each with its rules from `examples/rules`.

use std::ffi::OsStr;
use std::path::PathBuf;

use swatch_tail::{Pattern, split_tail_file};

/// A service whose log `init` can watch.
pub(super) struct Service {
    /// The name of its configuration, without `.conf`.
    pub(super) name: &'static str,
    /// Paths of which one is there if it is installed.
    pub(super) signs: &'static [&'static str],
    /// The names of its processes; none if it has no process of its own.
    pub(super) processes: &'static [&'static str],
    /// A setting without which its log does not say enough.
    pub(super) needs: Option<&'static str>,
    /// Its rules. Comments at the top name the places of its lines, the best first.
    pub(super) rules: &'static str,
}

macro_rules! service {
    ($name:literal, $signs:expr, $processes:expr, $needs:expr) => {
        Service {
            name: $name,
            signs: &$signs,
            processes: &$processes,
            needs: $needs,
            rules: include_str!(concat!("../../../../examples/rules/", $name, ".conf")),
        }
    };
    ($name:literal, $signs:expr, $processes:expr) => {
        service!($name, $signs, $processes, None)
    };
}

/// All services, in the order in which they are reported.
pub(super) const SERVICES: [Service; 20] = [
    service!("sshd", ["/usr/sbin/sshd"], ["sshd"]),
    service!("sudo", ["/usr/bin/sudo", "/usr/bin/su", "/bin/su"], []),
    // Containers have neither this device nor messages of the kernel.
    service!("kernel", ["/dev/kmsg"], []),
    service!("named", ["/usr/sbin/named"], ["named"]),
    service!("vsftpd", ["/usr/sbin/vsftpd"], ["vsftpd"]),
    service!("proftpd", ["/usr/sbin/proftpd"], ["proftpd"]),
    service!("postfix", ["/usr/sbin/postfix"], ["master"]),
    service!(
        "exim",
        ["/usr/sbin/exim4", "/usr/sbin/exim"],
        ["exim4", "exim"]
    ),
    service!("dovecot", ["/usr/sbin/dovecot"], ["dovecot"]),
    service!("nginx", ["/usr/sbin/nginx"], ["nginx"]),
    service!(
        "apache",
        ["/usr/sbin/apache2", "/usr/sbin/httpd"],
        ["apache2", "httpd"]
    ),
    service!(
        "mariadb",
        [
            "/usr/sbin/mariadbd",
            "/usr/libexec/mariadbd",
            "/usr/sbin/mysqld"
        ],
        ["mariadbd", "mysqld"],
        Some("skip_name_resolve, and log_warnings of 2 or more")
    ),
    service!(
        "postgresql",
        ["/usr/bin/pg_ctlcluster", "/usr/bin/postgres"],
        ["postgres"],
        Some("log_line_prefix = '%m [%p] %h %q%u@%d '")
    ),
    service!("asterisk", ["/usr/sbin/asterisk"], ["asterisk"]),
    service!("openvpn", ["/usr/sbin/openvpn"], ["openvpn"]),
    service!(
        "nextcloud",
        [
            "/var/www/nextcloud/occ",
            "/var/www/html/nextcloud/occ",
            "/usr/share/nextcloud/occ"
        ],
        [],
        Some("loglevel of 2 or less, and trusted_proxies behind a proxy")
    ),
    service!(
        "vaultwarden",
        [
            "/usr/bin/vaultwarden",
            "/usr/local/bin/vaultwarden",
            "/opt/vaultwarden/vaultwarden"
        ],
        ["vaultwarden"],
        Some("LOG_FILE and EXTENDED_LOGGING=true, and IP_HEADER behind a proxy")
    ),
    service!(
        "home-assistant",
        [
            "/srv/homeassistant/bin/hass",
            "/home/homeassistant/.homeassistant"
        ],
        ["hass"],
        Some("use_x_forwarded_for and trusted_proxies behind a proxy")
    ),
    service!("proxmox", ["/usr/bin/pveproxy", "/usr/bin/pmgproxy"], []),
    service!("zimbra", ["/opt/zimbra/bin/zmcontrol"], []),
];

/// A place where a service's lines may be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// Files: paths and globs, as a `# logfile` line lists them.
    Logs(String),
    /// Entries of the journal: matches, as journalctl takes them.
    Journal(String),
}

impl Place {
    /// The place that a comment line names.
    fn of_comment(line: &str) -> Option<Self> {
        let words = line.strip_prefix("# ")?;
        if let Some(files) = words.strip_prefix("logfile ") {
            return Some(Self::Logs(files.trim().to_owned()));
        }
        let matches = words.strip_prefix("journal ")?;
        Some(Self::Journal(matches.trim().to_owned()))
    }

    /// The words of a comment that names it.
    pub(super) fn words(&self) -> String {
        match self {
            Self::Logs(files) => format!("logfile {files}"),
            Self::Journal(matches) => format!("journal {matches}"),
        }
    }

    /// The files of it that exist now.
    pub(super) fn files(&self) -> Vec<PathBuf> {
        let Self::Logs(files) = self else {
            return Vec::new();
        };
        let patterns = split_tail_file(OsStr::new(files));
        let mut paths: Vec<PathBuf> = patterns.iter().flat_map(Pattern::expand).collect();
        paths.retain(|path| path.is_file());
        paths
    }
}

impl Service {
    /// The places where its lines may be, the best first.
    pub(super) fn places(&self) -> Vec<Place> {
        let head = self.rules.lines().take_while(|line| line.starts_with('#'));
        head.filter_map(Place::of_comment).collect()
    }

    /// Its rules with only this place.
    pub(super) fn text(&self, chosen: &Place) -> String {
        let rest: String = self
            .rules
            .lines()
            .filter(|line| Place::of_comment(line).is_none())
            .map(|line| format!("{line}\n"))
            .collect();
        format!("# {}\n{rest}", chosen.words())
    }

    /// True if its rules do nothing but send mail.
    pub(super) fn only_mails(&self) -> bool {
        !self.rules.contains("\n    pipe ")
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn each_service_has_places_and_rules_that_parse() {
        for service in &SERVICES {
            let places = service.places();
            assert!(!places.is_empty(), "{}", service.name);
            for place in &places {
                let text = service.text(place);
                let path = Path::new(service.name);
                let options = swatch_config::Options::default();
                let parsed = swatch_config::parse_str(text.as_bytes(), path, &options);
                assert!(!parsed.has_errors(), "{}: {text}", service.name);
                let config = parsed.config;
                let (logs, journal) = (config.log_files.len(), config.journal.len());
                let expected = match place {
                    Place::Logs(files) => (files.split(' ').count(), 0),
                    Place::Journal(_) => (0, 1),
                };
                assert_eq!((logs, journal), expected, "{text}");
            }
        }
    }

    #[test]
    fn every_example_is_a_service() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/rules");
        let mut examples: Vec<String> = std::fs::read_dir(folder)
            .expect("the examples")
            .map(|entry| entry.expect("an entry").path())
            .map(|path| path.file_stem().expect("a name").display().to_string())
            .collect();
        let mut known: Vec<_> = SERVICES.iter().map(|service| service.name).collect();
        examples.sort();
        known.sort_unstable();
        assert_eq!(known, examples);
    }

    #[test]
    fn rules_that_only_mail_are_known() {
        let mut names = Vec::new();
        for service in SERVICES.iter().filter(|service| service.only_mails()) {
            assert!(service.rules.contains("\n    mail "), "{}", service.name);
            names.push(service.name);
        }
        assert_eq!(names, ["sudo", "kernel"]);
    }
}
