//! An event that is counted: the count, the decision to lock, and its result.

use std::{
    io::{self, Write},
    net::IpAddr,
    rc::Rc,
};

use ipnet::IpNet;
use swatch_common::{
    event_log::{EventKind, Level, LogEvent},
    sanitize,
};

use super::{Decided, Event, Where};
use crate::{
    address::Found,
    console::Console,
    count::{self, Escalated},
    date, firewall, fleet,
    history::Decision,
    lock::{self, LockError, LockOutcome, LockRequest, Locker},
    network, notify,
    runner::Runner,
    settings::{Backend, Settings},
};

pub(super) struct Step {
    pub(super) settings: Rc<Settings>,
    pub(super) event: Rc<Event>,
    pub(super) found: Found,
    /// The address that is acted on.
    pub(super) address: IpAddr,
    /// The line as it is stored.
    pub(super) line: Vec<u8>,
    pub(super) now: i64,
    pub(super) decided: Decided,
    /// The fleet's knowledge of the address.
    pub(super) fleet: Option<fleet::Standing>,
    pub(super) notes: Vec<String>,
    pub(super) events: Vec<LogEvent>,
    pub(super) warnings: Vec<String>,
}

/// An event that was counted and is due for a lock.
pub(crate) struct Due {
    step: Step,
    /// The network that is counted.
    net: IpNet,
    /// Date, network and count, as they are printed.
    text: String,
    request: LockRequest,
    locked: Option<Locked>,
}

/// The result of a lock.
pub(crate) struct Locked {
    result: Result<LockOutcome, LockError>,
    /// The effects that a dry run leaves out.
    notes: Vec<String>,
    /// The firewall that was chosen, if that is worth a note.
    choice: Option<String>,
}

impl Due {
    pub(crate) fn settings(&self) -> &Rc<Settings> {
        &self.step.settings
    }

    /// The lock that is due.
    pub(crate) fn request(&self) -> &LockRequest {
        &self.request
    }

    /// The time of the event, in seconds since 1970.
    pub(crate) fn time(&self) -> i64 {
        self.step.now
    }

    /// True if nothing is to be done, but only said.
    pub(crate) fn is_dry_run(&self) -> bool {
        self.step.event.dry_run
    }

    /// Locks.
    fn lock(&self) -> Locked {
        let settings = &*self.step.settings;
        let (backend, why) = firewall::choose(settings, !self.is_dry_run());
        let runner = if self.is_dry_run() {
            Runner::dry(&settings.path)
        } else {
            Runner::for_event(&settings.path, settings.time_limit.duration())
        };
        let locker = Locker {
            settings,
            runner: &runner,
            backend,
        };
        let result = locker.lock(&self.request, self.step.now);
        let runs = runner.notes();
        let runs = runs.iter().map(|note| format!("would run: {note}"));
        let (shown, note) = match why {
            why if self.is_dry_run() => (why, None),
            // The watcher's log is not told of `auto` with each lock.
            why => (None, why.filter(|_| settings.firewall == Backend::Default)),
        };
        Locked {
            result,
            notes: shown.into_iter().chain(runs).collect(),
            choice: note,
        }
    }

    /// Keeps the result of a lock for [`Due::conclude`].
    pub(crate) fn set(&mut self, locked: Locked) {
        self.locked = Some(locked);
    }

    /// True if there is a result.
    pub(crate) fn is_locked(&self) -> bool {
        self.locked.is_some()
    }

    /// Reports the lock, which is made now if it was not yet, and hands over its notice.
    pub(crate) fn conclude(mut self, console: &mut Console<'_>) {
        let locked = self.locked.take().unwrap_or_else(|| self.lock());
        let Self {
            mut step,
            net,
            text,
            request,
            ..
        } = self;
        let result = step
            .conclude(net, &text, &request, locked, console.out())
            .and_then(|()| console.out().flush());
        step.report(result, console);
    }
}

impl From<Result<LockOutcome, LockError>> for Locked {
    fn from(result: Result<LockOutcome, LockError>) -> Self {
        Self {
            result,
            notes: Vec::new(),
            choice: None,
        }
    }
}

impl Step {
    /// Counts. If no lock is due, that is all.
    pub(super) fn begin(mut self, console: &mut Console<'_>) -> Option<Box<Due>> {
        let counted = self.count_and_decide(console.out());
        match counted {
            Ok(Some((net, text, request))) => Some(Box::new(Due {
                step: self,
                net,
                text,
                request,
                locked: None,
            })),
            other => {
                let result = other.map(drop).and_then(|()| console.out().flush());
                self.report(result, console);
                None
            }
        }
    }

    fn report(mut self, result: io::Result<()>, console: &mut Console<'_>) {
        self.note();
        for event in &self.events {
            match event.level {
                Level::Error => console.failed(event),
                _ => console.event(event),
            }
        }
        self.notes
            .extend(self.fleet.into_iter().flat_map(|fleet| fleet.notes));
        for note in &self.notes {
            console.note(note);
        }
        for warning in &self.warnings {
            console.warn(warning);
        }
        match result {
            Ok(()) => {}
            // A reader that went away has seen all it wanted.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
            Err(error) => console.warn(&format!("cannot write to standard output: {error}")),
        }
    }

    /// Writes the decision to the history.
    fn note(&mut self) {
        if self.event.dry_run {
            return;
        }
        let (place, line) = (self.rule(), &self.line);
        let note = self.decided.note(&self.settings, self.now, &place, line);
        self.notes.extend(note);
    }

    /// The counted network, the text of its count, and the lock that is due.
    fn count_and_decide(
        &mut self,
        out: &mut dyn Write,
    ) -> io::Result<Option<(IpNet, String, LockRequest)>> {
        let net = self.settings.network_of(self.address);
        let own = self.count(net, out)?;
        self.fleet = self.ask_fleet(net);
        let fleet = self.fleet.as_ref();
        let is_due = own >= self.settings.count || fleet.is_some_and(fleet::Standing::is_due);
        let count = fleet
            .and_then(fleet::Standing::count)
            .unwrap_or(own)
            .max(own);
        let escalated = self.escalated(net);
        let name = network::text(net);
        let date = date::long(self.now);
        if !self.event.dry_run {
            let text = format!("{name} has {count} lines");
            let event = LogEvent::new(Level::Debug, EventKind::Counted, text)
                .with("address", self.address.to_string())
                .with("network", name.as_str())
                .with("count", count);
            self.events.push(event);
        }
        self.decided = Decided {
            event: Some(Decision::Counted),
            net: name.clone(),
            count,
            ..Decided::default()
        };
        let due = is_due || self.event.lock || escalated.is_some();
        let text = format!("{date} {name} {count}");
        if !due || !self.may_lock(out)? {
            writeln!(out, "{text}")?;
            return Ok(None);
        }
        let request = self.request(net, escalated, count);
        Ok(Some((net, text, request)))
    }

    /// Counts the event, or says so in a dry run.
    fn count(&mut self, net: IpNet, out: &mut dyn Write) -> io::Result<u64> {
        if self.event.dry_run {
            let file = self.settings.log_dir.join(network::file_name(net));
            let line = sanitize::excerpt(&self.line, 200);
            writeln!(out, "would append to {}: {line}", file.display())?;
            return Ok(count::dry_run(&self.settings, net, self.now));
        }
        let counted = count::record(&self.settings, net, &self.line, self.now);
        self.warnings.extend(counted.warning);
        Ok(counted.count)
    }

    /// Has the fleet count the event, if there is one.
    fn ask_fleet(&self, net: IpNet) -> Option<fleet::Standing> {
        if self.event.dry_run || !self.settings.fleet.is_set() {
            return None;
        }
        let knock = fleet::Knock {
            net,
            address: self.address,
            may_lock: self.proves_something(),
            rule: self.rule(),
            line: &self.line,
        };
        fleet::count(&self.settings, &knock)
    }

    /// A wider network that is due for a lock with this event. Events that anybody can forge do not
    /// count for it: a forger could have a whole company locked.
    fn escalated(&mut self, net: IpNet) -> Option<Escalated> {
        if self.event.dry_run || self.found.forgeable {
            return None;
        }
        match count::escalate(&self.settings, net, self.now) {
            Ok(escalated) => escalated,
            Err(error) => {
                self.warnings.push(format!(
                    "cannot note the prefix of {}: {error}",
                    network::text(net)
                ));
                None
            }
        }
    }

    /// Decides whether a line of this format may lock. With `auto` the program chose to trust the
    /// line, so a source that anybody can forge only counts, unless the settings allow it. A caller
    /// who names the field has decided that.
    fn may_lock(&mut self, out: &mut dyn Write) -> io::Result<bool> {
        if self.proves_something() {
            return Ok(true);
        }
        let format = self.found.format.unwrap_or_default();
        let message = format!(
            "format {format}: such a line proves nothing against its address, which anybody can forge \
             or which pays for a neighbour; it counts but does not lock; to lock all the same, set \
             `lock_forgeable = true`"
        );
        if self.event.dry_run {
            writeln!(out, "{message}")?;
        } else if count::first_time(&self.settings, &format!("forgeable-{format}")) {
            self.notes.push(message);
        }
        self.decided.event = Some(Decision::Refused);
        self.decided.why = format!("anybody can forge the address of a line of format {format}");
        Ok(false)
    }

    /// False if the program chose to trust a line that anybody can forge.
    fn proves_something(&self) -> bool {
        let auto = matches!(self.event.place, Where::Auto);
        !auto || !self.found.forgeable || self.settings.lock_forgeable
    }

    fn request(&self, net: IpNet, escalated: Option<Escalated>, count: u64) -> LockRequest {
        let line = sanitize::excerpt(&self.line, 1000);
        let (net, reason) = match escalated {
            None => (net, line),
            Some(Escalated { net, parts }) => {
                let window = self.settings.ipv6_escalation.window;
                (
                    net,
                    format!("{parts} of its networks had events within {window}; last: {line}"),
                )
            }
        };
        LockRequest {
            address: Some(self.address),
            net,
            count,
            reason,
            rule: self.rule(),
            span: None,
            by_hand: false,
        }
    }

    fn conclude(
        &mut self,
        net: IpNet,
        text: &str,
        ask: &LockRequest,
        locked: Locked,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let settings = Rc::clone(&self.settings);
        self.notes.extend(locked.choice);
        let mut done = match locked.result {
            Ok(done) => done,
            Err(error) => {
                for note in locked.notes.iter().filter(|_| self.event.dry_run) {
                    writeln!(out, "{note}")?;
                }
                self.events.push(lock::log::not_locked(ask.net, &error));
                self.decided.event = Some(Decision::Refused);
                self.decided.why = error.to_string();
                return writeln!(out, "{text}");
            }
        };
        self.warnings.append(&mut done.warnings);
        if !self.event.dry_run {
            self.events.push(lock::log::locked(ask, &done));
        }
        self.decided.event = Some(if done.renewed {
            Decision::Renewed
        } else {
            Decision::Locked
        });
        self.decided.locked = (done.net != net).then(|| network::text(done.net));
        self.decided.until = done.until;
        self.decided.why = done.why.clone();
        for note in &locked.notes {
            writeln!(out, "{note}")?;
        }
        if self.event.dry_run {
            notify::dry_run(&settings, &network::text(net), ask.count, out)?;
        } else {
            if let Some(fleet) = &mut self.fleet {
                fleet.locked(&settings, ask, &done, self.now);
            }
            let job = notify::Job::new(&settings, ask, &done, net, self.now);
            if let Err(error) = notify::hand_over(&job) {
                self.warnings.push(error.to_string());
            }
        }
        if done.net == net {
            writeln!(out, "{text} lock!")
        } else {
            writeln!(out, "{text} lock! ({})", network::text(done.net))
        }
    }

    fn rule(&self) -> String {
        let place = self.event.place.name();
        match self.found.format {
            Some(format) => format!("{place} ({format})"),
            None => place,
        }
    }
}
