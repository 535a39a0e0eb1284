//! A mail server of the plainest kind, without extensions: for tests of this crate and of the
//! whole.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpStream,
};

/// Answers one connection, and returns what the client said. Commands that begin with `refuse` are
/// put off; none if it is empty.
pub(crate) fn serve(mut stream: TcpStream, refuse: &str) -> String {
    let mut reader = BufReader::new(stream.try_clone().expect("a socket"));
    let mut heard = String::new();
    let mut text = false;
    stream.write_all(b"220 box ESMTP\r\n").expect("a greeting");
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return heard;
        }
        heard.push_str(&line);
        let answer = match line.trim_end() {
            "." if text => {
                text = false;
                "250 queued"
            }
            _ if text => continue,
            line if !refuse.is_empty() && line.starts_with(refuse) => "451 come back later",
            "DATA" => {
                text = true;
                "354 go on"
            }
            "QUIT" => "221 bye",
            _ => "250 box",
        };
        if write!(stream, "{answer}\r\n").is_err() {
            return heard;
        }
    }
}
