//! `--metrics-listen`: a small HTTP/1.1 server that answers `GET /metrics`.
//!
//! One request for each connection, which is then closed. Size, time and number of the connections
//! are bounded, because whatever listens on a port is talked to by others than Prometheus.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::{families, openmetrics};
use crate::monitor::{Monitor, Snapshot};

/// The time for a request, and for its answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// The longest head of a request, in bytes.
const HEAD: usize = 8 * 1024;

/// Connections at once; others are closed.
const CONNECTIONS: usize = 4;

/// The server; it runs as long as the process.
pub struct HttpServer {
    address: SocketAddr,
}

impl HttpServer {
    /// Listens, in a thread of its own.
    ///
    /// # Errors
    /// The address cannot be used, or there is no thread.
    pub fn start(address: SocketAddr, monitor: Arc<Monitor>) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        let address = listener.local_addr()?;
        spawn("http", move || listen(&listener, &monitor))?;
        Ok(Self { address })
    }

    /// The address, with the port that the system chose for port 0.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let thread = std::thread::Builder::new().name(name.to_owned());
    thread.stack_size(256 * 1024).spawn(work).map(drop)
}

fn listen(listener: &TcpListener, monitor: &Arc<Monitor>) {
    let open = Arc::new(AtomicUsize::new(0));
    loop {
        let Ok((stream, _)) = listener.accept() else {
            // No descriptor is left, for example.
            std::thread::sleep(Duration::from_secs(1));
            continue;
        };
        if open.fetch_add(1, Ordering::AcqRel) >= CONNECTIONS {
            open.fetch_sub(1, Ordering::AcqRel);
            continue;
        }
        let (monitor, count) = (Arc::clone(monitor), Arc::clone(&open));
        let served = spawn("http client", move || {
            // A client that goes away or hangs gets no answer.
            let _ = serve(stream, &monitor);
            count.fetch_sub(1, Ordering::AcqRel);
        });
        if served.is_err() {
            open.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

/// An answer before it is written.
struct Answer {
    status: &'static str,
    content_type: &'static str,
    body: String,
}

impl Answer {
    fn plain(status: &'static str) -> Self {
        Self {
            status,
            content_type: "text/plain; charset=utf-8",
            body: format!("{status}\n"),
        }
    }
}

fn serve(mut stream: TcpStream, monitor: &Monitor) -> io::Result<()> {
    let until = Instant::now() + PATIENCE;
    stream.set_write_timeout(Some(PATIENCE))?;
    let head = read_head(&mut stream, until)?;
    let (answer, with_body) = match head {
        None => (Answer::plain("431 Request Header Fields Too Large"), true),
        Some(head) => answer(&head, monitor),
    };
    let Answer {
        status,
        content_type,
        body,
    } = answer;
    let length = body.len();
    let mut text = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n"
    );
    if with_body {
        text.push_str(&body);
    }
    stream.write_all(text.as_bytes())?;
    stream.shutdown(Shutdown::Write)
}

/// The head of a request, up to its empty line. None if it is too long.
fn read_head(stream: &mut TcpStream, until: Instant) -> io::Result<Option<Vec<u8>>> {
    let mut head = Vec::new();
    let mut piece = [0; 1024];
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        stream.set_read_timeout(Some(left))?;
        let length = stream.read(&mut piece)?;
        if length == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        head.extend_from_slice(&piece[..length]);
        if head.windows(4).any(|end| end == b"\r\n\r\n") {
            return Ok(Some(head));
        }
        if head.len() > HEAD {
            return Ok(None);
        }
    }
}

/// The answer to a request, and whether its body is sent.
fn answer(head: &[u8], monitor: &Monitor) -> (Answer, bool) {
    let line = head.split(|byte| *byte == b'\r').next().unwrap_or_default();
    let words: Vec<&[u8]> = line.split(|byte| *byte == b' ').collect();
    let [method, target, version] = words[..] else {
        return (Answer::plain("400 Bad Request"), true);
    };
    if !version.starts_with(b"HTTP/1.") {
        return (Answer::plain("505 HTTP Version Not Supported"), true);
    }
    let path = target
        .split(|byte| *byte == b'?')
        .next()
        .unwrap_or_default();
    match (method, path) {
        (b"GET" | b"HEAD", b"/metrics") => (metrics(monitor), method == b"GET"),
        (b"GET" | b"HEAD", _) => (Answer::plain("404 Not Found"), method == b"GET"),
        _ => (Answer::plain("405 Method Not Allowed"), true),
    }
}

fn metrics(monitor: &Monitor) -> Answer {
    match openmetrics::render(families(&Snapshot::of(monitor))) {
        Ok(body) => Answer {
            status: "200 OK",
            content_type: openmetrics::CONTENT_TYPE,
            body,
        },
        Err(_) => Answer::plain("500 Internal Server Error"),
    }
}
