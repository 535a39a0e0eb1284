//! Events about the followed files that the user should know of.

use std::fmt;
use std::path::PathBuf;

use swatch_common::sanitize::Sanitized;

use crate::checkpoint::REREAD;

/// An event that the user should know of. Events come in order with the records: what was read
/// before the event comes before the event.
///
/// Each has a message of one line through `Display`, without program name or line end. Control
/// bytes in file names are escaped in it, so that it may go to a terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileEvent {
    /// The file does not exist; it is waited for. Reported once for each absence.
    Absent {
        /// The path that is followed.
        path: PathBuf,
    },
    /// No file matches the glob pattern; one is waited for. Reported once, at the start.
    NothingMatches {
        /// The pattern.
        pattern: PathBuf,
    },
    /// A file that was absent, or is new to a glob pattern, has appeared and is read.
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
    /// The file has new content from its beginning (truncated, or rewritten).
    Truncated {
        /// The path that is followed.
        path: PathBuf,
        /// The number of bytes that had been read before.
        read: u64,
    },
    /// The unread rest of a generation is read from a rotated file: the copy that was made before a
    /// truncation, or a file that was rotated unobserved.
    RotatedRead {
        /// The path that is followed.
        path: PathBuf,
        /// The file that holds the rest.
        rotated: PathBuf,
        /// The offset from which it is read.
        from: u64,
    },
    /// A file that was followed before the stop is gone and was not found among the rotated
    /// ones; what was written to it after this offset could not be read.
    Lost {
        /// The path that is followed.
        path: PathBuf,
        /// The offset up to which it had been read.
        from: u64,
    },
    /// A rotated file that a program kept writing to is no longer watched.
    Left {
        /// The path that is followed.
        path: PathBuf,
        /// The name that the rotated file has now.
        rotated: PathBuf,
        /// True if the program still has it open: what it writes from now on is lost.
        is_open: bool,
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
    /// The file is there but cannot be opened or read; this is tried again. Reported once per
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
    /// There are no file descriptors left to open the file; this is tried again. Reported once
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
        /// The number of bytes that were delivered.
        kept: u64,
        /// The number of bytes that were skipped.
        skipped: u64,
    },
    /// The kernel dropped events because too many came at once. All files were checked instead, so
    /// nothing is lost.
    EventsDropped,
    /// The kernel gives no events (limits of inotify); the files are checked periodically.
    NoEvents {
        /// Why.
        reason: String,
    },
    /// A file with saved positions is damaged. Older positions are used if there are any; else
    /// logs are read from their beginnings, see [`Checkpoint::load`](crate::Checkpoint::load).
    StateDamaged {
        /// The damaged file.
        state: PathBuf,
        /// The path it was moved to, if that was possible.
        aside: Option<PathBuf>,
        /// The file with older positions that are used.
        used: Option<PathBuf>,
        /// The defect.
        reason: String,
    },
    /// Positions cannot be saved, because the state directory is read-only or full. They are kept
    /// in memory, and lines may be acted on again after a restart.
    StateNotWritable {
        /// The state file.
        state: PathBuf,
        /// Why.
        reason: String,
    },
}

impl FileEvent {
    /// True if this reports a problem that may need a human to fix it, as opposed to the ordinary
    /// life of a log.
    pub fn is_warning(&self) -> bool {
        !matches!(
            self,
            FileEvent::Appeared { .. }
                | FileEvent::Replaced { .. }
                | FileEvent::Truncated { .. }
                | FileEvent::RotatedRead { .. }
                | FileEvent::Readable { .. }
                | FileEvent::Left { is_open: false, .. }
                | FileEvent::EventsDropped
        )
    }
}

impl fmt::Display for FileEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FileEvent::Absent { path } => {
                write!(
                    f,
                    "{} does not exist; waiting for it",
                    Sanitized::path(path)
                )
            }
            FileEvent::NothingMatches { pattern } => {
                write!(
                    f,
                    "no file matches {}; waiting for one",
                    Sanitized::path(pattern)
                )
            }
            FileEvent::Appeared { path } => {
                write!(f, "{} has appeared; reading it", Sanitized::path(path))
            }
            FileEvent::Replaced { path } => {
                write!(
                    f,
                    "{} has been replaced; reading the new file",
                    Sanitized::path(path)
                )
            }
            FileEvent::Truncated { path, read } => write!(
                f,
                "{} has been truncated or rewritten after {read} bytes were read; \
                 reading it from its beginning",
                Sanitized::path(path)
            ),
            FileEvent::RotatedRead {
                path,
                rotated,
                from,
            } => write!(
                f,
                "{}: reading what is left of it in {} from byte {from}",
                Sanitized::path(path),
                Sanitized::path(rotated)
            ),
            FileEvent::Lost { path, from } => write!(
                f,
                "{}: the file that was followed before is gone; \
                 what was written to it after byte {from} could not be read",
                Sanitized::path(path)
            ),
            FileEvent::Left {
                path,
                rotated,
                is_open: false,
            } => write!(
                f,
                "{}: nobody writes to {} any more; no longer watching it",
                Sanitized::path(path),
                Sanitized::path(rotated)
            ),
            FileEvent::Left { path, rotated, .. } => write!(
                f,
                "{}: no longer watching {}, though a program still has it open for writing; \
                 restart that program, or have the rotation tell it to reopen its log",
                Sanitized::path(path),
                Sanitized::path(rotated)
            ),
            FileEvent::RotatedUnreadable {
                path,
                rotated,
                reason,
            } => write!(
                f,
                "{}: unread lines in {} cannot be read: {reason}",
                Sanitized::path(path),
                Sanitized::path(rotated)
            ),
            FileEvent::Unreadable { path, reason } => write!(
                f,
                "cannot read {}: {reason}; trying again until it can be read",
                Sanitized::path(path)
            ),
            FileEvent::Readable { path } => {
                write!(f, "{} can be read again", Sanitized::path(path))
            }
            FileEvent::NoDescriptors { path } => write!(
                f,
                "cannot open {}: no file descriptor is left (see ulimit -n, LimitNOFILE=); \
                 trying again",
                Sanitized::path(path)
            ),
            FileEvent::RecordTooLong {
                path,
                end,
                kept,
                skipped,
            } => {
                if let Some(path) = path {
                    write!(f, "{}: ", Sanitized::path(path))?;
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
            FileEvent::StateDamaged {
                state,
                aside,
                used,
                reason,
            } => {
                write!(
                    f,
                    "the saved positions in {} are damaged: {reason}; ",
                    Sanitized::path(state)
                )?;
                if let Some(aside) = aside {
                    write!(f, "moved to {}, ", Sanitized::path(aside))?;
                }
                match used {
                    Some(used) => write!(f, "using those in {}", Sanitized::path(used)),
                    None => write!(
                        f,
                        "reading each log from its beginning (at most its last {} MiB)",
                        REREAD / 1024 / 1024
                    ),
                }
            }
            FileEvent::StateNotWritable { state, reason } => write!(
                f,
                "positions cannot be saved in {}: {reason}; \
                 lines may be acted on again after a restart",
                Sanitized::path(state)
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    #[test]
    fn a_hostile_name_does_not_reach_the_terminal() {
        let path = PathBuf::from(OsStr::from_bytes(b"/log/\x1b]0;\xff\nx"));
        let text = FileEvent::Absent { path }.to_string();
        assert_eq!(
            text,
            "/log/\\x1b]0;\\xff\\nx does not exist; waiting for it"
        );
    }
}
