//! The URL of an engine: one node, several of a cluster, or the sentinels that know it.

use std::path::PathBuf;

use swatch_common::sanitize;

/// A parsed URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) place: Place,
    pub(super) tls: bool,
    pub(super) db: i64,
    /// The user in the URL.
    pub(super) user: Option<String>,
}

/// The place of an engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Nodes that are tried in this order; a node of a cluster names the right one.
    Nodes(Vec<(String, u16)>),
    /// Sentinels, and the name that the master has with them.
    Sentinels(Vec<(String, u16)>, String),
    /// A Unix socket.
    Socket(PathBuf),
}

/// A URL that cannot be meant.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("setting `fleet.url`: {0}")]
pub(crate) struct UrlError(String);

const FORMS: &str = "write redis://HOST:PORT, rediss://HOST:PORT (TLS), redis+unix:///PATH, \
                     redis-cluster://HOST:PORT,HOST:PORT or redis-sentinel://HOST:PORT,HOST:PORT/MASTER";

impl Target {
    pub(super) fn parse(url: &str) -> Result<Self, UrlError> {
        let refuse = |what: String| Err(UrlError(what));
        let shown = sanitize::excerpt(url.as_bytes(), 100);
        let Some((scheme, rest)) = url.split_once("://") else {
            return refuse(format!("{shown:?} is not a URL: {FORMS}"));
        };
        let (family, form) = match scheme.split_once(['-', '+']) {
            Some((family, form)) => (family, form),
            None if scheme == "unix" => ("redis", "unix"),
            None => (scheme, ""),
        };
        let tls = match family {
            "redis" | "valkey" => false,
            "rediss" | "valkeys" => true,
            _ => return refuse(format!("the scheme {scheme:?} is not known: {FORMS}")),
        };
        let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let asked = |name: &str| {
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
        };
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (user, hosts) = match authority.rsplit_once('@') {
            Some((user, hosts)) => (Some(user), hosts),
            None => (None, authority),
        };
        if user.is_some_and(|user| user.contains(':')) {
            return refuse(
                "a password in the URL can be read by everybody who may read the settings: put it \
                 in a file of its own and name that in `fleet.password_file`"
                    .into(),
            );
        }
        let number = |text: &str| match text {
            "" => Ok(0),
            text => text
                .parse::<i64>()
                .map_err(|_| UrlError(format!("{text:?} is not the number of a database"))),
        };
        let mut parts = path.split('/');
        let (place, db) = match form {
            "" | "cluster" => (
                Place::Nodes(nodes(hosts, 6379)?),
                number(asked("db").unwrap_or(path))?,
            ),
            "sentinel" => {
                let first = parts.next().unwrap_or_default();
                let named = [asked("master"), asked("sentinelMasterId"), Some(fragment)];
                let named = named.into_iter().flatten().find(|name| !name.is_empty());
                let (master, db) = match named {
                    Some(name) => (name, first),
                    None => (first, parts.next().unwrap_or_default()),
                };
                if master.is_empty() {
                    return refuse(
                        "the name of the master is missing: write redis-sentinel://HOST:PORT/MASTER"
                            .into(),
                    );
                }
                (
                    Place::Sentinels(nodes(hosts, 26379)?, master.to_owned()),
                    number(asked("db").unwrap_or(db))?,
                )
            }
            "unix" if !tls && hosts.is_empty() && !path.is_empty() => (
                Place::Socket(format!("/{path}").into()),
                number(asked("db").unwrap_or_default())?,
            ),
            _ => return refuse(format!("{shown:?} is not understood: {FORMS}")),
        };
        if form == "cluster" && db != 0 {
            return refuse("a cluster has only database 0".into());
        }
        Ok(Self {
            place,
            tls,
            db,
            user: user.filter(|user| !user.is_empty()).map(str::to_owned),
        })
    }
}

fn nodes(hosts: &str, port: u16) -> Result<Vec<(String, u16)>, UrlError> {
    hosts.split(',').map(|host| node(host, port)).collect()
}

/// `HOST`, `HOST:PORT` or `[ADDRESS]:PORT`.
pub(super) fn node(text: &str, port: u16) -> Result<(String, u16), UrlError> {
    let bad = || UrlError(format!("{text:?} is not HOST:PORT; {FORMS}"));
    let (host, rest) = match text.strip_prefix('[') {
        Some(rest) => rest.split_once(']').ok_or_else(bad)?,
        None => text.find(':').map_or((text, ""), |at| text.split_at(at)),
    };
    let port = match rest.strip_prefix(':') {
        Some(number) => number.parse().map_err(|_| bad())?,
        None if rest.is_empty() => port,
        None => return Err(bad()),
    };
    let odd = |c: char| c.is_whitespace() || c.is_control();
    if host.is_empty() || host.contains(odd) {
        return Err(bad());
    }
    Ok((host.to_owned(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(host: &str, port: u16) -> (String, u16) {
        (host.to_owned(), port)
    }

    #[test]
    fn urls_of_each_form() {
        let parse = |url: &str| Target::parse(url).unwrap_or_else(|error| panic!("{url}: {error}"));
        let plain = parse("redis://engine");
        assert_eq!(plain.place, Place::Nodes(vec![at("engine", 6379)]));
        assert!(!plain.tls);
        let tls = parse("rediss://web@[2001:db8::1]:6380/2");
        assert_eq!(tls.place, Place::Nodes(vec![at("2001:db8::1", 6380)]));
        assert_eq!(
            (tls.tls, tls.db, tls.user.as_deref()),
            (true, 2, Some("web"))
        );
        let socket = parse("redis+unix:///run/redis.sock?db=1");
        assert_eq!(socket.place, Place::Socket("/run/redis.sock".into()));
        assert_eq!(socket.db, 1);
        let cluster = parse("rediss-cluster://a:1,b:2,c");
        let all = vec![at("a", 1), at("b", 2), at("c", 6379)];
        assert_eq!(cluster.place, Place::Nodes(all));
        for url in [
            "redis-sentinel://a,b:1/main/3",
            "redis+sentinel://a,b:1/3#main",
            "valkey-sentinel://a,b:1/3?master=main",
        ] {
            let found = parse(url);
            let sentinels = vec![at("a", 26379), at("b", 1)];
            assert_eq!(
                found.place,
                Place::Sentinels(sentinels, "main".into()),
                "{url}"
            );
            assert_eq!(found.db, 3, "{url}");
        }
    }

    #[test]
    fn mistakes_are_explained() {
        for (url, what) in [
            ("engine:6379", "is not a URL"),
            ("http://engine", "is not known"),
            ("redis://", "is not HOST:PORT"),
            ("redis://a:b", "is not HOST:PORT"),
            ("redis://:secret@a", "fleet.password_file"),
            ("redis://a/x", "not the number"),
            ("redis-sentinel://a", "master is missing"),
            ("redis-cluster://a/1", "only database 0"),
            ("redis+smoke://a", "not understood"),
        ] {
            let error = Target::parse(url).expect_err(url).to_string();
            assert!(error.contains(what), "{url}: {error}");
        }
    }
}
