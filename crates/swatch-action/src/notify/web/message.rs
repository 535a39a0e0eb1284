//! The values of a message: about one lock, or about many.

use crate::{
    date, network,
    notify::{Job, template::Values},
    state::State,
};
use swatch_common::sanitize;

/// The longest `{text}`, in characters. Discord takes no more than 2,000.
const MAX_TEXT: usize = 1800;

/// The longest part of a log line in `{text}`, in characters.
const MAX_REASON: usize = 300;

/// The values of a message about these locks, which are in order of time.
pub(in crate::notify) fn values(jobs: &[&Job], state: Option<&State>) -> Values {
    let Some(last) = jobs.last() else {
        return Values::default();
    };
    let host = host_name();
    let name = |job: &Job| {
        state
            .and_then(|state| state.network_name(job.address).ok())
            .unwrap_or_default()
    };
    let subject = match jobs {
        [job] => format!("{} locked on {host}", network::text(job.locked)),
        jobs => format!("{} locks on {host}", jobs.len()),
    };
    let until = last.until.map_or("for ever".to_owned(), date::long);
    let left = last.until.map_or(0, |until| until - last.time);
    Values::default()
        .text("address", addresses(jobs))
        .number("count", jobs.iter().map(|job| job.count).sum())
        .number("locks", jobs.len() as u64)
        .number("seconds", u64::try_from(left).unwrap_or(0))
        .text("until", until)
        .text("network", sanitize::excerpt(name(last).as_bytes(), 80))
        .text("reason", sanitize::excerpt(last.reason.as_bytes(), 1000))
        .text("rule", last.rule.as_str())
        .text("host", host)
        .text("id", id(last))
        .text("text", text(jobs, &subject, name))
        .text("subject", subject)
}

/// The same for each attempt, and another one for each message.
fn id(job: &Job) -> String {
    format!("swatch-{}-{}", job.time, network::file_name(job.locked))
}

/// The addresses, the first 20 of them.
fn addresses(jobs: &[&Job]) -> String {
    const MOST: usize = 20;
    let named: Vec<String> = jobs
        .iter()
        .take(MOST)
        .map(|job| network::text(job.locked))
        .collect();
    let mut text = named.join(", ");
    if jobs.len() > MOST {
        text.push_str(&format!(" and {} more", jobs.len() - MOST));
    }
    text
}

/// A message for people: the subject, and a paragraph for each lock.
fn text(jobs: &[&Job], subject: &str, name: impl Fn(&Job) -> String) -> String {
    let mut text = subject.to_owned();
    let mut used = text.chars().count();
    for (at, job) in jobs.iter().enumerate() {
        let until = job.until.map_or("for ever".to_owned(), |until| {
            format!("until {}", date::long(until))
        });
        let network = match name(job) {
            name if name.is_empty() => String::new(),
            name => format!(" ({})", sanitize::excerpt(name.as_bytes(), 80)),
        };
        let paragraph = format!(
            "\n{}{network}: {} lines, {until}\n{}",
            network::text(job.locked),
            job.count,
            sanitize::excerpt(job.reason.as_bytes(), MAX_REASON)
        );
        used += paragraph.chars().count();
        if used > MAX_TEXT {
            let left = jobs.len() - at;
            text.push_str(&format!("\n… and {left} more: see swatch-action list"));
            break;
        }
        text.push_str(&paragraph);
    }
    text
}

fn host_name() -> String {
    let name = nix::unistd::gethostname().unwrap_or_default();
    sanitize::excerpt(name.as_encoded_bytes(), 80)
}
