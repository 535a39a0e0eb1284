//! `swatch-action`: from an attacker's log line to a lock in the firewall, for the right address and the right time.
//!
//! What flows through it, in one direction:
//!
//! ```text
//! a line on stdin ─▶ line ─▶ address ─▶ ledger (count) ─▶ lock (end, firewall) ─▶ notice (mail, whois)
//!                                                            │
//!                                                          state (SQLite)
//! ```
//!
//! Below the count nothing is started and no database is opened: an event costs one line in one file.

pub mod address;
pub mod allow;
pub mod cli;
mod commands;
pub mod date;
pub mod duration;
pub mod event;

pub mod firewall;
pub mod folder;
pub mod harmless;
pub mod ledger;
pub mod line;
pub mod lock;

pub mod network;
pub mod notice;
pub mod runner;

pub mod separator;
pub mod settings;
pub mod state;
