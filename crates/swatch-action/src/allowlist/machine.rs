//! The machine itself: its addresses, gateways and resolvers, and the client of the SSH session.

use std::{fs, net::IpAddr};

use super::{Protected, routes};
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
    routes::gateways()
        .into_iter()
        .map(|address| Protected {
            net: address.into(),
            why: "this machine's gateway".to_owned(),
        })
        .collect()
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

/// The client of the SSH session that this runs in.
pub(super) fn ssh_client() -> Option<Protected> {
    let connection = std::env::var("SSH_CONNECTION").ok()?;
    let address = connection.split(' ').next()?;
    let address: IpAddr = address.split('%').next()?.parse().ok()?;
    Some(Protected {
        net: canonical(address).into(),
        why: "the address you are logged in from (SSH_CONNECTION)".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_servers() {
        let found = resolvers_of(
            "# nameserver 192.0.2.9\nnameserver 192.0.2.53\nnameserver fe80::1%eth0\n",
        );
        let nets: Vec<String> = found.iter().map(|one| one.net.addr().to_string()).collect();
        assert_eq!(nets, ["192.0.2.53", "fe80::1"]);
    }
}
