//! `firewall = "command"`: a firewall of the user's own commands.

use ipnet::IpNet;
use swatch_common::shell_quote;

use super::{Firewall, FirewallEntry, FirewallError, Inventory};
use crate::{
    network,
    runner::Runner,
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

    fn unlock_words(&self, net: IpNet) -> Vec<String> {
        let entry = FirewallEntry {
            net,
            seconds: None,
            count: 0,
        };
        filled(&self.templates.unlock, &values(entry))
    }

    fn run(&self, words: &[String]) -> Result<(), FirewallError> {
        let argv: Vec<&str> = words.iter().map(String::as_str).collect();
        self.runner.run(&argv, b"")?;
        Ok(())
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

    fn is_exclusive(&self) -> bool {
        false
    }

    fn lock(&self, entry: FirewallEntry) -> Result<(), FirewallError> {
        let words = filled(&self.templates.lock, &values(entry));
        self.run(&words)
    }

    fn unlock(&self, net: IpNet) -> Result<Option<bool>, FirewallError> {
        self.run(&self.unlock_words(net))?;
        Ok(None)
    }

    fn holds(&self, _: IpNet) -> Option<bool> {
        None
    }

    fn inventory(&self) -> Result<Option<Inventory>, FirewallError> {
        Ok(None)
    }

    fn unlock_script(&self, net: IpNet) -> Option<String> {
        let words = self.unlock_words(net);
        Some(format!("once {}", shell_quote::join(&words)))
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
