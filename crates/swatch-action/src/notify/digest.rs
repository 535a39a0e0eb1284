//! One mail for many locks.

use super::{Job, mail::Mail};
use crate::{date, network, state::State};

/// More locks than this are not listed one by one.
const MOST: usize = 1000;

/// The mail; `state` knows the names of networks that were asked for before.
pub(super) fn mail(jobs: &[&Job], state: Option<&State>) -> Mail {
    let mut body = String::new();
    for job in jobs.iter().take(MOST) {
        let name = state
            .and_then(|state| state.network_name(job.address).ok())
            .unwrap_or_default();
        body.push_str(&format!(
            "{} {} {} lock! {name}\n    {}\n",
            date::long(job.time),
            network::text(job.locked),
            job.count,
            job.reason
        ));
    }
    if jobs.len() > MOST {
        body.push_str(&format!(
            "… and {} more: see `swatch-action list`\n",
            jobs.len() - MOST
        ));
    }
    Mail {
        subject: format!("{} locks", jobs.len()),
        body,
    }
}
