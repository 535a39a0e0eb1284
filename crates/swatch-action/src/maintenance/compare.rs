//! The differences between state and firewall.

use std::collections::{BTreeMap, HashSet};

use ipnet::IpNet;

use crate::{
    firewall::{self, Firewall, Held, Inventory},
    lock::{LockError, Locker, at_job},
    state::Lock,
};

/// Seconds by which the kernel's end of a lock may differ from the state's.
const TOLERANCE: u64 = 120;

/// The differences between state and firewall, before they were repaired.
#[derive(Default)]
pub(super) struct Findings {
    /// In the state, and not or not fully in force in the firewall.
    pub(super) missing: Vec<Lock>,
    /// In force, and not confirmed by the state.
    pub(super) unconfirmed: Vec<Lock>,
    /// The kernel would end it at another time, or never.
    pub(super) retimed: Vec<Lock>,
    /// In the firewall more than once.
    pub(super) surplus: Vec<Lock>,
    /// Made by this program, and not in the state.
    pub(super) adopted: Vec<Lock>,
    /// Over.
    pub(super) expired: Vec<Lock>,
    /// Locks of what must not be locked, with the reason.
    pub(super) released: Vec<String>,
    /// Rules of the form of a lock that may be the administrator's, with the name of their
    /// firewall.
    pub(super) foreign: Vec<(&'static str, IpNet)>,
    /// Firewalls that cannot be asked.
    pub(super) mute: Vec<&'static str>,
    /// Locks that are as they should be.
    pub(super) there: usize,
    pub(super) faults: Vec<String>,
    pub(super) hints: Vec<String>,
    pub(super) warnings: Vec<String>,
}

impl Findings {
    /// True if anything has to be repaired.
    pub(super) fn differ(&self) -> bool {
        let lists = [
            &self.missing,
            &self.unconfirmed,
            &self.retimed,
            &self.surplus,
            &self.adopted,
            &self.expired,
        ];
        lists.iter().any(|list| !list.is_empty())
            || !self.released.is_empty()
            || !self.faults.is_empty()
    }

    /// Compares these locks with the firewalls that hold them, and with that of the settings.
    pub(super) fn compare(
        &mut self,
        locker: &Locker<'_>,
        locks: &[Lock],
        now: i64,
    ) -> Result<(), LockError> {
        let mut by_backend: BTreeMap<&str, Vec<&Lock>> = BTreeMap::new();
        let current = locker.firewall(locker.backend).name();
        by_backend.insert(current, Vec::new());
        for lock in locks.iter().filter(|lock| lock.in_force(now)) {
            by_backend.entry(&lock.backend).or_default().push(lock);
        }
        let known: HashSet<IpNet> = locks.iter().map(|lock| lock.net).collect();
        for (name, locks) in by_backend {
            let backend = firewall::by_name(name).unwrap_or(locker.backend);
            let firewall = locker.firewall(backend);
            let Some(inventory) = firewall.inventory()? else {
                self.unasked(&*firewall, &locks);
                continue;
            };
            for lock in locks {
                self.one(&*firewall, lock, inventory.entries.get(&lock.net), now);
            }
            self.strays(locker, &*firewall, &inventory, &known, now);
            self.faults.extend(inventory.faults);
            self.hints.extend(inventory.hints);
        }
        Ok(())
    }

    fn unasked(&mut self, firewall: &dyn Firewall, locks: &[&Lock]) {
        if firewall.name() == "none" {
            self.there += locks.len();
        } else if !locks.is_empty() {
            self.mute.push(firewall.name());
            // A firewall that cannot be asked gets all its locks again.
            self.missing.extend(locks.iter().copied().cloned());
        }
    }

    fn one(&mut self, firewall: &dyn Firewall, lock: &Lock, held: Option<&Held>, now: i64) {
        let Some(held) = held.filter(|held| held.in_force) else {
            return self.missing.push(lock.clone());
        };
        if held.surplus > 0 {
            self.surplus.push(lock.clone());
        }
        if is_wrong_end(firewall, lock, held, now) {
            self.retimed.push(lock.clone());
        } else if !lock.confirmed {
            self.unconfirmed.push(lock.clone());
        } else if held.surplus == 0 {
            self.there += 1;
        }
    }

    /// Entries of the firewall that the state does not know.
    fn strays(
        &mut self,
        locker: &Locker<'_>,
        firewall: &dyn Firewall,
        inventory: &Inventory,
        known: &HashSet<IpNet>,
        now: i64,
    ) {
        let mut strays: Vec<(&IpNet, &Held)> = inventory
            .entries
            .iter()
            .filter(|(net, _)| !known.contains(net))
            .collect();
        strays.sort_unstable_by_key(|(net, _)| **net);
        for (&net, held) in strays {
            let noted = at_job::noted(&locker.settings.state_dir, net);
            if noted.is_none() && !firewall.is_exclusive() {
                self.foreign.push((firewall.name(), net));
                continue;
            }
            // The time at which the kernel or an `at` job will end it, else the end of a new lock.
            let left = held.seconds.unwrap_or(locker.span(0).0);
            let noted = noted.filter(|&until| until > now && until < now + 10 * 365 * 86_400);
            let until = noted
                .filter(|_| held.seconds.is_none())
                .unwrap_or_else(|| locker.end_of(firewall, left, now).until);
            self.adopted.push(Lock {
                net,
                since: now,
                until: Some(until),
                renewed: now,
                count: 0,
                reason: "found in the firewall".to_owned(),
                rule: "check".to_owned(),
                backend: firewall.name().to_owned(),
                confirmed: false,
                job: None,
            });
        }
    }
}

/// True if the kernel's end of a lock is not the state's. A firewall that has no times has none.
fn is_wrong_end(firewall: &dyn Firewall, lock: &Lock, held: &Held, now: i64) -> bool {
    let Some(longest) = firewall.longest() else {
        return false;
    };
    match (lock.left(now), held.seconds) {
        (None, None) => false,
        // One that lasts longer than the kernel takes is renewed when half of that is over.
        (Some(wanted), Some(found)) if wanted > longest => found < longest / 2,
        (Some(wanted), Some(found)) => wanted.abs_diff(found) > TOLERANCE,
        _ => true,
    }
}
