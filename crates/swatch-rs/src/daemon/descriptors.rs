//! File descriptors: those that were inherited, and how many there may be.
//!
//! The soft limit is 1,024 by default, less than the logs of a large machine. It is raised to the
//! hard limit, but not without bound, because commands inherit it and some programs try to close
//! every descriptor that the limit allows.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::os::unix::ffi::OsStrExt;

use nix::libc::rlim_t;
use nix::sys::resource::{Resource, getrlimit, setrlimit};

use super::background;

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
    let probe: io::Result<Vec<File>> = (0..WATCH).map(|_| File::open("/dev/null")).collect();
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

/// How many more descriptors this process may have.
pub fn free() -> usize {
    let limit = getrlimit(Resource::RLIMIT_NOFILE).map_or(1024, |(soft, _)| soft);
    let used = fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
    usize::try_from(limit)
        .unwrap_or(usize::MAX)
        .saturating_sub(used)
}

/// Closes the descriptors from 3 on, so that no command inherits them. Those that the command
/// line names (`-f /dev/fd/63`, the shell's `<(command)`) stay open.
///
/// To be called before this process opens anything.
pub fn close_inherited(args: &[OsString]) {
    let ready = background::ready_fd().and_then(Result::ok);
    let Ok(entries) = fs::read_dir("/proc/self/fd") else {
        return;
    };
    let numbers = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let numbers: Vec<i32> = numbers.collect();
    for number in numbers {
        if number > 2 && ready != Some(number) && !is_named(number, args) {
            // The descriptor of the directory itself is closed already.
            let _ = nix::unistd::close(number);
        }
    }
}

fn is_named(number: i32, args: &[OsString]) -> bool {
    let ends = [
        format!("/dev/fd/{number}"),
        format!("/proc/self/fd/{number}"),
    ];
    args.iter().any(|arg| {
        let mut words = arg.as_bytes().split(u8::is_ascii_whitespace);
        words.any(|word| ends.iter().any(|end| word.ends_with(end.as_bytes())))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_descriptor_is_named_by_its_whole_number() {
        let args = ["-f", "/dev/fd/63"].map(OsString::from);
        assert!(is_named(63, &args));
        assert!(!is_named(3, &args));
        assert!(!is_named(6, &args));
    }
}
