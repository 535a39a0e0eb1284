//! `follow`: applies the fleet's locks and unlocks as they come.
//!
//! The place in the stream is our own sequence number, which the engine gives with each entry: a
//! jump means that entries were trimmed or lost, a smaller one that the engine has lost data. The
//! engine's own ids cannot tell either. In both cases, and when another engine has taken the
//! place of the old one, the snapshot says what is locked now. Nothing is unlocked because it is
//! missing there: an unlock is an entry of its own.

use std::{
    collections::HashSet,
    path::Path,
    time::{Duration, Instant, SystemTime},
};

use ipnet::IpNet;
use swatch_common::sanitize;

use super::{
    FleetError,
    apply::{self, Due},
    away, deliver,
    engine::Engine,
    entry::{Entry, Kind, Refusal, new_id},
    host_name,
    item::Item,
    judge::Judge,
    key::Keys,
    now_ms,
    snapshot::{self, Present},
    store::{Position, Store},
    stream::{self, Head, Raw},
};
use crate::{
    console::Console,
    date, network,
    settings::Settings,
    state::State,
    subcommand::{CommandError, Outcome},
};

/// The longest time for which the engine waits for an entry. It does not notice that its data was
/// lost meanwhile, so this is also the time until that is noticed.
const WAIT: Duration = Duration::from_secs(5);

/// The same while something waits to be delivered.
const SHORT_WAIT: Duration = Duration::from_secs(1);

/// The time for one connection.
const PATIENCE: Duration = Duration::from_secs(3);

/// Locks of the snapshot that are applied together.
const CHUNK: usize = 10_000;

/// The time for which this host may take to make a lock that it has told the fleet of.
const OWN: Duration = Duration::from_secs(5);

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

    /// Finds the place in the stream, or takes the snapshot.
    fn begin(&mut self, console: &mut Console<'_>) -> Result<(), CommandError> {
        let head = stream::head(&mut self.engine, self.group)?;
        let before = self.store.position(self.group)?;
        match before {
            Some(position)
                if position.lineage == head.lineage
                    && position.seq <= head.seq
                    && head.seq - position.seq <= self.kept() =>
            {
                self.position = position;
                self.head = Some(head);
                Ok(())
            }
            before => self.snapshot(head, before.as_ref(), console),
        }
    }

    /// Entries that the stream certainly does not keep.
    fn kept(&self) -> i64 {
        i64::try_from(self.settings.fleet.stream_length * 2).unwrap_or(i64::MAX)
    }

    /// Nothing came: is that so because nothing was published? True if it is.
    fn confirm(&mut self, console: &mut Console<'_>) -> Result<bool, CommandError> {
        let head = stream::head(&mut self.engine, self.group)?;
        if head.seq == self.position.seq && head.lineage == self.position.lineage {
            self.head = Some(head);
            return Ok(true);
        }
        // An entry may have come between the two questions.
        let entries = stream::read(
            &mut self.engine,
            self.group,
            &self.position.last,
            Duration::ZERO,
        )?;
        let follows = entries
            .first()
            .is_some_and(|raw| raw.seq == self.position.seq + 1);
        if follows && head.lineage == self.position.lineage {
            self.take(entries, console)?;
        } else {
            let before = self.position.clone();
            self.snapshot(head, Some(&before), console)?;
        }
        Ok(false)
    }

    /// Applies entries of the stream.
    fn take(&mut self, entries: Vec<Raw>, console: &mut Console<'_>) -> Result<(), CommandError> {
        let Some(mut head) = self.head.clone() else {
            return Ok(());
        };
        let (mut batch, mut seen) = (Vec::new(), Vec::new());
        let mut position = self.position.clone();
        let mut gap = false;
        for raw in entries {
            if raw.seq > position.seq + 1 {
                gap = true;
                break;
            }
            position.last.clone_from(&raw.id);
            if raw.seq <= position.seq && raw.seq > 0 {
                continue;
            }
            position.seq = position.seq.max(raw.seq);
            let taken_at = raw.taken_at();
            if taken_at > head.engine_now() {
                // The engine's clock was set, or ours stood still.
                head = stream::head(&mut self.engine, self.group)?;
            }
            let read = Entry::read(&raw.body, &raw.signature, &self.keys, self.group);
            let entry = match read {
                Ok(entry) => entry,
                Err(why) => {
                    self.refuse("", None, why, console)?;
                    continue;
                }
            };
            if self.store.has_seen(&entry.id)? || seen.iter().any(|(id, _)| *id == entry.id) {
                self.refuse(&entry.host, Some(entry.net), Refusal::Replayed, console)?;
                continue;
            }
            let ends = taken_at.saturating_add(i64::try_from(entry.length).unwrap_or(i64::MAX));
            let left = u64::try_from(ends - head.engine_now()).unwrap_or(0);
            self.accept(entry, taken_at, left, (&mut batch, &mut seen), console)?;
        }
        self.apply(batch, &seen, Some(&position), console)?;
        self.position = position;
        if gap {
            let before = self.position.clone();
            let head = stream::head(&mut self.engine, self.group)?;
            self.snapshot(head, Some(&before), console)?;
        }
        Ok(())
    }

    /// Judges an entry; a good one goes into the batch, or waits if it is this host's own.
    fn accept(
        &mut self,
        entry: Entry,
        taken_at: i64,
        left: u64,
        (batch, seen): (&mut Vec<Due>, &mut Vec<(String, i64)>),
        console: &mut Console<'_>,
    ) -> Result<(), CommandError> {
        if let Err(why) = self.judge.check(&entry, taken_at, date::now()) {
            self.refuse(&entry.host, Some(entry.net), why, console)?;
            return Ok(());
        }
        seen.push((entry.id.clone(), entry.valid_until()));
        let left = left.min(entry.length) / 1000;
        let left = left.min(self.settings.max_lock_time.0.max(self.settings.lock_time.0));
        if entry.kind == Kind::Lock && left == 0 {
            return Ok(());
        }
        let is_own = entry.host == self.host;
        let due = Due { entry, left };
        match (is_own, due.entry.kind) {
            (false, _) => batch.push(due),
            (true, Kind::Lock) => self.own.push((Instant::now() + OWN, due)),
            // It was unlocked before it was published.
            (true, Kind::Unlock) => {}
        }
        Ok(())
    }

    /// Applies a batch, and notes that in the same step as the place in the stream.
    fn apply(
        &mut self,
        batch: Vec<Due>,
        seen: &[(String, i64)],
        position: Option<&Position>,
        console: &mut Console<'_>,
    ) -> Result<usize, CommandError> {
        let applied = apply::apply(self.settings, batch, console)?;
        for (entry, why) in &applied.protected {
            let name = network::text(entry.net);
            let first = self
                .store
                .refuse(&entry.host, apply::PROTECTED, date::now())?;
            if first == 1 {
                let host = &entry.host;
                console.note(&format!("{name} of {host} is not locked here: {why}"));
            }
        }
        self.store
            .advance(self.group, position, seen, &applied.ended, date::now())?;
        Ok(applied.locked)
    }

    /// Counts and reports a refused entry: the first, and then each time that their number has
    /// grown tenfold.
    fn refuse(
        &mut self,
        host: &str,
        net: Option<IpNet>,
        why: Refusal,
        console: &mut Console<'_>,
    ) -> Result<(), CommandError> {
        let count = self.store.refuse(host, why, date::now())?;
        if count == 10_i64.pow(u32::try_from(count).map_or(0, u32::ilog10)) {
            let net = net.map_or(String::new(), |net| format!(" {}", network::text(net)));
            let of = if host.is_empty() {
                "an unknown host"
            } else {
                host
            };
            let of = sanitize::excerpt(of.as_bytes(), 64);
            console.note(&format!(
                "entry{net} of {of} refused: {why} ({count} so far)"
            ));
        }
        Ok(())
    }

    /// Locks that this host has told the fleet of are in force already. If one is not, another
    /// host has the same name, or this one was killed in between.
    fn check_own(&mut self, console: &mut Console<'_>) -> Result<(), CommandError> {
        let now = Instant::now();
        if self.own.iter().all(|(at, _)| *at > now) {
            return Ok(());
        }
        let state = State::open(&self.settings.state_dir)?;
        let (ready, later): (Vec<_>, Vec<_>) = self.own.drain(..).partition(|(at, _)| *at <= now);
        self.own = later;
        let mut missing = Vec::new();
        for (_, due) in ready {
            if state.covering(due.entry.net, date::now())?.is_none() {
                missing.push(due);
            }
        }
        drop(state);
        self.apply(missing, &[], None, console)?;
        Ok(())
    }

    /// Takes the snapshot, and goes on from the place at which the stream was before.
    fn snapshot(
        &mut self,
        head: Head,
        before: Option<&Position>,
        console: &mut Console<'_>,
    ) -> Result<(), CommandError> {
        let why = match before {
            None => "this host is new to the fleet",
            Some(position) if head.seq < position.seq => "the engine has lost data",
            Some(position) if head.lineage != position.lineage => "another engine answers",
            Some(_) => "entries are missing from the stream",
        };
        let begun = Instant::now();
        let mut nets: HashSet<IpNet> = HashSet::new();
        let (mut batch, mut seen) = (Vec::new(), Vec::new());
        let (mut cursor, mut locked) = (0, 0);
        loop {
            let page = snapshot::page(&mut self.engine, self.group, &self.keys, cursor)?;
            for found in page.found {
                match found {
                    Ok(present) if nets.insert(present.entry.net) => {
                        self.recall(present, &head, (&mut batch, &mut seen), console)?;
                    }
                    Ok(_) => {}
                    Err(refusal) => self.refuse("", None, refusal, console)?,
                }
            }
            cursor = page.next;
            if batch.len() >= CHUNK || cursor == 0 {
                locked += self.apply(std::mem::take(&mut batch), &seen, None, console)?;
                seen.clear();
            }
            if cursor == 0 {
                break;
            }
        }
        self.position = Position {
            seq: head.seq,
            last: head.last.clone(),
            lineage: head.lineage.clone(),
        };
        self.announce(&nets)?;
        self.store
            .advance(self.group, Some(&self.position), &[], &[], date::now())?;
        console.note(&format!(
            "snapshot taken, because {why}: {} entries, {locked} new locks, {} ms",
            nets.len(),
            begun.elapsed().as_millis()
        ));
        self.head = Some(head);
        Ok(())
    }

    /// An entry of the snapshot: one that was applied before is not applied again, since somebody
    /// may have unlocked it here.
    fn recall(
        &mut self,
        present: Present,
        head: &Head,
        (batch, seen): (&mut Vec<Due>, &mut Vec<(String, i64)>),
        console: &mut Console<'_>,
    ) -> Result<(), CommandError> {
        if self.store.has_seen(&present.entry.id)? {
            return Ok(());
        }
        let left = present.left(head.engine_now());
        let mut own = Vec::new();
        std::mem::swap(&mut own, &mut self.own);
        self.accept(present.entry, present.made, left, (batch, seen), console)?;
        // A host that was set up again has lost the locks that it made itself.
        batch.extend(self.own.drain(..).map(|(_, due)| due));
        self.own = own;
        Ok(())
    }

    /// Tells the fleet again of this host's own locks that it does not know, because the engine
    /// has lost them.
    fn announce(&mut self, known: &HashSet<IpNet>) -> Result<(), CommandError> {
        if !self.settings.fleet.role.speaks() {
            return Ok(());
        }
        let now = date::now();
        let state = State::open(&self.settings.state_dir)?;
        for (net, until, item) in self.store.own(self.group, now)? {
            let Item::Order(mut order) = item else {
                continue;
            };
            if known.contains(&net) || state.covering(net, now)?.is_none() {
                continue;
            }
            order.id = new_id().map_err(FleetError::Random)?;
            order.length = u64::try_from(until - now).unwrap_or(0) * 1000;
            self.store.push(self.group, now_ms(), &Item::Order(order))?;
        }
        away::relent(self.settings);
        Ok(())
    }
}

fn changed(path: &Path) -> Option<SystemTime> {
    path.metadata().and_then(|meta| meta.modified()).ok()
}
