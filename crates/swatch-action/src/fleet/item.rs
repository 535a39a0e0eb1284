//! What waits for the engine: an event, or a lock or unlock that the fleet does not know of yet.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::entry::Kind;

/// An item of the queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Item {
    /// An event that the fleet has not counted.
    Event(Event),
    /// A lock or an unlock to publish.
    Order(Order),
}

/// An event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Event {
    pub(super) id: String,
    pub(super) net: IpNet,
    pub(super) address: IpAddr,
    /// False if a line of its format must not lock.
    pub(super) may_lock: bool,
    pub(super) rule: String,
    pub(super) reason: String,
    /// The lock that this host has made for it.
    pub(super) locked: Option<Order>,
}

/// A lock or an unlock, before it is signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Order {
    pub(super) id: String,
    pub(super) kind: Kind,
    pub(super) net: IpNet,
    /// Milliseconds from the time at which it was made.
    pub(super) length: u64,
    pub(super) count: u64,
    pub(super) rule: String,
    pub(super) reason: String,
}

impl Item {
    pub(super) fn text(&self) -> String {
        // Strings and numbers always have a form in JSON.
        serde_json::to_string(self).unwrap_or_default()
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// True if a lock is lost to the fleet with it.
    pub(super) fn locks(&self) -> bool {
        match self {
            Self::Event(event) => event.locked.is_some(),
            Self::Order(_) => true,
        }
    }
}
