//! Runs one case and collects its results.

use crate::case::Case;
use crate::isolate;
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// The exit status of a run that was killed at its time limit.
pub const TIMED_OUT: i32 = 124;

/// The normalised results of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Standard output.
    pub stdout: Vec<u8>,
    /// The side log.
    pub side: Vec<u8>,
    /// Exit status; 128 + N for signal N; always 0 with a driver.
    pub exit: i32,
    /// Standard error, for the report.
    pub stderr: Vec<u8>,
    /// The work directory, if it was kept.
    pub kept: Option<PathBuf>,
}

/// Runs a case with `program`.
///
/// # Errors
/// The work directory or a process could not be created; this says nothing about the program.
pub fn run(case: &Case, program: &Path, keep: bool) -> Result<Outcome, String> {
    let told = |what: &str, e: &dyn std::fmt::Display| format!("{}: {what}: {e}", case.name);
    let mut top = tempfile::Builder::new()
        .prefix(&format!("case.{}.", case.name))
        .tempdir()
        .map_err(|e| told("work folder", &e))?;
    top.disable_cleanup(keep);
    // Some cases change to another user, who needs access.
    fs::set_permissions(top.path(), Permissions::from_mode(0o755))
        .map_err(|e| told("work folder", &e))?;
    // The banner is printed only under the original's name.
    let swatchdog = top.path().join("swatchdog");
    if case.keep_banner {
        std::os::unix::fs::symlink(program, &swatchdog).map_err(|e| told("link", &e))?;
    }
    let program = if case.keep_banner {
        &swatchdog
    } else {
        program
    };
    let place = Place::make(case, top.path(), program).map_err(|e| told("work folder", &e))?;

    if case.has("prep") {
        let mut prep = place.command(case, OsStr::new("sh"));
        prep.arg("./prep").stdout(Stdio::null());
        let status = prep.status().map_err(|e| told("prep", &e))?;
        if !status.success() {
            return Err(told("prep", &status));
        }
    }
    let out = top.path().join("stdout");
    let err = top.path().join("stderr");
    let mut command = place.program(case);
    command
        .stdin(Stdio::null())
        .stdout(File::create(&out).map_err(|e| told("stdout", &e))?)
        .stderr(File::create(&err).map_err(|e| told("stderr", &e))?)
        .process_group(0);
    let mut child = command.spawn().map_err(|e| told("start", &e))?;
    let status = wait(&mut child, Duration::from_secs(case.timeout));
    let read = |path: &Path| fs::read(path).map_err(|e| told("result", &e));
    let (stdout, stderr, side) = (read(&out)?, read(&err)?, read(&place.side)?);
    sweep(&child, top.path());

    let exit = match status {
        None => TIMED_OUT,
        Some(_) if case.has("driver") => 0,
        Some(status) => status
            .code()
            .unwrap_or_else(|| 128 + status.signal().unwrap_or(0)),
    };
    let stdout = if case.keep_banner {
        crate::show::blank_banner(&stdout)
    } else {
        crate::show::without_banner(&stdout)
    };
    Ok(Outcome {
        stdout: place.normal(&stdout),
        side: place.normal(&side),
        exit,
        stderr: place.normal(&stderr),
        kept: keep.then(|| top.path().to_owned()),
    })
}

/// The paths of one run.
struct Place {
    work: PathBuf,
    side: PathBuf,
    program: PathBuf,
    lib: PathBuf,
    path: OsString,
}

impl Place {
    fn make(case: &Case, top: &Path, program: &Path) -> std::io::Result<Place> {
        let work = top.join("w");
        fs::create_dir(&work)?;
        let side = top.join("side.log");
        fs::write(&side, "")?;
        for (name, bytes) in &case.files {
            let file = work.join(name);
            if let Some(folder) = file.parent() {
                fs::create_dir_all(folder)?;
            }
            fs::write(file, bytes)?;
        }
        let dir = isolate::conformance_dir();
        let mut path = dir.join("bin").into_os_string();
        path.push(":/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin");
        Ok(Place {
            work,
            side,
            program: program.to_owned(),
            lib: dir.join("lib"),
            path,
        })
    }

    /// The command line of the case.
    fn program(&self, case: &Case) -> Command {
        if case.has("driver") {
            let mut command = self.command(case, OsStr::new("sh"));
            command.arg("-c").arg(". \"$LIB/driver.sh\"; . ./driver");
            return command;
        }
        let mut command = self.command(case, self.program.as_os_str());
        command.arg("-c").arg("conf");
        if !case.has("feed") {
            command.arg("-f").arg("input");
        }
        let work = self.work.to_string_lossy();
        command.args(case.args.iter().map(|a| a.replace("@W@", &work)));
        if case.has("feed") {
            command.arg("--read-pipe").arg(format!("sh {work}/feed"));
        }
        command
    }

    fn command(&self, case: &Case, program: &OsStr) -> Command {
        let mut command = isolate::command(program);
        command
            .current_dir(&self.work)
            .env_clear()
            .env("PATH", &self.path)
            .env("HOME", &self.work)
            .env("LC_ALL", "C")
            .env("TZ", "UTC0")
            .env("TERM", "xterm")
            .env("SIDE", &self.side)
            .env("LIB", &self.lib)
            .env("W", &self.work)
            .env("BIN", &self.program)
            .envs(case.env.iter().map(|(k, v)| (k, v)));
        command
    }

    fn normal(&self, bytes: &[u8]) -> Vec<u8> {
        crate::show::normal(bytes, &self.work, &self.program)
    }
}

/// Waits for the exit; sends TERM at the time limit and KILL five seconds later.
fn wait(child: &mut Child, limit: Duration) -> Option<ExitStatus> {
    let group = Pid::from_raw(child.id().cast_signed());
    if let Some(status) = wait_until(child, Instant::now() + limit) {
        return Some(status);
    }
    let _ = killpg(group, Signal::SIGTERM);
    if wait_until(child, Instant::now() + Duration::from_secs(5)).is_none() {
        let _ = killpg(group, Signal::SIGKILL);
        let _ = child.wait();
    }
    None
}

fn wait_until(child: &mut Child, deadline: Instant) -> Option<ExitStatus> {
    let mut pause = Duration::from_millis(1);
    loop {
        if let Ok(Some(status)) = child.try_wait() {
            return Some(status);
        }
        if Instant::now() >= deadline {
            return None;
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(20));
    }
}

/// Kills everything that the run left behind: its process group, and daemons, which have a
/// group of their own but still have the work directory as their working directory.
fn sweep(child: &Child, top: &Path) {
    let _ = killpg(Pid::from_raw(child.id().cast_signed()), Signal::SIGKILL);
    let Ok(processes) = fs::read_dir("/proc") else {
        return;
    };
    for process in processes.flatten() {
        let Some(pid) = process.file_name().to_str().and_then(|s| s.parse().ok()) else {
            continue;
        };
        if fs::read_link(process.path().join("cwd")).is_ok_and(|cwd| cwd.starts_with(top)) {
            let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
        }
    }
}
