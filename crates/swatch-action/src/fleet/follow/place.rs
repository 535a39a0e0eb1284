//! The place in the stream: found again, or taken anew from the snapshot.

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use ipnet::IpNet;

use super::{
    super::{
        FleetError,
        apply::Due,
        away,
        entry::new_id,
        item::Item,
        now_ms,
        snapshot::{self, Present},
        store::Position,
        stream::{self, Head},
    },
    Follower,
};
use crate::{console::Console, date, state::State, subcommand::CommandError};

/// Locks of the snapshot that are applied together.
const CHUNK: usize = 10_000;

impl Follower<'_> {
    /// Finds the place in the stream, or takes the snapshot.
    pub(super) fn begin(&mut self, console: &mut Console<'_>) -> Result<(), CommandError> {
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
    pub(super) fn confirm(&mut self, console: &mut Console<'_>) -> Result<bool, CommandError> {
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

    /// Takes the snapshot, and goes on from the place at which the stream was before.
    pub(super) fn snapshot(
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
