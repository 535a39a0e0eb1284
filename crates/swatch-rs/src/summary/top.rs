//! The addresses that are named most often, in bounded memory.

use std::collections::HashMap;
use std::net::IpAddr;

use ipnet::IpNet;

/// Addresses that are kept; when there are more, those with the fewest hits are forgotten.
const KEPT: usize = 200_000;

/// Hits by address.
#[derive(Debug, Default)]
pub(super) struct Top {
    counts: HashMap<IpAddr, u64>,
    /// Some were forgotten: the counts are lower bounds.
    pub(super) is_incomplete: bool,
}

impl Top {
    pub(super) fn add(&mut self, address: IpAddr) {
        *self.counts.entry(address).or_default() += 1;
        let mut fewest = 1;
        while self.counts.len() > KEPT {
            self.is_incomplete = true;
            self.counts.retain(|_, count| *count > fewest);
            fewest *= 2;
        }
    }

    /// The number of addresses.
    pub(super) fn len(&self) -> usize {
        self.counts.len()
    }

    /// The addresses with the most hits.
    pub(super) fn addresses(&self, most: usize) -> Vec<(IpAddr, u64)> {
        sorted(
            self.counts
                .iter()
                .map(|(address, count)| (*address, *count)),
            most,
        )
    }

    /// The networks with the most hits, with the number of their addresses: /24 and /48.
    pub(super) fn networks(&self, most: usize) -> Vec<(IpNet, u64, usize)> {
        let mut networks: HashMap<IpNet, (u64, usize)> = HashMap::new();
        for (address, count) in &self.counts {
            let prefix = if address.is_ipv4() { 24 } else { 48 };
            if let Ok(net) = IpNet::new(*address, prefix) {
                let entry = networks.entry(net.trunc()).or_default();
                entry.0 += count;
                entry.1 += 1;
            }
        }
        let hits = networks.iter().map(|(net, (count, _))| (*net, *count));
        let hits = sorted(hits, most);
        let with_addresses = |(net, count)| (net, count, networks[&net].1);
        hits.into_iter().map(with_addresses).collect()
    }
}

/// The highest counts first, equal ones in order of their names.
fn sorted<T: Ord + Copy>(counts: impl Iterator<Item = (T, u64)>, most: usize) -> Vec<(T, u64)> {
    let mut all: Vec<_> = counts.collect();
    all.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    all.truncate(most);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_frequent_stay_when_there_are_too_many() {
        let mut top = Top::default();
        for n in 0..(KEPT as u32 * 2) {
            top.add(IpAddr::from(n.to_be_bytes()));
            if n % 3 == 0 {
                top.add(IpAddr::from([203, 0, 113, (n % 4) as u8]));
            }
        }
        assert!(top.is_incomplete && top.len() <= KEPT);
        let first = top.networks(1)[0];
        assert_eq!(
            (first.0.to_string().as_str(), first.2),
            ("203.0.113.0/24", 4)
        );
        assert_eq!(first.1, u64::from(KEPT as u32 * 2).div_ceil(3));
        assert_eq!(top.addresses(3).len(), 3);
    }
}
