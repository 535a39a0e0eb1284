//! `--metrics FILE`: a file for node_exporter's textfile collector, written again and again.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use swatch_common::atomic_file::{AtomicFile, AtomicFileError};
use swatch_common::metric_family;

use super::families;
use crate::log;
use crate::monitor::{Monitor, Snapshot};

/// Why there is no file of metrics.
#[derive(Debug, thiserror::Error)]
pub enum TextfileError {
    /// It cannot be written.
    #[error("cannot write the metrics: {0}")]
    Write(#[from] AtomicFileError),
    /// There is no thread to do it.
    #[error("cannot start a thread for the metrics: {0}")]
    Thread(#[from] io::Error),
}

/// Writes a file again and again, and a last time when it is dropped.
pub struct Textfile {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Textfile {
    /// Writes the file now and in this interval.
    ///
    /// # Errors
    /// The first file cannot be written.
    pub fn start(
        path: &Path,
        every: Duration,
        monitor: Arc<Monitor>,
    ) -> Result<Self, TextfileError> {
        write(path, &monitor)?;
        if path.extension().is_none_or(|extension| extension != "prom") {
            log::warning("--metrics: node_exporter reads only files whose names end in .prom");
        }
        let (stop, stopped) = channel();
        let path = path.to_owned();
        let thread = std::thread::Builder::new()
            .name("metrics".to_owned())
            .stack_size(256 * 1024)
            .spawn(move || {
                let mut reported = None;
                loop {
                    let wait = stopped.recv_timeout(every);
                    report(&mut reported, write(&path, &monitor));
                    if wait != Err(RecvTimeoutError::Timeout) {
                        return;
                    }
                }
            })?;
        Ok(Self {
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

impl Drop for Textfile {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic ends the process in a release build.
            let _ = thread.join();
        }
    }
}

/// Each reason is reported once until the file can be written again.
fn report(reported: &mut Option<String>, written: Result<(), AtomicFileError>) {
    let why = written
        .err()
        .map(|e| format!("cannot write the metrics: {e}"));
    if let Some(why) = why.as_ref().filter(|why| reported.as_ref() != Some(why)) {
        log::warning(why);
    }
    *reported = why;
}

fn write(path: &Path, monitor: &Monitor) -> Result<(), AtomicFileError> {
    let text = metric_family::text(&families(&Snapshot::of(monitor)));
    AtomicFile::new(&absolute(path))
        .mode(0o644)
        .write(text.as_bytes())
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
