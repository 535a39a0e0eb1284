//! Configurations that need Perl: one Perl program holds the rule chain, and swatch-rs decides
//! and performs what it asks for.
//!
//! Perl evaluates conditions and values and runs `perlcode`; throttles, thresholds, windows,
//! quoting and every effect stay on this side, so that there is one logic for both engines.
//! Nothing here starts a process: [`PerlChain`] talks over any [`Read`](std::io::Read) and
//! [`Write`](std::io::Write).

mod chain;
mod expression;
mod faults;
mod protocol;
mod replay;
mod script;
#[cfg(test)]
mod tests;
mod values;

pub use chain::{ChannelError, Outcome, PerlChain, PerlModules, StartError};
pub use replay::Replay;

/// The Perl program that receives the chain: the argument of `perl -e`. Its standard input must
/// be a socket that is open both ways.
pub const RUNTIME: &str = include_str!("perl/runtime.pl");
