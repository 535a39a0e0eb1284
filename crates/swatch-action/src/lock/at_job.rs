//! The end of a lock where the kernel knows no time: a job of `at`, as in the script.
//!
//! The job is a few lines of `sh` that need nothing of this program. A small file in the state
//! directory tells it until when the lock lasts: a lock that was renewed has a later time there
//! (and a job of its own), so an old job does not cut it short. If the file is gone, the lock
//! ends.
//!
//! `at` counts `now+24hour` on the wall clock, which is an hour wrong when daylight saving time
//! begins or ends in between, and it takes no time in the hour that is skipped. So it is run in a
//! zone without such changes. A job that comes too early all the same, for the clock was set back,
//! or that cannot end the lock, makes itself again.

use std::{
    fs::{self, DirBuilder, File},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use ipnet::IpNet;
use swatch_common::{
    atomic_file::{AtomicFile, AtomicFileError},
    shell_quote,
};

use crate::{
    firewall::Firewall,
    network,
    runner::{Call, ProgramError, Runner},
};

/// Without daylight saving time, in the syntax that needs no zone files.
const TIME_ZONE: &str = "UTC0";

/// Job numbers for one `atrm`.
const NUMBERS: usize = 1000;

/// A job that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// The number that `atrm` takes, if `at` reported it.
    pub number: Option<String>,
    /// A warning of `at`, which took the job nevertheless.
    pub warning: Option<String>,
}

/// A time that `at` understands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AtTime {
    /// `now+24hour`.
    pub words: String,
    /// The time of the job in seconds since 1970: on the minute, because `at` knows no seconds.
    pub time: i64,
}

/// The time at which a lock of this many seconds from `now` ends.
///
/// Whole hours are given as the script gives its 24, and like those may end up to a minute early.
/// Other times are never shorter than asked.
#[must_use]
pub fn at_time(seconds: u64, now: i64) -> AtTime {
    let minute = now - now.rem_euclid(60);
    let (words, minutes) = if seconds.is_multiple_of(3600) && seconds > 0 {
        (format!("now+{}hour", seconds / 3600), seconds / 60)
    } else {
        let minutes = seconds.div_ceil(60) + 1;
        (format!("now+{minutes}minute"), minutes)
    };
    AtTime {
        words,
        time: minute + i64::try_from(minutes * 60).unwrap_or(i64::MAX / 2),
    }
}

/// Makes one job for the end of these locks.
///
/// # Errors
/// The error of `at`. A firewall without a command that ends locks needs no job.
pub fn schedule(
    runner: &Runner,
    firewall: &dyn Firewall,
    state_dir: &Path,
    nets: &[IpNet],
    end: &AtTime,
) -> Result<Job, ProgramError> {
    let script = script(firewall, state_dir, nets);
    let argv = ["at", &end.words];
    let program = runner.program(&argv, script.as_bytes());
    let output = runner.call(Call {
        time_zone: Some(TIME_ZONE),
        limit: runner.share(),
        ..program
    })?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let number = said.lines().find_map(|line| {
        let mut words = line.split(' ');
        (words.next() == Some("job")).then(|| words.next().map(str::to_owned))?
    });
    let warning = said
        .lines()
        .find(|line| line.contains("No atd running") || line.contains("Can't open"))
        .map(|line| format!("at: {line}: locks end only while atd runs; start it"));
    Ok(Job { number, warning })
}

/// The first part of a job: its words. Backticks and plain tests, for any `sh` there is.
const HEAD: &str = r#"job() { cat <<'JOB'
now=`date +%s`
again=
later() { [ -n "$again" ] && [ "$again" -le "$1" ] || again=$1; }
over() {
  failed=
  until=`cat "$1" 2>/dev/null`
  case $until in ''|*[!0-9]*) until=0;; esac
  [ "$until" -le "$now" ] || { later "$until"; return 1; }
}
run() { "$@" >/dev/null 2>&1; code=$?; [ $code -le 1 ] || failed=1; }
once() { run "$@"; }
until_gone() {
  n=0 code=0
  while [ $code = 0 ] && [ $n -lt 1000 ]; do run "$@"; n=$((n + 1)); done
}
gone() { if [ -z "$failed" ]; then rm -f "$1"; else later $((now + 60)); fi; }
"#;

/// The last part: what came too early, or could not be done, is tried again.
const TAIL: &str = r#"[ -z "$again" ] || {
  echo "job() { cat <<'JOB'"
  job
  echo JOB
  echo '}'
  echo 'eval "`job`"'
} | TZ=UTC0 at now+$(((again - now + 119) / 60))minute 2>/dev/null
JOB
}
eval "`job`"
"#;

/// The whole job: a function that prints the work, and the work done.
fn script(firewall: &dyn Firewall, state_dir: &Path, nets: &[IpNet]) -> String {
    let mut script = String::from(HEAD);
    if let Some(many) = firewall.unlock_script_of_many(nets, &state_dir.join("until")) {
        return script + &many + TAIL;
    }
    for &net in nets {
        let Some(unlock) = firewall.unlock_script(net) else {
            continue;
        };
        let file = until_file(state_dir, net);
        let file = shell_quote::word(&file.to_string_lossy()).into_owned();
        let unlock = unlock.trim_end();
        script.push_str(&format!("over {file} && {{\n{unlock}\ngone {file}; }}\n"));
    }
    script + TAIL
}

/// True once the job of a lock has removed the lock, and the file with it.
#[must_use]
pub fn has_run(state_dir: &Path, net: IpNet) -> bool {
    !until_file(state_dir, net).exists()
}

/// Takes jobs back. A job that has run, or that was removed by hand, needs nothing.
pub fn cancel<'a>(runner: &Runner, numbers: impl IntoIterator<Item = &'a str>) {
    let numbers: Vec<&str> = numbers.into_iter().collect();
    for some in numbers.chunks(NUMBERS) {
        let argv = [&["atrm"], some].concat();
        let _ = runner.run_bulk(&argv, b"", some.len());
    }
}

/// Writes until when a lock lasts, for the jobs.
///
/// On a full disk an empty file can mostly be made still: it is a trace of the lock that
/// `check` finds, and a job takes it for a lock that is over.
///
/// # Errors
/// The system's reason.
pub fn note(state_dir: &Path, net: IpNet, until: i64) -> Result<(), AtomicFileError> {
    let path = until_file(state_dir, net);
    if let Some(directory) = path.parent() {
        // If it cannot be made, writing fails with the reason.
        let _ = DirBuilder::new()
            .recursive(true)
            .mode(0o750)
            .create(directory);
    }
    AtomicFile::new(&path)
        .mode(0o644)
        .write(format!("{until}\n").as_bytes())
        .inspect_err(|_| drop(File::create_new(&path)))
}

/// The noted end of a lock that this program has made, in whatever firewall, and that nothing has
/// ended yet; 0 where the note is empty.
#[must_use]
pub fn noted(state_dir: &Path, net: IpNet) -> Option<i64> {
    let text = fs::read_to_string(until_file(state_dir, net)).ok()?;
    Some(text.trim().parse().unwrap_or(0))
}

/// Removes the note of a lock.
pub fn forget(state_dir: &Path, net: IpNet) {
    let _ = fs::remove_file(until_file(state_dir, net));
}

fn until_file(state_dir: &Path, net: IpNet) -> PathBuf {
    state_dir.join("until").join(network::file_name(net))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_hours_and_minutes() {
        let at = |seconds, now| {
            let end = at_time(seconds, now);
            (end.words, end.time)
        };
        assert_eq!(at(86_400, 119), ("now+24hour".to_owned(), 60 + 86_400));
        assert_eq!(at(60, 119), ("now+2minute".to_owned(), 180));
        assert_eq!(at(90, 120), ("now+3minute".to_owned(), 300));
    }
}
