//! The entries of the journal that this program wrote itself, which it must not act on: an action
//! that prints would otherwise cause itself for ever.

use std::io;
use std::os::fd::AsFd;
use std::process::Stdio;
use std::time::{Duration, Instant};

use nix::sys::socket::{UnixAddr, getpeername};
use nix::sys::stat::fstat;
use swatch_common::process;

use super::export::Entry;
use crate::log;

/// The time allowed for our own line to appear in the journal.
const PATIENCE: Duration = Duration::from_secs(2);

/// Recognises entries written by this process or through its standard output and error.
#[derive(Debug, Clone, Default)]
pub(super) struct OwnOutput {
    pid: Vec<u8>,
    /// Of the unit that this process is, if systemd started it.
    invocation: Option<Vec<u8>>,
    /// journald's names for the streams that are our standard output and error. Commands write to
    /// them, too, under their own process numbers.
    streams: Vec<Vec<u8>>,
}

impl OwnOutput {
    pub(super) fn new() -> Self {
        let mut own = Self {
            pid: std::process::id().to_string().into_bytes(),
            invocation: std::env::var("INVOCATION_ID")
                .ok()
                .filter(|_| is_unit())
                .map(String::into_bytes),
            streams: Vec::new(),
        };
        if writes_to_journal() {
            own.learn_streams();
        }
        own
    }

    /// True if this process wrote the entry.
    pub(super) fn includes(&self, entry: &Entry<'_>) -> bool {
        let is = |known: &[u8], value: &[u8]| !known.is_empty() && known == value;
        is(&self.pid, entry.trusted_pid)
            || self
                .invocation
                .as_deref()
                .is_some_and(|id| is(id, entry.invocation))
            || self.streams.iter().any(|stream| is(stream, entry.stream))
    }

    /// journald names a stream only in its entries: one is written, and looked for.
    fn learn_streams(&mut self) {
        log::notice("reading the journal; entries written by swatch-rs itself are left out");
        let until = Instant::now() + PATIENCE;
        while self.streams.is_empty() && Instant::now() < until {
            if let Ok(streams) = self.query() {
                self.streams = streams;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn query(&self) -> io::Result<Vec<Vec<u8>>> {
        let mut command = process::command("journalctl");
        command
            .args(["-o", "export", "-n", "10", "_TRANSPORT=stdout"])
            .arg(format!("_PID={}", std::process::id()))
            .stdin(Stdio::null())
            .stderr(Stdio::null());
        let output = command.output()?.stdout;
        let mut streams = Vec::new();
        let mut at = 0;
        while let Some((entry, length)) = Entry::parse(&output[at..])? {
            at += length;
            if !entry.stream.is_empty() && !streams.iter().any(|s| s == entry.stream) {
                streams.push(entry.stream.to_vec());
            }
        }
        Ok(streams)
    }
}

/// True if systemd connected standard output or error to the journal for this very process. A
/// child of a service inherits `INVOCATION_ID`, but is not the service.
fn is_unit() -> bool {
    let Ok(stream) = std::env::var("JOURNAL_STREAM") else {
        return false;
    };
    let is = |fd: std::os::fd::BorrowedFd<'_>| {
        fstat(fd).is_ok_and(|stat| format!("{}:{}", stat.st_dev, stat.st_ino) == stream)
    };
    is(io::stdout().as_fd()) || is(io::stderr().as_fd())
}

/// True if standard output or error is a stream of journald: its socket for services and
/// systemd-cat(1) is `/run/systemd/journal/stdout`.
fn writes_to_journal() -> bool {
    let is = |fd: std::os::fd::BorrowedFd<'_>| {
        use std::os::fd::AsRawFd;
        let peer = getpeername::<UnixAddr>(fd.as_raw_fd());
        peer.is_ok_and(|peer| {
            peer.path()
                .is_some_and(|path| path.ends_with("journal/stdout"))
        })
    };
    is(io::stdout().as_fd()) || is(io::stderr().as_fd())
}
