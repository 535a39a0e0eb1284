//! The rules at work: compiles a [`swatch_config::Config`] and decides records by it.
//!
//! Data flows one way: `Config` → [`Program`]; record + [`State`] + [`ClockReading`] → [`Effect`]s.
//! Nothing here opens a file, starts a process or reads a clock.
//!
//! | module | subject |
//! |---|---|
//! | `compile` | from a configuration to a [`Program`] |
//! | `decide` | from a record to effects |
//! | [`prefilter`] | the records of a block that can concern a rule |
//! | `rate_limit` | throttles and thresholds |
//! | `shell` | commands whose values come from the log |
//! | [`perl`] | configurations that need a Perl interpreter |
//! | `explain` | the reasons of a decision |

mod compile;
mod condition;
mod cost;
mod decide;
pub mod effect;
mod env;
mod explain;
mod fields;
mod known_matches;
mod match_context;
mod memory;
mod observer;
mod patterns;
pub mod perl;
pub mod prefilter;
mod program;
mod rate_limit;
mod recalled;
mod render;
mod scalar;
mod shell;
mod state;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod text;

pub use compile::lint;
pub use cost::condition_holds;
pub use decide::{decide, decide_hit};
pub use effect::{Addressee, ClockReading, Effect, Invocation};
pub use explain::{RuleTrace, SkipReason, Skipped, explain};
pub use observer::{AfterRule, Capture};
pub use perl_pattern::Limits;
pub use program::{Options, Program, RuleInfo};
pub use rate_limit::threshold::Counted;
pub use rate_limit::throttle::Throttled;
pub use state::{Counters, State};
