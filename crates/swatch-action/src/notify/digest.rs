//! One mail for all locks of some minutes.
//!
//! Each notifying process puts its lock into the queue of the state. The first becomes the sender: it holds a file lock,
//! waits, and mails what the queue then holds. If it is killed the queue stays, and the next lock's process takes over.

use std::time::Duration;

use super::{Job, Mail};
use swatch_common::{duration::Seconds, file_lock::FileLock};

use crate::{date, network, runner::Runner, state::State};

pub(super) fn add(
    job: &Job,
    network_name: &str,
    span: Seconds,
    state: &State,
    runner: &Runner,
) -> Result<(), String> {
    let text = format!(
        "{} {} {} lock! {network_name}\n    {}\n",
        date::long(job.time),
        network::text(job.locked),
        job.count,
        job.reason
    );
    state
        .queue(job.locked, &text, job.time)
        .map_err(|error| error.to_string())?;
    loop {
        let file = job.settings.state_dir.join("digest.lock");
        let Ok(_sender) = FileLock::acquire(&file, 0o600, Duration::ZERO) else {
            // Somebody waits already and will tell.
            return Ok(());
        };
        let queued = state.queued().map_err(|error| error.to_string())?;
        let Some(&(_, first, _)) = queued.first() else {
            return Ok(());
        };
        // A clock that was set back must not make it wait for ever.
        let wait = (first + span.seconds() - date::now()).clamp(0, span.seconds());
        std::thread::sleep(Duration::from_secs(wait.unsigned_abs()));
        let queued = state.queued().map_err(|error| error.to_string())?;
        let Some(&(last, _, _)) = queued.last() else {
            return Ok(());
        };
        let texts: Vec<&str> = queued.iter().map(|(_, _, text)| text.as_str()).collect();
        let mail = Mail {
            subject: format!("{} locks", queued.len()),
            body: texts.concat(),
        };
        mail.send(&job.settings, runner)
            .map_err(|error| error.to_string())?;
        state.told(last).map_err(|error| error.to_string())?;
        // Once more: a process that came after the last look found the place taken and left its lock to us.
    }
}
