//! The end of a lock where the kernel knows no time: a job of `at`, as in the script.
//!
//! The job is a few lines of `sh` that need nothing of ours. It asks a small file in the state folder until when the
//! lock lasts: a lock that was renewed has a later time there (and a job of its own), so an old job does not cut it
//! short. Where the file is gone, the lock ends.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use ipnet::IpNet;

use crate::{
    firewall::Firewall,
    network,
    runner::{ProgramError, Runner, shell_word},
};

/// A job that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// The number that `atrm` takes, where `at` told it.
    pub number: Option<String>,
    /// What `at` complained of though it took the job.
    pub warning: Option<String>,
}

/// A end that `at` understands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AtTime {
    /// `now+24hour`.
    pub words: String,
    /// When the job runs, in seconds since 1970: on the minute, for `at` knows no seconds.
    pub time: i64,
}

/// The end for a lock of so many seconds from `now` on.
///
/// Whole hours are given as the script gives its 24, and like those may end up to a minute early. Other times are
/// never shorter than asked.
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
/// What `at` did. A firewall without a command that ends locks has none to schedule, and needs none.
pub fn schedule(
    runner: &Runner,
    firewall: &dyn Firewall,
    state_dir: &Path,
    nets: &[IpNet],
    end: &AtTime,
) -> Result<Job, ProgramError> {
    let script = script(firewall, state_dir, nets);
    let output = runner.run(&["at", &end.words], script.as_bytes())?;
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

/// What the job runs.
fn script(firewall: &dyn Firewall, state_dir: &Path, nets: &[IpNet]) -> String {
    let mut script = String::from("now=`date +%s`\n");
    for &net in nets {
        let Some(unlock) = firewall.unlock_command(net) else {
            continue;
        };
        let file = until_file(state_dir, net);
        let file = shell_word(&file.to_string_lossy());
        script.push_str(&format!(
            "until=`cat {file} 2>/dev/null`\n[ \"${{until:-0}}\" -gt \"$now\" ] || {{ {unlock} && rm -f {file}; }} > /dev/null 2>&1\n"
        ));
    }
    script
}

/// Whether the job of a lock has run and removed the lock: it takes the file away when it has.
#[must_use]
pub fn has_run(state_dir: &Path, net: IpNet) -> bool {
    !until_file(state_dir, net).exists()
}

/// Takes a job back. One that has run or was removed by hand is none to take back.
pub fn cancel(runner: &Runner, number: &str) {
    let _ = runner.run(&["atrm", number], b"");
}

/// Writes until when a lock lasts, for the jobs: a new file in place of the old one, whole or not at all.
///
/// # Errors
/// What the system reports.
pub fn note(state_dir: &Path, net: IpNet, until: i64) -> io::Result<()> {
    let path = until_file(state_dir, net);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let fresh = path.with_file_name(format!(".{}", network::file_name(net)));
    fs::write(&fresh, format!("{until}\n"))?;
    fs::rename(&fresh, &path)
}

/// Takes the file of a lock away.
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
    fn ends() {
        let at = |seconds, now| {
            let end = at_time(seconds, now);
            (end.words, end.time)
        };
        assert_eq!(at(86_400, 119), ("now+24hour".to_owned(), 60 + 86_400));
        assert_eq!(at(60, 119), ("now+2minute".to_owned(), 180));
        assert_eq!(at(90, 120), ("now+3minute".to_owned(), 300));
    }
}
