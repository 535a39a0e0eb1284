//! The networks that are counted and locked: an address, or the network it is widened to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::address::is_private;

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

/// The network that an address is counted and locked by, with a prefix length for each family.
///
/// An address of NAT64 stands for the IPv4 address in it. The other addresses of transition
/// mechanisms whose /64 belongs to strangers ([`is_shared`]) stand for themselves alone.
#[must_use]
pub fn of(address: IpAddr, four: u8, six: u8) -> IpNet {
    let address = untranslated(address);
    match address {
        IpAddr::V6(shared) if is_shared(shared) => address.into(),
        _ => widened(address, four, six),
    }
}

/// The address that a NAT64 address stands for, if that is a public one; any other address as it
/// is.
#[must_use]
pub fn untranslated(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(six) => nat64(six)
            .map(IpAddr::V4)
            .filter(|&four| !is_private(four))
            .unwrap_or(address),
        IpAddr::V4(_) => address,
    }
}

/// The IPv4 address in one of 64:ff9b::/96, the well-known prefix of NAT64 (RFC 6052).
fn nat64(address: Ipv6Addr) -> Option<Ipv4Addr> {
    match address.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            let [[a, b], [c, d]] = [high, low].map(u16::to_be_bytes);
            Some(Ipv4Addr::new(a, b, c, d))
        }
        _ => None,
    }
}

/// True if the networks around an IPv6 address belong to strangers, so that it must not be widened:
/// 64:ff9b::/96 and 64:ff9b:1::/48 hold all of IPv4 behind a NAT64 gateway (RFC 6052, RFC 8215; in
/// the second, where the IPv4 address stands is up to the operator), and a /64 of Teredo's
/// 2001::/32 holds all clients of a server (RFC 4380). In 6to4's 2002::/16 a /48 belongs to one
/// IPv4 address (RFC 3056), so a /64 harms nobody else.
#[must_use]
pub fn is_shared(address: Ipv6Addr) -> bool {
    matches!(
        address.segments(),
        [0x64, 0xff9b, 0, 0, 0, 0, ..] | [0x64, 0xff9b, 1, ..] | [0x2001, 0, ..]
    )
}

/// The network of an address with a prefix length for each family; a length beyond the family's
/// counts as the whole.
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

/// True for a single address.
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

/// The reverse of [`file_name`], for names found in a directory.
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
    fn transition_mechanisms_harm_no_neighbour() {
        for (address, counted) in [
            ("64:ff9b::c000:20a", "192.0.2.10"),
            ("64:ff9b::203.0.113.9", "203.0.113.9"),
            // An embedded address that is private says nothing about whom it is.
            ("64:ff9b::10.0.0.1", "64:ff9b::a00:1"),
            ("64:ff9b:1::203.0.113.9", "64:ff9b:1::cb00:7109"),
            ("64:ff9b:1:fffe::1", "64:ff9b:1:fffe::1"),
            ("2001:0:c000:201::1", "2001:0:c000:201::1"),
            ("2002:cb00:7109:1::9", "2002:cb00:7109:1::/64"),
            ("2001:db8::9", "2001:db8::/64"),
            ("64:ff9c::1", "64:ff9c::/64"),
        ] {
            let net = of(address.parse().expect(address), 32, 64);
            assert_eq!(text(net), counted, "{address}");
        }
    }

    #[test]
    fn six_is_widened_to_its_64() {
        let address = "2001:db8:1:2:3:4:5:6".parse().expect("an address");
        let net = of(address, 32, 64);
        assert_eq!(text(net), "2001:db8:1:2::/64");
    }
}
