//! The counts of a pass.

use swatch_config::ast::RuleKind;
use swatch_engine::{Counters, Program};

use super::timeline::Timeline;
use super::top::Top;

/// Counts by rule and time, and by address.
pub(super) struct Tally {
    /// The counters of the rules after the last record.
    seen: Vec<Counters>,
    /// A row for each rule: the records that it matched.
    pub(super) timeline: Timeline,
    /// The addresses in records that a `watchfor` rule matched.
    pub(super) top: Top,
    /// Such records.
    pub(super) hits: u64,
    /// Those of them that name no address, or more than one that it may be.
    pub(super) without_address: u64,
    /// Those without a time stamp.
    pub(super) without_time: u64,
}

impl Tally {
    pub(super) fn new(program: &Program) -> Self {
        let rules = program.rules().len();
        Self {
            seen: vec![Counters::default(); rules],
            timeline: Timeline::new(rules),
            top: Top::default(),
            hits: 0,
            without_address: 0,
            without_time: 0,
        }
    }

    /// A record was decided; `now` are the counters of the rules after it.
    pub(super) fn decided(
        &mut self,
        program: &Program,
        now: &[Counters],
        record: &[u8],
        stamp: Option<i64>,
    ) {
        let mut is_hit = false;
        for (rule, (now, seen)) in now.iter().zip(&mut self.seen).enumerate() {
            if now.matched == seen.matched {
                continue;
            }
            *seen = *now;
            is_hit |= program.rules()[rule].kind == RuleKind::Watch;
            if let Some(stamp) = stamp {
                self.timeline.add(rule, stamp);
            }
        }
        if !is_hit {
            return;
        }
        self.hits += 1;
        self.without_time += u64::from(stamp.is_none());
        match log_address::find(record) {
            Ok(found) => self.top.add(found.address),
            Err(_) => self.without_address += 1,
        }
    }
}
