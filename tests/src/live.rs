//! A running swatch-rs: its own directory, a growing log, and output to wait for.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use crate::program::swatch_rs;

/// The time allowed for anything that should happen at once.
const PATIENCE: Duration = Duration::from_secs(20);

/// Waits for `condition`.
///
/// # Panics
/// If it does not hold within 20 seconds; `what` names it in the message.
pub fn wait_for(what: &str, mut condition: impl FnMut() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < until, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A directory for one test.
pub struct Site {
    folder: TempDir,
}

impl Default for Site {
    fn default() -> Self {
        Self::new()
    }
}

impl Site {
    /// An empty directory, removed with the value.
    ///
    /// # Panics
    /// If it cannot be created.
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a folder for the test"),
        }
    }

    /// The path of a file in the directory.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).expect("a file of the test can be written");
    }

    /// Appends a line, with its newline, to a file.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn append(&self, name: &str, line: &str) {
        let mut file = OpenOptions::new()
            .append(true)
            .create(true)
            .open(self.path(name))
            .expect("the log can be opened");
        file.write_all(format!("{line}\n").as_bytes())
            .expect("the log can be written");
    }

    /// The contents of a file; empty if it does not exist.
    pub fn read(&self, name: &str) -> String {
        String::from_utf8_lossy(&fs::read(self.path(name)).unwrap_or_default()).into_owned()
    }

    /// The number of lines in a file that contain a text.
    pub fn count(&self, name: &str, text: &str) -> usize {
        self.read(name)
            .lines()
            .filter(|line| line.contains(text))
            .count()
    }

    /// A swatch-rs in this directory; its output goes to the files `out` and `err`.
    pub fn swatch(&self, args: &[&str]) -> Command {
        let mut command = Command::new(swatch_rs());
        self.prepare(&mut command);
        command.args(args);
        command
    }

    /// Gives a command this directory and its files for output.
    ///
    /// # Panics
    /// If the files cannot be opened.
    pub fn prepare(&self, command: &mut Command) {
        let open = |name: &str| -> File {
            OpenOptions::new()
                .append(true)
                .create(true)
                .open(self.path(name))
                .expect("a file for output")
        };
        command
            .current_dir(self.folder.path())
            .env("HOME", self.folder.path())
            .env("TZ", "UTC0")
            .stdin(Stdio::null())
            .stdout(open("out"))
            .stderr(open("err"));
    }

    /// Starts swatch-rs and waits until it says that it is ready, as to systemd.
    ///
    /// # Panics
    /// If it does not become ready.
    pub fn start(&self, args: &[&str]) -> Running {
        self.start_command(self.swatch(args))
    }

    /// As [`Site::start`], for a command that was prepared further.
    ///
    /// # Panics
    /// If it does not become ready.
    pub fn start_command(&self, mut command: Command) -> Running {
        let socket = self.path("notify");
        let _ = fs::remove_file(&socket);
        let manager = UnixDatagram::bind(&socket).expect("a socket in the folder of the test");
        // A test may run the watcher as another user.
        fs::set_permissions(&socket, fs::Permissions::from_mode(0o777))
            .expect("the socket is ours");
        manager
            .set_read_timeout(Some(PATIENCE))
            .expect("a time limit for the socket");
        let child = command
            .env("NOTIFY_SOCKET", &socket)
            .spawn()
            .expect("swatch-rs starts");
        let running = Running { child, manager };
        let first = running.next_message();
        assert!(
            first.as_ref().is_ok_and(|text| text.contains("READY=1")),
            "not ready but {first:?}; it said: {}",
            self.read("err")
        );
        running
    }
}

/// A process that is ended, if it must be by force, when the test ends.
pub struct Running {
    child: Child,
    manager: UnixDatagram,
}

impl Running {
    /// The next message sent to the service manager.
    ///
    /// # Panics
    /// When none comes.
    pub fn told(&self) -> String {
        self.next_message()
            .expect("a message to the service manager")
    }

    fn next_message(&self) -> std::io::Result<String> {
        let mut buffer = [0; 4096];
        let length = self.manager.recv(&mut buffer)?;
        Ok(String::from_utf8_lossy(&buffer[..length]).into_owned())
    }

    /// Waits for a message to the service manager that contains a text.
    pub fn wait_told(&self, text: &str) {
        while !self.told().contains(text) {}
    }

    /// The process number.
    pub fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id() as i32)
    }

    /// Sends a signal.
    ///
    /// # Panics
    /// If the process is gone.
    pub fn signal(&self, signal: Signal) {
        kill(self.pid(), signal).expect("the process is there");
    }

    /// True if it is still running.
    pub fn runs(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Waits for it to exit.
    ///
    /// # Panics
    /// If it does not end.
    pub fn ended(&mut self) -> ExitStatus {
        let mut status = None;
        wait_for("the end of swatch-rs", || {
            status = self
                .child
                .try_wait()
                .expect("the process can be waited for");
            status.is_some()
        });
        status.expect("it has ended")
    }

    /// Stops it as an init script does.
    pub fn stop(&mut self) -> ExitStatus {
        self.signal(Signal::SIGTERM);
        self.ended()
    }

    /// A number from /proc/PID/status, such as `VmRSS` (in kB).
    pub fn status_number(&self, name: &str) -> u64 {
        proc_number(self.pid(), name)
    }

    /// The number of its open descriptors.
    pub fn descriptors(&self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.pid())).map_or(0, Iterator::count)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A number from /proc/PID/status; 0 if it is not there.
pub fn proc_number(pid: Pid, name: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    status
        .lines()
        .find_map(|line| {
            line.strip_prefix(name)?
                .strip_prefix(':')?
                .split_whitespace()
                .next()?
                .parse()
                .ok()
        })
        .unwrap_or(0)
}

/// True if a process exists and is not a zombie.
pub fn alive(pid: i32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(')')
        .next()
        .is_some_and(|rest| !rest.is_empty() && !rest.trim_start().starts_with('Z'))
}

/// Writes an executable shell script.
///
/// # Panics
/// If it cannot be written.
pub fn script(path: &Path, text: &str) {
    fs::write(path, format!("#!/bin/sh\n{text}\n")).expect("the script can be written");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
        .expect("the script can be made executable");
}
