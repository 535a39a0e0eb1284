//! A mail server with TLS and passwords for tests.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, mpsc},
    time::Duration,
};

use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// The login that the server takes: `mailer` with the password `pass word`, as AUTH PLAIN has it.
pub const LOGIN: &str = "AG1haWxlcgBwYXNzIHdvcmQ=";

/// The encryption that the server offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offers {
    /// TLS from the first byte on.
    Tls,
    /// STARTTLS.
    StartTls,
    /// Nothing.
    Nothing,
}

/// A server on a port of 127.0.0.1, until the test ends.
#[derive(Debug)]
pub struct MailServer {
    /// The port.
    pub port: u16,
    conversations: mpsc::Receiver<String>,
}

impl MailServer {
    /// Starts it.
    ///
    /// # Panics
    /// If there is no port.
    #[must_use]
    pub fn start(config: Arc<ServerConfig>, offers: Offers) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let (sender, conversations) = mpsc::channel();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let _ = stream.set_read_timeout(Some(Duration::from_secs(20)));
                let mut heard = String::new();
                if let Err(error) = converse(stream, &config, offers, &mut heard) {
                    heard.push_str(&format!("[{error}]"));
                }
                if sender.send(heard).is_err() {
                    return;
                }
            }
        });
        Self {
            port,
            conversations,
        }
    }

    /// All that the next client said; `[TLS]` marks where encryption began.
    ///
    /// # Panics
    /// If there is none for half a minute.
    #[must_use]
    pub fn conversation(&self) -> String {
        self.conversations
            .recv_timeout(Duration::from_secs(30))
            .expect("a client")
    }
}

fn converse(
    stream: TcpStream,
    config: &Arc<ServerConfig>,
    offers: Offers,
    heard: &mut String,
) -> io::Result<()> {
    let encrypt = |stream: TcpStream| -> io::Result<_> {
        let tls = ServerConnection::new(config.clone()).map_err(io::Error::other)?;
        Ok(BufReader::new(StreamOwned::new(tls, stream)))
    };
    if offers == Offers::Tls {
        heard.push_str("[TLS]\n");
        return session(&mut encrypt(stream)?, true, "", true, heard).map(drop);
    }
    let extension = match offers {
        Offers::StartTls => "250-STARTTLS\r\n",
        _ => "",
    };
    let mut plain = BufReader::new(stream);
    if session(&mut plain, false, extension, true, heard)? {
        heard.push_str("[TLS]\n");
        session(&mut encrypt(plain.into_inner())?, true, "", false, heard)?;
    }
    Ok(())
}

/// True if the client asks for STARTTLS.
fn session<S: Read + Write>(
    stream: &mut BufReader<S>,
    encrypted: bool,
    extension: &str,
    greet: bool,
    heard: &mut String,
) -> io::Result<bool> {
    if greet {
        say(stream, "220 box ESMTP")?;
    }
    let (mut text, mut known) = (false, false);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line)? == 0 {
            return Ok(false);
        }
        heard.push_str(&line);
        let line = line.trim_end();
        let answer = match line {
            "." if text => {
                text = false;
                "250 queued".to_owned()
            }
            _ if text => continue,
            line if line.starts_with("EHLO") => {
                let login = if encrypted {
                    "250-AUTH PLAIN LOGIN\r\n"
                } else {
                    ""
                };
                format!("250-box\r\n{extension}{login}250 8BITMIME")
            }
            "STARTTLS" if !extension.is_empty() => {
                say(stream, "220 go on")?;
                return Ok(true);
            }
            line if line.strip_prefix("AUTH PLAIN ") == Some(LOGIN) => {
                known = true;
                "235 welcome".to_owned()
            }
            line if line.starts_with("AUTH") => "535 5.7.8 not you".to_owned(),
            line if line.starts_with("MAIL") && encrypted && !known => "530 log in".to_owned(),
            "DATA" => {
                text = true;
                "354 go on".to_owned()
            }
            "QUIT" => {
                say(stream, "221 bye")?;
                return Ok(false);
            }
            _ => "250 ok".to_owned(),
        };
        say(stream, &answer)?;
    }
}

fn say<S: Read + Write>(stream: &mut BufReader<S>, answer: &str) -> io::Result<()> {
    stream
        .get_mut()
        .write_all(format!("{answer}\r\n").as_bytes())?;
    stream.get_mut().flush()
}
