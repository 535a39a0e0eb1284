//! The progress of a pass: a bar on the terminal.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A pass that is done within this time shows nothing.
const PATIENCE: Duration = Duration::from_secs(1);

/// A bar on standard error, if that is a terminal and the pass takes a while.
pub(super) struct Progress {
    begun: Instant,
    /// Bytes of all logs, as they are on the disk; `None` if one of them is a pipe.
    total: Option<u64>,
    /// Bytes of the logs that are done.
    before: u64,
    wanted: bool,
    bar: Option<ProgressBar>,
}

impl Progress {
    pub(super) fn new(logs: &[PathBuf]) -> Self {
        let size = |path: &PathBuf| {
            let file = path.metadata().ok().filter(std::fs::Metadata::is_file);
            file.filter(|_| path != Path::new("-"))
                .map(|file| file.len())
        };
        Self {
            begun: Instant::now(),
            total: logs.iter().map(size).sum(),
            before: 0,
            wanted: std::io::stderr().is_terminal(),
            bar: None,
        }
    }

    /// So many bytes of the present log have been read, as they are on the disk.
    pub(super) fn at(&mut self, bytes: u64) {
        if !self.wanted || (self.bar.is_none() && self.begun.elapsed() < PATIENCE) {
            return;
        }
        let (total, begun) = (self.total, self.begun);
        let bar = self.bar.get_or_insert_with(|| start(total, begun));
        bar.set_position(self.before + bytes);
    }

    /// The present log, of which so much was read, is done.
    pub(super) fn next_log(&mut self, bytes: u64) {
        self.before += bytes;
    }

    /// Removes the bar.
    pub(super) fn end(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}

fn start(total: Option<u64>, begun: Instant) -> ProgressBar {
    let template = match total {
        Some(_) => "{wide_bar} {bytes} of {total_bytes}, {binary_bytes_per_sec}, {eta} left",
        None => "{spinner} {bytes}, {binary_bytes_per_sec}, {elapsed}",
    };
    let target = ProgressDrawTarget::stderr();
    let bar = ProgressBar::with_draw_target(total, target).with_elapsed(begun.elapsed());
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style.progress_chars("=> ")),
        Err(_) => bar,
    }
}
