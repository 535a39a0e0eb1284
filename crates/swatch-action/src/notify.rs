//! Tells people about a lock: a mail with the address's log and a whois answer, a digest, a
//! command, messages to web services.
//!
//! All of it happens in a process of its own, in a session of its own and without any of the
//! caller's streams: neither the watcher nor the next event waits for a whois server. There is one
//! such process at a time, which sends the notices of all locks in the queue. It writes what
//! goes wrong to `notice.log` in the log directory.

use std::{
    fs::OpenOptions,
    io::{self, Write},
    os::unix::{fs::OpenOptionsExt, process::CommandExt},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Mutex, PoisonError},
};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use swatch_common::sanitize;

use crate::{
    console::Exit,
    date,
    lock::{LockOutcome, LockRequest},
    settings::Settings,
};

mod digest;
mod letter;
mod mail;
mod mailer;
mod queue;
mod sender;
mod smtp;
pub mod template;
mod web;
mod whois;

pub use mail::{Mail, MailError, Sent};
use queue::Queue;
pub use smtp::SmtpError;

/// The subcommand that the notifying process is started with; the queue's directory follows.
pub const SUBCOMMAND: &str = "notify-of-lock";

/// A notice of a lock, with everything that the notifying process has to know.
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
    /// The watcher's rule, else the way to the address.
    #[serde(default)]
    rule: String,
}

/// Why nobody will be notified.
#[derive(Debug, thiserror::Error)]
pub enum NotifyError {
    /// The notice cannot be put into a queue.
    #[error("no notice of the lock is sent: cannot write it to a queue: {0}")]
    Queue(io::Error),
    /// The process cannot be started.
    #[error("the notice of the lock waits for the next one: cannot start a process for it: {0}")]
    Start(io::Error),
}

impl Job {
    /// The notice of a lock.
    #[must_use]
    pub fn new(
        settings: &Settings,
        request: &LockRequest,
        outcome: &LockOutcome,
        counted: IpNet,
        time: i64,
    ) -> Self {
        Self {
            settings: settings.clone(),
            counted,
            locked: outcome.net,
            address: request.address.unwrap_or(request.net.addr()),
            count: request.count,
            reason: request.reason.clone(),
            until: outcome.until,
            time,
            rule: match crate::event::watcher_rule() {
                rule if rule.is_empty() => request.rule.clone(),
                rule => rule,
            },
        }
    }

    /// True if both go to the same people in the same way.
    fn has_the_recipients_of(&self, other: &Self) -> bool {
        let (own, others) = (&self.settings, &other.settings);
        own.mail == others.mail && own.mailer == others.mailer && own.log_dir == others.log_dir
    }
}

/// Puts a notice into the queue and has a process send it. Does not wait for that.
///
/// # Errors
/// [`NotifyError`].
pub fn hand_over(job: &Job) -> Result<(), NotifyError> {
    let settings = &job.settings;
    if settings.mail.is_empty() && settings.notice.webhook.is_empty() && settings.notify.is_empty()
    {
        return Ok(());
    }
    let queue = Queue::put(job, &settings.state_dir).map_err(NotifyError::Queue)?;
    // While a process sends, it finds the notice by itself.
    if queue.sender().is_some() {
        start(queue.dir()).map_err(NotifyError::Start)?;
    }
    Ok(())
}

/// The processes that this one started. They are its children as long as it stays, and are taken
/// off the system's list when the next one is started.
static STARTED: Mutex<Vec<Child>> = Mutex::new(Vec::new());

fn start(queue: &Path) -> io::Result<()> {
    let mut started = STARTED.lock().unwrap_or_else(PoisonError::into_inner);
    started.retain_mut(|child| matches!(child.try_wait(), Ok(None)));
    let child = Command::new("/proc/self/exe")
        .arg0("swatch-action")
        .arg(SUBCOMMAND)
        .arg(queue)
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    started.push(child);
    Ok(())
}

/// Says what [`hand_over`] would do.
///
/// # Errors
/// Those of the output.
pub fn dry_run(settings: &Settings, name: &str, count: u64, out: &mut dyn Write) -> io::Result<()> {
    if !settings.mail.is_empty() {
        writeln!(out, "would mail {}: {name} {count} lock!", settings.mail)?;
        if !settings.whois.server.is_empty() {
            writeln!(out, "would ask {} for whois", settings.whois.server)?;
        }
    }
    if let Some(program) = settings.notice.webhook.first() {
        writeln!(out, "would run the webhook {program}")?;
    }
    for service in &settings.notify {
        writeln!(out, "would tell {}", service.shown_name())?;
    }
    Ok(())
}

/// The notifying process: sends the notices of a queue.
#[must_use]
pub fn serve(queue: &Path) -> Exit {
    // A session of its own: signals to the caller's group, and the end of its terminal, are not
    // meant for this process.
    let _ = nix::unistd::setsid();
    close_inherited();
    sender::run(&Queue::at(queue), &write_down);
    Exit::Done
}

/// A pipe that the watcher has left open in this process would keep its reader waiting for as long
/// as whois takes.
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

/// Writes a message to `notice.log`, since nobody reads this process's standard error.
fn write_down(settings: &Settings, message: &str) {
    let file = OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o640)
        .custom_flags(nix::fcntl::OFlag::O_NOFOLLOW.bits())
        .open(settings.log_dir.join("notice.log"));
    if let Ok(mut file) = file {
        let message = sanitize::text(message.as_bytes());
        let line = format!("{} {message}\n", date::long(date::now()));
        let _ = file.write_all(line.as_bytes());
    }
}
