//! Values that several records share, under a key: the state of `remember`.

use hashlink::LruCache;

use crate::program::RememberPlan;
use crate::rate_limit::table::Key;
use crate::recalled::Recalled;

#[derive(Debug)]
struct Kept {
    /// The last second in which the values count.
    until: i64,
    values: Recalled,
}

/// Values by key; the key that was used longest ago goes first.
#[derive(Debug)]
pub(crate) struct Memory {
    kept: LruCache<Key, Kept>,
    /// Keys that had to go although their values still counted.
    pub(crate) forgotten: u64,
}

impl Memory {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            kept: LruCache::new(limit.max(1)),
            forgotten: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.kept.len()
    }

    /// A smaller limit forgets the oldest keys at once.
    pub(crate) fn set_limit(&mut self, limit: usize) {
        self.forgotten += self.kept.len().saturating_sub(limit.max(1)) as u64;
        self.kept.set_capacity(limit.max(1));
    }

    /// One record of a key at second `now`: stores `values` and returns all that is known, or
    /// `None` if something that the rule needs is not.
    pub(crate) fn record(
        &mut self,
        key: Key,
        plan: &RememberPlan,
        values: Vec<Vec<u8>>,
        now: i64,
    ) -> Option<Recalled> {
        self.drop_outdated(now);
        let kept = self.kept.remove(&key).filter(|kept| now <= kept.until);
        let mut known = kept.map(|kept| kept.values).unwrap_or_default();
        for ((name, _), value) in plan.values.iter().zip(values) {
            known.set(name, value);
        }
        let complete = plan.need.iter().all(|name| known.has(name));
        let recalled = complete.then(|| known.clone());
        if complete {
            plan.forget.iter().for_each(|name| known.forget(name));
        }
        if !plan.end && !known.is_empty() {
            let seconds = i64::try_from(plan.seconds).unwrap_or(i64::MAX);
            let until = now.saturating_add(seconds);
            if self.kept.len() == self.kept.capacity() {
                self.forgotten += 1;
            }
            self.kept.insert(
                key,
                Kept {
                    until,
                    values: known,
                },
            );
        }
        recalled
    }

    /// Drops up to two outdated keys at the old end, so that a flood of keys is not kept for ever.
    fn drop_outdated(&mut self, now: i64) {
        for _ in 0..2 {
            match self.kept.iter().next() {
                Some((_, kept)) if kept.until < now => self.kept.remove_lru(),
                _ => return,
            };
        }
    }
}
