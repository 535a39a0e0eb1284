//! From logical lines to rules: one module for each construct of the language.

pub(crate) mod action;
pub(crate) mod ansi;
pub(crate) mod command;
pub(crate) mod condition;
pub(crate) mod configuration;
pub(crate) mod escape;
pub(crate) mod numbers;
pub(crate) mod old_style;
pub(crate) mod options;
pub(crate) mod pattern;
pub(crate) mod perl_functions;
pub(crate) mod perlcode;
pub(crate) mod prescan;
pub(crate) mod rate_limit;
pub(crate) mod remember;
pub(crate) mod rule;
pub(crate) mod sample;
pub(crate) mod scope;
pub(crate) mod shell_quotes;
pub(crate) mod source_comment;
pub(crate) mod template;
pub(crate) mod variable;
pub(crate) mod when;
