//! A web server for tests: it keeps what it is asked, and answers as it is told.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    sync::{Arc, mpsc},
    time::{Duration, Instant},
};

use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// A request.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method and the target.
    pub line: String,
    /// The headers, with names in small letters.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
    /// The time at which it had come.
    pub time: Instant,
}

impl Request {
    /// The value of a header; empty if there is none.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(own, _)| own == name);
        found.map_or("", |(_, value)| value)
    }
}

/// A server on a port of 127.0.0.1, until the test ends.
#[derive(Debug)]
pub struct WebServer {
    /// The port.
    pub port: u16,
    requests: mpsc::Receiver<Request>,
}

impl WebServer {
    /// A server that gives these answers in turn and repeats the last: a status with its reason,
    /// and after a line break headers.
    ///
    /// # Panics
    /// If there is no port.
    #[must_use]
    pub fn start(tls: Option<Arc<ServerConfig>>, answers: &'static [&'static str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let (sender, requests) = mpsc::channel();
        std::thread::spawn(move || {
            let mut turn = 0;
            for stream in listener.incoming().flatten() {
                let _ = stream.set_read_timeout(Some(Duration::from_secs(20)));
                let answer = answers[turn.min(answers.len() - 1)];
                let request = match &tls {
                    None => serve(stream, answer),
                    Some(config) => ServerConnection::new(config.clone())
                        .ok()
                        .and_then(|tls| serve(StreamOwned::new(tls, stream), answer)),
                };
                // A client that does not trust the certificate asks nothing.
                let Some(request) = request else { continue };
                turn += 1;
                if sender.send(request).is_err() {
                    return;
                }
            }
        });
        Self { port, requests }
    }

    /// The next request.
    ///
    /// # Panics
    /// If there is none for half a minute.
    #[must_use]
    pub fn request(&self) -> Request {
        self.requests
            .recv_timeout(Duration::from_secs(30))
            .expect("a request")
    }

    /// The requests that have come and were not taken yet.
    #[must_use]
    pub fn more(&self) -> Vec<Request> {
        self.requests.try_iter().collect()
    }
}

fn serve<S: Read + Write>(stream: S, answer: &str) -> Option<Request> {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    stream.read_line(&mut line).ok()?;
    let mut headers = Vec::new();
    loop {
        let mut header = String::new();
        stream.read_line(&mut header).ok()?;
        let Some((name, value)) = header.trim_end().split_once(':') else {
            break;
        };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length: u64 = length.map_or(0, |(_, value)| value.parse().unwrap_or(0));
    let mut body = String::new();
    (&mut stream).take(length).read_to_string(&mut body).ok()?;
    let (status, more) = answer.split_once('\n').unwrap_or((answer, ""));
    let text = format!(
        "HTTP/1.1 {status}\r\n{more}{}Content-Length: 4\r\nConnection: close\r\n\r\nsaid",
        if more.is_empty() { "" } else { "\r\n" }
    );
    stream.get_mut().write_all(text.as_bytes()).ok()?;
    stream.get_mut().flush().ok()?;
    let line = line.trim_end().trim_end_matches(" HTTP/1.1").to_owned();
    (!line.is_empty()).then(|| Request {
        line,
        headers,
        body,
        time: Instant::now(),
    })
}
