//! The limit of file descriptors.
//!
//! The soft limit is 1,024 by default, less than the logs of a large machine. It is raised to the
//! hard limit, but not without bound, because commands inherit it and some programs try to close
//! every descriptor that the limit allows.

use std::fs::{self, File};
use std::io;

use nix::libc::rlim_t;
use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// The highest limit that is set.
const MOST: rlim_t = 65_536;

/// Descriptors that are kept for commands when watches are started.
const RESERVE: rlim_t = 32;

/// Descriptors that a watch needs: a log, a position file, and its lock.
const WATCH: usize = 3;

/// Lets watches open as many files as possible, while some descriptors are left for commands.
///
/// # Errors
/// There are none left for another watch.
pub fn limit_for_start() -> io::Result<()> {
    set_limit(RESERVE);
    // The root is there everywhere, /dev not: an image may have nothing but this program.
    let probe: io::Result<Vec<File>> = (0..WATCH).map(|_| File::open("/")).collect();
    probe.map(drop)
}

/// Lets commands use the descriptors that were kept for them.
pub fn limit_for_commands() {
    set_limit(0);
}

fn set_limit(reserve: rlim_t) {
    // If this is refused, the limit stays as it was.
    if let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) {
        let most = hard.min(MOST.max(soft));
        let _ = setrlimit(Resource::RLIMIT_NOFILE, most.saturating_sub(reserve), hard);
    }
}

/// The number of descriptors that are left.
pub fn free() -> usize {
    let limit = getrlimit(Resource::RLIMIT_NOFILE).map_or(1024, |(soft, _)| soft);
    let used = fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
    usize::try_from(limit)
        .unwrap_or(usize::MAX)
        .saturating_sub(used)
}
