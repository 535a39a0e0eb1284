//! Networks in the settings file: `192.0.2.0/24`, or an address for itself alone.

use ipnet::IpNet;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

pub(super) fn serialize<S: Serializer>(nets: &[IpNet], serializer: S) -> Result<S::Ok, S::Error> {
    let texts: Vec<String> = nets.iter().map(ToString::to_string).collect();
    texts.serialize(serializer)
}

pub(super) fn deserialize<'de, D>(deserializer: D) -> Result<Vec<IpNet>, D::Error>
where
    D: Deserializer<'de>,
{
    Vec::<String>::deserialize(deserializer)?
        .iter()
        .map(|text| crate::network::parse(text).map_err(D::Error::custom))
        .collect()
}
