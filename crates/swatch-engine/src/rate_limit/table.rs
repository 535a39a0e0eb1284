//! A table of bounded size that forgets what was used longest ago.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};

/// Two independently keyed 64-bit hashes stand for a key: nobody who writes log lines can choose
/// two keys that fall together, and a key of any length costs 16 bytes.
pub(crate) type Key = (u64, u64);

/// Makes [`Key`]s of bytes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Keys(RandomState, RandomState);

impl Keys {
    pub(crate) fn key(&self, bytes: &[u8]) -> Key {
        let half = |state: &RandomState| {
            let mut hasher = state.build_hasher();
            hasher.write(bytes);
            hasher.finish()
        };
        (half(&self.0), half(&self.1))
    }
}

/// A [`Key`] is random already: its first half is its hash.
#[derive(Debug, Clone, Default)]
struct FirstHalf(u64);

impl Hasher for FirstHalf {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, _: &[u8]) {
        unreachable!("a key is two integers")
    }
    fn write_u64(&mut self, half: u64) {
        self.0 = self.0.rotate_left(32) ^ half;
    }
}

#[derive(Debug, Clone, Default)]
struct BuildFirstHalf;

impl BuildHasher for BuildFirstHalf {
    type Hasher = FirstHalf;
    fn build_hasher(&self) -> FirstHalf {
        FirstHalf::default()
    }
}

/// "No entry" in the links.
const NONE: u32 = u32::MAX;

#[derive(Debug, Clone)]
struct Entry<V> {
    key: Key,
    value: V,
    newer: u32,
    older: u32,
}

/// At most `limit` values by key, linked in the order of their last use.
#[derive(Debug, Clone)]
pub(crate) struct Table<V> {
    index: HashMap<Key, u32, BuildFirstHalf>,
    entries: Vec<Entry<V>>,
    newest: u32,
    oldest: u32,
    limit: usize,
    /// Entries that had to go although they still mattered.
    pub(crate) forgotten: u64,
}

impl<V: Copy> Table<V> {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            index: HashMap::with_hasher(BuildFirstHalf),
            entries: Vec::new(),
            newest: NONE,
            oldest: NONE,
            limit: limit.clamp(1, NONE as usize),
            forgotten: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// A smaller limit forgets the oldest at once.
    pub(crate) fn set_limit(&mut self, limit: usize) {
        self.limit = limit.clamp(1, NONE as usize);
        while self.entries.len() > self.limit {
            self.forgotten += 1;
            self.remove(self.oldest);
        }
    }

    /// The value of a key, which counts as used now.
    pub(crate) fn get(&mut self, key: Key) -> Option<&mut V> {
        let at = *self.index.get(&key)?;
        self.unlink(at);
        self.link_newest(at);
        Some(&mut self.entries[at as usize].value)
    }

    /// Adds a key that is not there. `dead` says of a value that it cannot matter any more: up to
    /// two such at the old end are dropped, so that a table shrinks after a flood.
    pub(crate) fn insert(&mut self, key: Key, value: V, dead: impl Fn(&V) -> bool) {
        for _ in 0..2 {
            if self.oldest == NONE || !dead(&self.entries[self.oldest as usize].value) {
                break;
            }
            self.remove(self.oldest);
        }
        if self.entries.len() >= self.limit {
            self.forgotten += 1;
            self.remove(self.oldest);
        }
        let at = self.entries.len() as u32;
        self.entries.push(Entry {
            key,
            value,
            newer: NONE,
            older: NONE,
        });
        self.index.insert(key, at);
        self.link_newest(at);
    }

    fn link_newest(&mut self, at: u32) {
        self.entries[at as usize].older = self.newest;
        self.entries[at as usize].newer = NONE;
        match self.newest {
            NONE => self.oldest = at,
            second => self.entries[second as usize].newer = at,
        }
        self.newest = at;
    }

    fn unlink(&mut self, at: u32) {
        let (newer, older) = {
            let e = &self.entries[at as usize];
            (e.newer, e.older)
        };
        match newer {
            NONE => self.newest = older,
            n => self.entries[n as usize].older = older,
        }
        match older {
            NONE => self.oldest = newer,
            o => self.entries[o as usize].newer = newer,
        }
    }

    fn remove(&mut self, at: u32) {
        self.unlink(at);
        self.index.remove(&self.entries[at as usize].key);
        let last = (self.entries.len() - 1) as u32;
        self.entries.swap_remove(at as usize);
        if at != last {
            // The last entry has moved to the gap: its neighbours must know.
            let (key, newer, older) = {
                let e = &self.entries[at as usize];
                (e.key, e.newer, e.older)
            };
            self.index.insert(key, at);
            match newer {
                NONE => self.newest = at,
                n => self.entries[n as usize].older = at,
            }
            match older {
                NONE => self.oldest = at,
                o => self.entries[o as usize].newer = at,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ten_times_the_bound_of_keys_leaves_the_bound() {
        let keys = Keys::default();
        let mut table = Table::new(1000);
        for i in 0..10_000u32 {
            let key = keys.key(&i.to_le_bytes());
            assert!(table.get(key).is_none());
            table.insert(key, i, |_| false);
        }
        assert_eq!(table.len(), 1000);
        assert_eq!(table.forgotten, 9000);
        assert!(table.get(keys.key(&8999u32.to_le_bytes())).is_none());
        assert_eq!(table.get(keys.key(&9000u32.to_le_bytes())), Some(&mut 9000));
    }

    #[test]
    fn dead_entries_at_the_old_end_go_first() {
        let keys = Keys::default();
        let mut table = Table::new(100);
        for i in 0..10u32 {
            table.insert(keys.key(&i.to_le_bytes()), i, |_| false);
        }
        for i in 10..20u32 {
            table.insert(keys.key(&i.to_le_bytes()), i, |v| *v < 10);
        }
        assert_eq!(table.len(), 10);
        assert_eq!(table.forgotten, 0);
    }

    proptest! {
        /// Against a plain list in order of use.
        #[test]
        fn behaves_like_a_list_in_order_of_use(
            uses in proptest::collection::vec(0u8..20, 0..200), limit in 1usize..12
        ) {
            let keys = Keys::default();
            let mut table = Table::new(limit);
            let mut model: Vec<u8> = Vec::new();
            for u in uses {
                let key = keys.key(&[u]);
                let known = model.contains(&u);
                prop_assert_eq!(table.get(key).is_some(), known);
                model.retain(|m| *m != u);
                if !known {
                    table.insert(key, u, |_| false);
                    if model.len() == limit {
                        model.remove(0);
                    }
                }
                model.push(u);
                prop_assert_eq!(table.len(), model.len());
            }
        }
    }
}
