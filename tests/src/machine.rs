//! A virtual machine made of network, process, mount and host name namespaces, with a private
//! `/etc`, `/var`, `/run`, `/usr/local`, `/tmp` and `/dev` on request.
//!
//! The namespaces have no names, and their first process exits with ours, so a test that was killed
//! leaves nothing behind and tests cannot interfere. Everything that root does inside
//! (users, firewall rules, `at` jobs, pid files) stays inside.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;

use crate::skip::skipped;

/// The search path inside.
pub const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The time limit, in seconds, for a command that is waited for.
const LIMIT: &str = "60";

/// True if machines can be made here and these programs are installed; reports a skip if not.
pub fn allowed(what: &str, programs: &[&str]) -> bool {
    match hindrance(programs) {
        None => true,
        Some(why) => {
            skipped(what, &why);
            false
        }
    }
}

fn hindrance(programs: &[&str]) -> Option<String> {
    if !nix::unistd::geteuid().is_root() {
        return Some("not root".to_owned());
    }
    let base = ["unshare", "nsenter", "ip", "bash", "timeout", "hostname"];
    for program in base.iter().chain(programs) {
        if !PATH
            .split(':')
            .any(|folder| Path::new(folder).join(program).exists())
        {
            return Some(format!("{program} is not installed (see tests/setup.sh)"));
        }
    }
    let mut probe = Command::new("unshare");
    probe.args(["--mount", "--net", "--pid", "--uts", "--ipc", "--fork"]);
    if programs.contains(&"iptables") {
        probe.args(["iptables", "-S"]);
    } else {
        probe.arg("true");
    }
    let run = probe.stdin(Stdio::null()).output();
    match run {
        Ok(run) if run.status.success() => None,
        Ok(run) => Some(String::from_utf8_lossy(&run.stderr).trim().to_owned()),
        Err(error) => Some(format!("unshare: {error}")),
    }
}

/// A machine. It ends with all its processes when dropped.
pub struct Machine {
    keeper: Child,
    pid: String,
    // Dropped after the processes that use it have exited.
    root: Option<TempDir>,
}

impl Machine {
    /// A machine with its own network and the files of this one.
    ///
    /// # Panics
    /// If the namespaces cannot be created; check [`allowed`] first.
    pub fn bare(name: &str) -> Self {
        Self::start(name, None)
    }

    /// A machine with its own files, apart from programs and libraries. Its `/etc` is a copy.
    ///
    /// # Panics
    /// If the files or the namespaces cannot be created.
    pub fn furnished(name: &str) -> Self {
        let root = tempfile::tempdir().expect("a folder for the machine");
        furnish(root.path()).expect("the folders of the machine can be made");
        Self::start(name, Some(root))
    }

    fn start(name: &str, root: Option<TempDir>) -> Self {
        let mut unshare = Command::new("unshare");
        unshare.args([
            "--mount",
            "--net",
            "--pid",
            "--uts",
            "--ipc",
            "--fork",
            "--kill-child",
        ]);
        unshare.args([
            "bash",
            "-c",
            include_str!("machine/enter.sh"),
            "enter",
            name,
        ]);
        if let Some(root) = &root {
            unshare.arg(root.path());
        }
        let mut keeper = unshare
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("unshare starts");
        let mut pid = String::new();
        let stdout = keeper.stdout.take().expect("it was asked for");
        BufReader::new(stdout)
            .read_line(&mut pid)
            .expect("the first line of the machine");
        assert!(!pid.is_empty(), "the machine {name} does not start");
        Self {
            keeper,
            pid: pid.trim().to_owned(),
            root,
        }
    }

    /// The path of this machine's file as seen from outside.
    ///
    /// # Panics
    /// If the machine has no files of its own.
    pub fn path(&self, inside: &str) -> PathBuf {
        let root = self.root.as_ref().expect("a furnished machine");
        root.path().join(inside.trim_start_matches('/'))
    }

    /// The contents of a file of this machine; empty if it does not exist.
    pub fn read(&self, inside: &str) -> String {
        String::from_utf8_lossy(&fs::read(self.path(inside)).unwrap_or_default()).into_owned()
    }

    /// Writes a file of this machine and creates the directories above it.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn write(&self, inside: &str, content: impl AsRef<[u8]>) {
        let path = self.path(inside);
        fs::create_dir_all(path.parent().expect("a file lies in a folder")).expect("the folder");
        fs::write(&path, content).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    }

    /// Writes a program of this machine.
    pub fn write_program(&self, inside: &str, content: impl AsRef<[u8]>) {
        self.write(inside, content);
        fs::set_permissions(self.path(inside), fs::Permissions::from_mode(0o755))
            .expect("it was just written");
    }

    /// A command inside, with its own environment.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new("nsenter");
        command.args([
            "--target", &self.pid, "--mount", "--net", "--pid", "--uts", "--ipc", "--",
        ]);
        command.arg(program);
        command
            .env_clear()
            .env("PATH", PATH)
            .env("LANG", "C")
            .env("HOME", "/tmp")
            .env("TZ", "UTC0");
        command.stdin(Stdio::null());
        command
    }

    /// A command inside with a time limit of a minute.
    pub fn bounded(&self, argv: &[&str]) -> Command {
        let mut command = self.command("timeout");
        command.arg(LIMIT).args(argv);
        command
    }

    /// Runs a command inside and waits for it.
    ///
    /// # Panics
    /// If it cannot be started.
    pub fn run(&self, argv: &[&str]) -> Output {
        self.bounded(argv).output().expect("nsenter starts")
    }

    /// The output of a command inside.
    ///
    /// # Panics
    /// If it fails.
    pub fn said(&self, argv: &[&str]) -> String {
        let output = self.run(argv);
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "{argv:?}: {}: {told}",
            output.status
        );
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Starts a program that runs until the machine ends. Its output goes to a file of the machine.
    ///
    /// # Panics
    /// If it cannot be started.
    pub fn serve(&self, argv: &[&str], output: &str) -> Served {
        let (program, arguments) = argv.split_first().expect("a program");
        self.write(output, "");
        let file = fs::File::options()
            .append(true)
            .open(self.path(output))
            .expect("just written");
        let mut command = self.command(program);
        command
            .args(arguments)
            .stdout(file.try_clone().expect("a second handle"))
            .stderr(file);
        Served(command.spawn().expect("nsenter starts"))
    }

    /// Links two machines. The other's default route goes through this one.
    ///
    /// # Panics
    /// If the kernel refuses.
    pub fn cable(&self, name: &str, address: &str, other: &Machine, its_address: &str) {
        let mut link = Command::new("ip");
        link.args(["link", "add", name, "netns", &self.pid, "type", "veth"]);
        link.args(["peer", "name", "eth0", "netns", &other.pid]);
        assert!(link.status().is_ok_and(|s| s.success()), "no veth pair");
        let (gateway, _) = address
            .split_once('/')
            .expect("an address with a prefix length");
        self.said(&["ip", "address", "add", address, "dev", name]);
        self.said(&["ip", "link", "set", name, "up"]);
        other.said(&["ip", "address", "add", its_address, "dev", "eth0"]);
        other.said(&["ip", "link", "set", "eth0", "up"]);
        other.said(&["ip", "route", "add", "default", "via", gateway]);
    }

    /// Tries to open a TCP connection, for at most two seconds.
    ///
    /// # Panics
    /// If the attempt ends in a way that says nothing.
    pub fn connects(&self, address: &str, port: u16) -> Reach {
        let script = format!(": < /dev/tcp/{address}/{port}");
        let output = self.run(&["timeout", "2", "bash", "-c", &script]);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        match output.status.code() {
            Some(0) => Reach::Open,
            Some(124) => Reach::Silent,
            Some(1) if told.contains("Connection refused") => Reach::Refused,
            other => panic!("connecting to {address}:{port}: {other:?}: {told}"),
        }
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

/// The answer to a TCP connection attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// A connection.
    Open,
    /// A refusal: the machine is up, the service is not.
    Refused,
    /// None, as when packets are dropped.
    Silent,
}

/// A program running in a machine.
pub struct Served(Child);

impl Served {
    /// True if it is still running.
    pub fn runs(&mut self) -> bool {
        matches!(self.0.try_wait(), Ok(None))
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // This is only the helper outside; the program ends with its machine.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Creates the directories of a Debian system and a copy of its settings.
fn furnish(root: &Path) -> std::io::Result<()> {
    for folder in [
        "dev",
        "run/lock/subsys",
        "run/sshd",
        "run/named",
        "run/vsftpd/empty",
        "usr/local/bin",
        "tmp",
        "var/log/swatch",
        "var/lib",
        "var/cache/bind",
        "var/mail",
        "var/spool/cron/atjobs",
        "var/spool/cron/atspool",
        "var/tmp",
        "var/home",
    ] {
        fs::create_dir_all(root.join(folder))?;
    }
    symlink("/run", root.join("var/run"))?;
    symlink("/run/lock", root.join("var/lock"))?;
    for folder in ["tmp", "var/tmp"] {
        fs::set_permissions(root.join(folder), fs::Permissions::from_mode(0o1777))?;
    }
    // at(1) runs as this user, and does not create its counter itself.
    let (jobs, output) = ("var/spool/cron/atjobs", "var/spool/cron/atspool");
    fs::write(root.join(jobs).join(".SEQ"), "0\n")?;
    if let Some(daemon) = nix::unistd::User::from_name("daemon")? {
        for (path, mode) in [
            (jobs, 0o1770),
            (output, 0o1770),
            ("var/spool/cron/atjobs/.SEQ", 0o600),
        ] {
            let path = root.join(path);
            chown(&path, Some(daemon.uid.as_raw()), Some(daemon.gid.as_raw()))?;
            fs::set_permissions(&path, fs::Permissions::from_mode(mode))?;
        }
    }
    fs::set_permissions(root, fs::Permissions::from_mode(0o755))?;
    let copied = Command::new("cp")
        .arg("-a")
        .arg("/etc")
        .arg(root)
        .status()?;
    if copied.success() {
        Ok(())
    } else {
        Err(std::io::Error::other("cp -a /etc"))
    }
}
