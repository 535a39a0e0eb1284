//! An event: a log line is counted for the address it names, and once the count reaches the limit,
//! the address is locked.

use std::{cell::OnceCell, io::BufRead, net::IpAddr, rc::Rc};

use swatch_common::event_log::{EventKind, Level, LogEvent};
use swatch_common::sanitize;

use crate::{
    address::{self, FieldList, Found, Rule},
    allowlist::{IgnoreError, Ignored},
    console::{Console, Exit},
    count, network, once,
    settings::Settings,
};

pub mod input;
mod noted;
pub mod separator;
mod step;

pub(crate) use noted::watcher_rule;
use noted::{Decided, ignored};
pub(crate) use step::Due;
use step::Step;

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
    settings: &Rc<Settings>,
    event: &Rc<Event>,
    input: &mut dyn BufRead,
    console: &mut Console<'_>,
) -> Exit {
    let one = |raw: &[u8], console: &mut Console<'_>| {
        let result = begin(settings, event, &OnceCell::new(), raw, console).map(|begun| {
            if let Some(due) = begun {
                due.conclude(console);
            }
        });
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

/// The line, if an event has only one.
pub(crate) fn single_line(event: &Event, input: &[u8]) -> Option<Vec<u8>> {
    if let Some(raw) = event.given() {
        return Some(raw);
    }
    let mut rest = input;
    let raw = input::read(&mut rest).ok()?;
    rest.is_empty().then_some(raw)
}

/// Handles a line up to its lock, if one is due: that may be made together with others. The ignore
/// lists are read if they are needed and not in `lists` yet.
///
/// # Errors
/// The ignore lists cannot be read: nothing is counted.
pub(crate) fn begin(
    settings: &Rc<Settings>,
    event: &Rc<Event>,
    lists: &OnceCell<Ignored>,
    raw: &[u8],
    console: &mut Console<'_>,
) -> Result<Option<Box<Due>>, IgnoreError> {
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
            return Ok(None);
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
        return Ok(None);
    }
    let list = match lists.get() {
        Some(list) => list,
        None => {
            let list = Ignored::read(settings)?;
            lists.get_or_init(|| list)
        }
    };
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
        return Ok(None);
    }
    let step = Step {
        settings: Rc::clone(settings),
        event: Rc::clone(event),
        found,
        address,
        line: sanitize::bytes(&address::collapse(raw)),
        now: once::time(),
        decided: Decided::default(),
        fleet: None,
        notes: Vec::new(),
        events: Vec::new(),
        warnings: Vec::new(),
    };
    Ok(step.begin(console))
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
