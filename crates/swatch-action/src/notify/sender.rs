//! The process that sends the notices of the queue, and ends when the queue is empty.

use std::{ops::ControlFlow, time::Duration};

use super::{
    Job, digest,
    letter::letter,
    mail::{Mail, Sent},
    queue::{Queue, Queued, Stage},
    web::rounds::Rounds,
    whois,
};
use crate::{date, network, runner::Runner, settings::Settings, state::State};

/// With more notices than this waiting, they become one mail: a wave of attacks must not become a
/// wave of mails.
const BACKLOG: usize = 10;

/// The interval at which it looks for new locks while it waits for a digest to become due: their
/// webhooks do not wait.
const LOOK: Duration = Duration::from_secs(1);

/// Sends until the queue is empty, and passes what goes wrong to `log`. Ends at once if another
/// process is sending.
pub(super) fn run(queue: &Queue, log: &dyn Fn(&Settings, &str)) {
    loop {
        let Some(sender) = queue.sender() else {
            return;
        };
        let mut sending = Sending::default();
        while sending.round(queue, log).is_continue() {}
        drop(sender);
        // A notice that came after the last look found the place taken and started no process.
        if queue.is_empty(Stage::New) {
            return;
        }
    }
}

/// What is remembered from round to round.
#[derive(Default)]
struct Sending {
    rounds: Rounds,
    /// A digest could not be sent: the mails wait for the next lock.
    mails_wait: bool,
}

/// The result of a look at the mails.
enum Mails {
    /// One was sent, or given up: there may be more.
    Sent,
    /// A digest becomes due.
    Due(Duration),
    /// There is none.
    None,
    /// A digest could not be sent.
    Refused,
}

impl Sending {
    fn round(&mut self, queue: &Queue, log: &dyn Fn(&Settings, &str)) -> ControlFlow<()> {
        let new = queue.jobs(Stage::New);
        self.mails_wait &= new.is_empty();
        let ask = new.len() <= BACKLOG;
        for queued in &new {
            let settings = &queued.job.settings;
            // First, so that a slow command does not hold the messages up.
            if let Err(error) = queue.add_web_messages(queued) {
                log(settings, &format!("messages to web services: {error}"));
            }
            if let Err(error) = webhook(&queued.job, ask) {
                log(settings, &format!("webhook: {error}"));
            }
            if settings.mail.is_empty() {
                queued.remove();
            } else {
                queued.advance(Stage::Mail);
            }
        }
        let web = self.rounds.round(queue, log);
        let mails = if self.mails_wait {
            Mails::None
        } else {
            mails(queue, log)
        };
        let mail = match mails {
            Mails::Sent => Some(Duration::ZERO),
            Mails::Due(left) => Some(left),
            Mails::None => None,
            Mails::Refused => {
                self.mails_wait = true;
                None
            }
        };
        let Some(wait) = web.into_iter().chain(mail).min() else {
            return ControlFlow::Break(());
        };
        std::thread::sleep(LOOK.min(wait));
        ControlFlow::Continue(())
    }
}

/// Sends a mail that is due.
fn mails(queue: &Queue, log: &dyn Fn(&Settings, &str)) -> Mails {
    let mut wait = None;
    for due in groups(queue.jobs(Stage::Mail)) {
        match left(&due) {
            None => return send_some(&due, log),
            Some(left) => wait = Some(wait.map_or(left, |wait: Duration| wait.min(left))),
        }
    }
    wait.map_or(Mails::None, Mails::Due)
}

/// The notices by recipients, each group in order of time: watchers with settings of their own may
/// share a queue.
fn groups(all: Vec<Queued>) -> Vec<Vec<Queued>> {
    let mut groups: Vec<Vec<Queued>> = Vec::new();
    for queued in all {
        let same = |group: &&mut Vec<Queued>| group[0].job.has_the_recipients_of(&queued.job);
        match groups.iter_mut().find(same) {
            Some(group) => group.push(queued),
            None => groups.push(vec![queued]),
        }
    }
    groups
}

/// The newest settings of a group.
fn settings(group: &[Queued]) -> Option<&Settings> {
    group.last().map(|queued| &queued.job.settings)
}

/// The time until a group's digest is due; `None` if it is, or there is no digest.
fn left(group: &[Queued]) -> Option<Duration> {
    let span = settings(group)?.notice.digest?;
    let first = group.first()?.job.time;
    // A clock that was set back must not make it wait for ever.
    let left = (first + span.seconds() - date::now()).min(span.seconds());
    u64::try_from(left)
        .ok()
        .filter(|&left| left > 0)
        .map(Duration::from_secs)
}

/// Sends the oldest notice of a group, or all of them as one mail.
fn send_some(group: &[Queued], log: &dyn Fn(&Settings, &str)) -> Mails {
    let (Some(first), Some(settings)) = (group.first(), settings(group)) else {
        return Mails::None;
    };
    if settings.notice.digest.is_some() || group.len() > BACKLOG {
        return send_digest(group, log);
    }
    let state = State::open(&settings.state_dir).ok();
    let answer = whois::ask(settings, state.as_ref(), first.job.address, first.job.time);
    send(&letter(&first.job, &answer.text), &first.job, log);
    first.remove();
    Mails::Sent
}

/// One mail for all. If it cannot be sent, the queue waits for the next lock.
fn send_digest(group: &[Queued], log: &dyn Fn(&Settings, &str)) -> Mails {
    let jobs: Vec<&Job> = group.iter().map(|queued| &queued.job).collect();
    let Some(last) = jobs.last() else {
        return Mails::None;
    };
    let state = State::open_to_read(&last.settings.state_dir).ok().flatten();
    let mail = digest::mail(&jobs, state.as_ref());
    if !send(&mail, last, log) {
        return Mails::Refused;
    }
    group.iter().for_each(Queued::remove);
    Mails::Sent
}

/// True if the mail was accepted.
fn send(mail: &Mail, job: &Job, log: &dyn Fn(&Settings, &str)) -> bool {
    let settings = &job.settings;
    let name = network::text(job.counted);
    match mail.send(settings, &runner(settings)) {
        Ok(Sent { notes }) => {
            for note in notes {
                log(settings, &format!("mail for {name}: {note}"));
            }
            true
        }
        Err(error) => {
            log(settings, &format!("mail for {name}: {error}"));
            false
        }
    }
}

fn webhook(job: &Job, ask: bool) -> Result<(), crate::runner::ProgramError> {
    let settings = &job.settings;
    if settings.notice.webhook.is_empty() {
        return Ok(());
    }
    let state = State::open(&settings.state_dir).ok();
    let network_name = if ask {
        whois::ask(settings, state.as_ref(), job.address, job.time).name
    } else {
        let known = state.and_then(|state| state.network_name(job.address).ok());
        known.unwrap_or_default()
    };
    let left = job.until.map_or(0, |until| until - job.time);
    let values = [
        ("address", network::text(job.locked)),
        ("count", job.count.to_string()),
        ("seconds", left.to_string()),
        ("network", network_name),
        ("reason", job.reason.clone()),
    ];
    let words = crate::firewall::filled(&settings.notice.webhook, &values);
    let argv: Vec<&str> = words.iter().map(String::as_str).collect();
    runner(settings).run(&argv, b"").map(drop)
}

fn runner(settings: &Settings) -> Runner {
    Runner::new(&settings.path, settings.time_limit.duration())
}
