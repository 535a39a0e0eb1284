//! Many hosts as one: shared counts and locks on an engine, Valkey or Redis.
//!
//! An event asks the engine once: it is added to the count of its address and the count of all
//! hosts comes back (`count.lua`). The host that finds an address due locks it for itself first,
//! with all of its own rules, and then publishes the lock (`publish.lua`), signed. `follow` on the
//! other hosts reads the stream of locks and applies them.
//!
//! The engine is never needed: without it a host counts and locks alone, and keeps what the fleet
//! does not know yet in a queue. Nothing that the engine says is trusted that a key of the fleet
//! has not signed, except the counts.

mod apply;
mod away;
mod call;
mod deliver;
mod engine;
mod entry;
mod follow;
mod item;
mod judge;
mod key;
mod link;
mod member;
mod order;
mod report;
mod snapshot;
mod store;
mod stream;
mod target;

pub(crate) use engine::EngineError;
pub(crate) use follow::follow;
pub(crate) use key::SecretError;
pub(crate) use member::{Knock, Standing, count};
pub(crate) use order::{ByHand, publish_by_hand, unlock};
pub(crate) use report::{list, show, stats};
pub(crate) use store::StoreError;

use crate::{settings::Settings, subcommand::CommandError};

/// Why a command of the fleet did not do its work.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FleetError {
    #[error("there is no fleet: set `url` in the table [fleet] of the settings")]
    NotSet,
    #[error(
        "this host only listens (`fleet.role = \"listen\"`): it cannot tell the fleet anything"
    )]
    OnlyListens,
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error(transparent)]
    Secret(#[from] SecretError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Name(#[from] NameError),
    #[error("no random number for an entry: {0}")]
    Random(std::io::Error),
}

impl From<EngineError> for CommandError {
    fn from(error: EngineError) -> Self {
        FleetError::from(error).into()
    }
}

impl From<StoreError> for CommandError {
    fn from(error: StoreError) -> Self {
        FleetError::from(error).into()
    }
}

/// The host has no name that can stand in an entry.
#[derive(Debug, thiserror::Error)]
#[error("the host's name {0:?} cannot stand in an entry: set `fleet.host`")]
pub(crate) struct NameError(String);

/// The name of this host in entries.
pub(crate) fn host_name(settings: &Settings) -> Result<String, NameError> {
    if !settings.fleet.host.is_empty() {
        return Ok(settings.fleet.host.clone());
    }
    let name = nix::unistd::gethostname().unwrap_or_default();
    let name = name.to_string_lossy().into_owned();
    if crate::settings::fleet::is_name(&name) {
        Ok(name)
    } else {
        Err(NameError(name))
    }
}

/// Milliseconds since 1970, by this host's clock.
pub(crate) fn now_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    })
}
