//! The rules at work: a [`swatch_config::Config`] compiled, searched and decided.
//!
//! Data flows one way: `Config` → [`Program`]; record + [`State`] + [`Moment`] → [`Effect`]s.
//! Nothing here opens a file, starts a process or reads a clock.

mod command;
mod compile;
mod condition;
mod decide;
pub mod effect;
mod explain;
mod fields;
mod lookup;
mod matching;
mod needs;
mod perform;
pub mod perl;
mod program;
mod scalar;
pub mod search;
mod stamp;
mod state;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use decide::End;
pub use effect::{Addressee, Effect, Invocation, Moment};
pub use explain::{Capture, RuleTrace, Skipped, Why};
pub use needs::Need;
pub use program::{Options, Program, RuleInfo};
pub use state::threshold::Counted;
pub use state::throttle::Throttled;
pub use state::{Counters, State};
