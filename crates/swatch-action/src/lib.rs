//! `swatch-action`: from an attacker's log line to a lock in the firewall, for the right address
//! and the right time.
//!
//! Data flows through it in one direction:
//!
//! ```text
//! lines on stdin ─▶ event ─▶ address ─▶ count ─▶ lock ─▶ firewall ─▶ notify (mail, whois)
//!                                                 │
//!                                               state (SQLite)
//! ```
//!
//! Below the count no program is started and no database is opened: an event costs one line in one
//! file. [`console`] is the only module that writes to standard error.

pub mod address;
pub mod allowlist;
mod ban_list;
pub mod cli;
pub mod console;
pub mod count;
pub mod date;
pub mod directory;
mod doctor;
pub mod event;

mod extract;
pub mod firewall;
#[cfg(feature = "fleet")]
mod fleet;
#[cfg(not(feature = "fleet"))]
#[path = "fleet_absent.rs"]
mod fleet;
pub mod history;
mod ignore_entry;
mod listing;
pub mod lock;
mod maintenance;
mod manual;
mod metrics;
pub mod network;
pub mod notify;
mod once;
mod report;
pub mod resolve;
pub mod runner;
pub mod secret;
mod serve;
pub mod settings;
pub mod state;
mod story;
mod subcommand;
