//! Entries of the stream and of the snapshot: judged, and applied.

use std::time::{Duration, Instant};

use ipnet::IpNet;
use swatch_common::sanitize;

use super::{
    super::{
        apply::{self, Due},
        entry::{Entry, Kind, Refusal},
        store::Position,
        stream::{self, Raw},
    },
    Follower,
};
use crate::{console::Console, date, network, state::State, subcommand::CommandError};

/// The time for which this host may take to make a lock that it has told the fleet of.
const OWN: Duration = Duration::from_secs(5);

impl Follower<'_> {
    /// Applies entries of the stream.
    pub(super) fn take(
        &mut self,
        entries: Vec<Raw>,
        console: &mut Console<'_>,
    ) -> Result<(), CommandError> {
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
    pub(super) fn accept(
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
    pub(super) fn apply(
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
    pub(super) fn refuse(
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
    pub(super) fn check_own(&mut self, console: &mut Console<'_>) -> Result<(), CommandError> {
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
}
