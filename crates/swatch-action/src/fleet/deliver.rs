//! Delivers what the fleet does not know yet, in the order in which it happened. Events that were
//! not counted before may be the ones that make an address due.

use std::time::{Duration, Instant};

use super::{
    FleetError, away,
    call::{self, Numbers, Published, Tally},
    engine::Engine,
    entry::{Kind, new_id},
    host_name,
    item::{Event, Item, Order},
    key::Keys,
    member, now_ms,
    store::Store,
};
use crate::{
    date, firewall,
    lock::{LockRequest, Locker},
    notify,
    runner::Runner,
    settings::Settings,
};

/// Items that are read from the queue at once.
const BATCH: u32 = 200;

/// Delivers until the deadline, or until nothing waits. Returns how many were delivered, and notes
/// for the administrator. The rest stays where it is.
pub(super) fn some(
    settings: &Settings,
    deadline: Instant,
) -> (Result<u64, FleetError>, Vec<String>) {
    let mut notes = Vec::new();
    let mut engine = member::engine(&settings.fleet);
    let result = all(settings, &mut engine, deadline, &mut notes);
    match &result {
        Ok(_) => member::put_back(engine),
        Err(error) => {
            let is_full = matches!(error, FleetError::Engine(error) if error.is_full());
            if is_full && call::relieve(&mut engine, settings).is_ok() {
                member::put_back(engine);
            }
            away::note(settings, &error.to_string(), now_ms());
        }
    }
    (result, notes)
}

fn all(
    settings: &Settings,
    engine: &mut Engine,
    deadline: Instant,
    notes: &mut Vec<String>,
) -> Result<u64, FleetError> {
    let group = &settings.fleet.group;
    let Some(store) = Store::open_existing(&settings.state_dir)? else {
        away::forget(settings);
        return Ok(0);
    };
    let keys = Keys::read(&settings.fleet.key_file)?;
    let host = host_name(settings)?;
    let mut sender = Sender {
        settings,
        engine,
        keys,
        host,
        store,
        deadline,
    };
    let mut done = 0;
    loop {
        let items = sender.store.first(group, BATCH)?;
        if items.is_empty() {
            if sender.store.if_empty(|| away::forget(settings))? {
                return Ok(done);
            }
            // Those of another group, or of a newer program.
            away::relent(settings);
            return Ok(done);
        }
        for (number, made, item) in items {
            if Instant::now() >= deadline {
                away::relent(settings);
                return Ok(done);
            }
            let age = u64::try_from(now_ms() - made).unwrap_or(0);
            match item {
                Item::Event(event) => sender.event(event, age, notes)?,
                Item::Order(order) => sender.order(order, age)?,
            }
            sender.store.done(number)?;
            done += 1;
        }
    }
}

struct Sender<'a> {
    settings: &'a Settings,
    engine: &'a mut Engine,
    keys: Keys,
    host: String,
    store: Store,
    deadline: Instant,
}

impl Sender<'_> {
    /// The time for one question: at least a little, so that something is done.
    fn limit(&self) -> Duration {
        let left = self.deadline.saturating_duration_since(Instant::now());
        left.clamp(
            Duration::from_millis(20),
            self.settings
                .fleet
                .timeout
                .duration()
                .max(Duration::from_millis(20)),
        )
    }

    fn order(&mut self, order: Order, age: u64) -> Result<(), FleetError> {
        let limit = self.limit();
        let told = call::publish(
            self.engine,
            self.settings,
            &self.keys,
            &self.host,
            (&order, age),
            limit,
        )?;
        if order.kind == Kind::Lock
            && let Published::As(_) = told
        {
            let left = i64::try_from(order.length.saturating_sub(age) / 1000).unwrap_or(i64::MAX);
            let until = date::now().saturating_add(left);
            let group = &self.settings.fleet.group;
            self.store
                .keep_own(group, order.net, until, &Item::Order(order))?;
        }
        Ok(())
    }

    fn event(&mut self, event: Event, age: u64, notes: &mut Vec<String>) -> Result<(), FleetError> {
        let tally = Tally {
            host: self.host.clone(),
            id: event.id.clone(),
            net: event.net,
            age,
        };
        let limit = self.limit();
        let numbers = call::count(self.engine, self.settings, tally, limit)?;
        if let Some(order) = event.locked {
            if numbers.has_votes(self.settings) {
                self.order(order, age)?;
            }
            return Ok(());
        }
        if event.may_lock && numbers.left == 0 && numbers.is_due(self.settings) {
            match self.lock(&event, numbers) {
                Ok(Some(order)) => self.order(order, 0)?,
                Ok(None) => {}
                Err(why) => notes.push(why),
            }
        }
        Ok(())
    }

    /// Locks an address that has become due with an event that comes late. `None` if this host's
    /// rules do not allow it.
    fn lock(&self, event: &Event, numbers: Numbers) -> Result<Option<Order>, String> {
        let settings = self.settings;
        let now = date::now();
        // Nobody reads here what is said of a new choice, so it is left to the next event.
        let (backend, _) = firewall::choose(settings, false);
        let runner = Runner::for_event(&settings.path, settings.time_limit.duration());
        let locker = Locker {
            settings,
            runner: &runner,
            backend,
        };
        let request = LockRequest {
            address: Some(event.address),
            net: event.net,
            count: numbers.count,
            reason: event.reason.clone(),
            rule: event.rule.clone(),
            span: None,
            by_hand: false,
        };
        let outcome = locker
            .lock(&request, now)
            .map_err(|error| error.to_string())?;
        let job = notify::Job::new(settings, &request, &outcome, event.net, now);
        let _ = notify::hand_over(&job);
        let left = outcome
            .until
            .map_or(settings.max_lock_time.seconds(), |until| until - now);
        Ok(Some(Order {
            id: new_id().map_err(|error| error.to_string())?,
            kind: Kind::Lock,
            net: outcome.net,
            length: u64::try_from(left).unwrap_or(0) * 1000,
            count: request.count,
            rule: request.rule,
            reason: request.reason,
        }))
    }
}
