//! `swatch-rs`: command line, sources, performing of actions, signals and supervision.
//!
//! What a configuration means is decided in `swatch-config` and `swatch-engine`, how a file is
//! followed in `swatch-tail`; this crate joins them to processes, terminals and clocks.

pub mod app;
pub mod cli;
pub mod clock;
pub mod daemon;
pub mod explain;
pub mod message;
pub mod notify;
pub mod perform;
pub mod perl;
pub mod pidfile;
pub mod restart_time;
pub mod rules;
pub mod signals;
pub mod source;
pub mod supervisor;
pub mod trust;
pub mod watch;
