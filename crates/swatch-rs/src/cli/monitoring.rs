//! Options about what the program tells of itself.

use std::path::PathBuf;

use clap::Args;
use swatch_common::event_log::{Level, LogFormat, LogSettings};

/// How the program reports on its work.
#[derive(Debug, Clone, Default, Args)]
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
}

impl Monitoring {
    /// The options, and where they are silent the environment.
    pub fn log_settings(&self) -> LogSettings {
        let environment = LogSettings::from_environment();
        LogSettings {
            format: self.log_format.unwrap_or(environment.format),
            level: self.log_level.or(environment.level),
        }
    }
}
