//! Variables of texts and commands, and where their values come from.

use std::borrow::Cow;

use swatch_config::ast::Var;

use crate::recalled::Recalled;

/// A variable, or a field of the record under `--awk-field-syntax`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Variable {
    Var(Var),
    /// Field number from 1.
    Field(u32),
}

impl Variable {
    /// Adds it unless it is there already or depends only on the record.
    pub(crate) fn add_to(&self, out: &mut Vec<Variable>) {
        let known = matches!(
            self,
            Variable::Field(_) | Variable::Var(Var::Whole | Var::Record | Var::Pid)
        );
        if !known && !out.contains(self) {
            out.push(self.clone());
        }
    }
}

/// The values of variables: from the last match in the native engine, from Perl in the Perl engine.
pub(crate) trait Env {
    /// The value of a variable, empty if it has none.
    fn value(&mut self, source: &Variable) -> Cow<'_, [u8]>;

    /// Sets the values of `$recall{…}` for the rule that is being decided.
    fn recall(&mut self, values: Recalled);
}
