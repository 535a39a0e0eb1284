//! The entries that journalctl is asked for: those of this machine, of every boot.
//!
//! `journalctl -f` shows the current boot alone. After a restart of the machine, entries that were
//! written after the last one processed would never be seen; and in a container whose services see
//! another boot number than its journal has, there are none at all. `--merge` undoes that, but lets
//! in what other machines have sent here, unless a match on the machine keeps it out.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt;

/// Options that choose entries as matches do. Others may choose journals or boots, and are then
/// left to decide alone.
const SELECTING: [&str; 4] = ["-u", "--unit", "-t", "--identifier"];

/// The number of this machine, 32 hexadecimal digits, as journald writes it into each entry.
pub(super) fn machine_id() -> Option<String> {
    let text = fs::read_to_string("/etc/machine-id").ok()?;
    let id = text.trim();
    let is_valid = id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_valid.then(|| id.to_owned())
}

/// The arguments for these matches and options.
pub(super) fn of_every_boot(words: &[OsString], machine: Option<&str>) -> Vec<OsString> {
    let Some(machine) = machine.filter(|_| words.iter().all(selects)) else {
        return words.to_vec();
    };
    let mut arguments = vec![OsString::from("--merge")];
    let mut groups = vec![vec![OsString::from(format!("_MACHINE_ID={machine}"))]];
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if word.as_bytes().starts_with(b"-") {
            arguments.push(word.clone());
            // The value of an option that does not have it after a `=`.
            let is_apart = !word.as_bytes().contains(&b'=');
            arguments.extend(words.next().filter(|_| is_apart).cloned());
        } else if word == "+" {
            groups.push(vec![groups[0][0].clone()]);
        } else if let Some(group) = groups.last_mut() {
            group.push(word.clone());
        }
    }
    arguments.extend(groups.join(&OsString::from("+")));
    arguments
}

/// False for an option that is not known to choose entries.
fn selects(word: &OsString) -> bool {
    let name = word.as_bytes().split(|&byte| byte == b'=').next();
    let name = OsStr::from_bytes(name.unwrap_or_default());
    !word.as_bytes().starts_with(b"-") || SELECTING.iter().any(|known| name == *known)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(text: &str, machine: Option<&str>) -> String {
        let words: Vec<OsString> = text.split_whitespace().map(Into::into).collect();
        let all = of_every_boot(&words, machine);
        all.join(OsStr::new(" ")).into_string().expect("UTF-8")
    }

    #[test]
    fn each_alternative_is_of_this_machine_and_of_every_boot() {
        for (given, expected) in [
            ("", "--merge _MACHINE_ID=m"),
            ("A=1 B=2", "--merge _MACHINE_ID=m A=1 B=2"),
            ("A=1 + B=2", "--merge _MACHINE_ID=m A=1 + _MACHINE_ID=m B=2"),
            ("-u ssh A=1", "--merge -u ssh _MACHINE_ID=m A=1"),
            ("--unit=ssh", "--merge --unit=ssh _MACHINE_ID=m"),
            ("--unit ssh A=1", "--merge --unit ssh _MACHINE_ID=m A=1"),
        ] {
            assert_eq!(arguments(given, Some("m")), expected);
        }
    }

    #[test]
    fn options_that_choose_journals_decide_alone() {
        for given in ["-D /srv/journal A=1", "--boot A=1", "-u ssh -m"] {
            assert_eq!(arguments(given, Some("m")), given);
        }
        assert_eq!(arguments("A=1", None), "A=1");
    }
}
