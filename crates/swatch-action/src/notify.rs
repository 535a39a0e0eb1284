//! Telling people of a lock: mail with the address's log and a whois answer, a digest, a command.
//!
//! All of it happens in a process of its own, in a session of its own and with none of the caller's streams: neither
//! the watcher nor the next event waits for a whois server. What goes wrong there is written to `notice.log` in the log
//! directory.

use std::{
    fs::OpenOptions,
    io::{self, Write},
    os::unix::{fs::OpenOptionsExt, process::CommandExt},
    process::{Command, Stdio},
};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use swatch_common::sanitize;

use crate::{
    console::Exit,
    count::AddressLogs,
    date,
    lock::{LockOutcome, LockRequest},
    network,
    runner::Runner,
    settings::Settings,
    state::State,
};

mod digest;
mod mail;
mod smtp;
mod whois;

pub use mail::{Mail, MailError};
pub(crate) use smtp::Server;
pub use smtp::SmtpError;

/// The subcommand that a notifying process is started with.
pub const SUBCOMMAND: &str = "notify-of-lock";

/// How much of an address's log goes into a mail, in bytes.
const MAX_LOG: u64 = 1 << 20;

/// What the notifying process has to know.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Job {
    settings: Settings,
    counted: IpNet,
    locked: IpNet,
    address: std::net::IpAddr,
    count: u64,
    reason: String,
    until: Option<i64>,
    time: i64,
}

/// Why nobody will be told.
#[derive(Debug, thiserror::Error)]
pub enum NotifyError {
    /// The process cannot be started.
    #[error("no notice of the lock is sent: cannot start a process for it: {0}")]
    Start(#[from] io::Error),
    /// The job cannot be written down.
    #[error("no notice of the lock is sent: {0}")]
    Job(#[from] serde_json::Error),
}

impl Job {
    /// What there is to tell of a lock.
    #[must_use]
    pub fn new(settings: &Settings, ask: &LockRequest, done: &LockOutcome, time: i64) -> Self {
        Self {
            settings: settings.clone(),
            counted: ask.net,
            locked: done.net,
            address: ask.address.unwrap_or(ask.net.addr()),
            count: ask.count,
            reason: ask.reason.clone(),
            until: done.until,
            time,
        }
    }

    fn subject(&self) -> String {
        format!("{} {} lock!", network::text(self.counted), self.count)
    }
}

fn nobody(settings: &Settings) -> bool {
    settings.mail.is_empty() && settings.notice.webhook.is_empty()
}

/// Starts the notifying process and does not wait for it.
///
/// # Errors
/// [`NotifyError`].
pub fn hand_over(job: &Job) -> Result<(), NotifyError> {
    if nobody(&job.settings) {
        return Ok(());
    }
    let text = serde_json::to_vec(job)?;
    let mut child = Command::new("/proc/self/exe")
        .arg0("swatch-action")
        .arg(SUBCOMMAND)
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(&text)?;
    }
    Ok(())
}

/// What would be told, for a dry run.
///
/// # Errors
/// Those of the output.
pub fn rehearse(
    settings: &Settings,
    name: &str,
    count: u64,
    out: &mut dyn Write,
) -> io::Result<()> {
    if !settings.mail.is_empty() {
        writeln!(out, "would mail {}: {name} {count} lock!", settings.mail)?;
        if !settings.whois.server.is_empty() {
            writeln!(out, "would ask {} for whois", settings.whois.server)?;
        }
    }
    if let Some(program) = settings.notice.webhook.first() {
        writeln!(out, "would run the webhook {program}")?;
    }
    Ok(())
}

/// The notifying process: reads its job from standard input and does it.
#[must_use]
pub fn serve() -> Exit {
    // A session of its own: signals to the caller's group and the end of its terminal are none of ours.
    let _ = nix::unistd::setsid();
    close_inherited();
    let job: Job = match serde_json::from_reader(io::stdin().lock()) {
        Ok(job) => job,
        Err(_) => return Exit::Usage,
    };
    let warnings = tell(&job);
    for warning in &warnings {
        write_down(&job.settings, warning);
    }
    if warnings.is_empty() {
        Exit::Done
    } else {
        Exit::Failed
    }
}

/// A pipe that the watcher left open in us would keep its reader waiting for as long as whois takes.
fn close_inherited() {
    use std::os::fd::RawFd;
    let open = std::fs::read_dir("/proc/self/fd")
        .into_iter()
        .flatten()
        .flatten();
    let numbers: Vec<RawFd> = open
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect();
    for number in numbers.into_iter().filter(|&number| number > 2) {
        let _ = nix::unistd::close(number);
    }
}

fn tell(job: &Job) -> Vec<String> {
    let settings = &job.settings;
    let runner = Runner::new(&settings.path, settings.time_limit.duration());
    let mut warnings = Vec::new();
    let state = State::open(&settings.state_dir).ok();
    let answer = whois::ask(settings, state.as_ref(), job.address, job.time);
    if !settings.notice.webhook.is_empty() {
        let words = webhook(job, &answer.name);
        let argv: Vec<&str> = words.iter().map(String::as_str).collect();
        if let Err(error) = runner.run(&argv, b"") {
            warnings.push(format!("webhook: {error}"));
        }
    }
    if settings.mail.is_empty() {
        return warnings;
    }
    let sent = match (settings.notice.digest, &state) {
        (Some(span), Some(state)) => digest::add(job, &answer.name, span, state, &runner),
        _ => letter(job, &answer.text)
            .send(settings, &runner)
            .map_err(|error| error.to_string()),
    };
    if let Err(error) = sent {
        warnings.push(format!("mail for {}: {error}", network::text(job.counted)));
    }
    warnings
}

/// The script's mail: the log of the address, a blank line, the whois answer.
fn letter(job: &Job, answer: &str) -> Mail {
    let log = AddressLogs::open(&job.settings.log_dir)
        .and_then(|ledger| ledger.tail(job.counted, MAX_LOG));
    let mut body = match log {
        Ok((text, cut)) => {
            let start = if cut {
                "[earlier lines left out]\n"
            } else {
                ""
            };
            format!("{start}{}", sanitize::lines(&text))
        }
        Err(error) => format!("{}\n[{error}]\n", job.reason),
    };
    if job.locked != job.counted {
        body.push_str(&format!(
            "[locked as part of {}]\n",
            network::text(job.locked)
        ));
    }
    body.push('\n');
    body.push_str(answer);
    Mail {
        subject: job.subject(),
        body,
    }
}

fn webhook(job: &Job, network_name: &str) -> Vec<String> {
    let left = job.until.map_or(0, |until| until - job.time);
    let values = [
        ("address", network::text(job.locked)),
        ("count", job.count.to_string()),
        ("seconds", left.to_string()),
        ("network", network_name.to_owned()),
        ("reason", job.reason.clone()),
    ];
    crate::firewall::filled(&job.settings.notice.webhook, &values)
}

/// There is nobody left to complain to, so it is written beside the logs.
fn write_down(settings: &Settings, warning: &str) {
    let file = OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o640)
        .custom_flags(nix::fcntl::OFlag::O_NOFOLLOW.bits())
        .open(settings.log_dir.join("notice.log"));
    if let Ok(mut file) = file {
        let line = format!(
            "{} {}\n",
            date::long(date::now()),
            sanitize::text(warning.as_bytes())
        );
        let _ = file.write_all(line.as_bytes());
    }
}
