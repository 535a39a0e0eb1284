//! One configuration: whether it parses, may be trusted, and runs programs that exist.

use std::path::Path;

use swatch_common::finding::Finding;
use swatch_common::sanitize;
use swatch_config::Config;
use swatch_config::ast::{ActionKind, Item};

use super::super::load::Loader;
use super::super::plan::{self, Input, Refusal};
use super::super::programs;
use super::{hits, journal, logs};
use crate::cli::Cli;
use crate::perform::SENDMAIL;

/// All findings about a configuration, its programs and its logs.
pub(super) fn look(cli: &Cli, loader: &Loader, path: &Path, megabytes: u64) -> Vec<Finding> {
    let shown = sanitize::path(path);
    let config = match loader.check(path) {
        Ok((config, _)) => config,
        Err(refusal) => return refused(&shown, &refusal),
    };
    let mut findings = vec![Finding::fine("rules", format!("{shown} has no errors"))];
    for missing in programs::missing(&config) {
        findings.push(Finding::error(
            "command",
            format!(
                "{shown}: {}: {}",
                sanitize::cow(&missing.message),
                missing.label
            ),
            missing.help.unwrap_or_default(),
        ));
    }
    let sendmail = SENDMAIL.iter().any(|place| Path::new(place).exists());
    if sends_mail(&config) && !sendmail {
        findings.push(Finding::error(
            "mailer",
            format!("{shown} sends mail, and {} does not exist", SENDMAIL[0]),
            "apt install msmtp-mta, or another mail server",
        ));
    }
    match plan::input(cli, &config, path) {
        Err(refusal) => findings.extend(refused(&shown, &refusal)),
        Ok(Input::Tail(files)) => {
            let (found, readable) = logs::files(&shown, &files);
            findings.extend(found);
            if megabytes > 0 {
                findings.extend(hits::of_files(path, &readable, megabytes << 20));
            }
        }
        Ok(Input::Journal(words)) => findings.extend(journal::look(&shown, &words)),
        Ok(Input::Examine(_) | Input::ReadPipe(_)) => {}
    }
    findings
}

fn refused(shown: &str, refusal: &Refusal) -> Vec<Finding> {
    let (check, remedy) = match refusal {
        Refusal::Rules(findings) => {
            let remedy = format!("swatch-rs --config-file {shown} --check shows each place");
            let texts = findings.json();
            let errors = texts.iter().filter(|object| object["severity"] == "error");
            return errors
                .map(|object| {
                    let place = object["line"].as_u64().map_or(String::new(), |line| {
                        format!("{}:{line}: ", object["file"].as_str().unwrap_or(shown))
                    });
                    let text = object["text"].as_str().unwrap_or_default();
                    Finding::error("rules", format!("{place}{text}"), remedy.clone())
                })
                .collect();
        }
        Refusal::Untrusted(files) => {
            return files
                .iter()
                .map(|file| Finding::error("permissions", file.to_string(), file.remedy()))
                .collect();
        }
        _ => ("log", "add the line that the message names".to_owned()),
    };
    let reasons = refusal.reasons().into_iter();
    reasons
        .map(|why| Finding::error(check, why, remedy.clone()))
        .collect()
}

fn sends_mail(config: &Config) -> bool {
    let rules = config.items.iter().filter_map(|item| match item {
        Item::Rule(rule) => Some(rule),
        Item::Perl(_) => None,
    });
    let mut actions = rules.flat_map(|rule| &rule.actions);
    actions.any(|action| matches!(action.kind, ActionKind::Mail { mailer: None, .. }))
}
