//! `firewall = "none"`: counting and notifying without locking.

use ipnet::IpNet;

use super::{Firewall, FirewallEntry, FirewallError, Inventory};

pub(super) struct Nothing;

impl Firewall for Nothing {
    fn name(&self) -> &'static str {
        "none"
    }

    fn has_timeouts(&self) -> bool {
        true
    }

    fn is_exclusive(&self) -> bool {
        true
    }

    fn lock(&self, _: FirewallEntry) -> Result<(), FirewallError> {
        Ok(())
    }

    fn unlock(&self, _: IpNet) -> Result<Option<bool>, FirewallError> {
        Ok(None)
    }

    fn holds(&self, _: IpNet) -> Option<bool> {
        Some(true)
    }

    fn inventory(&self) -> Result<Option<Inventory>, FirewallError> {
        Ok(None)
    }

    fn unlock_script(&self, _: IpNet) -> Option<String> {
        None
    }
}
