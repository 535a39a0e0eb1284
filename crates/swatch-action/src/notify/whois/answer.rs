//! Reads a whois answer: the server to ask next, the range it is about, the name of the network.

use std::net::{IpAddr, Ipv6Addr};

use ipnet::IpNet;

use crate::network::as_six;

/// The server that the answer refers to: `refer:` and `whois:` (IANA) and `ReferralServer:` (ARIN)
/// are in use. `rwhois:` is another protocol.
pub(super) fn referral(answer: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(answer);
    text.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        let key = key.trim().to_ascii_lowercase();
        if !["refer", "whois", "referralserver", "whois server"].contains(&key.as_str()) {
            return None;
        }
        let value = value.trim();
        let host = match value.split_once("://") {
            Some(("whois", host)) => host,
            Some(_) => return None,
            None => value,
        };
        let host = host.split_whitespace().next()?.trim_end_matches('/');
        let plain = |c: char| c.is_ascii_alphanumeric() || ".-:[]".contains(c);
        (host.len() <= 255 && host.chars().all(plain)).then(|| host.to_owned())
    })
}

/// The range that the answer is about, if it contains the address and is no wider than a /8 (IPv6:
/// /16): a server that claims the whole world must not answer for it.
pub(super) fn range(answer: &str, address: IpAddr) -> Option<(Ipv6Addr, Ipv6Addr)> {
    let mine = as_six(address);
    let widest = if address.is_ipv4() { 24 } else { 112 };
    answer
        .lines()
        .filter_map(|line| {
            let (key, value) = line.split_once(':')?;
            let key = key.trim().to_ascii_lowercase();
            ["inetnum", "netrange", "cidr", "inet6num", "route", "route6"]
                .contains(&key.as_str())
                .then(|| bounds(value.trim()))?
        })
        .filter(|(first, last)| {
            let size = u128::from(*last).checked_sub(u128::from(*first));
            *first <= mine && mine <= *last && size.is_some_and(|size| size >> widest == 0)
        })
        .min_by_key(|(first, last)| u128::from(*last) - u128::from(*first))
}

fn bounds(text: &str) -> Option<(Ipv6Addr, Ipv6Addr)> {
    if let Some((first, last)) = text.split_once('-') {
        let first: IpAddr = first.trim().parse().ok()?;
        let last: IpAddr = last.trim().parse().ok()?;
        return (first.is_ipv4() == last.is_ipv4()).then(|| (as_six(first), as_six(last)));
    }
    let net: IpNet = text.split(',').next()?.trim().parse().ok()?;
    Some((as_six(net.network()), as_six(net.broadcast())))
}

/// The name of the network: `netname:`, else the organisation. The last one counts, since it is the
/// narrowest network's.
pub(super) fn name(answer: &str) -> String {
    for wanted in [&["netname"][..], &["orgname", "org-name", "owner", "descr"]] {
        let found = answer.lines().rev().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            let key = key.trim().to_ascii_lowercase();
            let value = value.trim();
            (wanted.contains(&key.as_str()) && !value.is_empty()).then_some(value)
        });
        if let Some(value) = found {
            return value.chars().take(80).collect();
        }
    }
    String::new()
}
