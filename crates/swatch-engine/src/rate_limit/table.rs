//! A table of bounded size that evicts the least recently used entries.

use std::hash::{BuildHasher, Hasher, RandomState};

use hashlink::LinkedHashMap;

/// A key is represented by two independently keyed 64-bit hashes: someone who writes log lines
/// cannot construct a collision, and a key of any length takes 16 bytes.
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

/// A [`Key`] is already random, so its first half serves as its hash.
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

/// At most `limit` values by key, in the order of their last use.
#[derive(Debug, Clone)]
pub(crate) struct Table<V> {
    entries: LinkedHashMap<Key, V, BuildFirstHalf>,
    limit: usize,
    /// Entries that were evicted although they still mattered.
    pub(crate) forgotten: u64,
}

impl<V: Copy> Table<V> {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            entries: LinkedHashMap::with_hasher(BuildFirstHalf),
            limit: limit.max(1),
            forgotten: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// A smaller limit evicts the least recently used entries at once.
    pub(crate) fn set_limit(&mut self, limit: usize) {
        self.limit = limit.max(1);
        while self.entries.len() > self.limit {
            self.forgotten += 1;
            self.entries.pop_front();
        }
    }

    /// The value of a key, which becomes the most recently used one.
    pub(crate) fn get(&mut self, key: Key) -> Option<&mut V> {
        self.entries.to_back(&key)
    }

    /// Adds a key that is not there. Up to two of the least recently used entries are dropped if
    /// they are `dead`, so that a table shrinks after a flood.
    pub(crate) fn insert(&mut self, key: Key, value: V, dead: impl Fn(&V) -> bool) {
        for _ in 0..2 {
            match self.entries.front() {
                Some((_, oldest)) if dead(oldest) => self.entries.pop_front(),
                _ => break,
            };
        }
        if self.entries.len() >= self.limit {
            self.forgotten += 1;
            self.entries.pop_front();
        }
        self.entries.insert(key, value);
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
