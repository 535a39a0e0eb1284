//! CrowdSec's decisions, as `cscli decisions list -o json` prints them: alerts with decisions.

use std::path::Path;

use serde::Deserialize;

use super::{Ban, BanListError};

#[derive(Deserialize)]
struct Alert {
    #[serde(default)]
    decisions: Vec<Decision>,
}

#[derive(Deserialize)]
struct Decision {
    /// The time left, as Go prints durations: `3h59m21.5s`.
    duration: String,
    scenario: String,
    scope: String,
    #[serde(rename = "type")]
    kind: String,
    value: String,
}

/// Reads the bans of addresses and networks. Other decisions (a captcha, a country) are no locks.
pub(super) fn read(text: &str, path: &Path) -> Result<Vec<Ban>, BanListError> {
    let alerts: Option<Vec<Alert>> =
        serde_json::from_str(text).map_err(|source| BanListError::Json {
            path: path.to_owned(),
            source,
        })?;
    let decisions = alerts
        .unwrap_or_default()
        .into_iter()
        .flat_map(|alert| alert.decisions);
    let bans = decisions
        .filter(|decision| decision.kind == "ban")
        .filter(|decision| matches!(decision.scope.to_lowercase().as_str(), "ip" | "range"));
    let bans = bans.map(|decision| Ban {
        left: seconds(&decision.duration),
        reason: format!("banned by CrowdSec, {}", decision.scenario),
        place: format!("decision about {}", decision.value),
        text: decision.value,
    });
    Ok(bans
        .filter(|ban| ban.left.is_none_or(|left| left > 0))
        .collect())
}

/// Whole seconds of a length such as `3h59m21.5s`; `None` for another text.
fn seconds(text: &str) -> Option<i64> {
    let mut total = 0.0;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.' && c != '-')?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let letters = rest
            .find(|c: char| !c.is_alphabetic())
            .unwrap_or(rest.len());
        total += number
            * match &rest[..letters] {
                "h" => 3600.0,
                "m" => 60.0,
                "s" => 1.0,
                "ms" => 0.001,
                _ => return None,
            };
        rest = &rest[letters..];
    }
    Some(total as i64)
}
