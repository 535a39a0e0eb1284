//! The network, country and AS of an address: from the databases of the settings, else from whois
//! answers that are remembered.

use std::{collections::HashMap, net::IpAddr};

use maxminddb::{MaxMindDbError, Reader};
use serde::Deserialize;
use swatch_common::sanitize;

use crate::{
    settings::Settings,
    state::{State, cache::Ranges},
};

/// The origin of an address; texts are empty where nothing is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Origin {
    pub(super) network: String,
    /// `DE Germany`, or the code alone.
    pub(super) country: String,
    /// `AS64500 Example Net`.
    pub(super) system: String,
}

impl Origin {
    /// All that is known, on one line.
    pub(super) fn line(&self) -> String {
        let known = [&self.network, &self.country, &self.system];
        let known: Vec<&str> = known
            .into_iter()
            .map(String::as_str)
            .filter(|text| !text.is_empty())
            .collect();
        known.join(", ")
    }
}

/// Where addresses come from.
pub(super) struct Origins {
    databases: Vec<Reader<Vec<u8>>>,
    whois: Ranges<Origin>,
    known: HashMap<IpAddr, usize>,
    origins: Vec<Origin>,
    /// Databases that could not be read.
    pub(super) warnings: Vec<String>,
}

/// The parts of a record that GeoLite2, GeoIP2, DB-IP and the like have in common.
#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(borrow, default)]
    country: Option<Country<'a>>,
    /// The country that the network is registered in, where the place is not known.
    #[serde(borrow, default)]
    registered_country: Option<Country<'a>>,
    #[serde(default)]
    autonomous_system_number: Option<u32>,
    #[serde(borrow, default)]
    autonomous_system_organization: Option<&'a str>,
}

#[derive(Deserialize)]
struct Country<'a> {
    #[serde(borrow, default)]
    iso_code: Option<&'a str>,
    #[serde(borrow, default)]
    names: HashMap<&'a str, &'a str>,
}

impl Origins {
    pub(super) fn load(settings: &Settings, state: Option<&State>) -> Self {
        let mut warnings = Vec::new();
        let mut databases = Vec::new();
        for path in &settings.geo_databases {
            match Reader::open_readfile(path) {
                Ok(database) => databases.push(database),
                Err(error) => warnings.push(format!(
                    "setting `geo_databases`: cannot read {}: {}",
                    sanitize::path(path),
                    sanitize::text(error.to_string().as_bytes())
                )),
            }
        }
        let whois = state
            .map(|state| state.whois_answers(from_whois))
            .transpose();
        let whois = whois.unwrap_or_else(|error| {
            warnings.push(error.to_string());
            None
        });
        Self {
            databases,
            whois: whois.unwrap_or_default(),
            known: HashMap::new(),
            origins: Vec::new(),
            warnings,
        }
    }

    /// The origin of an address.
    pub(super) fn of(&mut self, address: IpAddr) -> &Origin {
        let at = match self.known.get(&address) {
            Some(&at) => at,
            None => {
                let origin = self.look_up(address);
                self.origins.push(origin);
                self.known.insert(address, self.origins.len() - 1);
                self.origins.len() - 1
            }
        };
        &self.origins[at]
    }

    fn look_up(&mut self, address: IpAddr) -> Origin {
        let mut origin = self.whois.of(address).cloned().unwrap_or_default();
        for database in &self.databases {
            match in_database(database, address) {
                Ok(found) => {
                    if !found.country.is_empty() {
                        origin.country = found.country;
                    }
                    if !found.system.is_empty() {
                        origin.system = found.system;
                    }
                }
                // A database of IPv4 says so of every IPv6 address; a broken one is named once.
                Err(MaxMindDbError::InvalidInput { .. }) => {}
                Err(error) => {
                    let text = format!(
                        "a database of `geo_databases` ({}): {}",
                        sanitize::text(database.metadata().database_type.as_bytes()),
                        sanitize::text(error.to_string().as_bytes())
                    );
                    if self.warnings.len() < 10 && !self.warnings.contains(&text) {
                        self.warnings.push(text);
                    }
                }
            }
        }
        origin
    }
}

fn in_database(database: &Reader<Vec<u8>>, address: IpAddr) -> Result<Origin, MaxMindDbError> {
    let Some(entry) = database.lookup(address)?.decode::<Entry<'_>>()? else {
        return Ok(Origin::default());
    };
    let country = entry
        .country
        .filter(|country| country.iso_code.is_some())
        .or(entry.registered_country);
    let country = country.map(|country| {
        let code = country.iso_code.unwrap_or_default();
        let name = country.names.get("en").copied().unwrap_or_default();
        short(&format!("{code} {name}"))
    });
    let system = entry.autonomous_system_number.map(|number| {
        let name = entry.autonomous_system_organization.unwrap_or_default();
        short(&format!("AS{number} {name}"))
    });
    Ok(Origin {
        network: String::new(),
        country: country.unwrap_or_default(),
        system: system.unwrap_or_default(),
    })
}

/// Country and AS in a whois answer: the last of each, since it is the narrowest network's.
fn from_whois(name: String, answer: &str) -> Origin {
    let field = |wanted: &[&str]| {
        answer.lines().rev().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            let known = wanted
                .iter()
                .any(|name| key.trim().eq_ignore_ascii_case(name));
            let value = value.split_whitespace().next()?;
            known.then(|| short(value))
        })
    };
    let country = field(&["country"]).filter(|code| code.len() == 2);
    let system = field(&["origin", "originas", "aut-num"]).filter(|system| {
        let number = system.get(2..).unwrap_or_default();
        system
            .get(..2)
            .is_some_and(|start| start.eq_ignore_ascii_case("as"))
            && !number.is_empty()
            && number.bytes().all(|byte| byte.is_ascii_digit())
    });
    Origin {
        network: short(&name),
        country: country.unwrap_or_default().to_ascii_uppercase(),
        system: system.unwrap_or_default().to_ascii_uppercase(),
    }
}

fn short(text: &str) -> String {
    sanitize::excerpt(text.trim().as_bytes(), 60)
}
