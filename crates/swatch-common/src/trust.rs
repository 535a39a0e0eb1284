//! Checks that no other user can change a file.
//!
//! The orders that a program running as root reads must be in the hands of root: the file, every
//! directory above it (anyone who can write there can put another file in its place), and every
//! symbolic link on the way. The rule is the one that OpenSSH's `StrictModes` applies to
//! `authorized_keys`: each of these belongs to root or to the user who runs the program, and
//! neither its group nor others can write to it. Root's own group is no exception, since processes
//! that are not root may belong to it; for other users their own group is, because distributions
//! give each user one. Access control lists are covered: the group bits are their upper bound.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

use crate::sanitize::Sanitized;
use crate::shell_quote;

/// Links that are followed on the way to a file, as the kernel has it.
const MAX_LINKS: usize = 40;

/// Something that another user could change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} {problem}: another user could change what {} says; fix: {}", Sanitized::path(place), Sanitized::path(file), self.remedy())]
pub struct Untrusted {
    /// The file that was asked about.
    pub file: PathBuf,
    /// The file, directory or link that another user could change.
    pub place: PathBuf,
    /// The reason.
    pub problem: Problem,
}

/// The reason why a file, directory or link cannot be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// It belongs to somebody else.
    #[error("belongs to user {owner}")]
    Owner {
        /// The user's number.
        owner: u32,
        /// The number of the user who should own it.
        wanted: u32,
    },
    /// Everybody can write to it.
    #[error("is writable by everybody")]
    Others,
    /// A group can write to it.
    #[error("is writable by group {group}")]
    Group {
        /// The group's number.
        group: u32,
    },
    /// More symbolic links than the kernel would follow.
    #[error("leads through more than {MAX_LINKS} symbolic links")]
    Links,
}

impl Untrusted {
    /// The command that puts it right, quoted for a shell.
    #[must_use]
    pub fn remedy(&self) -> String {
        let place = self.place.to_string_lossy();
        let place = shell_quote::word(&place);
        let command = match self.problem {
            Problem::Owner { wanted: 0, .. } => format!("chown -h root {place}"),
            Problem::Owner { wanted, .. } => format!("chown -h {wanted} {place}"),
            Problem::Others => format!("chmod o-w {place}"),
            Problem::Group { .. } => format!("chmod g-w {place}"),
            Problem::Links => format!("rm {place}"),
        };
        crate::sanitize::text(command.as_bytes())
    }
}

/// Refuses a file that another user could change, replace, or reach by a link: see the
/// [module's rule](self).
///
/// A path that does not exist or cannot be examined is not refused: opening it gives the better
/// message. The check says nothing about changes after it.
///
/// # Errors
/// The first reason on the way from the root directory to the file.
pub fn check(path: &Path) -> Result<(), Untrusted> {
    User::current().check(path)
}

/// As [`check`], for the file or directory itself only: for directories that are written to, in
/// which nothing is obeyed. A link at its end is followed.
///
/// # Errors
/// The reason why it is not trusted.
pub fn check_entry(path: &Path) -> Result<(), Untrusted> {
    match fs::metadata(path) {
        Ok(meta) => check_entry_of(path, &meta),
        Err(_) => Ok(()),
    }
}

/// As [`check_entry`], for a path whose metadata is known: that of a link's target.
///
/// # Errors
/// The reason why it is not trusted.
pub fn check_entry_of(path: &Path, meta: &Metadata) -> Result<(), Untrusted> {
    User::current().judge(path, path, meta, false)
}

/// The user on whose behalf is judged.
#[derive(Clone, Copy)]
struct User {
    id: u32,
    group: u32,
}

impl User {
    fn current() -> Self {
        Self {
            id: nix::unistd::geteuid().as_raw(),
            group: nix::unistd::getegid().as_raw(),
        }
    }

    /// Walks as the kernel does: one component after the other, links resolved where they stand.
    fn check(self, file: &Path) -> Result<(), Untrusted> {
        let Ok(absolute) = std::path::absolute(file) else {
            return Ok(());
        };
        let mut ahead: VecDeque<OsString> = components(&absolute).collect();
        let mut place = PathBuf::from("/");
        let mut links = 0;
        self.directory_or_file(file, &place, !ahead.is_empty())?;
        while let Some(name) = ahead.pop_front() {
            if name == ".." {
                place.pop();
                continue;
            }
            place.push(&name);
            let Ok(meta) = fs::symlink_metadata(&place) else {
                return Ok(());
            };
            if !meta.is_symlink() {
                self.judge(file, &place, &meta, !ahead.is_empty())?;
                continue;
            }
            self.judge_owner(file, &place, &meta)?;
            links += 1;
            if links > MAX_LINKS {
                return Err(Untrusted {
                    file: file.into(),
                    place,
                    problem: Problem::Links,
                });
            }
            let Ok(target) = fs::read_link(&place) else {
                return Ok(());
            };
            place.pop();
            if target.is_absolute() {
                place = PathBuf::from("/");
            }
            for component in components(&target).collect::<Vec<_>>().into_iter().rev() {
                ahead.push_front(component);
            }
        }
        Ok(())
    }

    fn directory_or_file(self, file: &Path, place: &Path, above: bool) -> Result<(), Untrusted> {
        match fs::symlink_metadata(place) {
            Ok(meta) => self.judge(file, place, &meta, above),
            Err(_) => Ok(()),
        }
    }

    /// Judges a file or directory; `above` says that it is a directory on the way to the file.
    fn judge(
        self,
        file: &Path,
        place: &Path,
        meta: &Metadata,
        above: bool,
    ) -> Result<(), Untrusted> {
        self.judge_owner(file, place, meta)?;
        // In a sticky directory (/tmp) only its owner and theirs can replace a user's files.
        if above && meta.mode() & 0o1000 != 0 {
            return Ok(());
        }
        let own_group = self.id != 0 && meta.gid() == self.group;
        let problem = if meta.mode() & 0o002 != 0 {
            Problem::Others
        } else if meta.mode() & 0o020 != 0 && !own_group {
            Problem::Group { group: meta.gid() }
        } else {
            return Ok(());
        };
        Err(Untrusted {
            file: file.into(),
            place: place.into(),
            problem,
        })
    }

    fn judge_owner(self, file: &Path, place: &Path, meta: &Metadata) -> Result<(), Untrusted> {
        if meta.uid() == 0 || meta.uid() == self.id {
            return Ok(());
        }
        Err(Untrusted {
            file: file.into(),
            place: place.into(),
            problem: Problem::Owner {
                owner: meta.uid(),
                wanted: self.id,
            },
        })
    }
}

/// The names in a path; `..` is one of them, since after a link it leads elsewhere than the text
/// says.
fn components(path: &Path) -> impl Iterator<Item = OsString> {
    path.components().filter_map(|component| match component {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
    })
}

#[cfg(test)]
mod tests;
