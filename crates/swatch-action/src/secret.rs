//! Files with secrets: keys, passwords, tokens, addresses that contain one.

use std::{
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use swatch_common::{
    sanitize,
    trust::{self, Untrusted},
};

/// Why a file with a secret is not used.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// It cannot be read.
    #[error(
        "cannot read {what} {path}: {source}; make it with: (umask 077; {make} > {path})",
        path = sanitize::path(path)
    )]
    Read {
        /// The secret.
        what: &'static str,
        /// Its file.
        path: PathBuf,
        /// A command that prints a secret of this kind.
        make: &'static str,
        /// The system's reason.
        source: io::Error,
    },
    /// Another user could change it.
    #[error("{what}: {source}")]
    Untrusted {
        /// The secret.
        what: &'static str,
        /// The reason, and the command that fixes it.
        source: Untrusted,
    },
    /// Others may read it.
    #[error(
        "{what} {path}: others than its owner may read it (mode {mode:o}); fix: chmod 600 {path}",
        path = sanitize::path(path)
    )]
    Readable {
        /// The secret.
        what: &'static str,
        /// Its file.
        path: PathBuf,
        /// The file's permissions.
        mode: u32,
    },
    /// It is not what is expected.
    #[error("{what} {}: {problem}", sanitize::path(path))]
    Content {
        /// The secret.
        what: &'static str,
        /// Its file.
        path: PathBuf,
        /// The problem with it.
        problem: &'static str,
    },
}

/// The lines of a file that only its owner reads, without empty ones and comments.
///
/// # Errors
/// [`SecretError`].
pub fn secret_lines(what: &'static str, path: &Path) -> Result<Vec<String>, SecretError> {
    trust::check(path).map_err(|source| SecretError::Untrusted { what, source })?;
    let failed = |source| SecretError::Read {
        what,
        path: path.to_owned(),
        make: "cat",
        source,
    };
    let mode = fs::metadata(path).map_err(failed)?.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(SecretError::Readable {
            what,
            path: path.to_owned(),
            mode,
        });
    }
    let text = fs::read_to_string(path).map_err(failed)?;
    let lines = text.lines().map(str::trim);
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    Ok(lines.map(str::to_owned).collect())
}

/// The first line of a file that only its owner reads.
///
/// # Errors
/// [`SecretError`], also where there is no line.
pub fn secret(what: &'static str, path: &Path) -> Result<String, SecretError> {
    let lines = secret_lines(what, path)?;
    lines
        .into_iter()
        .next()
        .ok_or_else(|| SecretError::Content {
            what,
            path: path.to_owned(),
            problem: "it holds no line",
        })
}
