//! `swatch-rs`: the command line, the sources of log lines, actions, signals and supervision.
//!
//! `swatch-config` and `swatch-engine` decide what a configuration means and `swatch-tail` follows
//! files; this crate connects them to processes, terminals and clocks.

pub mod app;
pub mod cli;
pub mod clock;
pub mod completions;
pub mod daemon;
pub mod explain;
pub mod import;
pub mod init;
pub mod log;
pub mod monitor;
pub mod perform;
pub mod perl;
pub mod pipeline;
pub mod process_group;
pub mod rules;
pub mod source;
pub mod summary;
