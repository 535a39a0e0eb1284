//! In the place of `fleet`, in a program that was built without it.

use ipnet::IpNet;

use crate::{
    console::Console,
    lock::{LockOutcome, LockRequest},
    settings::Settings,
    subcommand::{CommandError, Outcome},
};

/// This program has no fleet.
#[derive(Debug, thiserror::Error)]
#[error(
    "this swatch-action was built without the feature `fleet`: remove the table [fleet] and --fleet, or build it with the feature"
)]
pub(crate) struct FleetError;

pub(crate) struct Knock<'a> {
    pub(crate) net: IpNet,
    pub(crate) address: std::net::IpAddr,
    pub(crate) may_lock: bool,
    pub(crate) rule: String,
    pub(crate) line: &'a [u8],
}

/// Never made but to carry a note.
#[derive(Debug)]
pub(crate) struct Standing {
    pub(crate) notes: Vec<String>,
}

pub(crate) fn count(_: &Settings, knock: &Knock<'_>) -> Option<Standing> {
    let Knock {
        net: _,
        address: _,
        may_lock: _,
        rule: _,
        line: _,
    } = knock;
    Some(Standing {
        notes: vec![FleetError.to_string()],
    })
}

impl Standing {
    pub(crate) fn count(&self) -> Option<u64> {
        None
    }

    pub(crate) fn is_due(&self) -> bool {
        false
    }

    pub(crate) fn locked(&mut self, _: &Settings, _: &LockRequest, _: &LockOutcome, _: i64) {}
}

pub(crate) struct ByHand {
    pub(crate) net: IpNet,
    pub(crate) left: u64,
    pub(crate) rule: String,
    pub(crate) reason: String,
}

pub(crate) fn publish_by_hand(_: &Settings, locks: Vec<ByHand>, _: &mut Console<'_>) -> Outcome {
    for ByHand {
        net: _,
        left: _,
        rule: _,
        reason: _,
    } in locks
    {}
    Err(FleetError.into())
}

pub(crate) fn unlock(
    _: &Settings,
    _: Option<IpNet>,
    _: &[IpNet],
    _: &mut Console<'_>,
) -> Result<usize, CommandError> {
    Err(FleetError.into())
}

pub(crate) fn follow(_: &Settings, _: bool, _: &mut Console<'_>) -> Outcome {
    Err(FleetError.into())
}

pub(crate) fn list(_: &Settings, _: bool, _: &mut Console<'_>) -> Outcome {
    Err(FleetError.into())
}

pub(crate) fn show(_: &Settings, _: IpNet, _: &mut Console<'_>) -> Outcome {
    Err(FleetError.into())
}

pub(crate) fn stats(_: &Settings, _: bool, _: &mut Console<'_>) -> Outcome {
    Err(FleetError.into())
}
