//! A firewall of the user's own commands, and none at all.

use std::collections::HashSet;

use ipnet::IpNet;

use super::{Firewall, FirewallEntry};
use crate::{
    network,
    runner::{ProgramError, Runner, shell_words},
    settings::{Settings, Templates},
};

pub(super) struct Templated<'a> {
    templates: &'a Templates,
    runner: &'a Runner,
}

impl<'a> Templated<'a> {
    pub(super) fn new(settings: &'a Settings, runner: &'a Runner) -> Self {
        Self {
            templates: &settings.command,
            runner,
        }
    }

    fn run(&self, template: &[String], entry: FirewallEntry) -> Result<(), ProgramError> {
        let words = filled(template, &values(entry));
        let argv: Vec<&str> = words.iter().map(String::as_str).collect();
        self.runner.run(&argv, b"").map(drop)
    }
}

/// The words of a template with `{name}` replaced. Each stays one word whatever it gets.
pub(crate) fn filled(template: &[String], values: &[(&str, String)]) -> Vec<String> {
    let fill = |word: &String| {
        let mut done = String::new();
        let mut rest = word.as_str();
        // Left to right and once: a value that holds braces is not looked into.
        while let Some(at) = rest.find('{') {
            done.push_str(&rest[..at]);
            let found = values.iter().find_map(|(name, value)| {
                rest[at + 1..]
                    .strip_prefix(name)?
                    .strip_prefix('}')
                    .map(|after| (value, after))
            });
            match found {
                Some((value, after)) => {
                    done.push_str(value);
                    rest = after;
                }
                None => {
                    done.push('{');
                    rest = &rest[at + 1..];
                }
            }
        }
        done + rest
    };
    template.iter().map(fill).collect()
}

fn values(entry: FirewallEntry) -> [(&'static str, String); 4] {
    let family = if matches!(entry.net, IpNet::V4(_)) {
        "4"
    } else {
        "6"
    };
    [
        ("address", network::text(entry.net)),
        ("family", family.to_owned()),
        ("seconds", entry.seconds.unwrap_or(0).to_string()),
        ("count", entry.count.to_string()),
    ]
}

impl Firewall for Templated<'_> {
    fn name(&self) -> &'static str {
        "command"
    }

    fn has_timeouts(&self) -> bool {
        false
    }

    fn lock(&self, entry: FirewallEntry) -> Result<(), ProgramError> {
        self.run(&self.templates.lock, entry)
    }

    fn unlock(&self, net: IpNet) -> Result<(), ProgramError> {
        let entry = FirewallEntry {
            net,
            seconds: None,
            count: 0,
        };
        self.run(&self.templates.unlock, entry)
    }

    fn list(&self) -> Result<Option<HashSet<IpNet>>, ProgramError> {
        Ok(None)
    }

    fn unlock_command(&self, net: IpNet) -> Option<String> {
        let entry = FirewallEntry {
            net,
            seconds: None,
            count: 0,
        };
        let words = filled(&self.templates.unlock, &values(entry));
        let argv: Vec<&str> = words.iter().map(String::as_str).collect();
        Some(shell_words(&argv))
    }
}

/// `--firewall none`.
pub(super) struct Nothing;

impl Firewall for Nothing {
    fn name(&self) -> &'static str {
        "none"
    }

    fn has_timeouts(&self) -> bool {
        true
    }

    fn lock(&self, _: FirewallEntry) -> Result<(), ProgramError> {
        Ok(())
    }

    fn unlock(&self, _: IpNet) -> Result<(), ProgramError> {
        Ok(())
    }

    fn list(&self) -> Result<Option<HashSet<IpNet>>, ProgramError> {
        Ok(None)
    }

    fn unlock_command(&self, _: IpNet) -> Option<String> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stay_words() {
        let template = ["fw", "{address}", "--for={seconds}s", "{other}", "{"].map(String::from);
        let values = [
            ("address", "1 2; {seconds}".to_owned()),
            ("seconds", "60".to_owned()),
        ];
        assert_eq!(
            filled(&template, &values),
            ["fw", "1 2; {seconds}", "--for=60s", "{other}", "{"]
        );
    }
}
