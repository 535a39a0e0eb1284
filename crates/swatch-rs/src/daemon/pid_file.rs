//! `--pid-file`.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use nix::libc::O_NOFOLLOW;

/// A pid file of ours, removed when dropped.
pub struct PidFile {
    path: PathBuf,
    content: String,
}

impl PidFile {
    /// Writes the number of this process, with a newline. A symbolic link at that place is not
    /// followed: in a folder that others can write it would overwrite a file of their choice.
    ///
    /// # Errors
    /// The file cannot be opened or written.
    pub fn write(path: &Path) -> io::Result<Self> {
        let content = format!("{}\n", std::process::id());
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o644)
            .custom_flags(O_NOFOLLOW)
            .open(path)?;
        file.write_all(content.as_bytes())?;
        // The path may be relative; a later change of folder must not lose it.
        let path = fs::canonicalize(path)?;
        Ok(Self { path, content })
    }
}

impl Drop for PidFile {
    /// Removes the file, unless another process has written its own number into it since.
    fn drop(&mut self) {
        if fs::read_to_string(&self.path).is_ok_and(|now| now == self.content) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests;
