//! Addresses that are not on the Internet.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::notation::canonical;

/// True if no host on the Internet has an address of this kind.
///
/// IPv4: 0/8, 10/8, 127/8, 169.254/16 (link-local), 172.16/12, 192.168/16, 224/4 (multicast) and
/// 255.255.255.255. Shared address space (100.64/10, RFC 6598) is not private in this sense: an
/// attacker may be a customer of the same provider.
///
/// IPv6: ::/96 with `::` and `::1` in it, fc00::/7 (unique local), fe80::/10 (link-local),
/// fec0::/10 (formerly site-local) and ff00::/8 (multicast). An address that carries an IPv4
/// address is judged by that: ::ffff:0:0/96 (mapped) and 64:ff9b::/96 (NAT64, RFC 6052).
pub fn is_private(ip: IpAddr) -> bool {
    match canonical(ip) {
        IpAddr::V4(v4) => private_v4(v4),
        IpAddr::V6(v6) => private_v6(v6),
    }
}

fn private_v4(ip: Ipv4Addr) -> bool {
    ip.octets()[0] == 0
        || ip.is_loopback()
        || ip.is_private()
        || ip.is_link_local()
        || ip.is_multicast()
        || ip.is_broadcast()
}

fn private_v6(ip: Ipv6Addr) -> bool {
    match ip.segments() {
        [0, 0, 0, 0, 0, 0, _, _] => true,
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => private_v4(embedded(high, low)),
        [first, ..] => {
            first & 0xfe00 == 0xfc00
                || first & 0xffc0 == 0xfe80
                || first & 0xffc0 == 0xfec0
                || first & 0xff00 == 0xff00
        }
    }
}

fn embedded(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from((u32::from(high) << 16) | u32::from(low))
}
