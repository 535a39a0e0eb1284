//! The socket that answers `swatch-rs status`, `reload` and `stop`.
//!
//! A request is one word and a line feed, the answer one JSON object in a line. Only root and the
//! user of this process are answered.

use std::fs::{self, Permissions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::time::Duration;

use nix::sys::socket::{getsockopt, sockopt::PeerCredentials};
use nix::unistd::Uid;
use serde_json::{Value, json};

use super::{Control, Instance, Monitor, RuntimeError, Snapshot};

/// The time in which a client must write its request, and read the answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// The time in which rules are read again.
const RELOAD: Duration = Duration::from_secs(60);

/// The longest request, in bytes.
const REQUEST: u64 = 64;

/// Clients at once; others are turned away.
const CLIENTS: usize = 8;

/// The socket of this process. It is removed with the value.
pub struct Server {
    path: PathBuf,
}

impl Server {
    /// Listens, in a thread of its own.
    ///
    /// # Errors
    /// The socket or the thread cannot be made.
    pub fn start(place: &Instance, monitor: Arc<Monitor>) -> Result<Self, RuntimeError> {
        let path = &place.socket;
        let failed = |source| RuntimeError::Listen {
            path: path.clone(),
            source,
        };
        // Nobody answers there: the process that made it was killed.
        match fs::remove_file(path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(failed(e)),
            _ => {}
        }
        let listener = UnixListener::bind(path).map_err(failed)?;
        // The directory is closed to others, too.
        fs::set_permissions(path, Permissions::from_mode(0o600)).map_err(failed)?;
        let server = Self { path: path.clone() };
        spawn("socket", move || listen(&listener, &monitor)).map_err(failed)?;
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let thread = std::thread::Builder::new().name(name.to_owned());
    thread.stack_size(256 * 1024).spawn(work).map(drop)
}

fn listen(listener: &UnixListener, monitor: &Arc<Monitor>) {
    let clients = Arc::new(AtomicUsize::new(0));
    loop {
        let Ok((stream, _)) = listener.accept() else {
            // No descriptor is left, for example.
            std::thread::sleep(Duration::from_secs(1));
            continue;
        };
        if clients.fetch_add(1, Ordering::AcqRel) >= CLIENTS || !may_ask(&stream) {
            clients.fetch_sub(1, Ordering::AcqRel);
            continue;
        }
        let (monitor, count) = (Arc::clone(monitor), Arc::clone(&clients));
        let served = spawn("client", move || {
            // A client that goes away or hangs gets no answer.
            let _ = answer(&stream, &monitor);
            count.fetch_sub(1, Ordering::AcqRel);
        });
        if served.is_err() {
            clients.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

fn may_ask(stream: &UnixStream) -> bool {
    let peer = getsockopt(stream, PeerCredentials).map(|peer| Uid::from_raw(peer.uid()));
    peer.is_ok_and(|uid| uid.is_root() || uid == Uid::effective())
}

fn answer(mut stream: &UnixStream, monitor: &Monitor) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut request = String::new();
    BufReader::new(stream.take(REQUEST)).read_line(&mut request)?;
    let answer = match request.trim_end() {
        "status" => Snapshot::of(monitor).json(),
        "reload" => reload(monitor),
        "stop" => match monitor.request(Control::Stop) {
            true => json!({"stopping": true, "pid": std::process::id()}),
            false => error("it is ending already"),
        },
        _ => error("unknown request"),
    };
    writeln!(stream, "{answer}")?;
    if request.trim_end() == "stop" {
        // Kept open until the process has ended, so that the client knows when.
        let _ = stream.set_read_timeout(None);
        let _ = stream.take(1).read(&mut [0]);
    }
    Ok(())
}

fn reload(monitor: &Monitor) -> Value {
    let (reply, report) = channel();
    if !monitor.request(Control::Reload(reply)) {
        return error("it is ending");
    }
    match report.recv_timeout(RELOAD) {
        Ok(report) => report.json(),
        Err(_) => error("the rules have not been read again within 60 s"),
    }
}

fn error(why: &str) -> Value {
    json!({"error": why})
}
