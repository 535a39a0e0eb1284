//! All rules at once: which records of a block can concern any rule, and which rules.
//!
//! The cost of a log must be that of looking through it once, whatever the number of rules:
//!
//! 1. Each pattern gives texts of which a record must hold one to match (`literal`), the rarest
//!    ones that it has (`rank`, and what the log itself shows: `adapt`). All texts together are
//!    looked for in one pass over the block (`filter`).
//! 2. Patterns without such texts go into one automaton over the block (`index`).
//! 3. Only where something was found, the line is cut out, and the patterns concerned are tried on
//!    it, each exactly as the rule would.
//! 4. The rules are decided in their order on these lines alone, by
//!    [`Program::decide_hit`](crate::Program::decide_hit).
//!
//! Nothing is built before it is needed: a thousand rules are ready in some milliseconds, and the
//! engines of those that never match are never made.

mod adapt;
mod few;
mod filter;
mod found;
mod index;
mod needle;
mod pass;
mod rules;
mod sample;
mod scan;
#[cfg(test)]
mod tests;
mod window;

pub use found::{Found, Hit};
pub use pass::in_order;
pub(crate) use rules::Known;
pub use rules::Search;
pub use scan::Scratch;
