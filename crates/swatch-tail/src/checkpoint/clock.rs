//! The clock that file times come from.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::OnceLock;
use std::time::UNIX_EPOCH;

use nix::sys::memfd::{MFdFlags, memfd_create};

/// The assumed maximum age of an event whose recorded time lies in the future, in milliseconds: a
/// day.
const UNKNOWN_AGE: u64 = 24 * 60 * 60 * 1000;

/// The longest tick of a kernel, in milliseconds (HZ=100). A file system without fine-grained time
/// stamps is behind the clock by up to a tick.
const TICK: u64 = 10;

/// A time in milliseconds since 1970 by the clock that the kernel stamps files with: no file that
/// is written to after this call gets an earlier one.
///
/// That is not the clock of the process, which may be a different one altogether (`faketime`). So
/// a file in memory is written to and asked. Since Linux 6.13 its stamp can be exact while that of
/// the log's file system is not, so a tick is taken off.
pub(crate) fn kernel_time() -> u64 {
    static FILE: OnceLock<Option<File>> = OnceLock::new();
    let file = FILE.get_or_init(|| {
        let memory = memfd_create(c"clock", MFdFlags::MFD_CLOEXEC);
        memory.ok().map(File::from)
    });
    let stamp = file.as_ref().and_then(|file| {
        file.write_at(b"0", 0).ok()?;
        file.metadata().ok()?.modified().ok()
    });
    let time = stamp.unwrap_or_else(std::time::SystemTime::now);
    time.duration_since(UNIX_EPOCH)
        .map_or(0, |passed| passed.as_millis() as u64)
        .saturating_sub(TICK)
}

/// A recorded time that can be compared with those of files. One in the future was recorded before
/// the clock was set back, and so proves nothing: files that were written since may seem older. In
/// that case everything of the last day counts as written since.
pub(crate) fn not_in_the_future(recorded: u64) -> u64 {
    let now = kernel_time();
    match recorded > now {
        true => now.saturating_sub(UNKNOWN_AGE),
        false => recorded,
    }
}
