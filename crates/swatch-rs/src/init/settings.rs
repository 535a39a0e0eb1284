//! The settings of `swatch-action` that `init` chooses: a new `action.toml`, or lines for one that
//! is there and lacks them, such as that of the package, in which every setting is a comment.

use toml::{Table, Value};

/// The first lines of a new file.
const HEAD: &str = "# Settings of swatch-action, written by `swatch-rs init`. swatch-action.toml(5), \
                    or docs/action.md, has all of them.\n";

/// The choices for a machine.
pub(super) struct Choice<'a> {
    /// The firewall, as the settings spell it.
    pub(super) firewall: &'a str,
    /// The means that ends its locks.
    pub(super) ends_by: &'a str,
    /// True if a mail could be sent.
    pub(super) has_mailer: bool,
}

/// The means that needs a setting of its own.
pub(super) const EXPIRE: &str = "swatch-action expire";

/// A setting to be made.
struct Setting {
    comment: String,
    key: &'static str,
    value: String,
}

impl Setting {
    fn lines(&self) -> String {
        let Self {
            comment,
            key,
            value,
        } = self;
        format!("{comment}{key} = {}\n", Value::from(value.as_str()))
    }
}

impl Choice<'_> {
    /// The settings that a file with these lacks: none if it names a firewall, which is then the
    /// administrator's choice with all that belongs to it.
    fn missing(&self, present: &Table) -> Vec<Setting> {
        if present.contains_key("firewall") {
            return Vec::new();
        }
        let mut settings = vec![Setting {
            comment: format!("# Locks end by {}.\n", self.ends_by),
            key: "firewall",
            value: self.firewall.to_owned(),
        }];
        if self.ends_by == EXPIRE && !present.contains_key("expiry") {
            settings.push(Setting {
                comment: String::new(),
                key: "expiry",
                value: "expire".to_owned(),
            });
        }
        let has_mail = ["mail", "mailer"]
            .iter()
            .any(|key| present.contains_key(*key));
        if !self.has_mailer && !has_mail {
            settings.push(Setting {
                comment: "# No mailer was found. To get a mail for each lock, install one and \
                          remove this line.\n"
                    .to_owned(),
                key: "mail",
                value: String::new(),
            });
        }
        settings
    }

    /// A new file.
    pub(super) fn file(&self) -> String {
        let settings = self.missing(&Table::new());
        let blocks = settings
            .iter()
            .map(|setting| match setting.comment.as_str() {
                "" => setting.lines(),
                _ => format!("\n{}", setting.lines()),
            });
        HEAD.to_owned() + &blocks.collect::<String>()
    }

    /// This file with the settings that it lacks; `None` if it has all of them. Each stands behind
    /// the comments that show its key, and nothing that was there is changed.
    ///
    /// # Errors
    /// A sentence: the file cannot be parsed, or there is no place that is certain to be right.
    pub(super) fn add_to(&self, text: &str) -> Result<Option<String>, String> {
        let parse = |text: &str| text.parse::<Table>().map_err(|e| e.message().to_owned());
        let present = parse(text)?;
        let missing = self.missing(&present);
        if missing.is_empty() {
            return Ok(None);
        }
        let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
        if let Some(last) = lines.last_mut().filter(|last| !last.ends_with('\n')) {
            last.push('\n');
        }
        let mut expected = present;
        for setting in &missing {
            lines.insert(place(&lines, setting.key), setting.lines());
            expected.insert(setting.key.to_owned(), setting.value.as_str().into());
        }
        let added = lines.concat();
        match parse(&added) {
            Ok(table) if table == expected => Ok(Some(added)),
            // The line that looks like the first table is a part of some longer value.
            _ => {
                let lines = missing.iter().map(Setting::lines).collect::<String>();
                let lines = lines.lines().filter(|line| !line.starts_with('#'));
                let lines: Vec<_> = lines.collect();
                Err(format!(
                    "write above its first [table]: {}",
                    lines.join(", ")
                ))
            }
        }
    }
}

/// The index of the line before which a key is inserted: behind the last comment that shows it,
/// else before the first table, to which it would belong otherwise.
fn place(lines: &[String], key: &str) -> usize {
    let is_table = |line: &String| line.trim_start().starts_with('[');
    let first_table = lines.iter().position(is_table).unwrap_or(lines.len());
    let shows = |line: &String| {
        let comment = line.strip_prefix('#').unwrap_or_default().trim_start();
        let rest = comment.strip_prefix(key).unwrap_or_default();
        rest.trim_start().starts_with('=')
    };
    let shown = lines[..first_table].iter().rposition(shows);
    shown.map_or(first_table, |line| line + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NFTABLES: Choice<'static> = Choice {
        firewall: "nftables",
        ends_by: "the kernel",
        has_mailer: true,
    };

    fn added(choice: &Choice<'_>, text: &str) -> String {
        choice
            .add_to(text)
            .expect("it parses")
            .expect("it lacks some")
    }

    #[test]
    fn a_new_file_names_the_choice() {
        let text = Choice {
            firewall: "iptables",
            ends_by: EXPIRE,
            has_mailer: false,
        }
        .file();
        let table: Table = text.parse().expect("valid");
        assert_eq!(table["firewall"].as_str(), Some("iptables"));
        assert_eq!(table["expiry"].as_str(), Some("expire"));
        assert_eq!(table["mail"].as_str(), Some(""));
        assert_eq!(table.len(), 3);
        assert_eq!(NFTABLES.file().parse::<Table>().expect("valid").len(), 1);
    }

    #[test]
    fn a_setting_is_added_behind_the_comment_that_shows_it() {
        let text = "#mail = \"root\"\n\n# The firewall\n#firewall = \"default\"\n\
                    #firewall = \"nftables\"\n\n[ignore]\n#firewall = 1\n";
        assert_eq!(
            added(&NFTABLES, text),
            "#mail = \"root\"\n\n# The firewall\n#firewall = \"default\"\n#firewall = \"nftables\"\n\
             # Locks end by the kernel.\nfirewall = \"nftables\"\n\n[ignore]\n#firewall = 1\n"
        );
        let without_mailer = Choice {
            has_mailer: false,
            ..NFTABLES
        };
        assert!(added(&without_mailer, text).starts_with("#mail = \"root\"\n# No mailer"));
    }

    #[test]
    fn without_a_comment_it_stands_before_the_first_table() {
        assert_eq!(
            added(&NFTABLES, "count = 5\n[ignore]\nown = true"),
            "count = 5\n# Locks end by the kernel.\nfirewall = \"nftables\"\n[ignore]\nown = true\n"
        );
        assert!(added(&NFTABLES, "").ends_with("firewall = \"nftables\"\n"));
    }

    #[test]
    fn the_administrators_choice_stays() {
        for text in ["firewall = \"auto\"\n", "firewall='none' # mine\n"] {
            assert_eq!(NFTABLES.add_to(text), Ok(None), "{text}");
        }
        let expire = Choice {
            firewall: "iptables",
            ends_by: EXPIRE,
            has_mailer: false,
        };
        assert_eq!(expire.add_to("firewall = \"ipset\"\n"), Ok(None));
        let text = added(&expire, "expiry = \"at\"\nmail = \"x\"\n");
        assert!(!text.contains("expire\"\n"), "{text}");
    }

    #[test]
    fn a_file_that_could_be_spoilt_is_left_alone() {
        let nested = "x = [\n  [1],\n]\n";
        let why = NFTABLES.add_to(nested).expect_err("no certain place");
        assert_eq!(
            why,
            "write above its first [table]: firewall = \"nftables\""
        );
        assert!(NFTABLES.add_to("firewall =").is_err());
    }

    #[test]
    fn the_file_of_the_package_takes_the_choice() {
        // As packaging/settings.sh writes it.
        let example = include_str!("../../../../examples/action.toml");
        let commented: String = example
            .lines()
            .map(
                |line| match line.starts_with(['#', '[']) || line.is_empty() {
                    true => format!("{line}\n"),
                    false => format!("#{line}\n"),
                },
            )
            .collect();
        let text = added(&NFTABLES, &commented);
        let table: Table = text.parse().expect("valid");
        assert_eq!(table["firewall"].as_str(), Some("nftables"));
        assert_eq!(text.lines().count(), commented.lines().count() + 2);
        assert!(text.contains("#firewall = \"nftables\"\n# Locks end by the kernel.\nfirewall = "));
    }
}
