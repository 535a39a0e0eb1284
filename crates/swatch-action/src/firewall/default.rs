//! The firewall when no setting names one: `iptables` with `at`, as in the script, wherever both
//! are there; elsewhere the best that works, which the state remembers.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
};

use swatch_common::{atomic_file::AtomicFile, process};

use super::{auto, by_name};
use crate::{
    directory::{self, Directory},
    settings::{Backend, Settings},
};

/// The two programs of the script.
const SCRIPTS: [&str; 2] = ["iptables", "at"];

/// The file of the state directory with the name of the chosen firewall.
const FILE: &str = "default-firewall";

/// The firewall, and a message when the choice is new. With `keep`, the choice is remembered.
///
/// This costs two looks at the disk if the script's programs are there: no program is asked.
pub(super) fn choose(settings: &Settings, keep: bool) -> (Backend, Option<String>) {
    let path = settings.state_dir.join(FILE);
    let missing = missing(settings);
    if missing.is_empty() {
        // Somebody has installed what was missing.
        let changed = keep && fs::remove_file(&path).is_ok();
        let why = changed.then(|| {
            "firewall iptables: iptables and at are both here now; name another one in the setting \
             `firewall` to keep it"
                .to_owned()
        });
        return (Backend::Iptables, why);
    }
    if let Some(backend) = remembered(&path).filter(|&backend| is_there(backend, settings)) {
        return (backend, None);
    }
    let best = auto::best(settings);
    let missing = missing.join(" and ");
    let Some(backend) = best.backend else {
        let why = format!(
            "no firewall works here, so nothing can be locked: install nftables, or iptables and \
             at; not found: {missing}; {}",
            best.passed_over.join("; ").replace('\n', " ")
        );
        return (Backend::Iptables, Some(why));
    };
    let is_new = !keep || remember(&settings.state_dir, &path, backend);
    (backend, is_new.then(|| message(backend, &missing)))
}

/// True if `at` would have to end locks, and is not there. The default then leaves them to
/// `swatch-action expire`.
pub(crate) fn lacks_at(settings: &Settings) -> bool {
    settings.firewall == Backend::Default && process::find("at", &settings.path).is_none()
}

/// The programs of the script that are not there.
fn missing(settings: &Settings) -> Vec<&'static str> {
    let absent = |program: &&str| process::find(program, &settings.path).is_none();
    // With this setting locks end without `at`.
    let needed = match settings.expiry {
        crate::settings::Expiry::Expire => &SCRIPTS[..1],
        _ => &SCRIPTS[..],
    };
    needed.iter().copied().filter(absent).collect()
}

fn message(backend: Backend, missing: &str) -> String {
    let (name, how) = match backend {
        Backend::Nftables => (
            "nftables",
            "it works here, and its sets end locks themselves",
        ),
        Backend::Firewalld => (
            "firewalld",
            "it runs here; its locks end with at, or with `swatch-action expire` run by a timer",
        ),
        Backend::Ipset => ("ipset", "it works here, and its sets end locks themselves"),
        _ => (
            "iptables",
            "nothing better works here; without at, run `swatch-action expire` each minute \
             (swatch-action-expire.timer), or locks end only when the next one is made",
        ),
    };
    format!(
        "firewall {name}: {how}; the default, iptables with at, lacks {missing}. The state \
         remembers this choice. To have the default, install {missing}; to settle it, set \
         firewall = \"{name}\" in {}",
        crate::settings::FILE
    )
}

fn remembered(path: &Path) -> Option<Backend> {
    let text = fs::read_to_string(path).ok()?;
    let chosen = by_name(text.trim())?;
    let usable = !matches!(chosen, Backend::Auto | Backend::Default | Backend::Command);
    usable.then_some(chosen)
}

/// True if the program of a firewall is still there.
fn is_there(backend: Backend, settings: &Settings) -> bool {
    let programs: &[&str] = match backend {
        Backend::Nftables => &["nft"],
        Backend::Firewalld => &["firewall-cmd"],
        Backend::Ipset => &["ipset", "iptables"],
        _ => &["iptables"],
    };
    programs
        .iter()
        .all(|program| process::find(program, &settings.path).is_some())
}

/// Writes the choice. True if this process is the one that makes it: others that choose at the same
/// time stay silent. A directory that cannot be written to is reported by the lock itself.
fn remember(dir: &Path, path: &PathBuf, backend: Backend) -> bool {
    let name = clap::ValueEnum::to_possible_value(&backend);
    let text = format!(
        "{}\n",
        name.map_or(String::new(), |name| name.get_name().to_owned())
    );
    if directory::prepare(dir, Directory::State).is_err() {
        return true;
    }
    match File::create_new(path) {
        Ok(mut file) => {
            let _ = file.write_all(text.as_bytes());
            true
        }
        // The file is of another process, or names a firewall that has gone since.
        Err(_) if remembered(path) == Some(backend) => false,
        Err(_) => {
            let _ = AtomicFile::new(path).mode(0o644).write(text.as_bytes());
            true
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    struct Place {
        dir: tempfile::TempDir,
        settings: Settings,
    }

    /// A machine with these programs, each of which succeeds.
    fn place(programs: &[&str]) -> Place {
        let dir = tempfile::tempdir().expect("a directory");
        let bin = dir.path().join("bin");
        fs::create_dir(&bin).expect("a directory");
        let settings = Settings {
            path: bin.display().to_string(),
            state_dir: dir.path().join("state"),
            ..Settings::default()
        };
        let place = Place { dir, settings };
        programs.iter().for_each(|program| place.install(program));
        place
    }

    impl Place {
        fn install(&self, program: &str) {
            let path = self.dir.path().join("bin").join(program);
            fs::write(&path, "#!/bin/sh\nexit 0\n").expect("a script");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("chmod");
        }
        fn remove(&self, program: &str) {
            fs::remove_file(self.dir.path().join("bin").join(program)).expect("a script");
        }
    }

    #[test]
    fn the_scripts_programs_win_silently() {
        let place = place(&["iptables", "at", "nft", "ipset", "firewall-cmd"]);
        assert_eq!(choose(&place.settings, true), (Backend::Iptables, None));
        assert!(!place.settings.state_dir.exists());
    }

    #[test]
    fn the_best_is_taken_and_said_once() {
        for (programs, expected) in [
            (&["iptables", "nft", "ipset"][..], Backend::Nftables),
            (&["at", "firewall-cmd"], Backend::Firewalld),
            (&["iptables", "ipset"], Backend::Ipset),
            (&["iptables"], Backend::Iptables),
        ] {
            let place = place(programs);
            let (backend, why) = choose(&place.settings, true);
            assert_eq!(backend, expected);
            let why = why.expect("a message");
            assert!(why.contains("install"), "{why}");
            assert_eq!(choose(&place.settings, true), (expected, None));
        }
    }

    #[test]
    fn a_dry_run_remembers_nothing() {
        let place = place(&["nft"]);
        assert!(choose(&place.settings, false).1.is_some());
        assert!(!place.settings.state_dir.exists());
    }

    #[test]
    fn sets_without_iptables_are_no_firewall() {
        let place = place(&["ipset", "at"]);
        let (_, why) = choose(&place.settings, true);
        let why = why.expect("a message");
        assert!(why.contains("no firewall works here"), "{why}");
        assert!(why.contains("not found: iptables"), "{why}");
    }

    #[test]
    fn a_firewall_that_goes_is_replaced_and_what_comes_is_taken() {
        let place = place(&["nft", "iptables"]);
        assert_eq!(choose(&place.settings, true).0, Backend::Nftables);
        place.remove("nft");
        let (backend, why) = choose(&place.settings, true);
        assert_eq!(backend, Backend::Iptables);
        assert!(why.is_some_and(|why| why.contains("expire")));
        assert!(lacks_at(&place.settings));
        place.install("at");
        let (backend, why) = choose(&place.settings, true);
        assert_eq!(backend, Backend::Iptables);
        assert!(why.is_some_and(|why| why.contains("both here now")));
        assert_eq!(choose(&place.settings, true), (Backend::Iptables, None));
    }
}
