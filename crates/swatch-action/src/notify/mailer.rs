//! Peculiarities of programs that read a mail on their standard input, where they differ from the
//! original sendmail.

use std::{os::unix::fs::PermissionsExt, path::PathBuf};

use swatch_common::process::{self, Exit as ProgramExit};

use crate::{count, runner::ProgramError, settings::Settings};

/// The exit code for "try again later" of sysexits.h.
const EX_TEMPFAIL: i32 = 75;

/// Programs that hand a mail to a relay at once and have no queue.
const WITHOUT_QUEUE: [&str; 5] = ["msmtp", "ssmtp", "esmtp", "mini_sendmail", "busybox"];

/// Of these, the ones that give a mail up for all recipients when the relay refuses one.
const ALL_OR_NOTHING: [&str; 3] = ["msmtp", "ssmtp", "esmtp"];

/// Programs that need their own group or user to reach their queue, and say nothing where they
/// cannot have it.
const PRIVILEGED: [&str; 3] = ["smtpctl", "dma", "nullmailer-inject"];

/// The mailer of the settings.
#[derive(Debug)]
pub(super) struct Mailer<'a> {
    settings: &'a Settings,
    /// The program's own name, behind the links of `alternatives` and the like.
    name: String,
    place: Option<PathBuf>,
}

impl<'a> Mailer<'a> {
    pub(super) fn of(settings: &'a Settings) -> Self {
        let program = settings.mailer.first().map_or("", String::as_str);
        let place = process::find(program, &settings.path);
        let real = place.and_then(|place| place.canonicalize().ok());
        let name = real
            .as_ref()
            .and_then(|real| real.file_name()?.to_str())
            .unwrap_or(program)
            .to_owned();
        Self {
            settings,
            name,
            place: real,
        }
    }

    /// True if the mail is in the program's queue despite the failure: exit code 75 (`EX_TEMPFAIL`)
    /// of sendmail, and of OpenSMTPD while its daemon is not running.
    pub(super) fn has_kept(&self, error: &ProgramError) -> bool {
        let queues = !WITHOUT_QUEUE.contains(&self.name.as_str());
        let tempfail = matches!(
            error,
            ProgramError::Failed {
                exit: ProgramExit::Code(EX_TEMPFAIL),
                ..
            }
        );
        queues && tempfail
    }

    /// Further possible causes of a failure, after a semicolon, or nothing.
    pub(super) fn hint(&self) -> String {
        let name = &self.name;
        let mut hint = String::new();
        if ALL_OR_NOTHING.contains(&name.as_str()) {
            let recipients: Vec<&str> = self.settings.mail.split(',').map(str::trim).collect();
            if recipients.len() > 1 {
                hint.push_str(&format!(
                    "; {name} sends to nobody when the relay refuses one of several recipients"
                ));
            }
            if recipients.iter().any(|one| !one.contains('@')) {
                hint.push_str(
                    "; a recipient without a domain may be refused by the relay, and is by esmtp: \
                     write root@example.net",
                );
            }
        }
        hint
    }

    /// A warning about mails that may vanish silently; given once.
    pub(super) fn silent_loss(&self) -> Option<String> {
        let changes_rights = self.place.as_ref().is_some_and(|place| {
            place
                .metadata()
                .is_ok_and(|meta| meta.permissions().mode() & 0o6000 != 0)
        });
        let at_risk = changes_rights || PRIVILEGED.contains(&self.name.as_str());
        let warn =
            at_risk && no_new_privileges() && count::first_time(self.settings, "no-new-privileges");
        warn.then(|| {
            format!(
                "{} runs with NoNewPrivileges, where it cannot have the rights of its own group \
                 or user and may lose mails in silence: remove NoNewPrivileges from the unit",
                self.name
            )
        })
    }
}

fn no_new_privileges() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status
        .lines()
        .any(|line| line.split_whitespace().eq(["NoNewPrivs:", "1"]))
}
