//! The runtime directory, and the names of running watchers in it.

use std::ffi::OsStr;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use nix::unistd::Uid;
use swatch_common::sanitize::Sanitized;
use swatch_tail::{StateError, check_state_dir};

use crate::cli::Cli;

/// The runtime directory of root.
const RUNTIME_DIR: &str = "/run/swatch-rs";

/// The longest name, in characters: a socket's path has at most 107 bytes.
const LONGEST: usize = 40;

/// Why there is no socket.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    /// No directory is known.
    #[error("there is no runtime directory; name one with --runtime-dir")]
    None,
    /// It cannot be made.
    #[error(
        "cannot create the runtime directory {}: {source}",
        Sanitized::path(path)
    )]
    Create {
        /// The directory.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// Another user could change it.
    #[error(transparent)]
    Unsafe(#[from] StateError),
    /// The socket cannot be made.
    #[error("cannot listen on {}: {source}", Sanitized::path(path))]
    Listen {
        /// The socket.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

/// Where a watcher is reached.
#[derive(Debug, Clone)]
pub struct Instance {
    /// Its name.
    pub name: String,
    /// Its socket.
    pub socket: PathBuf,
}

/// The directory that is named, else the service manager's, else root's or the user's.
pub(super) fn directory(named: Option<&Path>) -> Result<PathBuf, RuntimeError> {
    if let Some(path) = named {
        return Ok(path.to_owned());
    }
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    if let Some(directories) = variable("RUNTIME_DIRECTORY") {
        // systemd separates several with colons.
        let first = directories
            .as_encoded_bytes()
            .split(|b| *b == b':')
            .next()
            .unwrap_or_default();
        return Ok(PathBuf::from(String::from_utf8_lossy(first).into_owned()));
    }
    if Uid::effective().is_root() {
        return Ok(PathBuf::from(RUNTIME_DIR));
    }
    let of_user = variable("XDG_RUNTIME_DIR").ok_or(RuntimeError::None)?;
    Ok(PathBuf::from(of_user).join("swatch-rs"))
}

/// True if a watcher with these options has a socket: it runs on, or one is asked for.
pub fn is_reachable(cli: &Cli) -> bool {
    let runs_on = cli.daemon || cli.pid_file.is_some() || cli.state_dir.is_some();
    let looks_only = cli.explain || cli.dry_run || cli.examine.is_some();
    let asked = cli.monitoring.runtime_dir.is_some()
        || std::env::var_os("RUNTIME_DIRECTORY").is_some_and(|value| !value.is_empty());
    !looks_only && (runs_on || asked)
}

/// The name of a watcher with these options: from the pid file, the state directory, the
/// configuration.
pub fn name(cli: &Cli) -> String {
    let stem = |path: &Path| path.file_stem().map(OsStr::to_owned);
    let last = |path: &Path| {
        fs::canonicalize(path)
            .ok()?
            .file_name()
            .map(OsStr::to_owned)
    };
    let pid_file = cli.pid_file.as_deref().and_then(stem);
    let state_dir = || cli.state_dir.as_deref().and_then(last);
    let config_dir = || cli.config_dir.as_deref().and_then(last);
    let config_file = || cli.config_file.as_deref().and_then(stem);
    let found = pid_file
        .or_else(state_dir)
        .or_else(config_dir)
        .or_else(config_file);
    let name: String = found
        .unwrap_or_else(|| "swatch-rs".into())
        .to_string_lossy()
        .trim_start_matches('.')
        .chars()
        .take(LONGEST)
        .map(|c| match c.is_ascii_alphanumeric() || "._-".contains(c) {
            true => c,
            false => '_',
        })
        .collect();
    match name.is_empty() {
        true => "swatch-rs".to_owned(),
        false => name,
    }
}

impl Instance {
    /// The place of a new watcher. If another one has its name, the process number is added.
    ///
    /// # Errors
    /// The directory cannot be used.
    pub fn claim(cli: &Cli) -> Result<Self, RuntimeError> {
        let directory = directory(cli.monitoring.runtime_dir.as_deref())?;
        let made = DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&directory);
        made.map_err(|source| RuntimeError::Create {
            path: directory.clone(),
            source,
        })?;
        check_state_dir(&directory)?;
        let name = name(cli);
        let place = Self::at(&directory, name.clone());
        match UnixStream::connect(&place.socket) {
            Ok(_) => Ok(Self::at(
                &directory,
                format!("{name}-{}", std::process::id()),
            )),
            Err(_) => Ok(place),
        }
    }

    fn at(directory: &Path, name: String) -> Self {
        let socket = directory.join(format!("{name}.sock"));
        Self { name, socket }
    }

    /// The watchers that have a socket in a directory, by name.
    pub(super) fn all(directory: &Path) -> io::Result<Vec<Self>> {
        let mut all = Vec::new();
        for entry in fs::read_dir(directory)? {
            let path = entry?.path();
            if path.extension() == Some(OsStr::new("sock"))
                && let Some(stem) = path.file_stem()
            {
                all.push(Self {
                    name: stem.to_string_lossy().into_owned(),
                    socket: path,
                });
            }
        }
        all.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(all)
    }
}
