//! Configurations that need Perl: a Perl program runs the rule chain, and swatch-rs decides and
//! performs what it requests.
//!
//! Perl evaluates conditions and values and runs `perlcode`. Throttles, thresholds, windows,
//! quoting and effects stay on this side, so both engines share one implementation. Nothing here
//! starts a process: [`PerlChain`] talks over any [`Read`](std::io::Read) and
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

pub use chain::{ChannelError, Outcome, PerlChain, StartError};
pub use replay::Replay;
pub use script::PerlModules;

/// The Perl program that receives the chain: the argument of `perl -e`. Its standard input must be
/// a bidirectional socket.
pub const RUNTIME: &str = include_str!("perl/runtime.pl");
