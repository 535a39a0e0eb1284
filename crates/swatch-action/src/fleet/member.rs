//! The part of an event that concerns the fleet: its count, and the lock that follows from it.

use std::{
    net::IpAddr,
    sync::Mutex,
    time::{Duration, Instant},
};

use ipnet::IpNet;
use swatch_common::sanitize;

use super::{
    FleetError, away,
    call::{self, Numbers, Published, Tally},
    deliver,
    engine::Engine,
    entry::{Kind, new_id},
    host_name,
    item::{Event, Item, Order},
    key::Keys,
    now_ms,
    store::Store,
};
use crate::{
    lock::{LockOutcome, LockRequest},
    settings::{Fleet, Settings},
};

/// The characters of a log line that the fleet gets to know.
const REASON: usize = 300;

/// An event, as the fleet sees it.
#[derive(Clone, Debug)]
pub(crate) struct Knock<'a> {
    pub(crate) net: IpNet,
    pub(crate) address: IpAddr,
    /// False if a line of its format must not lock.
    pub(crate) may_lock: bool,
    pub(crate) rule: String,
    /// The log line.
    pub(crate) line: &'a [u8],
}

/// What the fleet knows of an address after an event.
#[derive(Debug)]
pub(crate) struct Standing {
    numbers: Option<Numbers>,
    event: Event,
    /// The item of the queue that the event is in, if the engine is away.
    queued: Option<i64>,
    made: i64,
    host: String,
    /// The end of the time that this event may wait for the engine.
    deadline: Instant,
    due: bool,
    /// What the administrator has to know.
    pub(crate) notes: Vec<String>,
}

/// Connections of this process that are not in use. A process that handles many events keeps one.
static IDLE: Mutex<Vec<Engine>> = Mutex::new(Vec::new());

/// A connection for these settings.
pub(super) fn engine(settings: &Fleet) -> Engine {
    let idle = IDLE.lock().ok().and_then(|mut idle| idle.pop());
    match idle {
        Some(engine) if engine.settings() == settings => engine,
        _ => Engine::new(settings, settings.timeout.duration()),
    }
}

pub(super) fn put_back(engine: Engine) {
    if let Ok(mut idle) = IDLE.lock() {
        idle.push(engine);
    }
}

/// Counts an event in the fleet. `None` where there is none, or where this host only listens.
pub(crate) fn count(settings: &Settings, knock: &Knock<'_>) -> Option<Standing> {
    if !settings.fleet.is_set() || !settings.fleet.role.speaks() {
        return None;
    }
    let made = now_ms();
    let mut standing = Standing {
        numbers: None,
        event: Event {
            id: String::new(),
            net: knock.net,
            address: knock.address,
            may_lock: knock.may_lock,
            rule: knock.rule.clone(),
            reason: sanitize::excerpt(knock.line, REASON),
            locked: None,
        },
        queued: None,
        made,
        host: String::new(),
        deadline: Instant::now() + settings.fleet.timeout.duration(),
        due: false,
        notes: Vec::new(),
    };
    if let Err(error) = standing.ask(settings) {
        standing.keep(settings, &error);
    }
    Some(standing)
}

impl Standing {
    fn ask(&mut self, settings: &Settings) -> Result<(), FleetError> {
        self.event.id = new_id().map_err(FleetError::Random)?;
        self.host = host_name(settings)?;
        let before = away::read(settings);
        if let Some(away) = &before
            && away.is_too_early(self.made)
        {
            self.queue(settings)?;
            return Ok(());
        }
        let tally = Tally {
            host: self.host.clone(),
            id: self.event.id.clone(),
            net: self.event.net,
            age: 0,
        };
        let mut engine = engine(&settings.fleet);
        let numbers = call::count(&mut engine, settings, tally, self.left())?;
        put_back(engine);
        self.due = numbers.is_due(settings);
        self.numbers = Some(numbers);
        if before.is_some() {
            // It was away, and what waits for it is delivered after this event.
            let (waited, notes) = deliver::some(settings, self.deadline);
            self.notes.extend(notes);
            if let Err(error) = waited {
                self.notes.push(error.to_string());
            }
        }
        Ok(())
    }

    /// The time that is left for the engine.
    fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    fn queue(&mut self, settings: &Settings) -> Result<(), FleetError> {
        let item = Item::Event(self.event.clone());
        let store = Store::open(&settings.state_dir)?;
        self.queued = Some(store.push(&settings.fleet.group, self.made, &item)?);
        Ok(())
    }

    /// The engine did not answer: the event waits for it.
    fn keep(&mut self, settings: &Settings, error: &FleetError) {
        if !self.event.id.is_empty()
            && let Err(lost) = self.queue(settings)
        {
            self.notes
                .push(format!("the fleet will not know of this event: {lost}"));
        }
        // After the queue: a process that sees no note takes the queue for empty.
        if away::note(settings, &error.to_string(), now_ms()) {
            self.notes.push(format!(
                "{error}; this host counts and locks alone, and tells the fleet later"
            ));
        }
    }

    /// The number of events that the fleet has counted; `None` if it could not be asked.
    pub(crate) fn count(&self) -> Option<u64> {
        self.numbers.map(|numbers| numbers.count)
    }

    /// True if the address is due for a lock, or locked by the fleet already.
    pub(crate) fn is_due(&self) -> bool {
        self.due
    }

    /// Tells the fleet of the lock that this host has made for the event.
    pub(crate) fn locked(
        &mut self,
        settings: &Settings,
        request: &LockRequest,
        outcome: &LockOutcome,
        now: i64,
    ) {
        if let Err(error) = self.tell(settings, request, outcome, now)
            && away::note(settings, &error.to_string(), now_ms())
        {
            self.notes.push(format!(
                "{error}; the lock is in force here, and the fleet is told later"
            ));
        }
    }

    fn tell(
        &mut self,
        settings: &Settings,
        request: &LockRequest,
        outcome: &LockOutcome,
        now: i64,
    ) -> Result<(), FleetError> {
        let left = outcome
            .until
            .map_or(settings.max_lock_time.seconds(), |until| until - now);
        let order = Order {
            id: new_id().map_err(FleetError::Random)?,
            kind: Kind::Lock,
            net: outcome.net,
            length: u64::try_from(left).unwrap_or(0) * 1000,
            count: request.count,
            rule: request.rule.clone(),
            reason: sanitize::excerpt(request.reason.as_bytes(), REASON),
        };
        let Some(numbers) = self.numbers else {
            // The engine is away: the lock waits with its event.
            self.event.locked = Some(order);
            let store = Store::open(&settings.state_dir)?;
            if let Some(number) = self.queued {
                store.replace(number, &Item::Event(self.event.clone()))?;
            }
            return Ok(());
        };
        let is_known = outcome.net == self.event.net
            && numbers.left > 0
            && order.length < numbers.left + call::step(order.length);
        if is_known || !numbers.has_votes(settings) {
            return Ok(());
        }
        let mut engine = engine(&settings.fleet);
        let keys = Keys::read(&settings.fleet.key_file)?;
        let told = call::publish(
            &mut engine,
            settings,
            &keys,
            &self.host,
            (&order, 0),
            self.left(),
        );
        let store = Store::open(&settings.state_dir)?;
        let group = &settings.fleet.group;
        match told {
            Ok(published) => {
                put_back(engine);
                if let Published::As(_) = published {
                    let until = now.saturating_add(left);
                    store.keep_own(group, order.net, until, &Item::Order(order))?;
                }
                Ok(())
            }
            Err(error) => {
                store.push(group, now_ms(), &Item::Order(order))?;
                Err(error.into())
            }
        }
    }
}
