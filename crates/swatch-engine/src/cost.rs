//! One rule on one record, for those who measure what a rule costs.

use crate::match_context::MatchContext;
use crate::program::Program;

/// True if the condition of a rule, by its number in [`Program::rules`], holds for a record. No
/// other rule, no throttle and no count is asked, and nothing is remembered.
///
/// # Panics
/// There is no rule with this number.
#[must_use]
pub fn condition_holds(program: &Program, rule: usize, record: &[u8]) -> bool {
    let mut context = MatchContext::new(record, &program.patterns, program.pid);
    program.rules[rule].condition.holds(&mut context)
}
