//! Helpers for the end-to-end suites: the conformance cases and their runner, the
//! programs under test, and the isolation that keeps mail and write(1) harmless.

pub mod action;
pub mod case;
pub mod corpus;
pub mod deployment;
pub mod fleet;
pub mod gate;
pub mod generate;
pub mod isolate;
pub mod judge;
pub mod live;
pub mod machine;
pub mod mail_server;
pub mod manual;
pub mod neighbours;
pub mod parse;
pub mod pool;
pub mod program;
pub mod run;
pub mod schema;
pub mod show;
pub mod skip;
pub mod sshd_site;
pub mod syslog;
pub mod tls;
pub mod web;
pub mod write;
