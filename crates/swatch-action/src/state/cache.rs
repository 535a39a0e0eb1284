//! Cached data: whois answers by network, addresses of host names,
//! locks that wait for the next digest.

use std::net::{IpAddr, Ipv6Addr};

use rusqlite::{OptionalExtension, params};

use super::{State, StateError, db_error};
use crate::network::as_six;

/// A whois answer that is remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The name of the network, or an empty text.
    pub name: String,
    /// The whole answer, sanitised and bounded; or the reason why there is none.
    pub text: String,
    /// True for an answer, false for the reason why there is none.
    pub good: bool,
}

impl State {
    /// The answer for the network that holds an address, no older than `keep` seconds; a failure
    /// only for five minutes.
    ///
    /// # Errors
    /// [`StateError::Db`], as all below.
    pub fn whois(
        &self,
        address: IpAddr,
        now: i64,
        keep: i64,
    ) -> Result<Option<Answer>, StateError> {
        // The narrowest range wins: that with the latest start.
        let sql = "SELECT name, answer, good FROM whois WHERE first <= ?1 AND last >= ?1
                   AND asked > CASE good WHEN 1 THEN ?2 ELSE ?3 END
                   ORDER BY first DESC, last ASC LIMIT 1";
        let key = as_six(address).octets();
        self.db
            .query_row(sql, params![key, now - keep, now - keep.min(300)], |row| {
                Ok(Answer {
                    name: row.get(0)?,
                    text: row.get(1)?,
                    good: row.get(2)?,
                })
            })
            .optional()
            .map_err(|source| db_error(&self.dir, source))
    }

    /// The name of the network that holds an address, however old; empty where it is not known.
    ///
    /// # Errors
    /// As [`State::whois`].
    pub fn network_name(&self, address: IpAddr) -> Result<String, StateError> {
        let found = self.whois(address, i64::MAX / 2, i64::MAX / 2)?;
        Ok(found.map(|answer| answer.name).unwrap_or_default())
    }

    /// The names of all networks that are remembered, for a list.
    ///
    /// # Errors
    /// As [`State::whois`].
    pub fn network_names(&self) -> Result<NetworkNames, StateError> {
        let sql = "SELECT first, last, name FROM whois WHERE name <> '' ORDER BY first, last DESC";
        let range = |row: &rusqlite::Row<'_>| {
            let bound = |column| row.get::<_, [u8; 16]>(column).map(Ipv6Addr::from);
            Ok((bound(0)?, bound(1)?, row.get(2)?))
        };
        let ranges: Vec<_> = self
            .db
            .prepare(sql)
            .and_then(|mut query| query.query_map([], range)?.collect())
            .map_err(|source| db_error(&self.dir, source))?;
        Ok(NetworkNames(Ranges::new(ranges)))
    }

    /// What `read` makes of each remembered answer, given its name and its text, by the range that
    /// the answer is about.
    ///
    /// # Errors
    /// As [`State::whois`].
    pub fn whois_answers<T>(
        &self,
        read: impl Fn(String, &str) -> T,
    ) -> Result<Ranges<T>, StateError> {
        let sql =
            "SELECT first, last, name, answer FROM whois WHERE good ORDER BY first, last DESC";
        let range = |row: &rusqlite::Row<'_>| {
            let bound = |column| row.get::<_, [u8; 16]>(column).map(Ipv6Addr::from);
            let text: String = row.get(3)?;
            Ok((bound(0)?, bound(1)?, read(row.get(2)?, &text)))
        };
        let ranges: Vec<_> = self
            .db
            .prepare(sql)
            .and_then(|mut query| query.query_map([], range)?.collect())
            .map_err(|source| db_error(&self.dir, source))?;
        Ok(Ranges::new(ranges))
    }

    /// Remembers an answer for a range of addresses.
    ///
    /// # Errors
    /// As [`State::whois`].
    pub fn keep_whois(
        &self,
        (first, last): (Ipv6Addr, Ipv6Addr),
        answer: &Answer,
        now: i64,
    ) -> Result<(), StateError> {
        let store = || -> rusqlite::Result<()> {
            // A month is longer than any setting makes sense for.
            self.db
                .execute("DELETE FROM whois WHERE asked < ?1", [now - 31 * 86_400])?;
            self.db.execute(
                "INSERT OR REPLACE INTO whois (first,last,asked,good,name,answer) VALUES (?1,?2,?3,?4,?5,?6)",
                params![
                    first.octets(),
                    last.octets(),
                    now,
                    answer.good,
                    answer.name,
                    answer.text
                ],
            )?;
            Ok(())
        };
        store().map_err(|source| db_error(&self.dir, source))
    }

    /// The addresses of a host name that were asked for since `oldest`; `None` where they were not.
    ///
    /// # Errors
    /// As [`State::whois`].
    pub fn host(&self, name: &str, oldest: i64) -> Result<Option<Vec<IpAddr>>, StateError> {
        let found: Vec<String> = self
            .db
            .prepare("SELECT address FROM hosts WHERE name = ?1 AND asked > ?2")
            .and_then(|mut query| {
                query
                    .query_map(params![name, oldest], |row| row.get(0))?
                    .collect()
            })
            .map_err(|source| db_error(&self.dir, source))?;
        let addresses: Vec<IpAddr> = found.iter().filter_map(|text| text.parse().ok()).collect();
        Ok((!found.is_empty()).then_some(addresses))
    }

    /// Remembers the addresses of a host name.
    ///
    /// # Errors
    /// As [`State::whois`].
    pub fn keep_host(&self, name: &str, addresses: &[IpAddr], now: i64) -> Result<(), StateError> {
        self.together(|state| {
            let store = || -> rusqlite::Result<()> {
                state
                    .db
                    .execute("DELETE FROM hosts WHERE name = ?1", [name])?;
                for address in addresses {
                    state.db.execute(
                        "INSERT OR REPLACE INTO hosts (name,address,asked) VALUES (?1,?2,?3)",
                        params![name, address.to_string(), now],
                    )?;
                }
                Ok(())
            };
            store().map_err(|source| db_error(&state.dir, source))
        })
    }
}

/// Names of networks by address, in memory.
#[derive(Debug, Default)]
pub struct NetworkNames(Ranges<String>);

impl NetworkNames {
    /// The name of the narrowest network that holds an address; empty where none is known.
    #[must_use]
    pub fn of(&self, address: IpAddr) -> &str {
        self.0.of(address).map_or("", String::as_str)
    }
}

/// Values for ranges of addresses, which may lie inside each other.
#[derive(Debug)]
pub struct Ranges<T> {
    /// First and last address and value; by first address, the wider one before the narrower.
    ranges: Vec<(Ipv6Addr, Ipv6Addr, T)>,
    /// For each range, the last address of it and all before it: where a search backwards ends.
    reach: Vec<Ipv6Addr>,
}

impl<T> Default for Ranges<T> {
    fn default() -> Self {
        Self {
            ranges: Vec::new(),
            reach: Vec::new(),
        }
    }
}

impl<T> Ranges<T> {
    /// `ranges` are in the order of their first addresses, the wider before the narrower.
    fn new(ranges: Vec<(Ipv6Addr, Ipv6Addr, T)>) -> Self {
        let mut furthest = Ipv6Addr::UNSPECIFIED;
        let reach = ranges.iter().map(|&(_, last, _)| {
            furthest = furthest.max(last);
            furthest
        });
        Self {
            reach: reach.collect(),
            ranges,
        }
    }

    /// The value of the narrowest range that holds an address.
    #[must_use]
    pub fn of(&self, address: IpAddr) -> Option<&T> {
        let address = as_six(address);
        let end = self.ranges.partition_point(|(first, ..)| *first <= address);
        (0..end)
            .rev()
            .take_while(|&at| self.reach[at] >= address)
            .find(|&at| self.ranges[at].1 >= address)
            .map(|at| &self.ranges[at].2)
    }
}
