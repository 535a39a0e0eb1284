//! The messages that wait for web services, sent in rounds.
//!
//! A service that fails is tried again after 1, 2, 4 … seconds, or after the time that it asks for,
//! and its other messages wait meanwhile. If more than ten wait, they become one.

use std::time::{Duration, Instant};

use super::{Next, message, send};
use crate::{
    date,
    notify::{
        Job,
        queue::{Queue, Queued},
    },
    settings::{Settings, WebService},
    state::State,
};

/// With more messages than this waiting, they become one.
const BACKLOG: usize = 10;

/// The longest wait between two attempts, unless the service asks for a longer one.
const LONGEST: Duration = Duration::from_secs(60);

/// The failures of the services, as long as this process runs.
#[derive(Debug, Default)]
pub(in crate::notify) struct Rounds {
    failing: Vec<Failing>,
}

/// A service that has failed.
#[derive(Debug)]
struct Failing {
    service: WebService,
    attempts: u32,
    not_before: Instant,
}

/// The messages for one service.
struct Group {
    service: WebService,
    queued: Vec<Queued>,
}

impl Rounds {
    /// Sends what is due, one message for each service. Returns the time until something is due:
    /// zero where more may be due already, `None` where nothing waits.
    pub(in crate::notify) fn round(
        &mut self,
        queue: &Queue,
        log: &dyn Fn(&Settings, &str),
    ) -> Option<Duration> {
        let groups = groups(queue);
        self.failing
            .retain(|failing| groups.iter().any(|group| group.service == failing.service));
        let mut next: Option<Duration> = None;
        for group in &groups {
            let wait = match self.wait(group) {
                Some(wait) => wait,
                None => self.deliver(group, log),
            };
            next = Some(next.map_or(wait, |next| next.min(wait)));
        }
        next
    }

    /// The time until a group is due; `None` if it is.
    fn wait(&self, group: &Group) -> Option<Duration> {
        let failing = self.of(&group.service);
        let pause = failing.map_or(Duration::ZERO, |failing| {
            failing.not_before.saturating_duration_since(Instant::now())
        });
        let wait = pause.max(until_digest(group));
        (!wait.is_zero()).then_some(wait)
    }

    fn of(&self, service: &WebService) -> Option<&Failing> {
        self.failing
            .iter()
            .find(|failing| failing.service == *service)
    }

    /// Sends the oldest message of a group, or all as one.
    fn deliver(&mut self, group: &Group, log: &dyn Fn(&Settings, &str)) -> Duration {
        let service = &group.service;
        let all = service.digest.is_some() || group.queued.len() > BACKLOG;
        let sent = if all {
            &group.queued[..]
        } else {
            &group.queued[..1]
        };
        let jobs: Vec<&Job> = sent.iter().map(|queued| &queued.job).collect();
        let Some(settings) = jobs.last().map(|job| &job.settings) else {
            return Duration::ZERO;
        };
        let state = State::open_to_read(&settings.state_dir).ok().flatten();
        let values = message::values(&jobs, state.as_ref());
        let result = send(service, &values, settings.time_limit.duration());
        let attempts = self.of(service).map_or(0, |failing| failing.attempts);
        self.failing.retain(|failing| failing.service != *service);
        let failure = match result {
            Ok(()) => {
                sent.iter().for_each(Queued::remove);
                return Duration::ZERO;
            }
            Err(failure) => failure,
        };
        let about = match jobs.len() {
            1 => crate::network::text(jobs[0].locked),
            count => format!("{count} locks"),
        };
        let name = service.shown_name();
        if failure.next == Next::GiveUp || attempts >= service.retries {
            let tried = match attempts {
                0 => String::new(),
                attempts => format!(", after {} attempts", attempts + 1),
            };
            log(
                settings,
                &format!(
                    "message to {name} about {about} is given up{tried}: {}",
                    failure.why
                ),
            );
            sent.iter().for_each(Queued::remove);
            return Duration::ZERO;
        }
        if attempts == 0 {
            log(
                settings,
                &format!(
                    "message to {name} about {about}: {}; tried again",
                    failure.why
                ),
            );
        }
        let pause = match failure.next {
            Next::Again(Some(wait)) => wait,
            _ => Duration::from_secs(1 << attempts.min(6)).min(LONGEST),
        };
        self.failing.push(Failing {
            service: service.clone(),
            attempts: attempts + 1,
            not_before: Instant::now() + pause,
        });
        pause
    }
}

/// The time until the digest of a group is due.
fn until_digest(group: &Group) -> Duration {
    let (Some(span), Some(first)) = (group.service.digest, group.queued.first()) else {
        return Duration::ZERO;
    };
    // A clock that was set back must not make it wait for ever.
    let left = (first.job.time + span.seconds() - date::now()).min(span.seconds());
    Duration::from_secs(u64::try_from(left).unwrap_or(0))
}

/// The messages by service, each group in order of time.
fn groups(queue: &Queue) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for (at, queued) in queue.web_messages() {
        let Some(service) = queued.job.settings.notify.get(at).cloned() else {
            queued.remove();
            continue;
        };
        match groups.iter_mut().find(|group| group.service == service) {
            Some(group) => group.queued.push(queued),
            None => groups.push(Group {
                service,
                queued: vec![queued],
            }),
        }
    }
    groups
}
