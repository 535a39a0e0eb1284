//! A minimal syslog daemon: receives what the programs of a machine send to `/dev/log` and
//! appends it to `/var/log/secure` and `/var/log/messages` in the classic form,
//! `Nov 22 18:00:01 HOST TAG[PID]: TEXT` (RFC 3164, section 4.1).

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::machine::Machine;

/// `auth` and `authpriv`, numbered as in RFC 3164.
const SECURE: [u32; 2] = [4, 10];

/// The daemon; it stops when dropped.
pub struct Syslog {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Syslog {
    /// Starts the daemon for a machine.
    ///
    /// # Panics
    /// If the socket cannot be created.
    pub fn start(machine: &Machine, host: &str) -> Self {
        let path = machine.path("/dev/log");
        let socket = UnixDatagram::bind(&path).expect("the socket of the system log");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666))
            .expect("the socket was just made");
        socket
            .set_read_timeout(Some(Duration::from_millis(100)))
            .expect("a time limit for the socket");
        let stop = Arc::new(AtomicBool::new(false));
        let (secure, messages) = (
            machine.path("/var/log/secure"),
            machine.path("/var/log/messages"),
        );
        for log in [&secure, &messages] {
            std::fs::write(log, "").expect("an empty log");
        }
        let (stopped, host) = (Arc::clone(&stop), host.to_owned());
        let thread =
            std::thread::spawn(move || receive(&socket, &stopped, &host, &secure, &messages));
        Self {
            stop,
            thread: Some(thread),
        }
    }
}

impl Drop for Syslog {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn receive(
    socket: &UnixDatagram,
    stop: &AtomicBool,
    host: &str,
    secure: &PathBuf,
    messages: &PathBuf,
) {
    let mut buffer = vec![0; 65_536];
    while !stop.load(Ordering::Relaxed) {
        let Ok(length) = socket.recv(&mut buffer) else {
            continue;
        };
        if let Some((facility, line)) = classic(&buffer[..length], host) {
            let log = if SECURE.contains(&facility) {
                secure
            } else {
                messages
            };
            // Opened for each line because logrotate may have moved the file.
            let file = OpenOptions::new().append(true).create(true).open(log);
            let _ = file.and_then(|mut file| file.write_all(&line));
        }
    }
}

/// Parses a datagram as the C library sends it (`<PRI>Mmm dd hh:mm:ss TAG: TEXT`) into a facility
/// and a log line.
fn classic(datagram: &[u8], host: &str) -> Option<(u32, Vec<u8>)> {
    let end = datagram.iter().position(|&b| b == b'>')?;
    let priority: u32 = std::str::from_utf8(datagram.get(1..end)?)
        .ok()?
        .parse()
        .ok()?;
    let rest = datagram.get(end + 1..)?;
    let (time, text) = rest.split_at_checked(15)?;
    let mut line = [time, b" ", host.as_bytes(), b" ", text.trim_ascii()].concat();
    // As in syslog daemons, one record is one line.
    for byte in &mut line {
        if *byte < b' ' {
            *byte = b'?';
        }
    }
    line.push(b'\n');
    Some((priority / 8, line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_datagram_becomes_a_line() {
        let sent = b"<38>Nov  2 18:00:01 sshd[7]: Invalid user a\nb from 203.0.113.9 port 4\n";
        let (facility, line) = classic(sent, "gate").unwrap();
        assert_eq!(facility, 4);
        assert_eq!(
            line,
            b"Nov  2 18:00:01 gate sshd[7]: Invalid user a?b from 203.0.113.9 port 4\n"
        );
        assert_eq!(classic(b"no priority", "gate"), None);
        assert_eq!(classic(b"<30>short", "gate"), None);
    }
}
