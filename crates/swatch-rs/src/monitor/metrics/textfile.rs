//! `--metrics FILE`: Prometheus' text format 0.0.4, for node_exporter's textfile collector.
//!
//! One fault in the file costs all of it in node_exporter, without a message where anybody looks:
//! so no time stamps, a line feed at the end, and every backslash doubled.

use std::fmt::Write;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use swatch_common::atomic_file::{AtomicFile, AtomicFileError};

use super::{Family, Labels, Series, families};
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
    let text = render(&families(&Snapshot::of(monitor)));
    AtomicFile::new(&absolute(path))
        .mode(0o644)
        .write(text.as_bytes())
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// The text of the families.
pub(super) fn render(families: &[Family]) -> String {
    let mut out = String::new();
    for family in families {
        let name = family.name;
        let (kind, is_empty) = match &family.series {
            Series::Counter(series) => ("counter", series.is_empty()),
            Series::Gauge(series) => ("gauge", series.is_empty()),
        };
        if is_empty {
            continue;
        }
        // Writing to a string cannot fail.
        let _ = write!(out, "# HELP {name} {}\n# TYPE {name} {kind}\n", family.help);
        match &family.series {
            Series::Counter(series) => series.iter().for_each(|(l, v)| line(&mut out, name, l, v)),
            Series::Gauge(series) => series.iter().for_each(|(l, v)| line(&mut out, name, l, v)),
        }
    }
    out
}

fn line(out: &mut String, name: &str, labels: &Labels, value: &dyn std::fmt::Display) {
    out.push_str(name);
    for (n, (label, text)) in labels.iter().enumerate() {
        out.push_str(if n == 0 { "{" } else { "," });
        let _ = write!(out, "{label}=\"");
        for c in text.chars() {
            match c {
                '\\' => out.push_str("\\\\"),
                '"' => out.push_str("\\\""),
                '\n' => out.push_str("\\n"),
                c => out.push(c),
            }
        }
        out.push('"');
    }
    let _ = writeln!(out, "}} {value}");
}
