//! One pass over many blocks: several threads search, one decides in order.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError, mpsc};

use super::found::Found;
use super::rules::Search;
use super::scan::Scratch;
use crate::program::Program;

/// Searches blocks in `threads` threads and hands each with its findings to `decide`, in the
/// order in which `blocks` yields them, until it says to break off or they are at an end.
///
/// The threads take turns in drawing blocks from the iterator, so reading a file is part of
/// their work. At most two blocks per thread are under way.
pub fn in_order<B, T>(
    program: &Program,
    search: &Search,
    threads: usize,
    blocks: impl Iterator<Item = B> + Send,
    mut decide: impl FnMut(B, &Found) -> ControlFlow<T>,
) -> Option<T>
where
    B: AsRef<[u8]> + Send,
{
    let threads = threads.max(1);
    let source = Mutex::new(blocks.enumerate());
    let stop = AtomicBool::new(false);
    let (to, from) = mpsc::sync_channel::<(usize, B, Found)>(threads);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            let to = to.clone();
            let (source, stop) = (&source, &stop);
            scope.spawn(move || {
                let mut scratch = Scratch::new();
                while !stop.load(Ordering::Relaxed) {
                    let drawn = source.lock().unwrap_or_else(PoisonError::into_inner).next();
                    let Some((number, block)) = drawn else { break };
                    let mut found = Found::new();
                    search.block(program, &mut scratch, block.as_ref(), &mut found);
                    if to.send((number, block, found)).is_err() {
                        break;
                    }
                }
            });
        }
        drop(to);
        let mut early = BTreeMap::new();
        let mut next = 0;
        let mut result = None;
        'receive: while let Ok((number, block, found)) = from.recv() {
            early.insert(number, (block, found));
            while let Some((block, found)) = early.remove(&next) {
                next += 1;
                if let ControlFlow::Break(value) = decide(block, &found) {
                    result = Some(value);
                    break 'receive;
                }
            }
        }
        stop.store(true, Ordering::Relaxed);
        // Threads that wait to send find nobody listening, and end.
        drop(from);
        result
    })
}
