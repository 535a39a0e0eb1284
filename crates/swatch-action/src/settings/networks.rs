//! Networks in the settings: `192.0.2.0/24`, a range, or an address for itself alone.

use ipnet::IpNet;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::ignore_entry::{self, Entries, EntryError};

/// Networks as they are written in the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IgnoredNetworks {
    text: String,
    entries: Entries,
}

/// Why a text is not accepted as networks.
#[derive(Debug, thiserror::Error)]
pub enum IgnoredNetworksError {
    /// It cannot be read.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// It is a host name.
    #[error("{0:?} is a host name: name it in `ignore.hosts`")]
    Host(String),
}

impl IgnoredNetworks {
    /// The networks.
    #[must_use]
    pub fn networks(&self) -> &[IpNet] {
        &self.entries.networks
    }

    /// Says how the text was read, if it could be read in another way.
    #[must_use]
    pub fn note(&self) -> Option<&str> {
        self.entries.notes.first().map(String::as_str)
    }
}

impl std::str::FromStr for IgnoredNetworks {
    type Err = IgnoredNetworksError;

    fn from_str(text: &str) -> Result<Self, IgnoredNetworksError> {
        let entries = ignore_entry::parse(text)?;
        match entries.hosts.first() {
            Some(host) => Err(IgnoredNetworksError::Host(host.clone())),
            None => Ok(Self {
                text: text.to_owned(),
                entries,
            }),
        }
    }
}

impl Serialize for IgnoredNetworks {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for IgnoredNetworks {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}
