//! The sets: one for each family and prefix length.

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// A family, 4 or 6, and a prefix length.
pub(in crate::firewall) type SetKey = (u8, u8);

/// The set of a network.
pub(in crate::firewall) fn key(net: IpNet) -> SetKey {
    let family = if matches!(net, IpNet::V4(_)) { 4 } else { 6 };
    (family, net.prefix_len())
}

pub(super) fn set_name((family, length): SetKey) -> String {
    format!("v{family}_{length}")
}

/// The reverse of [`set_name`].
pub(super) fn set_key(name: &str) -> Option<SetKey> {
    let (family, length) = name.strip_prefix('v')?.split_once('_')?;
    let key = (family.parse().ok()?, length.parse().ok()?);
    matches!(key, (4, 0..=32) | (6, 0..=128)).then_some(key)
}

/// The rule that drops what is in a set.
pub(super) fn rule(key: SetKey) -> String {
    let name = set_name(key);
    match key {
        (4, 32) => format!("ip saddr @{name} drop"),
        (6, 128) => format!("ip6 saddr @{name} drop"),
        (4, length) => {
            let mask = Ipv4Net::new([0, 0, 0, 0].into(), length).map(|net| net.netmask());
            let mask = mask.unwrap_or([255; 4].into());
            format!("ip saddr & {mask} @{name} drop")
        }
        (_, length) => {
            let mask = Ipv6Net::new([0_u16; 8].into(), length).map(|net| net.netmask());
            let mask = mask.unwrap_or([0xffff_u16; 8].into());
            format!("ip6 saddr & {mask} @{name} drop")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_and_names() {
        assert_eq!(rule((4, 32)), "ip saddr @v4_32 drop");
        assert_eq!(rule((4, 24)), "ip saddr & 255.255.255.0 @v4_24 drop");
        assert_eq!(
            rule((6, 64)),
            "ip6 saddr & ffff:ffff:ffff:ffff:: @v6_64 drop"
        );
        assert_eq!(set_key("v6_64"), Some((6, 64)));
        assert_eq!(set_key("v4_33"), None);
    }
}
