//! The machine itself: its addresses, its gateways, its resolvers, and who is logged in to it here.

use std::{
    fs,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use super::Protected;
use crate::address::canonical;

/// The addresses of the machine's interfaces.
pub(super) fn own() -> Vec<Protected> {
    let Ok(interfaces) = nix::ifaddrs::getifaddrs() else {
        return Vec::new();
    };
    interfaces
        .filter_map(|interface| {
            let address = interface.address?;
            let four = address.as_sockaddr_in().map(|found| IpAddr::V4(found.ip()));
            let six = || {
                address
                    .as_sockaddr_in6()
                    .map(|found| IpAddr::V6(found.ip()))
            };
            Some(Protected {
                net: four.or_else(six)?.into(),
                why: format!("this machine's own address ({})", interface.interface_name),
            })
        })
        .collect()
}

/// The gateways of all routes.
pub(super) fn gateways() -> Vec<Protected> {
    let four = fs::read_to_string("/proc/net/route").unwrap_or_default();
    let six = fs::read_to_string("/proc/net/ipv6_route").unwrap_or_default();
    gateways_of(&four, &six)
        .into_iter()
        .map(|address| Protected {
            net: address.into(),
            why: "this machine's gateway".to_owned(),
        })
        .collect()
}

/// Reads the kernel's tables: the third column of `route` is the gateway as a number in the machine's byte order, the
/// fifth of `ipv6_route` as 32 hexadecimal digits. Zero stands for none.
fn gateways_of(four: &str, six: &str) -> Vec<IpAddr> {
    let fours = four.lines().skip(1).filter_map(|line| {
        let number = u32::from_str_radix(line.split_whitespace().nth(2)?, 16).ok()?;
        Some(IpAddr::V4(Ipv4Addr::from(number.to_ne_bytes())))
    });
    let sixes = six.lines().filter_map(|line| {
        let number = u128::from_str_radix(line.split_whitespace().nth(4)?, 16).ok()?;
        Some(IpAddr::V6(Ipv6Addr::from(number)))
    });
    let mut found: Vec<IpAddr> = fours
        .chain(sixes)
        .filter(|address| !address.is_unspecified())
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// The name servers of `/etc/resolv.conf`.
pub(super) fn resolvers() -> Vec<Protected> {
    resolvers_of(&fs::read_to_string("/etc/resolv.conf").unwrap_or_default())
}

fn resolvers_of(text: &str) -> Vec<Protected> {
    text.lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            let address = (words.next() == Some("nameserver")).then(|| words.next())??;
            let address: IpAddr = address.split('%').next()?.parse().ok()?;
            Some(Protected {
                net: canonical(address).into(),
                why: "this machine's resolver (/etc/resolv.conf)".to_owned(),
            })
        })
        .collect()
}

/// The other end of the SSH login that this runs in.
pub(super) fn ssh_client() -> Option<Protected> {
    let connection = std::env::var("SSH_CONNECTION").ok()?;
    let address = connection.split(' ').next()?;
    let address: IpAddr = address.split('%').next()?.parse().ok()?;
    Some(Protected {
        net: canonical(address).into(),
        why: "where you are logged in from (SSH_CONNECTION)".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_tables() {
        let number = u32::from_ne_bytes([192, 0, 2, 1]);
        let four = format!(
            "Iface\tDestination\tGateway\tFlags\neth0\t00000000\t{number:08X}\t0003\neth0\t000200C0\t00000000\t0001\n"
        );
        let six = "00000000000000000000000000000000 00 00000000000000000000000000000000 00 20010db8000000000000000000000001 0400 0 0 3 eth0\n";
        assert_eq!(
            gateways_of(&four, six),
            ["192.0.2.1", "2001:db8::1"].map(|text| text.parse::<IpAddr>().expect("an address"))
        );
    }

    #[test]
    fn name_servers() {
        let found = resolvers_of(
            "# nameserver 192.0.2.9\nnameserver 192.0.2.53\nnameserver fe80::1%eth0\n",
        );
        let nets: Vec<String> = found.iter().map(|one| one.net.addr().to_string()).collect();
        assert_eq!(nets, ["192.0.2.53", "fe80::1"]);
    }
}
