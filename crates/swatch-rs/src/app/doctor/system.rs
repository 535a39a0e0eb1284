//! The machine around the rules: watchers that run, time zone and clock.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use swatch_common::finding::Finding;
use swatch_common::{sanitize, time_zone};

use super::super::operands::COMMANDS;

/// Names of programs that watch logs with these configurations.
const WATCHERS: [&str; 3] = ["swatch-rs", "swatchdog", "swatch"];

/// No clock that is right is before this: 2025-01-01.
const LEAST_TIME: u64 = 1_735_689_600;

/// A watcher that runs.
struct Watcher {
    pid: u32,
    words: Vec<String>,
}

/// Findings about the processes that watch with these configurations: none, one, or too many.
pub(super) fn watchers(place: &Path, files: &[PathBuf]) -> Vec<Finding> {
    let all = running();
    let mut findings = Vec::new();
    let mut told: Vec<Vec<u32>> = Vec::new();
    let mut unwatched = Vec::new();
    for file in files {
        let pids: Vec<u32> = all
            .iter()
            .filter(|watcher| watcher.names(file) || watcher.names(place))
            .map(|watcher| watcher.pid)
            .collect();
        match pids.len() {
            0 => unwatched.push(sanitize::path(file)),
            1 => {}
            _ if told.contains(&pids) => {}
            many => {
                let list: Vec<String> = pids.iter().map(u32::to_string).collect();
                findings.push(Finding::error(
                    "instance",
                    format!(
                        "{many} processes watch with {}: each line is acted on {many} times",
                        sanitize::path(file)
                    ),
                    format!("end all but one of the processes {}", list.join(", ")),
                ));
                told.push(pids);
            }
        }
    }
    if !unwatched.is_empty() {
        findings.push(Finding::warning(
            "instance",
            format!("nothing watches with {}", unwatched.join(", ")),
            format!(
                "systemctl enable --now swatch-rs, or swatch-rs --config-dir {} --daemon",
                sanitize::path(place)
            ),
        ));
    } else if findings.is_empty() && !files.is_empty() {
        findings.push(Finding::fine(
            "instance",
            "one process watches with each configuration",
        ));
    }
    findings
}

impl Watcher {
    /// True if its command line names this file or directory.
    fn names(&self, path: &Path) -> bool {
        let wanted = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let mut words = self.words.iter();
        words.any(|word| {
            let value = word
                .split_once('=')
                .map_or(word.as_str(), |(_, value)| value);
            let value = value.strip_prefix("-c").unwrap_or(value);
            value.starts_with('/') && Path::new(value).canonicalize().is_ok_and(|it| it == wanted)
        })
    }
}

/// The watchers that run, this process and commands such as `status` not among them.
fn running() -> Vec<Watcher> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .filter_map(|entry| {
            let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
            let line = fs::read(entry.path().join("cmdline")).ok()?;
            let words: Vec<String> = line
                .split(|&byte| byte == 0)
                .map(|word| String::from_utf8_lossy(word).into_owned())
                .collect();
            Some(Watcher { pid, words })
        })
        .filter(|watcher| watcher.pid != std::process::id() && is_watcher(&watcher.words))
        .collect()
}

/// True for a command line of a watcher; Perl's is a script's.
fn is_watcher(words: &[String]) -> bool {
    let name = |word: &String| {
        let name = Path::new(word).file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    };
    let at = words
        .iter()
        .take(2)
        .position(|word| WATCHERS.contains(&name(word).as_str()));
    let Some(at) = at else { return false };
    let mut rest = words[at + 1..].iter();
    let interpreter = at == 0 || name(&words[0]).starts_with("perl");
    let once = ["--examine", "--check", "--summary", "--explain"];
    interpreter
        && !rest.any(|word| COMMANDS.contains(&word.as_str()) || once.contains(&word.as_str()))
}

/// The time zone: known, or UTC for want of another.
pub(super) fn time_zone() -> Finding {
    let named = std::env::var_os("TZ").is_some();
    let file = fs::read("/etc/localtime").is_ok_and(|bytes| bytes.starts_with(b"TZif"));
    match named || file {
        true => {
            let (_, zone) = time_zone::local(now() as i64);
            Finding::fine("time-zone", format!("it is {zone}"))
        }
        false => Finding::warning(
            "time-zone",
            "/etc/localtime is no time zone, so times are UTC; `when=` and time stamps of logs \
             may be off by hours",
            "apt install tzdata, then timedatectl set-timezone Area/City",
        ),
    }
}

/// A clock that cannot be right.
pub(super) fn clock() -> Option<Finding> {
    (now() < LEAST_TIME).then(|| {
        let date = time_zone::date(now() as i64);
        let text = format!("the clock says {date}, which is past");
        Finding::error("clock", text, "timedatectl set-ntp true")
    })
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}
