//! Options about what the program tells of itself.

use std::path::PathBuf;

use clap::Args;
use swatch_common::event_log::{Level, LogFormat, LogSettings};

use crate::monitor::metrics::ListenAddress;

/// How the program reports on its work.
#[derive(Debug, Clone, Args)]
pub struct Monitoring {
    /// Write messages on standard error as text or, for machines, as JSON, an object a line
    #[arg(
        long,
        value_name = "text|json",
        help_heading = "Monitoring",
        hide_short_help = true
    )]
    pub log_format: Option<LogFormat>,
    /// Write messages of this importance and above: error, warning, notice, info, debug
    ///
    /// debug writes each line that matches a rule, and each action. Default: notice for text,
    /// info for JSON.
    #[arg(
        long,
        value_name = "LEVEL",
        help_heading = "Monitoring",
        hide_short_help = true
    )]
    pub log_level: Option<Level>,
    /// Make the socket for `swatch-rs status`, `reload` and `stop` in a directory
    ///
    /// Default for a watcher with --daemon, --pid-file or --state-dir: $RUNTIME_DIRECTORY, else
    /// /run/swatch-rs for root, else $XDG_RUNTIME_DIR/swatch-rs.
    #[arg(
        long,
        value_name = "DIR",
        help_heading = "Monitoring",
        hide_short_help = true
    )]
    pub runtime_dir: Option<PathBuf>,
    /// Write metrics to a file, for the textfile collector of node_exporter
    #[arg(
        long,
        value_name = "FILE",
        help_heading = "Monitoring",
        hide_short_help = true
    )]
    pub metrics: Option<PathBuf>,
    /// Write the file of --metrics in this interval, and at the end
    #[arg(
        long,
        value_name = "SECONDS",
        help_heading = "Monitoring",
        default_value_t = 15,
        value_parser = clap::value_parser!(u64).range(1..),
        hide_short_help = true
    )]
    pub metrics_interval: u64,
    /// Serve metrics over HTTP at /metrics on a port of this machine, or at ADDRESS:PORT
    #[arg(
        long,
        value_name = "PORT",
        help_heading = "Monitoring",
        hide_short_help = true
    )]
    pub metrics_listen: Option<ListenAddress>,
}

impl Monitoring {
    /// True if there are metrics in a file or over HTTP.
    pub fn has_metrics(&self) -> bool {
        self.metrics.is_some() || self.metrics_listen.is_some()
    }

    /// The options, and where they are silent the environment.
    pub fn log_settings(&self) -> LogSettings {
        let environment = LogSettings::from_environment();
        LogSettings {
            format: self.log_format.unwrap_or(environment.format),
            level: self.log_level.or(environment.level),
        }
    }
}
