//! A mount namespace in which stand-ins replace sendmail and write(1).

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// The ways to get a private mount namespace on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Isolation {
    /// As root, directly.
    Root,
    /// In a user namespace, in which the caller appears as root.
    User,
    /// None; the text gives the reason.
    None(String),
}

/// The directory of the case files, recorders and scripts.
pub fn conformance_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance")
}

/// Determines, once, what the machine allows.
pub fn isolation() -> &'static Isolation {
    static FOUND: OnceLock<Isolation> = OnceLock::new();
    FOUND.get_or_init(|| {
        for program in ["/usr/sbin/sendmail", "/usr/bin/write"] {
            if !Path::new(program).exists() {
                return Isolation::None(format!("{program} is not installed"));
            }
        }
        if nix::unistd::geteuid().is_root() {
            match probe(&Isolation::Root) {
                Ok(()) => Isolation::Root,
                Err(why) => Isolation::None(format!("no mount namespace: {why}")),
            }
        } else {
            match probe(&Isolation::User) {
                Ok(()) => Isolation::User,
                Err(why) => Isolation::None(format!("not root, and no user namespace: {why}")),
            }
        }
    })
}

fn probe(kind: &Isolation) -> Result<(), String> {
    let run = inside(kind, OsStr::new("true"))
        .stdin(Stdio::null())
        .output()
        .map_err(|e| format!("unshare: {e}"))?;
    if run.status.success() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&run.stderr).trim().to_owned())
}

/// A command that runs `program` with the stand-ins in place, or without them where the
/// machine allows no namespace. The caller adds the arguments.
pub fn command(program: &OsStr) -> Command {
    inside(isolation(), program)
}

fn inside(kind: &Isolation, program: &OsStr) -> Command {
    let flags = match kind {
        Isolation::Root => "-m",
        Isolation::User => "-rm",
        Isolation::None(_) => return Command::new(program),
    };
    let dir = conformance_dir();
    let mut command = Command::new("unshare");
    command.arg(flags).arg("sh").arg(dir.join("lib/enter.sh"));
    command.arg(dir.join("stand-ins")).arg(program);
    command
}
