//! What the user should be told about the files that are followed.

use std::fmt::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Something that the user should know. Notices come in order with the records: what was read
/// before the event comes before the event.
///
/// Each has a message of one line through `Display`, without program name or line end. Control
/// bytes in file names are escaped in it, so that it may go to a terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileEvent {
    /// The file does not exist; it is waited for. Told once for each absence.
    Absent {
        /// The path that is followed.
        path: PathBuf,
    },
    /// No file matches the glob pattern; one is waited for. Told once, at the start.
    NothingMatches {
        /// The pattern.
        pattern: PathBuf,
    },
    /// A file that was absent, or that a glob pattern found anew, is there and is read.
    Appeared {
        /// The path that is followed.
        path: PathBuf,
    },
    /// The path now names another file (rotation, or a symbolic link that moved). The old one
    /// is read to its end first.
    Replaced {
        /// The path that is followed.
        path: PathBuf,
    },
    /// The file has new content from its beginning (truncated, or written anew).
    Truncated {
        /// The path that is followed.
        path: PathBuf,
        /// How many bytes had been read before.
        read: u64,
    },
    /// What was left in a rotated file is read from there: the copy that was made before a
    /// truncation, or a file that was rotated while nobody looked.
    RotatedRead {
        /// The path that is followed.
        path: PathBuf,
        /// Where the rest was found.
        rotated: PathBuf,
        /// The offset from which it is read.
        from: u64,
    },
    /// A file that was followed before the stop is gone and was not found among the rotated
    /// ones; what was written to it behind this offset could not be read.
    Lost {
        /// The path that is followed.
        path: PathBuf,
        /// The offset up to which it had been read.
        from: u64,
    },
    /// A rotated file with lines that were not read yet cannot be read, for example because it
    /// is compressed and damaged.
    RotatedUnreadable {
        /// The path that is followed.
        path: PathBuf,
        /// The rotated file.
        rotated: PathBuf,
        /// Why.
        reason: String,
    },
    /// The file is there but cannot be opened or read; this is tried again. Told once per
    /// cause.
    Unreadable {
        /// The path that is followed.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A file that was unreadable is read again.
    Readable {
        /// The path that is followed.
        path: PathBuf,
    },
    /// There are no file descriptors left to open the file; this is tried again. Told once
    /// until one could be opened.
    NoDescriptors {
        /// The path that is followed.
        path: PathBuf,
    },
    /// A record was longer than the bound. Its head was delivered just before this event.
    RecordTooLong {
        /// The path that is followed; `None` for a one-pass source.
        path: Option<PathBuf>,
        /// The offset at which the record ends, separator included.
        end: u64,
        /// How many bytes of it were delivered.
        kept: u64,
        /// How many bytes of it were skipped.
        skipped: u64,
    },
    /// The kernel dropped events because too many came at once. All files were looked at
    /// instead, so nothing is lost.
    EventsDropped,
    /// The kernel gives no events (limits of inotify); the files are looked at in intervals.
    NoEvents {
        /// Why.
        reason: String,
    },
    /// The saved positions could not be used, and were set aside.
    StateBroken {
        /// The state file.
        state: PathBuf,
        /// Where it was moved.
        aside: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

impl FileEvent {
    /// Whether something is wrong that somebody may have to mend, as opposed to the ordinary
    /// life of a log.
    pub fn is_warning(&self) -> bool {
        !matches!(
            self,
            FileEvent::Appeared { .. }
                | FileEvent::Replaced { .. }
                | FileEvent::Truncated { .. }
                | FileEvent::RotatedRead { .. }
                | FileEvent::Readable { .. }
                | FileEvent::EventsDropped
        )
    }
}

impl fmt::Display for FileEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FileEvent::Absent { path } => {
                write!(f, "{} does not exist; waiting for it", Shown(path))
            }
            FileEvent::NothingMatches { pattern } => {
                write!(f, "no file matches {}; waiting for one", Shown(pattern))
            }
            FileEvent::Appeared { path } => write!(f, "{} has appeared; reading it", Shown(path)),
            FileEvent::Replaced { path } => {
                write!(f, "{} has been replaced; reading the new file", Shown(path))
            }
            FileEvent::Truncated { path, read } => write!(
                f,
                "{} has been truncated or rewritten after {read} bytes were read; \
                 reading it from its beginning",
                Shown(path)
            ),
            FileEvent::RotatedRead {
                path,
                rotated,
                from,
            } => write!(
                f,
                "{}: reading what is left of it in {} from byte {from}",
                Shown(path),
                Shown(rotated)
            ),
            FileEvent::Lost { path, from } => write!(
                f,
                "{}: the file that was followed before is gone; \
                 what was written to it after byte {from} could not be read",
                Shown(path)
            ),
            FileEvent::RotatedUnreadable {
                path,
                rotated,
                reason,
            } => write!(
                f,
                "{}: unread lines in {} cannot be read: {reason}",
                Shown(path),
                Shown(rotated)
            ),
            FileEvent::Unreadable { path, reason } => write!(
                f,
                "cannot read {}: {reason}; trying again until it can be read",
                Shown(path)
            ),
            FileEvent::Readable { path } => write!(f, "{} can be read again", Shown(path)),
            FileEvent::NoDescriptors { path } => write!(
                f,
                "cannot open {}: no file descriptor is left (see ulimit -n, LimitNOFILE=); \
                 trying again",
                Shown(path)
            ),
            FileEvent::RecordTooLong {
                path,
                end,
                kept,
                skipped,
            } => {
                if let Some(path) = path {
                    write!(f, "{}: ", Shown(path))?;
                }
                write!(
                    f,
                    "the record that ends at byte {end} is too long: \
                     its first {kept} bytes were used, {skipped} skipped"
                )
            }
            FileEvent::EventsDropped => {
                f.write_str("too many file events at once; all files were looked at instead")
            }
            FileEvent::NoEvents { reason } => write!(
                f,
                "no file events from the system ({reason}); looking at the files in intervals"
            ),
            FileEvent::StateBroken {
                state,
                aside,
                reason,
            } => write!(
                f,
                "the saved positions in {} cannot be used: {reason}; \
                 moved to {}, starting without them",
                Shown(state),
                Shown(aside)
            ),
        }
    }
}

/// A path as it may be shown on a terminal: control bytes and what is no UTF-8 as `\xNN`.
pub(crate) struct Shown<'a>(pub(crate) &'a Path);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.as_os_str().as_bytes().utf8_chunks() {
            for c in chunk.valid().chars() {
                if c.is_control() {
                    write!(f, "{}", c.escape_default())?;
                } else {
                    f.write_char(c)?;
                }
            }
            for byte in chunk.invalid() {
                write!(f, "\\x{byte:02x}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsStr;

    #[test]
    fn a_hostile_name_does_not_reach_the_terminal() {
        let path = PathBuf::from(OsStr::from_bytes(b"/log/\x1b]0;\xff\nx"));
        let text = FileEvent::Absent { path }.to_string();
        assert_eq!(
            text,
            "/log/\\u{1b}]0;\\xff\\nx does not exist; waiting for it"
        );
    }
}
