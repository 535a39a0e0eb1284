//! `--examine LOG… --summary`: what the rules would have done with these logs, as figures.
//!
//! Nothing is performed. The clock is that of the log: throttles, thresholds and `when=` see the
//! time stamps of the records, as they would have seen the time when the lines were written.
//!
//! [`pass`] reads the logs and decides each record; [`tally`] keeps what is counted, within fixed
//! memory; [`cost`] measures each rule on a sample of the records. [`text`] and [`json`] print.

mod cost;
mod json;
mod log_clock;
mod pass;
mod progress;
mod sample;
mod tally;
mod text;
mod timeline;
mod top;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use swatch_common::chart::Screen;
use swatch_tail::Separator;

use crate::log;
use crate::rules::Rules;
use pass::Pass;
use progress::Progress;
use tally::Tally;

/// A summary that was asked for.
pub struct Request<'a> {
    /// The logs: files, plain or compressed, or `-`.
    pub logs: &'a [PathBuf],
    /// The ends of records.
    pub separator: &'a Separator,
    /// Print one JSON object a configuration instead of text.
    pub json: bool,
}

/// A log that was read.
struct Examined {
    path: PathBuf,
    records: u64,
    /// Bytes of its text; of a compressed log, after decompression.
    bytes: u64,
    /// Why it could not be read to its end.
    error: Option<String>,
}

/// Everything that is printed for a configuration.
struct Summary<'a> {
    config: &'a Path,
    logs: Vec<Examined>,
    rules: Vec<RuleLine>,
    tally: Tally,
    took: Duration,
}

/// A rule and its figures.
struct RuleLine {
    /// Its number in the configuration.
    number: usize,
    /// `FILE:LINE`, sanitised.
    place: String,
    is_watch: bool,
    /// The condition, sanitised.
    text: String,
    counters: swatch_engine::Counters,
    /// The cost of one record, if that could be measured.
    cost: Option<Duration>,
}

/// Reads the logs with each configuration, and prints a summary of each. The exit status is 1 if a
/// log could not be read to its end.
pub fn run(request: &Request<'_>, configurations: Vec<(PathBuf, Rules)>) -> ExitCode {
    let mut status = ExitCode::SUCCESS;
    for (number, (path, rules)) in configurations.into_iter().enumerate() {
        let begun = Instant::now();
        let mut pass = Pass::new(rules, request.separator);
        let mut progress = Progress::new(request.logs);
        let mut logs = Vec::new();
        for log in pass::in_order_of_time(request.logs) {
            logs.push(pass.log(&log, &mut progress));
        }
        progress.end();
        let took = begun.elapsed();
        for log in &logs {
            if let Some(error) = &log.error {
                log::error(error);
                status = ExitCode::FAILURE;
            }
        }
        let (rules, tally) = pass.end();
        let summary = Summary {
            config: &path,
            logs,
            rules,
            tally,
            took,
        };
        let text = match request.json {
            true => json::object(&summary),
            false => {
                let gap = if number > 0 { "\n" } else { "" };
                format!("{gap}{}", text::page(&summary, Screen::of_stdout()))
            }
        };
        // A reader that has gone away wants no more.
        if std::io::stdout().write_all(text.as_bytes()).is_err() {
            break;
        }
    }
    status
}
