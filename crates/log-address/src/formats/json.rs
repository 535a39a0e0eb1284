//! Logs that are JSON, an object a line. Their strings are escaped, so that no text of a stranger can pose as a key.

use serde_json::Value;

use super::scan::Place;
use crate::notation::parse;

/// Where each program puts its peer, with the keys that tell it is that program.
pub(super) fn read(line: &[u8]) -> Option<Place> {
    if !line.starts_with(b"{") {
        return None;
    }
    let value: Value = serde_json::from_slice(line).ok()?;
    // journalctl -o json: the message is a line of the program that the journal names.
    if let (Some(program), Some(message)) = (value.get("SYSLOG_IDENTIFIER"), value.get("MESSAGE"))
        && value.get("_PID").is_some()
    {
        let (program, message) = (program.as_str()?, message.as_str()?);
        return super::of_program(program.as_bytes(), message.as_bytes());
    }
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
    let gitlab = || {
        (has("/correlation_id") || has("/controller"))
            .then(|| text("/remote_ip"))
            .flatten()
    };
    // GitLab's application_json.log: the user name may hold anything, so the end counts.
    let gitlab_login = || {
        let rest = text("/message")?.strip_prefix("Failed Login: username=")?;
        rest.rsplit_once(" ip=").map(|(_, address)| address)
    };
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
        .or_else(gitlab_login)
        .or_else(mongodb)
        .or_else(nginx)
        .or_else(suricata)?;
    Some(parse(address.as_bytes()).into())
}
