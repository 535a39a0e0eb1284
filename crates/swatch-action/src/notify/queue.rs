//! The queue of notices: one file for each lock, and one process that sends them.
//!
//! However many locks are made at once, one process is started for all of them. If it is killed,
//! its queue stays, and the process of the next lock takes over.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use swatch_common::{atomic_file::AtomicFile, file_lock::FileLock};

use super::Job;
use crate::directory;

/// The longest queue. If nothing has sent these, nothing will.
const MOST: usize = 10_000;

/// The progress of a notice. It is the extension of the file's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Nothing was done yet.
    New,
    /// The webhook has run; the mail is due.
    Mail,
}

impl Stage {
    fn extension(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Mail => "mail",
        }
    }
}

/// A notice in the queue.
#[derive(Debug)]
pub(super) struct Queued {
    path: PathBuf,
    pub(super) job: Job,
}

impl Queued {
    /// Takes the notice to the next stage.
    pub(super) fn advance(&self, stage: Stage) {
        let _ = fs::rename(&self.path, self.path.with_extension(stage.extension()));
    }

    /// Takes the notice out of the queue.
    pub(super) fn remove(&self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// The directory of the queue.
#[derive(Debug)]
pub(super) struct Queue {
    dir: PathBuf,
}

impl Queue {
    /// The queue in a directory that exists.
    pub(super) fn at(dir: &Path) -> Self {
        Self {
            dir: dir.to_owned(),
        }
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Puts a notice into the queue of the state directory or, if that cannot be written to, into
    /// one in memory. Returns the queue.
    pub(super) fn put(job: &Job, state_dir: &Path) -> io::Result<Self> {
        let mut last = Err(io::ErrorKind::NotFound.into());
        for dir in std::iter::once(state_dir.to_owned()).chain(directory::in_memory()) {
            let queue = Self::at(&dir.join("notices"));
            last = queue.put_here(job).map(|()| queue);
            if last.is_ok() {
                break;
            }
        }
        last
    }

    fn put_here(&self, job: &Job) -> io::Result<()> {
        directory::prepare_private(&self.dir)?;
        let text = serde_json::to_vec(job)?;
        let time = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        // In order of time, and different for each process.
        let name = format!("{:020}-{}.new", time.as_nanos(), std::process::id());
        AtomicFile::new(&self.dir.join(name))
            .write(&text)
            .map_err(|error| error.source)
    }

    /// The notices of a stage, the oldest first. Files that cannot be read are removed.
    pub(super) fn jobs(&self, stage: Stage) -> Vec<Queued> {
        let mut paths = self.paths(stage);
        let surplus = paths.len().saturating_sub(MOST);
        for path in paths.drain(..surplus) {
            let _ = fs::remove_file(path);
        }
        paths.into_iter().filter_map(read).collect()
    }

    /// Makes a message for each web service of a notice.
    pub(super) fn add_web_messages(&self, queued: &Queued) -> io::Result<()> {
        for at in 0..queued.job.settings.notify.len() {
            let message = queued.path.with_extension(format!("web{at}"));
            match fs::hard_link(&queued.path, &message) {
                // A process that was killed between the two has made it.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                other => other?,
            }
        }
        Ok(())
    }

    /// The messages to web services, the oldest first, each with the number of its service. Files
    /// that cannot be read are removed.
    pub(super) fn web_messages(&self) -> Vec<(usize, Queued)> {
        let number = |path: &Path| -> Option<usize> {
            path.extension()?
                .to_str()?
                .strip_prefix("web")?
                .parse()
                .ok()
        };
        let mut paths = self.all();
        paths.retain(|path| number(path).is_some());
        let surplus = paths.len().saturating_sub(MOST);
        for path in paths.drain(..surplus) {
            let _ = fs::remove_file(path);
        }
        paths
            .into_iter()
            .filter_map(|path| Some((number(&path)?, read(path)?)))
            .collect()
    }

    /// True if no notice is at this stage.
    pub(super) fn is_empty(&self, stage: Stage) -> bool {
        self.paths(stage).is_empty()
    }

    /// The right to send; `None` while another process has it.
    pub(super) fn sender(&self) -> Option<FileLock> {
        FileLock::acquire(&self.dir.join("sender.lock"), 0o600, Duration::ZERO).ok()
    }

    fn paths(&self, stage: Stage) -> Vec<PathBuf> {
        let mut paths = self.all();
        paths.retain(|path| path.extension().is_some_and(|end| end == stage.extension()));
        paths
    }

    /// All files, in order of time.
    fn all(&self) -> Vec<PathBuf> {
        let mut paths: Vec<PathBuf> = fs::read_dir(&self.dir)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
            .collect();
        paths.sort_unstable();
        paths
    }
}

/// A notice; `None`, and its file removed, where it cannot be read.
fn read(path: PathBuf) -> Option<Queued> {
    let text = fs::read(&path).ok()?;
    match serde_json::from_slice(&text) {
        Ok(job) => Some(Queued { path, job }),
        Err(_) => {
            let _ = fs::remove_file(path);
            None
        }
    }
}
