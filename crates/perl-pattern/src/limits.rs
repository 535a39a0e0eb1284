//! Limits for compiling and searching one pattern.

use std::time::Duration;

/// Bounds of a single pattern. The text may be written by an attacker, so a search that backtracks
/// ends at a limit. Searches of the linear-time engine need none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Steps of the backtracking engine for each place where a match could begin.
    pub backtracks: u32,
    /// Memory of the backtracking engine for one search, in KiB.
    pub backtrack_kib: u32,
    /// Time of the backtracking engine for one search. It is checked between the places where a
    /// match could begin, so a search may take a little longer.
    pub time: Duration,
    /// Bytes that the program of the linear-time engine may take.
    pub program_bytes: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            backtracks: 1_000_000,
            backtrack_kib: 20_000,
            time: Duration::from_millis(500),
            program_bytes: 16 << 20,
        }
    }
}
