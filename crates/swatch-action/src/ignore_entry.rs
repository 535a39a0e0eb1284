//! One line of an ignore list. If it can be read in more than one way, the wider one counts: a
//! friend who is locked out is worse than an attacker who is not.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::{IpNet, IpSubnets, Ipv4Net, Ipv4Subnets, Ipv6Subnets};

use crate::network::{self, NetworkError};

/// The contents of a line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Entries {
    /// Networks and addresses.
    pub(crate) networks: Vec<IpNet>,
    /// Host names.
    pub(crate) hosts: Vec<String>,
    /// Entries that could be read in another way.
    pub(crate) notes: Vec<String>,
}

/// A word is neither a network nor a host name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is neither an address, a network (192.0.2.0/24), a range (192.0.2.1-192.0.2.9) nor a \
     host name"
)]
pub struct EntryError(String);

/// Reads a line without its comment. Several entries may be separated by spaces or commas.
pub(crate) fn parse(line: &str) -> Result<Entries, EntryError> {
    let line = line.trim_start_matches('\u{feff}').replace(" - ", "-");
    let words: Vec<&str> = line
        .split([',', ';', ' ', '\t', '\u{a0}'])
        .map(str::trim)
        .filter(|word| !word.is_empty())
        .collect();
    let mut entries = Entries::default();
    for word in &words {
        if let Some(nets) = networks(word, &mut entries.notes) {
            entries.networks.extend(nets);
        } else if is_host_name(word) && (words.len() == 1 || word.contains('.')) {
            entries.hosts.push((*word).to_owned());
        } else {
            return Err(EntryError((*word).to_owned()));
        }
    }
    Ok(entries)
}

fn networks(word: &str, notes: &mut Vec<String>) -> Option<Vec<IpNet>> {
    let bare = word
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(word);
    match network::parse(bare) {
        Ok(net) => return Some(vec![net]),
        Err(NetworkError::HostBits { meant, .. }) => {
            notes.push(format!(
                "{word} is read as {meant}: bits beyond the prefix are set"
            ));
            return Some(vec![meant]);
        }
        Err(NetworkError::Syntax(_)) => {}
    }
    if let Some((first, last)) = bare.split_once('-') {
        return range(first.trim(), last.trim());
    }
    if let Some((address, mask)) = bare.split_once('/') {
        let address = address.parse::<Ipv4Addr>().ok()?;
        let mask = mask.parse::<Ipv4Addr>().ok()?;
        return Some(vec![
            Ipv4Net::with_netmask(address, mask).ok()?.trunc().into(),
        ]);
    }
    wildcard(bare).map(|net| vec![net])
}

/// `192.0.2.1-192.0.2.9`, `192.0.2.1-9`, `2001:db8::1-2001:db8::9`.
fn range(first: &str, last: &str) -> Option<Vec<IpNet>> {
    let first: IpAddr = first.parse().ok()?;
    let last: IpAddr = match (last.parse(), first) {
        (Ok(last), _) => last,
        (Err(_), IpAddr::V4(four)) => {
            let [a, b, c, _] = four.octets();
            Ipv4Addr::new(a, b, c, last.parse().ok()?).into()
        }
        _ => return None,
    };
    let subnets = match (first.min(last), first.max(last)) {
        (IpAddr::V4(first), IpAddr::V4(last)) => IpSubnets::V4(Ipv4Subnets::new(first, last, 0)),
        (IpAddr::V6(first), IpAddr::V6(last)) => IpSubnets::V6(Ipv6Subnets::new(first, last, 0)),
        _ => return None,
    };
    Some(subnets.collect())
}

/// `192.0.2.*`, `192.0.*.*`, `192.0.2.`.
fn wildcard(word: &str) -> Option<IpNet> {
    let fixed = word.trim_end_matches(".*");
    let fixed = fixed.strip_suffix('.').unwrap_or(fixed);
    if fixed == word {
        return None;
    }
    let octets: Vec<u8> = fixed
        .split('.')
        .map(|octet| octet.parse().ok())
        .collect::<Option<_>>()?;
    let mut address = [0; 4];
    address.get_mut(..octets.len())?.copy_from_slice(&octets);
    let prefix = u8::try_from(octets.len() * 8).ok()?;
    Some(Ipv4Net::new(address.into(), prefix).ok()?.into())
}

fn is_host_name(word: &str) -> bool {
    word.contains(|c: char| c.is_ascii_alphabetic())
        && word
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c))
}

#[cfg(test)]
mod tests;
