//! The length of a lock by the settings, and its reason.

use swatch_common::duration::Seconds;

use super::{LockRequest, Locker};
use crate::settings::Settings;

impl Locker<'_> {
    /// The lock time of the policy, for an address that was locked this many times before.
    #[must_use]
    pub fn span(&self, times: u32) -> Seconds {
        span(self.settings, times)
    }

    /// The reason for the length of a lock, in words.
    #[must_use]
    pub(crate) fn why(&self, request: &LockRequest, times: u32) -> String {
        match request.span {
            Some(span) => format!("{span}, as requested"),
            None => why(self.settings, times),
        }
    }
}

fn span(settings: &Settings, times: u32) -> Seconds {
    let listed = &settings.lock_times;
    if let Some(last) = listed.last() {
        return *listed.get(times as usize).unwrap_or(last);
    }
    // The maximum bounds growth; it does not shorten a lock time that is longer by itself.
    grown(settings, times).min(settings.max_lock_time.max(settings.lock_time))
}

fn grown(settings: &Settings, times: u32) -> Seconds {
    settings
        .lock_time
        .times(settings.growth.powi(times.min(1000) as i32))
}

fn why(settings: &Settings, times: u32) -> String {
    let span = span(settings, times);
    if !settings.lock_times.is_empty() {
        return format!("{span}, of `lock_times`: locked {times} times before");
    }
    if times == 0 || settings.growth <= 1.0 {
        return format!("{span}, the lock time");
    }
    let bound = match span == grown(settings, times) {
        true => "",
        false => ", at most the maximum",
    };
    format!(
        "{span}: locked {times} times before, {} × {} each time{bound}",
        settings.lock_time, settings.growth
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spans(settings: &Settings) -> Vec<u64> {
        (0..5).map(|times| span(settings, times).0).collect()
    }

    #[test]
    fn growth_multiplies_up_to_the_maximum() {
        let settings = Settings {
            lock_time: Seconds(60),
            growth: 3.0,
            max_lock_time: Seconds(1000),
            ..Settings::default()
        };
        assert_eq!(spans(&settings), [60, 180, 540, 1000, 1000]);
        let reason = "1000s: locked 3 times before, 1m × 3 each time, at most the maximum";
        assert_eq!(why(&settings, 3), reason);
    }

    #[test]
    fn a_list_gives_each_lock_its_length_and_the_last_one_stays() {
        let settings = Settings {
            lock_times: vec![Seconds(600), Seconds(3000), Seconds(12_000)],
            max_lock_time: Seconds(60),
            ..Settings::default()
        };
        assert_eq!(spans(&settings), [600, 3000, 12_000, 12_000, 12_000]);
        let reason = "50m, of `lock_times`: locked 1 times before";
        assert_eq!(why(&settings, 1), reason);
    }
}
