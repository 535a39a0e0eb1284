//! Asks whois to whom an address belongs: bounded in time, size and referrals, and remembered for
//! the whole network.
//!
//! whois-rust speaks the protocol. Referrals are followed here, one by one, because anybody may
//! have written an answer: a referral to this machine or its network is not followed, and the
//! address that was checked is the one that is connected to.

use std::{
    io::{self, Read, Write},
    net::{IpAddr, Ipv6Addr, SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use swatch_common::sanitize;
use whois_rust::{WhoIs, WhoIsError, WhoIsLookupOptions, WhoIsServerValue};

use crate::{
    address::is_private,
    network::{as_six, widened},
    resolve::{self, ResolveError},
    settings::{Settings, Whois},
    state::{State, cache::Answer},
};

mod answer;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
enum WhoisError {
    #[error(transparent)]
    Resolve(#[from] ResolveError),
    #[error("{server}: {source}")]
    Lookup { server: String, source: WhoIsError },
    #[error("{server}: no answer within {seconds} s")]
    Silent { server: String, seconds: u64 },
}

/// The answer for an address: remembered, or asked for now. Never fails: the text then says what
/// went wrong.
pub(super) fn ask(settings: &Settings, state: Option<&State>, address: IpAddr, now: i64) -> Answer {
    if settings.whois.server.is_empty() {
        return Answer {
            name: String::new(),
            text: String::new(),
            good: false,
        };
    }
    let keep = settings.whois.keep.seconds();
    if let Some(known) = state.and_then(|state| state.whois(address, now, keep).ok().flatten()) {
        return known;
    }
    let (range, answer) = match lookup(&settings.whois, address) {
        Ok(text) => {
            let text = sanitize::lines(&text);
            let range = answer::range(&text, address).unwrap_or_else(|| around(address));
            let name = answer::name(&text);
            (
                range,
                Answer {
                    name,
                    text,
                    good: true,
                },
            )
        }
        Err(why) => (
            around(address),
            Answer {
                name: String::new(),
                text: format!("[whois: {why}]\n"),
                good: false,
            },
        ),
    };
    if let Some(state) = state {
        // If it cannot be remembered, it is asked for again.
        let _ = state.keep_whois(range, &answer, now);
    }
    answer
}

/// The /24 or /48, where an answer does not name its range.
fn around(address: IpAddr) -> (Ipv6Addr, Ipv6Addr) {
    let net = widened(address, 24, 48);
    (as_six(net.network()), as_six(net.broadcast()))
}

/// Asks the server of the settings, then those that the answers refer to, up to the limit of the
/// settings.
fn lookup(settings: &Whois, address: IpAddr) -> Result<Vec<u8>, WhoisError> {
    let mut server = settings.server.clone();
    let limit = settings.timeout.duration();
    // The first server is the administrator's choice and may be anywhere.
    let places = resolve::addresses(&with_port(&server), limit)?;
    let mut place = *places
        .first()
        .ok_or_else(|| ResolveError::Nothing(server.clone()))?;
    let mut last = None;
    for _ in 0..=settings.follow {
        match once(settings, address, &server, place) {
            Ok(text) => last = Some(text),
            // If a referral leads nowhere, the answer that named it stands.
            Err(error) => return last.ok_or(error),
        }
        let text = last.as_deref().unwrap_or_default();
        let Some(next) = answer::referral(text).filter(|next| *next != server) else {
            break;
        };
        let open = resolve::addresses(&with_port(&next), limit).unwrap_or_default();
        let Some(public) = open.into_iter().find(|place| !is_private(place.ip())) else {
            break;
        };
        (server, place) = (next, public);
    }
    Ok(last.unwrap_or_default())
}

/// `host:port`; whois is on port 43.
fn with_port(server: &str) -> String {
    let is_six = server
        .parse::<IpAddr>()
        .is_ok_and(|address| address.is_ipv6());
    if is_six {
        format!("[{server}]:43")
    } else if server.contains(':') {
        server.to_owned()
    } else {
        format!("{server}:43")
    }
}

fn once(
    settings: &Whois,
    address: IpAddr,
    server: &str,
    place: SocketAddr,
) -> Result<Vec<u8>, WhoisError> {
    let failed = |source| WhoisError::Lookup {
        server: server.to_owned(),
        source,
    };
    let whois = WhoIs::from_host(place.to_string()).map_err(failed)?;
    let mut options = WhoIsLookupOptions::from_string(address.to_string()).map_err(failed)?;
    options.server = Some(WhoIsServerValue::from_string(place.to_string()).map_err(failed)?);
    options.follow = 0;
    options.timeout = Some(settings.timeout.duration());
    options.max_response_size = Some(settings.max_size);
    match whois.lookup_raw(options) {
        Err(WhoIsError::IOError(error)) if is_timeout(&error) => {
            let answer =
                unclosed(settings, address, place).map_err(|error| failed(error.into()))?;
            if answer.is_empty() {
                return Err(WhoisError::Silent {
                    server: server.to_owned(),
                    seconds: settings.timeout.0,
                });
            }
            Ok(answer)
        }
        other => other.map_err(failed),
    }
}

/// Asks a server that has not closed the connection in time, which is how the end of an answer is
/// marked (RFC 3912), and keeps what has come until it falls silent: whois-rust drops it.
fn unclosed(settings: &Whois, address: IpAddr, place: SocketAddr) -> io::Result<Vec<u8>> {
    let limit = settings.timeout.duration();
    let mut answer = Vec::new();
    let mut ask = || -> io::Result<()> {
        let mut server = TcpStream::connect_timeout(&place, limit)?;
        server.set_read_timeout(Some(limit.min(SILENCE)))?;
        server.set_write_timeout(Some(limit))?;
        server.write_all(format!("{address}\r\n").as_bytes())?;
        let begun = Instant::now();
        let mut buffer = [0; 8192];
        while begun.elapsed() < limit && answer.len() < settings.max_size {
            match server.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => answer.extend_from_slice(&buffer[..count]),
                Err(error) if is_timeout(&error) && answer.is_empty() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    };
    match ask() {
        Err(error) if answer.is_empty() && !is_timeout(&error) => Err(error),
        _ => Ok(answer),
    }
}

/// The time after which an answer that has begun, and goes no further, is taken to be complete.
const SILENCE: Duration = Duration::from_secs(1);

fn is_timeout(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
    )
}

#[cfg(test)]
mod tests;
