//! Ending a process group, not only its leader.

use std::io;
use std::process::{Child, ExitStatus};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

/// Ends a child that leads a process group, and the group: TERM, and KILL to those that are left
/// after `grace`.
///
/// # Errors
/// The child cannot be waited for.
pub fn end(child: &mut Child, grace: Duration) -> io::Result<ExitStatus> {
    let group = Pid::from_raw(child.id().cast_signed());
    let until = Instant::now() + grace;
    let mut pause = Duration::from_millis(1);
    // Fails only if no member is left.
    let _ = killpg(group, Signal::SIGTERM);
    loop {
        // Once the leader is reaped its number still names the group while that has a member, and
        // is not given to another process.
        let status = child.try_wait()?;
        let gone = status.is_some() && killpg(group, None).is_err();
        if let Some(status) = status.filter(|_| gone) {
            return Ok(status);
        }
        if Instant::now() >= until {
            let _ = killpg(group, Signal::SIGKILL);
            return child.wait();
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(20));
    }
}
