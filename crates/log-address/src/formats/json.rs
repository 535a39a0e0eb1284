//! Logs with a JSON object in each line. Strings in it are escaped, so that no text of a stranger
//! can pose as a key.

use serde_json::Value;

use super::alert::opened_by;
use crate::error::Reading;
use crate::shape::Readings;

/// The peer of each program that writes JSON, recognised by keys that only that program has.
pub(super) fn read(line: &[u8]) -> Readings {
    if !line.starts_with(b"{") {
        return Readings::default();
    }
    let Ok(value) = serde_json::from_slice::<Value>(line) else {
        return Readings::default();
    };
    let object = Object(&value);
    if let Some(readings) = journal(object) {
        return readings;
    }
    let known = [
        caddy,
        traefik,
        nextcloud,
        gitlab,
        gitlab_login,
        mongodb,
        nginx,
        suricata,
        ulogd,
    ];
    known
        .iter()
        .find_map(|read| read(object))
        .unwrap_or_default()
}

#[derive(Clone, Copy)]
struct Object<'a>(&'a Value);

impl<'a> Object<'a> {
    fn text(self, path: &str) -> Option<&'a str> {
        self.0.pointer(path).and_then(Value::as_str)
    }

    fn has(self, path: &str) -> bool {
        self.0.pointer(path).is_some()
    }

    fn port(self, path: &str) -> Option<u16> {
        self.0.pointer(path)?.as_u64()?.try_into().ok()
    }
}

fn peer(address: &str) -> Readings {
    let mut readings = Readings::default();
    readings.add_token(address.as_bytes(), false, false);
    readings
}

fn claimed(address: &str) -> Readings {
    let mut readings = Readings::default();
    readings.add_token(address.as_bytes(), false, true);
    readings
}

/// `journalctl -o json`: the message is a line of the program that the journal names.
fn journal(object: Object) -> Option<Readings> {
    let program = object.text("/SYSLOG_IDENTIFIER")?;
    let message = object.text("/MESSAGE")?;
    object
        .has("/_PID")
        .then(|| super::of_program(program.as_bytes(), message.as_bytes()))
}

/// `client_ip` is `remote_ip`, or what a proxy said that the administrator trusts; before 2.5 it
/// was `remote_addr`.
fn caddy(object: Object) -> Option<Readings> {
    if !object.has("/request/uri") {
        return None;
    }
    object
        .text("/request/client_ip")
        .or_else(|| object.text("/request/remote_ip"))
        .or_else(|| object.text("/request/remote_addr"))
        .map(peer)
}

fn traefik(object: Object) -> Option<Readings> {
    object
        .has("/RequestMethod")
        .then(|| object.text("/ClientHost").map(peer))?
}

fn nextcloud(object: Object) -> Option<Readings> {
    object
        .has("/reqId")
        .then(|| object.text("/remoteAddr").map(peer))?
}

fn gitlab(object: Object) -> Option<Readings> {
    (object.has("/correlation_id") || object.has("/controller"))
        .then(|| object.text("/remote_ip").map(peer))?
}

/// GitLab's application_json.log. The name may hold anything, but the address is at the end.
fn gitlab_login(object: Object) -> Option<Readings> {
    let rest = object
        .text("/message")?
        .strip_prefix("Failed Login: username=")?;
    rest.rsplit_once(" ip=").map(|(_, address)| peer(address))
}

/// `remote` up to version 6, `client` or `remote` since then.
fn mongodb(object: Object) -> Option<Readings> {
    if !(object.has("/t") && object.has("/c") && object.has("/ctx")) {
        return None;
    }
    object
        .text("/attr/remote")
        .or_else(|| object.text("/attr/client"))
        .map(peer)
}

fn nginx(object: Object) -> Option<Readings> {
    (object.has("/request") || object.has("/request_uri"))
        .then(|| object.text("/remote_addr").map(peer))?
}

/// Suricata's alerts. The packet may be an answer; `flow.src_ip` opened the flow. Without it,
/// direction and ports tell.
fn suricata(object: Object) -> Option<Readings> {
    if object.text("/event_type") != Some("alert") {
        return None;
    }
    if let Some(opener) = object.text("/flow/src_ip") {
        return Some(claimed(opener));
    }
    let source = object.text("/src_ip")?;
    let ports = (object.port("/src_port"), object.port("/dest_port"));
    let from_client = match (object.text("/direction"), ports) {
        (Some("to_server"), _) => true,
        (Some("to_client"), _) => false,
        (_, (Some(from), Some(to))) => opened_by(from, to),
        (_, (Some(from), None)) => from >= 1024,
        _ => true,
    };
    if from_client {
        return Some(claimed(source));
    }
    let mut readings = Readings::default();
    readings.add(Reading::Other(source.as_bytes().to_vec()), true);
    Some(readings)
}

/// ulogd2's JSON output: a packet that the firewall logged.
fn ulogd(object: Object) -> Option<Readings> {
    (object.has("/oob.prefix") || object.has("/oob.in") || object.has("/oob.hook"))
        .then(|| object.text("/src_ip").map(claimed))?
}
