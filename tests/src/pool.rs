//! A thread pool for jobs that mostly sleep.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Four jobs per core: cases that measure time mostly sleep.
pub fn default_jobs() -> usize {
    4 * std::thread::available_parallelism().map_or(2, std::num::NonZero::get)
}

/// Applies `work` to every item, `jobs` at a time; returns the results in item order.
pub fn map<T: Sync, R: Send>(items: &[T], jobs: usize, work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let results: Mutex<Vec<Option<R>>> = Mutex::new(items.iter().map(|_| None).collect());
    std::thread::scope(|scope| {
        for _ in 0..jobs.clamp(1, items.len().max(1)) {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(at) else { return };
                    let result = work(item);
                    results.lock().expect("a worker panicked")[at] = Some(result);
                }
            });
        }
    });
    let results = results.into_inner().expect("a worker panicked");
    results
        .into_iter()
        .map(|r| r.expect("every item was taken"))
        .collect()
}
