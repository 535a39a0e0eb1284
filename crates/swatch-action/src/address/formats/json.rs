//! Logs that are JSON, an object a line. Their strings are escaped, so that no text of a stranger can pose as a key.

use serde_json::Value;

use super::scan::Place;
use crate::address::notation::parse;

/// Where each program puts its peer, with the keys that tell it is that program.
pub(super) fn read(line: &[u8]) -> Option<Place> {
    if !line.starts_with(b"{") {
        return None;
    }
    let value: Value = serde_json::from_slice(line).ok()?;
    let text = |path: &str| value.pointer(path).and_then(Value::as_str);
    let has = |path: &str| value.pointer(path).is_some();
    // Caddy: client_ip is remote_ip, or what a proxy that the administrator trusts said; before 2.5 remote_addr.
    let caddy = || {
        has("/request/uri").then_some(())?;
        text("/request/client_ip")
            .or_else(|| text("/request/remote_ip"))
            .or_else(|| text("/request/remote_addr"))
    };
    let traefik = || has("/RequestMethod").then(|| text("/ClientHost")).flatten();
    let nextcloud = || has("/reqId").then(|| text("/remoteAddr")).flatten();
    let gitlab = || has("/correlation_id").then(|| text("/remote_ip")).flatten();
    let mongodb = || {
        (has("/t") && has("/c") && has("/ctx"))
            .then(|| text("/attr/remote"))
            .flatten()
    };
    let nginx = || {
        (has("/request") || has("/request_uri"))
            .then(|| text("/remote_addr"))
            .flatten()
    };
    let suricata = || {
        (text("/event_type") == Some("alert"))
            .then(|| text("/src_ip"))
            .flatten()
    };
    let address = caddy()
        .or_else(traefik)
        .or_else(nextcloud)
        .or_else(gitlab)
        .or_else(mongodb)
        .or_else(nginx)
        .or_else(suricata)?;
    Some(parse(address.as_bytes()).into())
}
