//! `restore`, `check`, `expire`: keeping the firewall and the state in agreement.

use crate::{
    console::Console,
    count, date,
    lock::{Locker, expire as end_due, log as lock_log},
    network,
    settings::Settings,
    state::{Lock, State},
    subcommand::{self, CommandError, Outcome, locker, runner},
};

mod compare;
mod repair;

use compare::Findings;

pub(crate) fn expire(settings: &Settings, console: &mut Console<'_>) -> Outcome {
    let runner = runner(settings);
    let locker = locker(settings, &runner, console);
    let _held = State::exclusive(&settings.state_dir)?;
    let state = State::open(&settings.state_dir)?;
    let now = date::now();
    let mut warnings = Vec::new();
    crate::lock::settle::clock(&locker, &state, now, &mut warnings)?;
    for lock in end_due(&locker, &state, now)? {
        writeln!(console.out(), "{} expired", network::text(lock.net))?;
        console.event(&lock_log::unlocked(lock.net, "expired"));
    }
    count::maintain(settings, now);
    warnings.iter().for_each(|warning| console.warn(warning));
    Ok(())
}

/// All locks in force go into the firewall of the settings, in bulk; what is there already stays.
pub(crate) fn restore(settings: &Settings, console: &mut Console<'_>) -> Outcome {
    let runner = runner(settings);
    let locker = locker(settings, &runner, console);
    let found = repair::repair(&locker, true)?;
    writeln!(
        console.out(),
        "{} put back, {} were there, {} expired",
        found.missing.len(),
        found.there,
        found.expired.len()
    )?;
    report_trouble(&found, console);
    Ok(())
}

/// Compares the firewall with the state, and repairs both unless it is a dry run.
pub(crate) fn check(settings: &Settings, dry_run: bool, console: &mut Console<'_>) -> Outcome {
    if !dry_run {
        count::maintain(settings, date::now());
    }
    let runner = runner(settings);
    let locker = if dry_run {
        subcommand::locker_of_dry_run(settings, &runner, console)
    } else {
        locker(settings, &runner, console)
    };
    let found = if dry_run {
        compare_only(&locker)?
    } else {
        repair::repair(&locker, false)?
    };
    report(&found, dry_run, console)?;
    report_trouble(&found, console);
    if dry_run && found.differ() {
        console.fail();
    }
    Ok(())
}

fn compare_only(locker: &Locker<'_>) -> Result<Findings, CommandError> {
    let now = date::now();
    let mut found = Findings::default();
    let Some(state) = State::open_to_read(&locker.settings.state_dir)? else {
        return Ok(found);
    };
    let allowed = crate::allowlist::all(locker.settings, Some(&state), now, false);
    let released = crate::lock::settle::protected(&state, &allowed, now)?;
    found.released = released
        .into_iter()
        .map(|(lock, why)| format!("{} is to be unlocked: {why}", network::text(lock.net)))
        .collect();
    found.expired = state.due(now)?;
    found.compare(locker, &state.all()?, now)?;
    Ok(found)
}

fn report(found: &Findings, dry_run: bool, console: &mut Console<'_>) -> Outcome {
    let out = console.out();
    let say = |done: &'static str, would: &'static str| if dry_run { would } else { done };
    let sections: [(&[Lock], &str); 6] = [
        (&found.missing, say("was missing, put back", "is missing")),
        (
            &found.unconfirmed,
            say(
                "was interrupted before it was confirmed, confirmed",
                "was interrupted before it was confirmed",
            ),
        ),
        (
            &found.retimed,
            say(
                "had another end in the firewall, set right",
                "has another end in the firewall",
            ),
        ),
        (
            &found.surplus,
            say(
                "was in the firewall more than once, copies removed",
                "is in the firewall more than once",
            ),
        ),
        (
            &found.adopted,
            say(
                "was in the firewall but not in the state, noted with its end",
                "is in the firewall but not in the state",
            ),
        ),
        (&found.expired, say("was over, ended", "is over")),
    ];
    for (locks, what) in sections {
        for lock in locks {
            writeln!(out, "{} {what}", network::text(lock.net))?;
        }
    }
    for line in &found.released {
        writeln!(out, "{line}")?;
    }
    for (name, net) in &found.foreign {
        let net = network::text(*net);
        writeln!(
            out,
            "{net} is dropped by {name}, but is not a lock of the state; \
             if it should be free: `swatch-action unlock {net}`"
        )?;
    }
    for name in &found.mute {
        writeln!(out, "the firewall {name} cannot be asked what it holds")?;
    }
    writeln!(out, "{} locks are as they should be", found.there)?;
    Ok(())
}

fn report_trouble(found: &Findings, console: &mut Console<'_>) {
    found.faults.iter().for_each(|fault| console.note(fault));
    found
        .hints
        .iter()
        .for_each(|hint| console.note(&format!("hint: {hint}")));
    found
        .warnings
        .iter()
        .for_each(|warning| console.warn(warning));
}
