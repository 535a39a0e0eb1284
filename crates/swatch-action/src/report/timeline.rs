//! Locks and events over time.

use chrono::{DateTime, Local, TimeZone, Timelike};

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// The number of steps that a timeline has at most, as far as its span allows.
const STEPS: i64 = 62;

/// Figures for each step of the time.
#[derive(Debug)]
pub(super) struct Timeline {
    /// The beginning of the first step, in seconds since 1970.
    start: i64,
    /// The length of a step in seconds.
    step: i64,
    pub(super) locks: Vec<u64>,
    pub(super) events: Vec<u64>,
    pub(super) ignored: Vec<u64>,
}

impl Timeline {
    /// An empty one. Steps begin on a local hour or midnight.
    pub(super) fn new(since: i64, now: i64) -> Self {
        let span = (now - since).max(1);
        let step = [HOUR, 6 * HOUR, DAY, 7 * DAY]
            .into_iter()
            .find(|step| span / step < STEPS)
            .unwrap_or((span / STEPS / DAY + 1) * DAY);
        let start = aligned(since, step);
        let steps = usize::try_from((now - start) / step + 1).unwrap_or(1);
        Self {
            start,
            step,
            locks: vec![0; steps],
            events: vec![0; steps],
            ignored: vec![0; steps],
        }
    }

    /// The step that a time lies in; what lies outside is not shown.
    fn at(&self, time: i64) -> Option<usize> {
        let step = usize::try_from(time.checked_sub(self.start)?.div_euclid(self.step)).ok()?;
        (step < self.locks.len()).then_some(step)
    }

    pub(super) fn add_lock(&mut self, time: i64) {
        if let Some(at) = self.at(time) {
            self.locks[at] += 1;
        }
    }

    pub(super) fn add_event(&mut self, time: i64) {
        if let Some(at) = self.at(time) {
            self.events[at] += 1;
        }
    }

    pub(super) fn add_ignored(&mut self, time: i64) {
        if let Some(at) = self.at(time) {
            self.ignored[at] += 1;
        }
    }

    pub(super) fn len(&self) -> usize {
        self.locks.len()
    }

    /// The name of a step: its beginning in local time.
    pub(super) fn label(&self, step: usize) -> String {
        let time = self.start + self.step * i64::try_from(step).unwrap_or(0);
        let format = if self.step < DAY {
            "%Y-%m-%d %H:%M"
        } else {
            "%Y-%m-%d"
        };
        local(time).format(format).to_string()
    }

    /// The length of a step in words.
    pub(super) fn unit(&self) -> String {
        match self.step {
            HOUR => "hour".to_owned(),
            DAY => "day".to_owned(),
            step if step < DAY => format!("{} hours", step / HOUR),
            step => format!("{} days", step / DAY),
        }
    }
}

fn local(time: i64) -> DateTime<Local> {
    DateTime::from_timestamp(time, 0)
        .unwrap_or_default()
        .with_timezone(&Local)
}

/// The last local midnight, or full hour, at or before a time.
fn aligned(time: i64, step: i64) -> i64 {
    let at = local(time);
    if step < DAY {
        let past = i64::from(at.minute()) * 60 + i64::from(at.second());
        return time - past - i64::from(at.hour()) % (step / HOUR) * HOUR;
    }
    let midnight = at.date_naive().and_hms_opt(0, 0, 0);
    midnight
        .and_then(|midnight| Local.from_local_datetime(&midnight).earliest())
        .map_or(time, |midnight| midnight.timestamp())
}
