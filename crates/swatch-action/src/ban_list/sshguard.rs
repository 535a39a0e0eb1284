//! sshguard's blacklist: `TIME|SERVICE|KIND|ADDRESS`, a line each. Its bans have no end.

use std::path::Path;

use super::{Ban, place};

pub(super) fn read(text: &str, path: &Path) -> Vec<Ban> {
    let lines = text.lines().enumerate();
    let entries = lines.filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
    let bans = entries.map(|(number, line)| Ban {
        text: line
            .rsplit('|')
            .next()
            .unwrap_or_default()
            .trim()
            .to_owned(),
        left: None,
        reason: "blacklisted by sshguard".to_owned(),
        place: place(path, number),
    });
    bans.collect()
}
