//! One event: a log line comes in, is counted for its address, and from some count on the address is locked.

use std::{
    io::{self, BufRead, Write},
    net::IpAddr,
};

use swatch_common::sanitize;

use crate::{
    address::{self, FieldList, Found, Rule},
    allowlist,
    console::{Console, Exit},
    count::{AddressLogs, CountError},
    date, firewall,
    lock::{LockOutcome, LockRequest, Locker},
    network, notify,
    runner::Runner,
    settings::Settings,
};

pub mod input;
pub mod separator;

/// Where in the line the address is.
#[derive(Clone, Debug)]
pub enum Where {
    /// In a field, as `cut -d " " -f LIST` takes it.
    Field(FieldList),
    /// Where the line's format says.
    Auto,
    /// Here: the caller knows it, and standard input is not read.
    Given(IpAddr),
    /// In a field between separators, as `awk -F SEPARATOR` takes it.
    Separated(separator::Separated),
}

/// What the command line asks for.
#[derive(Clone, Debug)]
pub struct Event {
    /// Where the address is.
    pub place: Where,
    /// Lock at once, whatever the count.
    pub lock: bool,
    /// The text to record where no line is read.
    pub line: Option<String>,
    /// Only say what would be done.
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
/// Each is acted on as soon as its line is complete: the writer may keep the pipe open for the next.
pub fn handle(
    settings: &Settings,
    event: &Event,
    input: &mut dyn BufRead,
    console: &mut Console<'_>,
) -> Exit {
    if let Some(raw) = event.given() {
        one(settings, event, &raw, console);
        return console.exit();
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
        if first || !raw.is_empty() {
            one(settings, event, &raw, console);
        }
        first = false;
        if let Ok([]) = input.fill_buf() {
            break;
        }
    }
    console.exit()
}

fn one(settings: &Settings, event: &Event, raw: &[u8], console: &mut Console<'_>) {
    let found = match find(raw, &event.place, settings.strict_field) {
        Ok(found) => found,
        Err(error) => return console.warn(&error.to_string()),
    };
    if let Some(note) = &found.note {
        console.note(note);
    }
    if address::is_private(found.address) {
        return;
    }
    let (ignored, warnings) = allowlist::ignored(&settings.ignore, found.address);
    if ignored.is_some() {
        return;
    }
    let mut step = Step {
        settings,
        event,
        found: &found,
        line: sanitize::bytes(&address::collapse(raw)),
        now: date::now(),
        warnings,
    };
    let result = step
        .count_and_lock(console.out())
        .and_then(|()| console.out().flush());
    for warning in &step.warnings {
        console.warn(warning);
    }
    match result {
        Ok(()) => {}
        // A reader that went away has seen all it wanted.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        Err(error) => console.warn(&format!("cannot write to standard output: {error}")),
    }
}

/// The address that a line speaks of, or the message why there is none.
///
/// # Errors
/// [`FindError`]: the line has none, or more than one that it may be.
pub fn find(raw: &[u8], place: &Where, strict: bool) -> Result<Found, FindError> {
    Ok(match place {
        Where::Field(list) => address::find(raw, &Rule::Field(list), strict)?,
        Where::Auto => address::find(raw, &Rule::Auto, strict)?,
        Where::Given(address) => address::find(raw, &Rule::Given(*address), strict)?,
        Where::Separated(separated) => separated.find(raw)?,
    })
}

impl Event {
    /// The text to record, where no line is read.
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
    line: Vec<u8>,
    now: i64,
    warnings: Vec<String>,
}

impl Step<'_> {
    fn count_and_lock(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let net = network::of(self.found.address, self.settings);
        let count = match self.count(net, out)? {
            Some(count) => count,
            None if self.event.lock => 1,
            None => return Ok(()),
        };
        let name = network::text(net);
        let date = date::long(self.now);
        if count < self.settings.count && !self.event.lock {
            return writeln!(out, "{date} {name} {count}");
        }
        match self.lock(net, count, out)? {
            Some(done) if done.net == net => writeln!(out, "{date} {name} {count} lock!"),
            Some(done) => {
                writeln!(
                    out,
                    "{date} {name} {count} lock! ({})",
                    network::text(done.net)
                )
            }
            None => writeln!(out, "{date} {name} {count}"),
        }
    }

    /// Adds the line to the log of its address. `None` where the count is not known.
    fn count(&mut self, net: ipnet::IpNet, out: &mut dyn Write) -> io::Result<Option<u64>> {
        let settings = self.settings;
        if self.event.dry_run {
            return self.count_dry(net, out).map(Some);
        }
        let logs = AddressLogs::open(&settings.log_dir);
        let counted = logs.and_then(|logs| logs.append(net, &self.line, settings.window, self.now));
        Ok(match counted {
            Ok(count) => Some(count),
            Err(error) => {
                // The event happened, even if a full disk does not let it be written down.
                let count = error.lines().map(|lines| lines + 1);
                self.warnings.push(error.to_string());
                count
            }
        })
    }

    fn count_dry(&self, net: ipnet::IpNet, out: &mut dyn Write) -> io::Result<u64> {
        let dir = &self.settings.log_dir;
        let before = || -> Result<u64, CountError> {
            if !dir.exists() {
                return Ok(0);
            }
            let logs = AddressLogs::open(dir)?;
            match self.settings.window {
                None => logs.lines(net),
                Some(span) => Ok(logs.lines_within(net, span, self.now)),
            }
        };
        let count = before().unwrap_or(0) + 1;
        let file = dir.join(network::file_name(net));
        writeln!(
            out,
            "would append to {}: {}",
            file.display(),
            sanitize::excerpt(&self.line, 200)
        )?;
        Ok(count)
    }

    fn lock(
        &mut self,
        net: ipnet::IpNet,
        count: u64,
        out: &mut dyn Write,
    ) -> io::Result<Option<LockOutcome>> {
        let settings = self.settings;
        let (backend, why) = firewall::choose(settings);
        if let Some(why) = why.filter(|_| self.event.dry_run) {
            writeln!(out, "{why}")?;
        }
        let runner = if self.event.dry_run {
            Runner::dry(&settings.path)
        } else {
            Runner::new(&settings.path, settings.time_limit.duration())
        };
        let ask = LockRequest {
            address: self.found.address,
            net,
            count,
            reason: sanitize::excerpt(&self.line, 1000),
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
                done
            }
            Err(error) => {
                self.warnings.push(error.to_string());
                return Ok(None);
            }
        };
        for note in runner.notes() {
            writeln!(out, "would run: {note}")?;
        }
        if self.event.dry_run {
            notify::rehearse(settings, &network::text(net), count, out)?;
        } else {
            let job = notify::Job::new(settings, &ask, &done, self.now);
            if let Err(error) = notify::hand_over(&job) {
                self.warnings.push(error.to_string());
            }
        }
        Ok(Some(done))
    }

    fn rule(&self) -> String {
        let place = match &self.event.place {
            Where::Field(list) => list.to_string(),
            Where::Auto => "auto".to_owned(),
            Where::Given(_) => "--ip".to_owned(),
            Where::Separated(separated) => separated.to_string(),
        };
        match self.found.format {
            Some(format) => format!("{place} ({format})"),
            None => place,
        }
    }
}
