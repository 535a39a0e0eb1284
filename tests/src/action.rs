//! A sandbox for `swatch-action`: log and state directories, settings, and stand-ins for system
//! programs.
//!
//! The stand-ins are a small firewall and a small `at` that keep their state in files, in order, so
//! that a test can see what is in force and what is scheduled. Tests of the real programs do not
//! use them.

use std::{
    fs,
    io::Write,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

use crate::program;

/// The directories of one test.
#[derive(Debug)]
pub struct Sandbox {
    dir: tempfile::TempDir,
    settings: String,
}

/// `iptables` in a file: `-I` inserts at the top, `-D` deletes the first match, `-C` checks. Every
/// call is also logged to `calls`.
const IPTABLES: &str = r#"#!/bin/sh
here=${0%/*}/..
echo "${0##*/} $*" >> "$here/calls"
[ "$1" = -w ] && shift 2
verb=$1; shift
rule="${0##*/} $*"
case $verb in
-I) { echo "$rule"; cat "$here/rules"; } > "$here/rules.$$" && mv "$here/rules.$$" "$here/rules" ;;
-C) grep -qxF "$rule" "$here/rules" || { echo "Bad rule (does a matching rule exist in that chain?)." >&2; exit 1; } ;;
-D) grep -qxF "$rule" "$here/rules" || { echo "Bad rule (does a matching rule exist in that chain?)." >&2; exit 1; }
    awk -v r="$rule" '$0 == r && !done { done = 1; next } { print }' "$here/rules" > "$here/rules.$$" && mv "$here/rules.$$" "$here/rules" ;;
esac
"#;

/// `at` in a directory: each job is a file.
const AT: &str = r#"#!/bin/sh
here=${0%/*}/..
echo "at $*" >> "$here/calls"
n=$(ls "$here/jobs" | wc -l); n=$((n + 1))
while [ -e "$here/jobs/$n" ]; do n=$((n + 1)); done
cat > "$here/jobs/$n"
echo "warning: commands will be executed using /bin/sh" >&2
echo "job $n at Mon Nov 23 20:56:00 2026" >&2
"#;

const ATRM: &str = r#"#!/bin/sh
here=${0%/*}/..
echo "atrm $*" >> "$here/calls"
rm "$here/jobs/$1"
"#;

/// `iptables-save` for the rules above.
const SAVE: &str = r#"#!/bin/sh
here=${0%/*}/..
name=${0##*/}; name=${name%-save}
sed -n "s|^$name \([A-Z-]*\) -s \([0-9.]*\) |-A \1 -s \2/32 |p; s|^$name \([A-Z-]*\) -s \([^ ]*/[0-9]*\) |-A \1 -s \2 |p" "$here/rules"
"#;

/// `iptables-restore --noflush`, which inserts rules at the top.
const RESTORE: &str = r#"#!/bin/sh
here=${0%/*}/..
name=${0##*/}
echo "$name $*" >> "$here/calls"
sed -n "s/^-I /${name%-restore} /p" >> "$here/rules"
"#;

/// Takes the place of firewalls without a stand-in: a test outside its own network namespace must
/// never touch the machine's firewall.
const ABSENT: &str = "#!/bin/sh\necho \"${0##*/} is not for this test\" >&2\nexit 1\n";

/// A mailer that saves each message to a file; complete ones end in `.mail`.
const SENDMAIL: &str = r#"#!/bin/sh
here=${0%/*}/..
cat > "$here/mails/$$" && mv "$here/mails/$$" "$here/mails/$$.mail"
"#;

impl Sandbox {
    /// A sandbox with the stand-ins and no mail recipient.
    ///
    /// # Panics
    /// If its files cannot be created.
    #[must_use]
    pub fn new() -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        for folder in ["bin", "jobs", "mails"] {
            fs::create_dir(dir.path().join(folder)).expect("a folder");
        }
        fs::write(dir.path().join("rules"), "").expect("a file");
        fs::write(dir.path().join("calls"), "").expect("a file");
        let made = Self {
            settings: format!(
                "log_dir = \"{0}/log\"\nstate_dir = \"{0}/state\"\npath = \"{0}/bin:/bin:/sbin:/usr/bin:/usr/sbin\"\n",
                dir.path().display()
            ),
            dir,
        };
        made.stand_in("iptables", IPTABLES);
        made.stand_in("ip6tables", IPTABLES);
        made.stand_in("iptables-save", SAVE);
        made.stand_in("ip6tables-save", SAVE);
        made.stand_in("iptables-restore", RESTORE);
        made.stand_in("ip6tables-restore", RESTORE);
        for program in ["nft", "ipset", "firewall-cmd"] {
            made.stand_in(program, ABSENT);
        }
        made.stand_in("at", AT);
        made.stand_in("atrm", ATRM);
        made.stand_in("sendmail", SENDMAIL);
        made.set("mail = \"\"\n[whois]\nserver = \"\"\n");
        made
    }

    /// A sandbox that uses the system's real firewall programs; only for [`Sandbox::in_network`].
    ///
    /// # Panics
    /// As [`Sandbox::new`].
    #[must_use]
    pub fn real() -> Self {
        let made = Self::new();
        let own = ["nft", "ipset", "firewall-cmd"].map(str::to_owned);
        let tables = ["iptables", "ip6tables"];
        let tables = tables
            .iter()
            .flat_map(|name| ["", "-save", "-restore"].map(|end| format!("{name}{end}")));
        for program in own.into_iter().chain(tables) {
            fs::remove_file(made.path("bin").join(program)).expect("a stand-in");
        }
        made
    }

    /// A path in the sandbox.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes the settings file: the paths of the sandbox and the TOML that a test adds.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn set(&self, more: &str) {
        fs::write(self.path("action.toml"), format!("{}{more}", self.settings)).expect("settings");
    }

    /// Installs a program in the sandbox's search path.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn stand_in(&self, name: &str, script: &str) {
        let path = self.path("bin").join(name);
        // A script cannot be executed while it is open for writing anywhere, so it is written
        // elsewhere and renamed.
        let fresh = self.path("bin").join(format!(".{name}"));
        fs::write(&fresh, script).expect("a script");
        fs::set_permissions(&fresh, fs::Permissions::from_mode(0o755)).expect("chmod");
        fs::rename(fresh, path).expect("rename");
    }

    /// The contents of a file in the sandbox; empty if there is none.
    #[must_use]
    pub fn text(&self, name: &str) -> String {
        let bytes = fs::read(self.path(name)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The number of files in a directory of the sandbox.
    #[must_use]
    pub fn files(&self, name: &str) -> usize {
        fs::read_dir(self.path(name)).map_or(0, Iterator::count)
    }

    /// A `swatch-action` command with these arguments and the sandbox's settings.
    #[must_use]
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(program::swatch_action());
        command
            .args(words)
            .arg("--config")
            .arg(self.path("action.toml"));
        command
    }

    /// Runs `swatch-action` with the given standard input.
    ///
    /// # Panics
    /// If it cannot be run.
    #[must_use]
    pub fn run(&self, words: &[&str], input: &[u8]) -> Output {
        feed(&mut self.command(words), input)
    }

    /// Sends one event: an invalid-user line with the address in field 10.
    #[must_use]
    pub fn event(&self, address: &str, words: &[&str]) -> Output {
        let line =
            format!("Nov 22 20:00:00 box sshd[7]: Invalid user bob from {address} port 4711\n");
        self.run(&[&["10"], words].concat(), line.as_bytes())
    }

    /// Runs a shell script in its own network namespace; `swatch` runs the program with the
    /// sandbox's settings.
    ///
    /// # Panics
    /// If it cannot be run.
    #[must_use]
    pub fn in_network(&self, script: &str) -> Output {
        let mut command = Command::new("unshare");
        if !nix::unistd::geteuid().is_root() {
            command.arg("--map-root-user");
        }
        command.args(["--net", "--mount", "--propagation", "private", "sh", "-euc"]);
        // iptables locks a file in /run, which is not writable in a user namespace, and faketime leaves files named after
        // process numbers in /dev/shm.
        command.arg(format!(
            "mount -t tmpfs tmpfs /run\nmount -t tmpfs tmpfs /dev/shm\nip link set lo up\nswatch() {{ c=$1; shift; {} \"$c\" \"$@\" --config {}; }}\n{script}",
            program::swatch_action().display(),
            self.path("action.toml").display()
        ));
        feed(&mut command, b"")
    }
}

impl Default for Sandbox {
    fn default() -> Self {
        Self::new()
    }
}

/// Runs a command with the given standard input. It need not read all of it.
///
/// # Panics
/// If it cannot be started.
pub fn feed(command: &mut Command, input: &[u8]) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    if let Some(mut stdin) = child.stdin.take() {
        let _ = stdin.write_all(input);
    }
    child.wait_with_output().expect("a child of ours")
}

/// Standard output as text.
#[must_use]
pub fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Standard error as text.
#[must_use]
pub fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Waits for a condition, at most 30 seconds.
///
/// # Panics
/// If it does not become so.
pub fn wait_for(what: &str, mut so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !so() {
        assert!(
            begun.elapsed() < Duration::from_secs(30),
            "waited in vain: {what}"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The reason why network namespaces with these programs are unavailable here; `None` if they are
/// available.
#[must_use]
pub fn no_network(programs: &[&str]) -> Option<String> {
    for program in programs.iter().chain(&["unshare", "ip"]) {
        let there = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"]
            .iter()
            .any(|folder| Path::new(folder).join(program).exists());
        if !there {
            return Some(format!("{program} is not installed"));
        }
    }
    let output = Sandbox::new().in_network("true");
    (!output.status.success()).then(|| format!("no network namespace: {}", err(&output).trim()))
}
