//! An event: a log line is counted for the address it names, and once the count reaches the limit,
//! the address is locked.

use std::{
    io::{self, BufRead, Write},
    net::IpAddr,
};

use ipnet::IpNet;
use swatch_common::event_log::{EventKind, Level, LogEvent};
use swatch_common::sanitize;

use crate::{
    address::{self, FieldList, Found, Rule},
    allowlist::{IgnoreError, Ignored},
    console::{Console, Exit},
    count::{self, Escalated},
    date, firewall, fleet,
    history::Decision,
    lock::{self, LockOutcome, LockRequest, Locker},
    network, notify,
    runner::Runner,
    settings::{Backend, Settings},
};

pub mod input;
mod noted;
pub mod separator;

pub(crate) use noted::watcher_rule;
use noted::{Decided, ignored};

/// The place of the address.
#[derive(Clone, Debug)]
pub enum Where {
    /// In a field, counted as `cut -d " " -f LIST` does.
    Field(FieldList),
    /// In the place that the line's format fixes.
    Auto,
    /// Given by the caller; standard input is not read.
    Given(IpAddr),
    /// In a field between separators, split as `awk -F SEPARATOR` does.
    Separated(separator::Separated),
}

impl Where {
    /// Its name in lists.
    fn name(&self) -> String {
        match self {
            Self::Field(list) => list.to_string(),
            Self::Auto => "auto".to_owned(),
            Self::Given(_) => "--ip".to_owned(),
            Self::Separated(separated) => separated.to_string(),
        }
    }
}

/// A request to handle events, from the command line.
#[derive(Clone, Debug)]
pub struct Event {
    /// The place of the address.
    pub place: Where,
    /// Lock at once, whatever the count.
    pub lock: bool,
    /// The text to record if no line is read.
    pub line: Option<String>,
    /// Say what would be done, and do nothing.
    pub dry_run: bool,
}

/// Why a line names no address.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    /// By field, by format, or as given.
    #[error(transparent)]
    NotFound(#[from] address::NotFound),
    /// Between separators.
    #[error(transparent)]
    Separated(#[from] separator::NoAddress),
}

/// Handles the event on the command line, or each line of `input` as an event of its own.
///
/// Each is acted on as soon as its line is complete: the writer may keep the pipe open for the
/// next one.
pub fn handle(
    settings: &Settings,
    event: &Event,
    input: &mut dyn BufRead,
    console: &mut Console<'_>,
) -> Exit {
    let one = |raw: &[u8], console: &mut Console<'_>| {
        let result = one(settings, event, raw, console);
        result.map_err(|error| console.note(&error.to_string()))
    };
    if let Some(raw) = event.given() {
        return one(&raw, console).map_or(Exit::Usage, |()| console.exit());
    }
    // Without a line there is an empty one, which names no address.
    let mut first = true;
    loop {
        let raw = match input::read(input) {
            Ok(raw) => raw,
            Err(error) => {
                console.warn(&format!(
                    "cannot read the log line from standard input: {error}"
                ));
                break;
            }
        };
        if (first || !raw.is_empty()) && one(&raw, console).is_err() {
            return Exit::Usage;
        }
        first = false;
        if let Ok([]) = input.fill_buf() {
            break;
        }
    }
    console.exit()
}

fn one(
    settings: &Settings,
    event: &Event,
    raw: &[u8],
    console: &mut Console<'_>,
) -> Result<(), IgnoreError> {
    let found = match find(raw, &event.place, settings.strict_field) {
        Ok(found) => found,
        Err(error) => {
            let failed = LogEvent::new(Level::Error, EventKind::NoAddress, &error);
            console.failed(&failed.with("line", sanitize::excerpt(raw, 1000)));
            ignored(
                settings,
                event,
                None,
                raw,
                "the line names no address",
                console,
            );
            return Ok(());
        }
    };
    if let Some(note) = &found.note {
        console.note(note);
    }
    let address = network::untranslated(found.address);
    if address::is_private(address) {
        let text = format!("{address} is a private address: not counted");
        let told = LogEvent::new(Level::Debug, EventKind::Ignored, text);
        console.event(
            &told
                .with("address", address.to_string())
                .with("reason", "private"),
        );
        let why = "a private or special address";
        ignored(settings, event, Some(address), raw, why, console);
        return Ok(());
    }
    let list = Ignored::read(settings)?;
    for note in &list.notes {
        if event.dry_run || count::first_time(settings, &count::key(note)) {
            console.note(note);
        }
    }
    for warning in &list.warnings {
        console.warn(warning);
    }
    if let Some(why) = list.why(address) {
        let text = format!("{address} is never locked: not counted");
        let told = LogEvent::new(Level::Debug, EventKind::Ignored, text);
        console.event(
            &told
                .with("address", address.to_string())
                .with("reason", "ignored"),
        );
        ignored(settings, event, Some(address), raw, why, console);
        return Ok(());
    }
    let mut step = Step {
        settings,
        event,
        found: &found,
        address,
        line: sanitize::bytes(&address::collapse(raw)),
        now: date::now(),
        decided: Decided::default(),
        fleet: None,
        notes: Vec::new(),
        events: Vec::new(),
        warnings: Vec::new(),
    };
    let result = step
        .count_and_lock(console.out())
        .and_then(|()| console.out().flush());
    step.note();
    for event in &step.events {
        match event.level {
            Level::Error => console.failed(event),
            _ => console.event(event),
        }
    }
    step.notes
        .extend(step.fleet.into_iter().flat_map(|fleet| fleet.notes));
    for note in &step.notes {
        console.note(note);
    }
    for warning in &step.warnings {
        console.warn(warning);
    }
    match result {
        Ok(()) => {}
        // A reader that went away has seen all it wanted.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        Err(error) => console.warn(&format!("cannot write to standard output: {error}")),
    }
    Ok(())
}

/// Finds the address that a line names.
///
/// # Errors
/// [`FindError`]: it names none, or its format leaves open which of several is the peer.
pub fn find(raw: &[u8], place: &Where, strict: bool) -> Result<Found, FindError> {
    Ok(match place {
        Where::Field(list) => address::find(raw, &Rule::Field(list), strict)?,
        Where::Auto => address::find(raw, &Rule::Auto, strict)?,
        Where::Given(address) => address::find(raw, &Rule::Given(*address), strict)?,
        Where::Separated(separated) => separated.find(raw)?,
    })
}

impl Event {
    /// The text to record, if no line is read.
    fn given(&self) -> Option<Vec<u8>> {
        match (&self.line, &self.place) {
            (Some(text), _) => Some(text.clone().into_bytes()),
            (None, Where::Given(address)) => Some(format!("{address} given by --ip").into_bytes()),
            (None, _) => None,
        }
    }
}

struct Step<'a> {
    settings: &'a Settings,
    event: &'a Event,
    found: &'a Found,
    /// The address that is acted on.
    address: IpAddr,
    /// The line as it is stored.
    line: Vec<u8>,
    now: i64,
    decided: Decided,
    /// What the fleet knows of the address.
    fleet: Option<fleet::Standing>,
    notes: Vec<String>,
    events: Vec<LogEvent>,
    warnings: Vec<String>,
}

impl Step<'_> {
    /// Writes the decision to the history.
    fn note(&mut self) {
        if self.event.dry_run {
            return;
        }
        let (place, line) = (self.rule(), &self.line);
        let note = self.decided.note(self.settings, self.now, &place, line);
        self.notes.extend(note);
    }

    fn count_and_lock(&mut self, out: &mut dyn Write) -> io::Result<()> {
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
        if !due || !self.may_lock(out)? {
            return writeln!(out, "{date} {name} {count}");
        }
        match self.lock(net, escalated, count, out)? {
            Some(done) if done.net == net => writeln!(out, "{date} {name} {count} lock!"),
            Some(done) => {
                let locked = network::text(done.net);
                writeln!(out, "{date} {name} {count} lock! ({locked})")
            }
            None => writeln!(out, "{date} {name} {count}"),
        }
    }

    /// Counts the event, or says so in a dry run.
    fn count(&mut self, net: IpNet, out: &mut dyn Write) -> io::Result<u64> {
        if self.event.dry_run {
            let file = self.settings.log_dir.join(network::file_name(net));
            let line = sanitize::excerpt(&self.line, 200);
            writeln!(out, "would append to {}: {line}", file.display())?;
            return Ok(count::dry_run(self.settings, net, self.now));
        }
        let counted = count::record(self.settings, net, &self.line, self.now);
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
        fleet::count(self.settings, &knock)
    }

    /// A wider network that is due for a lock with this event. Events that anybody can forge do not
    /// count for it: a forger could have a whole company locked.
    fn escalated(&mut self, net: IpNet) -> Option<Escalated> {
        if self.event.dry_run || self.found.forgeable {
            return None;
        }
        match count::escalate(self.settings, net, self.now) {
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
        } else if count::first_time(self.settings, &format!("forgeable-{format}")) {
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

    fn lock(
        &mut self,
        net: IpNet,
        escalated: Option<Escalated>,
        count: u64,
        out: &mut dyn Write,
    ) -> io::Result<Option<LockOutcome>> {
        let settings = self.settings;
        let (backend, why) = firewall::choose(settings, !self.event.dry_run);
        match why {
            Some(why) if self.event.dry_run => writeln!(out, "{why}")?,
            // The watcher's log is not told of `auto` with each lock.
            Some(why) if settings.firewall == Backend::Default => self.notes.push(why),
            _ => {}
        }
        let runner = if self.event.dry_run {
            Runner::dry(&settings.path)
        } else {
            Runner::for_event(&settings.path, settings.time_limit.duration())
        };
        let line = sanitize::excerpt(&self.line, 1000);
        let (wanted, reason) = match escalated {
            None => (net, line),
            Some(Escalated { net, parts }) => {
                let window = settings.ipv6_escalation.window;
                (
                    net,
                    format!("{parts} of its networks had events within {window}; last: {line}"),
                )
            }
        };
        let ask = LockRequest {
            address: Some(self.address),
            net: wanted,
            count,
            reason,
            rule: self.rule(),
            span: None,
            by_hand: false,
        };
        let locker = Locker {
            settings,
            runner: &runner,
            backend,
        };
        let done = match locker.lock(&ask, self.now) {
            Ok(mut done) => {
                self.warnings.append(&mut done.warnings);
                if !self.event.dry_run {
                    self.events.push(lock::log::locked(&ask, &done));
                }
                done
            }
            Err(error) => {
                self.events.push(lock::log::not_locked(wanted, &error));
                self.decided.event = Some(Decision::Refused);
                self.decided.why = error.to_string();
                return Ok(None);
            }
        };
        self.decided.event = Some(if done.renewed {
            Decision::Renewed
        } else {
            Decision::Locked
        });
        self.decided.locked = (done.net != net).then(|| network::text(done.net));
        self.decided.until = done.until;
        self.decided.why = done.why.clone();
        for note in runner.notes() {
            writeln!(out, "would run: {note}")?;
        }
        if self.event.dry_run {
            notify::dry_run(settings, &network::text(net), count, out)?;
        } else {
            if let Some(fleet) = &mut self.fleet {
                fleet.locked(settings, &ask, &done, self.now);
            }
            let job = notify::Job::new(settings, &ask, &done, net, self.now);
            if let Err(error) = notify::hand_over(&job) {
                self.warnings.push(error.to_string());
            }
        }
        Ok(Some(done))
    }

    fn rule(&self) -> String {
        let place = self.event.place.name();
        match self.found.format {
            Some(format) => format!("{place} ({format})"),
            None => place,
        }
    }
}
