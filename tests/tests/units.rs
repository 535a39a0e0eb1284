//! The systemd units, as `make install` installs them, in the eyes of `systemd-analyze`.

use std::fs;
use std::path::PathBuf;

use swatch_tests::deployment::make;
use swatch_tests::machine::{Machine, allowed};

const FOLDER: &str = "/usr/local/lib/systemd/system";

/// The worst rating by `systemd-analyze security` that is allowed, in tenths of its scale.
/// docs/installation.md states the rating itself.
const WATCHER: u32 = 45;
const HELPER: u32 = 30;

/// A machine with everything installed, and its units, the template as an instance.
fn installed() -> Option<(Machine, Vec<String>)> {
    if !allowed("systemd units", &["systemd-analyze", "man"]) {
        return None;
    }
    let machine = Machine::furnished("units");
    make("install", &machine.path("/"));
    let entries = fs::read_dir(machine.path(FOLDER)).expect("the units");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("a unit").path()).collect();
    paths.sort();
    let names = paths.iter().map(|path| {
        let name = path.file_name().expect("a name").display().to_string();
        let instance = name.replace('@', "@x");
        if instance != name {
            let text = fs::read(path).expect("the template");
            machine.write(&format!("{FOLDER}/{instance}"), text);
        }
        instance
    });
    let names: Vec<String> = names.collect();
    Some((machine, names))
}

/// Units, programs and manual pages that they name are there, and every line is understood.
#[test]
fn the_units_are_valid() {
    let Some((machine, units)) = installed() else {
        return;
    };
    assert_eq!(units.len(), 6, "{units:?}");
    for unit in &units {
        let path = format!("{FOLDER}/{unit}");
        let output = machine.run(&["systemd-analyze", "verify", &path]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.is_empty(), "{unit}: {said}");
    }
    // The check finds faults at all.
    let text = machine.read(&format!("{FOLDER}/swatch-rs.service"));
    for (right, wrong) in [
        ("/usr/local/bin/swatch-rs ", "/usr/local/bin/absent "),
        ("man:swatch-rs(8)", "man:absent(8)"),
        ("WatchdogSec", "WatchdogSeconds"),
    ] {
        assert!(text.contains(right), "{text}");
        let path = format!("{FOLDER}/wrong.service");
        machine.write(&path, text.replace(right, wrong));
        let output = machine.run(&["systemd-analyze", "verify", &path]);
        assert!(!output.stderr.is_empty(), "{wrong}");
    }
}

#[test]
fn the_units_stay_as_closed_as_the_documents_say() {
    let Some((machine, units)) = installed() else {
        return;
    };
    let services = units.iter().filter(|unit| unit.ends_with(".service"));
    for unit in services {
        let worst = match unit.starts_with("swatch-action") {
            true => HELPER,
            false => WATCHER,
        };
        let threshold = format!("--threshold={worst}");
        let path = format!("{FOLDER}/{unit}");
        let argv = ["systemd-analyze", "security", "--offline=true"];
        let output = machine.run(&[&argv[..], &[&threshold, &path]].concat());
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(said.contains("Overall exposure level"), "{unit}: {said}");
        assert!(output.status.success(), "{unit}: {said}");
    }
}
