//! The values that Perl sends with a question.

use std::borrow::Cow;

use swatch_config::ast::Var;

use crate::env::{Env, Variable};
use crate::fields;
use crate::recalled::Recalled;

/// Values of the variables of one gate or action.
pub(super) struct Values<'a> {
    /// The record as it was read: `$0`, `$*` and awk fields.
    pub(super) record: &'a [u8],
    /// `$_`, which user code may have changed.
    pub(super) current: &'a [u8],
    pub(super) pid: u32,
    /// The variables that Perl evaluates, and its values in the same order.
    pub(super) sources: &'a [Variable],
    pub(super) values: &'a [Vec<u8>],
    /// The value that a gate has recalled; an action gets it from Perl.
    pub(super) recalled: Option<Recalled>,
}

impl Env for Values<'_> {
    fn value(&mut self, source: &Variable) -> Cow<'_, [u8]> {
        match source {
            Variable::Field(n) => Cow::Borrowed(fields::awk_field(self.record, *n)),
            Variable::Var(Var::Whole) => Cow::Borrowed(self.record),
            Variable::Var(Var::Record) => Cow::Borrowed(self.current),
            Variable::Var(Var::Pid) => Cow::Owned(self.pid.to_string().into_bytes()),
            Variable::Var(Var::Recall(name)) if self.recalled.is_some() => {
                let recalled = self.recalled.as_ref();
                Cow::Borrowed(recalled.map_or(&[], |values| values.get(name)))
            }
            other => {
                let at = self.sources.iter().position(|s| s == other);
                let value = at.and_then(|at| self.values.get(at));
                Cow::Borrowed(value.map_or(&[], Vec::as_slice))
            }
        }
    }

    fn recall(&mut self, values: Recalled) {
        self.recalled = Some(values);
    }
}
