//! Plumbing shared by the programs of this workspace. Each module does one job, and the rest of
//! the workspace does that job nowhere else.
//!
//! | module | job |
//! |---|---|
//! | [`atomic_file`] | a file replaced as a whole, durable as asked |
//! | [`chart`] | bars and sparklines of characters, text that fits a width |
//! | [`duration`] | lengths of time with their unit: `90s`, `24h` |
//! | [`event_log`] | the programs' messages, as text or JSON |
//! | [`file_lock`] | one process at a time |
//! | [`metric_family`] | metrics, and their text for node_exporter |
//! | [`process`] | programs run by argv with limits of time and output |
//! | [`resident`] | what the watcher and a helper that stays say to each other |
//! | [`sanitize`] | untrusted text made safe for a terminal or a log |
//! | [`shell_quote`] | words quoted for `sh` |
//! | [`suggest`] | "did you mean …?" |
//! | [`time_zone`] | the local time zone with its name |
//! | [`trust`] | may another user change this file? |

pub mod atomic_file;
pub mod chart;
pub mod duration;
pub mod event_log;
pub mod file_lock;
pub mod file_version;
pub mod finding;
pub mod metric_family;
pub mod process;
pub mod resident;
pub mod sanitize;
pub mod shell_quote;
pub mod suggest;
pub mod time_zone;
pub mod trust;
