//! `doctor`: whether locks would work here, each finding with its remedy.

use std::{fs, path::Path};

use ipnet::IpNet;
use serde_json::json;
use swatch_common::{
    finding::{self, Finding},
    process, sanitize,
};

use crate::{
    console::Console,
    date,
    firewall::{self, Firewall, FirewallEntry},
    lock::Locker,
    settings::{Backend, Settings},
    state::State,
    subcommand::{CommandError, runner},
};

/// The address of the test entry: of a block for documentation, so nobody has it.
const TEST: [u8; 4] = [192, 0, 2, 254];

/// The seconds for which the test entry lasts where the firewall ends it, should this program be
/// killed before it does.
const TEST_SECONDS: u64 = 60;

/// No clock that is right is before this: 2025-01-01.
const LEAST_TIME: i64 = 1_735_689_600;

/// Looks at everything and prints the findings. With `dry_run`, the firewall is not tried and no
/// choice of it is remembered. Returns the exit status: 0, 1 or 2.
pub(crate) fn run(
    settings: &Settings,
    (as_json, dry_run): (bool, bool),
    console: &mut Console<'_>,
) -> Result<u8, CommandError> {
    let runner = runner(settings);
    let (backend, chosen) = firewall::choose(settings, false);
    let locker = Locker {
        settings,
        runner: &runner,
        backend,
    };
    let firewall = locker.firewall(backend);
    let ends_by = ends_by(&locker, &*firewall);
    let mut findings = Vec::new();
    match backend {
        Backend::None => findings.push(Finding::warning(
            "firewall",
            "the setting `firewall` is \"none\": nothing is locked",
            "remove the setting, or name a firewall",
        )),
        Backend::Command => findings.push(Finding::fine(
            "firewall",
            "the commands of the setting `command` lock; they were not tried",
        )),
        _ if dry_run => {}
        _ => findings.push(tried(settings, &*firewall)),
    }
    if let Some(why) = chosen.filter(|_| settings.firewall == Backend::Default) {
        findings.push(Finding::warning(
            "default-firewall",
            sanitize::text(why.as_bytes()),
            "run `swatch-rs init`, which writes the choice into the settings, or set `firewall`",
        ));
    }
    findings.extend(end_of_locks(ends_by, settings));
    findings.push(mailer(settings));
    findings.extend(directories(settings));
    findings.extend(clock(settings));
    let out = console.out();
    if as_json {
        let all: Vec<_> = findings.iter().map(Finding::json).collect();
        let object = json!({
            "firewall": firewall.name(),
            "is_named": settings.firewall == backend,
            "ends_by": ends_by,
            "findings": all,
        });
        writeln!(out, "{object}")?;
    } else {
        findings
            .iter()
            .try_for_each(|finding| write!(out, "{}", finding.lines()))?;
    }
    Ok(finding::exit_status(&findings))
}

fn ends_by(locker: &Locker<'_>, firewall: &dyn Firewall) -> &'static str {
    if locker.is_ended_by_at(firewall) {
        "at"
    } else if firewall.has_timeouts() {
        "the kernel"
    } else {
        "swatch-action expire"
    }
}

/// Makes an entry, looks for it and removes it.
fn tried(settings: &Settings, firewall: &dyn Firewall) -> Finding {
    let name = firewall.name();
    let failed = |step: &str, error: &dyn std::fmt::Display| {
        let error = sanitize::text(error.to_string().as_bytes());
        let remedy = match nix::unistd::geteuid().is_root() {
            true => format!(
                "install or start what {name} needs, or choose another firewall \
                 (firewall = \"auto\" in {})",
                crate::settings::FILE
            ),
            false => "run it as root".to_owned(),
        };
        Finding::error(
            "firewall",
            format!("{name}: cannot {step}: {error}"),
            remedy,
        )
    };
    let net = IpNet::from(std::net::IpAddr::from(TEST));
    let _held = match State::exclusive(&settings.state_dir) {
        Ok(held) => held,
        Err(error) => return failed("wait for other locks", &error),
    };
    if firewall.holds(net) == Some(true) {
        return Finding::fine(
            "firewall",
            format!("{name} holds 192.0.2.254: not tried again"),
        );
    }
    let entry = FirewallEntry {
        net,
        seconds: Some(TEST_SECONDS),
        count: 0,
    };
    let locked = firewall.lock(entry);
    let held = locked.is_ok().then(|| firewall.holds(net)).flatten();
    // Whatever happened: nothing of the test stays.
    let removed = firewall.unlock(net);
    match (locked, held, removed) {
        (Err(error), ..) => failed("lock a test address", &error),
        (_, _, Err(error)) => failed("unlock the test address 192.0.2.254", &error),
        (_, Some(false), _) => failed("find the test address that it has just locked", &name),
        _ => Finding::fine(
            "firewall",
            format!("{name} locked a test address and unlocked it"),
        ),
    }
}

fn end_of_locks(ends_by: &str, settings: &Settings) -> Option<Finding> {
    match ends_by {
        "at" if process::find("at", &settings.path).is_none() => Some(Finding::error(
            "at",
            "locks end by at, which is not installed",
            "apt install at, or set expiry = \"expire\" and enable swatch-action-expire.timer",
        )),
        "at" if !runs("atd") => Some(Finding::error(
            "at",
            "locks end by at, and its daemon atd does not run: no lock ends",
            "systemctl enable --now atd",
        )),
        "at" => Some(Finding::fine("at", "atd runs, and ends the locks")),
        "swatch-action expire" if !has_timer() => Some(Finding::warning(
            "expire",
            "locks end by `swatch-action expire`, and no timer that runs it is enabled",
            "systemctl enable --now swatch-action-expire.timer, or run it from cron",
        )),
        _ => None,
    }
}

fn mailer(settings: &Settings) -> Finding {
    let program = settings.mailer.first().map_or("", String::as_str);
    if settings.mail.is_empty() {
        return Finding::fine("mailer", "no mail is sent (the setting `mail` is empty)");
    }
    if program.contains("://") {
        return Finding::fine("mailer", "mail goes to an SMTP server, which was not asked");
    }
    let shown = sanitize::text(program.as_bytes());
    match process::find(program, &settings.path) {
        Some(_) => Finding::fine("mailer", format!("{shown} is installed")),
        None => Finding::warning(
            "mailer",
            format!("a mail is sent for each lock, but {shown} is not installed"),
            format!(
                "apt install msmtp-mta (or another mail server), or mail = \"\" in {}",
                crate::settings::FILE
            ),
        ),
    }
}

/// The state, and the directory of the logs.
fn directories(settings: &Settings) -> Vec<Finding> {
    let mut findings = Vec::new();
    match State::open_to_read(&settings.state_dir) {
        Ok(_) => {}
        Err(error) => findings.push(Finding::error(
            "state",
            sanitize::text(error.to_string().as_bytes()),
            "see the message; `swatch-action check` then compares state and firewall",
        )),
    }
    for (check, dir) in [
        ("state", &settings.state_dir),
        ("log-dir", &settings.log_dir),
    ] {
        let shown = sanitize::path(dir);
        let there = dir.ancestors().find(|dir| dir.exists());
        let writable = there.is_some_and(|dir| {
            dir.is_dir() && nix::unistd::access(dir, nix::unistd::AccessFlags::W_OK).is_ok()
        });
        findings.push(if writable {
            Finding::fine(check, format!("{shown} can be written to"))
        } else {
            Finding::error(
                check,
                format!("{shown} cannot be written to"),
                "make it a directory that belongs to root, or run this as root",
            )
        });
    }
    findings
}

fn clock(settings: &Settings) -> Option<Finding> {
    let now = date::now();
    if now < LEAST_TIME {
        return Some(Finding::error(
            "clock",
            format!("the clock says {}, which is past", date::zoned(now)),
            "set it: timedatectl set-ntp true",
        ));
    }
    let state = State::open_to_read(&settings.state_dir).ok()??;
    let ahead = state.from_the_future(now).ok()?;
    (!ahead.is_empty()).then(|| {
        Finding::warning(
            "clock",
            format!("{} locks were made while the clock was ahead", ahead.len()),
            "set the clock, then run `swatch-action expire`, which dates them from now",
        )
    })
}

/// True if a process of this name runs.
fn runs(name: &str) -> bool {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let mut names = entries.filter_map(|entry| fs::read_to_string(entry.path().join("comm")).ok());
    names.any(|found| found.trim_end() == name)
}

fn has_timer() -> bool {
    Path::new("/etc/systemd/system/timers.target.wants/swatch-action-expire.timer")
        .symlink_metadata()
        .is_ok()
}
