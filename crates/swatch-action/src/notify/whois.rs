//! Asking whois who an address belongs to: bounded in time, size and referrals, and remembered for the whole network.
//!
//! whois-rust speaks the protocol. Referrals are followed here, one by one, because an answer is anybody's text: a
//! referral into this machine or its network is not followed, and what was looked up is what is connected to.

use std::{
    net::{IpAddr, Ipv6Addr, SocketAddr, ToSocketAddrs},
    sync::mpsc,
    time::Duration,
};

use swatch_common::sanitize;
use whois_rust::{WhoIs, WhoIsLookupOptions, WhoIsServerValue};

use swatch_common::file_lock::FileLock;

use crate::{
    address::is_private,
    network::{as_six, widened},
    settings::{Settings, Whois},
    state::{State, cache::Answer},
};

mod answer;

/// The answer for an address: remembered, or asked for now. Never fails: what went wrong is then the text.
pub(super) fn ask(settings: &Settings, state: Option<&State>, address: IpAddr, now: i64) -> Answer {
    if settings.whois.server.is_empty() {
        return Answer {
            name: String::new(),
            text: String::new(),
            good: false,
        };
    }
    let keep = settings.whois.keep.seconds();
    let known = |state: &State| state.whois(address, now, keep).ok().flatten();
    // One process asks at a time; a burst from one network then finds the first one's answer.
    let patience = settings.whois.timeout.duration() * (u32::from(settings.whois.follow) + 2);
    let lock = settings.state_dir.join("whois.lock");
    let found = state.and_then(known);
    let _turn = found
        .is_none()
        .then(|| FileLock::acquire(&lock, 0o600, patience));
    if let Some(answer) = found.or_else(|| state.and_then(known)) {
        return answer;
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
        // Not to remember it costs one question more.
        let _ = state.keep_whois(range, &answer, now);
    }
    answer
}

/// Where an answer says nothing of its range: the /24 or /48.
fn around(address: IpAddr) -> (Ipv6Addr, Ipv6Addr) {
    let net = widened(address, 24, 48);
    (as_six(net.network()), as_six(net.broadcast()))
}

/// Asks, and asks again whom the answer names, as often as the settings allow.
fn lookup(settings: &Whois, address: IpAddr) -> Result<Vec<u8>, String> {
    let mut server = settings.server.clone();
    // The first server is the administrator's choice and may be anywhere.
    let mut place = resolve(&server, settings.timeout.duration())?
        .into_iter()
        .next()
        .ok_or_else(|| format!("{server} has no address"))?;
    let mut last = Err(String::new());
    for _ in 0..=settings.follow {
        match once(settings, address, place) {
            Ok(text) => last = Ok(text),
            // A referral that leads nowhere leaves the answer that named it.
            Err(error) if last.is_err() => return Err(format!("{server}: {error}")),
            Err(_) => break,
        }
        let text = last.as_deref().unwrap_or_default();
        let Some(next) = answer::referral(text).filter(|next| *next != server) else {
            break;
        };
        let open = resolve(&next, settings.timeout.duration()).unwrap_or_default();
        let Some(public) = open.into_iter().find(|place| !is_private(place.ip())) else {
            break;
        };
        (server, place) = (next, public);
    }
    last
}

fn once(settings: &Whois, address: IpAddr, place: SocketAddr) -> Result<Vec<u8>, String> {
    let text = |error: whois_rust::WhoIsError| error.to_string();
    let whois = WhoIs::from_host(place.to_string()).map_err(text)?;
    let mut options = WhoIsLookupOptions::from_string(address.to_string()).map_err(text)?;
    options.server = Some(WhoIsServerValue::from_string(place.to_string()).map_err(text)?);
    options.follow = 0;
    options.timeout = Some(settings.timeout.duration());
    options.max_response_size = Some(settings.max_size);
    whois.lookup_raw(options).map_err(text)
}

/// The addresses of `host` or `host:port`, within the time. The resolver knows no limit, so it gets a thread.
fn resolve(server: &str, limit: Duration) -> Result<Vec<SocketAddr>, String> {
    let name = if server
        .parse::<IpAddr>()
        .is_ok_and(|address| address.is_ipv6())
    {
        format!("[{server}]:43")
    } else if server.contains(':') {
        server.to_owned()
    } else {
        format!("{server}:43")
    };
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let found = name.to_socket_addrs().map(Iterator::collect::<Vec<_>>);
        let _ = sender.send(found);
    });
    match receiver.recv_timeout(limit) {
        Ok(Ok(found)) => Ok(found),
        Ok(Err(error)) => Err(format!("{server}: {error}")),
        Err(_) => Err(format!(
            "{server}: not resolved within {} s",
            limit.as_secs()
        )),
    }
}

#[cfg(test)]
mod tests;
