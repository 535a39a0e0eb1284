//! One lock for a whole network, once enough of its addresses are locked.

use ipnet::IpNet;

use super::{LockOutcome, LockRequest, Locker, end_all, fresh};
use crate::{
    allowlist::{Allowlist, Verdict},
    network,
    state::{Lock, State},
};

pub(super) fn aggregate(
    locker: &Locker<'_>,
    state: &State,
    allowed: &Allowlist,
    outcome: &mut LockOutcome,
    request: &LockRequest,
    now: i64,
) {
    let Some(length) = locker.settings.aggregate else {
        return;
    };
    let IpNet::V4(four) = outcome.net else {
        return;
    };
    if four.prefix_len() <= length {
        return;
    }
    let wide = network::widened(four.addr().into(), length, 0);
    if !matches!(allowed.judge(wide, None), Verdict::Lock(_)) {
        return;
    }
    let locked = match state.inside(wide, now) {
        Ok(locked) if locked.len() >= locker.settings.aggregate_at as usize => locked,
        Ok(_) => return,
        Err(error) => return outcome.warnings.push(error.to_string()),
    };
    let request = LockRequest {
        reason: format!(
            "{} of its addresses are locked; last: {}",
            locked.len(),
            request.reason
        ),
        ..request.clone()
    };
    match fresh::lock(locker, state, wide, &request, now) {
        Ok(mut wider) => {
            outcome.net = wide;
            outcome.until = wider.until;
            outcome.why = wider.why;
            outcome.warnings.append(&mut wider.warnings);
            // One that lasts longer, as by hand, stays beside it.
            let covered: Vec<Lock> = locked
                .into_iter()
                .filter(|lock| lock.until.is_some() && lock.until <= wider.until)
                .collect();
            if let Err(error) = end_all(locker, state, &covered, now, "aggregated") {
                outcome.warnings.push(error.to_string());
            }
        }
        Err(error) => outcome
            .warnings
            .push(format!("{}: {error}", network::text(wide))),
    }
}
