//! `follow`: applies the fleet's locks and unlocks as they come.
//!
//! The place in the stream is our own sequence number, which the engine gives with each entry: a
//! jump means that entries were trimmed or lost, a smaller one that the engine has lost data. The
//! engine's own ids cannot tell either. In both cases, and when another engine has taken the
//! place of the old one, the snapshot says what is locked now. Nothing is unlocked because it is
//! missing there: an unlock is an entry of its own.

mod entries;
mod place;

use std::{
    path::Path,
    time::{Duration, Instant, SystemTime},
};

use super::{
    FleetError,
    apply::Due,
    away, deliver,
    engine::Engine,
    host_name,
    judge::Judge,
    key::Keys,
    now_ms,
    store::{Position, Store},
    stream::{self, Head},
};
use crate::{
    console::Console,
    settings::Settings,
    subcommand::{CommandError, Outcome},
};

/// The longest time for which the engine waits for an entry. It does not notice that its data was
/// lost meanwhile, so this is also the time until that is noticed.
const WAIT: Duration = Duration::from_secs(5);

/// The same while something waits to be delivered.
const SHORT_WAIT: Duration = Duration::from_secs(1);

/// The time for one connection.
const PATIENCE: Duration = Duration::from_secs(3);

/// The time for which deliveries keep the locks of others waiting.
const DELIVERY: Duration = Duration::from_secs(2);

/// Follows the fleet until it is killed; with `once`, until everything is applied that is there.
pub(crate) fn follow(settings: &Settings, once: bool, console: &mut Console<'_>) -> Outcome {
    if !settings.fleet.is_set() {
        return Err(FleetError::NotSet.into());
    }
    let mut follower = Follower::new(settings)?;
    let mut failures: u32 = 0;
    loop {
        let turn = follower.turn(once, console);
        console.out().flush()?;
        match turn {
            Ok(true) if once => return Ok(()),
            Ok(_) => {
                if failures > 0 {
                    console.note("the fleet is there again");
                }
                failures = 0;
            }
            Err(error) if once => return Err(error),
            Err(error) => {
                follower.head = None;
                if failures == 0 {
                    console.note(&format!("{error}; trying again"));
                }
                failures += 1;
                let wait = 200 * u64::from(failures.min(15));
                std::thread::sleep(Duration::from_millis(wait));
            }
        }
    }
}

struct Follower<'a> {
    settings: &'a Settings,
    group: &'a str,
    host: String,
    engine: Engine,
    keys: Keys,
    /// The time at which the key file was last changed.
    keys_of: Option<SystemTime>,
    store: Store,
    judge: Judge,
    /// The state of the stream when the connection was last found good.
    head: Option<Head>,
    position: Position,
    /// Locks that this host has told the fleet of: when to look whether they are in force.
    own: Vec<(Instant, Due)>,
}

impl<'a> Follower<'a> {
    fn new(settings: &'a Settings) -> Result<Self, FleetError> {
        let fleet = &settings.fleet;
        Ok(Self {
            settings,
            group: &fleet.group,
            host: host_name(settings)?,
            engine: Engine::new(fleet, PATIENCE),
            keys: Keys::read(&fleet.key_file)?,
            keys_of: changed(&fleet.key_file),
            store: Store::open(&settings.state_dir)?,
            judge: Judge::new(fleet),
            head: None,
            position: Position::default(),
            own: Vec::new(),
        })
    }

    /// Does what there is to do, and waits a while for more. True if there was nothing.
    fn turn(&mut self, once: bool, console: &mut Console<'_>) -> Result<bool, CommandError> {
        self.read_keys(console);
        let waits = self.deliver(console);
        if !self.settings.fleet.role.listens() {
            if !once {
                std::thread::sleep(SHORT_WAIT);
            }
            return Ok(!waits);
        }
        self.check_own(console)?;
        if self.head.is_none() {
            self.begin(console)?;
            // It answers: what waits need not wait for the time that was set when it did not.
            away::relent(self.settings);
        }
        let wait = match (once, waits || !self.own.is_empty()) {
            (true, _) => Duration::ZERO,
            (false, true) => SHORT_WAIT,
            (false, false) => WAIT,
        };
        let entries = stream::read(&mut self.engine, self.group, &self.position.last, wait)?;
        if entries.is_empty() {
            return self.confirm(console);
        }
        self.take(entries, console)?;
        Ok(false)
    }

    /// Reads the key file again if it was changed; a bad one changes nothing.
    fn read_keys(&mut self, console: &mut Console<'_>) {
        let path = &self.settings.fleet.key_file;
        let now = changed(path);
        if now == self.keys_of {
            return;
        }
        self.keys_of = now;
        match Keys::read(path) {
            Ok(keys) => {
                self.keys = keys;
                console.note("the fleet's key was read again");
            }
            Err(error) => console.note(&format!("{error}; the old key stays in use")),
        }
    }

    /// Delivers what the fleet does not know. True if something is left.
    fn deliver(&mut self, console: &mut Console<'_>) -> bool {
        if !self.settings.fleet.role.speaks() {
            return false;
        }
        match self.store.waiting(self.group) {
            Ok(0) => return false,
            Ok(_) => {}
            Err(error) => {
                console.note(&error.to_string());
                return false;
            }
        }
        if away::read(self.settings).is_some_and(|away| away.is_too_early(now_ms())) {
            return true;
        }
        let (result, notes) = deliver::some(self.settings, Instant::now() + DELIVERY);
        notes.iter().for_each(|note| console.note(note));
        match result {
            Ok(done) if done > 0 => {
                console.note(&format!(
                    "{done} events and locks were delivered to the fleet"
                ));
            }
            // The reason is in the note about the engine, and in `stats --fleet`.
            Ok(_) | Err(_) => {}
        }
        true
    }
}

fn changed(path: &Path) -> Option<SystemTime> {
    path.metadata().and_then(|meta| meta.modified()).ok()
}
