//! What is counted and locked: an address, or the network that its settings widen it to.

use std::net::{IpAddr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::settings::Settings;

/// A text that is neither an address nor a network.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum NetworkError {
    /// No address, or no prefix length.
    #[error(
        "{0:?} is neither an address nor a network (such as 192.0.2.1, 192.0.2.0/24 or 2001:db8::/64)"
    )]
    Syntax(String),
    /// Bits beyond the prefix are set: what is meant is not sure.
    #[error("{text} has bits beyond its prefix: do you mean {meant}?")]
    HostBits {
        /// As written.
        text: String,
        /// The network it lies in.
        meant: IpNet,
    },
}

/// Reads an address or a network; an IPv4-mapped IPv6 address is the IPv4 one.
///
/// # Errors
/// [`NetworkError`].
pub fn parse(text: &str) -> Result<IpNet, NetworkError> {
    let text = text.trim();
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok(IpNet::from(crate::address::canonical(address)));
    }
    let net: IpNet = text
        .parse()
        .map_err(|_| NetworkError::Syntax(text.to_owned()))?;
    if net.trunc() == net {
        Ok(net)
    } else {
        Err(NetworkError::HostBits {
            text: text.to_owned(),
            meant: net.trunc(),
        })
    }
}

/// The network that an address is counted and locked by.
#[must_use]
pub fn of(address: IpAddr, settings: &Settings) -> IpNet {
    widened(address, settings.ipv4_prefix, settings.ipv6_prefix)
}

/// The network of an address with a prefix length for each family; a length beyond the family's counts as the whole.
#[must_use]
pub fn widened(address: IpAddr, four: u8, six: u8) -> IpNet {
    match address {
        IpAddr::V4(address) => Ipv4Net::new(address, four)
            .unwrap_or_else(|_| Ipv4Net::from(address))
            .trunc()
            .into(),
        IpAddr::V6(address) => Ipv6Net::new(address, six)
            .unwrap_or_else(|_| Ipv6Net::from(address))
            .trunc()
            .into(),
    }
}

/// Whether it is one single address.
#[must_use]
pub fn is_single(net: IpNet) -> bool {
    net.prefix_len() == net.max_prefix_len()
}

/// As people and programs write it: a single address without its prefix length.
#[must_use]
pub fn text(net: IpNet) -> String {
    if is_single(net) {
        net.addr().to_string()
    } else {
        net.to_string()
    }
}

/// A file name: [`text`] with `_` for the slash.
#[must_use]
pub fn file_name(net: IpNet) -> String {
    text(net).replace('/', "_")
}

/// The reverse of [`file_name`], for names found in a folder.
#[must_use]
pub fn from_file_name(name: &str) -> Option<IpNet> {
    let net = parse(&name.replacen('_', "/", 1)).ok()?;
    (file_name(net) == name).then_some(net)
}

/// The address as IPv6, IPv4 mapped: one order for both families.
#[must_use]
pub fn as_six(address: IpAddr) -> Ipv6Addr {
    match address {
        IpAddr::V4(four) => four.to_ipv6_mapped(),
        IpAddr::V6(six) => six,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_file_names() {
        for (written, shown, file) in [
            ("192.0.2.1", "192.0.2.1", "192.0.2.1"),
            ("192.0.2.0/24", "192.0.2.0/24", "192.0.2.0_24"),
            ("::ffff:192.0.2.1", "192.0.2.1", "192.0.2.1"),
            ("2001:DB8::/64", "2001:db8::/64", "2001:db8::_64"),
        ] {
            let net = parse(written).expect(written);
            assert_eq!(text(net), shown);
            assert_eq!(file_name(net), file);
            assert_eq!(from_file_name(file), Some(net));
        }
        for wrong in ["", "192.0.2", "192.0.2.1/33", "../x", "192.0.2.1/24"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
        assert_eq!(from_file_name("192.0.2.1_32"), None);
    }

    #[test]
    fn six_is_widened_to_its_64() {
        let address = "2001:db8:1:2:3:4:5:6".parse().expect("an address");
        let net = of(address, &Settings::default());
        assert_eq!(text(net), "2001:db8:1:2::/64");
    }
}
