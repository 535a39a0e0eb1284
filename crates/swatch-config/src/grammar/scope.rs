//! The names visible at a place in a configuration: Perl variables, constants, the environment.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::ast::{Flags, PerlNeed};
use crate::diagnostic::Diagnostic;
use crate::source::Span;

/// A scalar whose value is known when the configuration is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Constant {
    /// A string or number.
    Text(Vec<u8>),
    /// `qr/…/`.
    Regex {
        /// The pattern.
        source: Vec<u8>,
        /// Its flags.
        flags: Flags,
    },
}

impl Constant {
    /// The text that Perl interpolates into a pattern or a string.
    pub(crate) fn pasted(&self) -> Vec<u8> {
        match self {
            Constant::Text(text) => text.clone(),
            Constant::Regex { source, flags } => {
                let mut out = b"(?^".to_vec();
                out.extend(flag_letters(*flags, false).bytes());
                out.push(b':');
                out.extend(source);
                out.push(b')');
                out
            }
        }
    }
}

/// Modifiers as letters, in Perl's order; `a` changes nothing and is omitted unless `all` is set.
pub(crate) fn flag_letters(flags: Flags, all: bool) -> String {
    let letters = [
        (flags.multi_line, "m"),
        (flags.dot_all, "s"),
        (flags.ignore_case, "i"),
        (flags.extended && !flags.extended_more, "x"),
        (flags.extended_more, "xx"),
        (flags.no_capture, "n"),
        (flags.ascii && all, "a"),
    ];
    let set = letters.iter().filter(|(on, _)| *on);
    set.map(|(_, letter)| *letter).collect()
}

/// Visible names.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scope {
    /// Scalars with a known value.
    pub(crate) constants: BTreeMap<Vec<u8>, Constant>,
    /// Scalars whose value only Perl knows.
    pub(crate) scalars: BTreeSet<Vec<u8>>,
    /// Arrays.
    pub(crate) arrays: BTreeSet<Vec<u8>>,
    /// Hashes.
    pub(crate) hashes: BTreeSet<Vec<u8>>,
    /// Functions.
    pub(crate) functions: Rc<BTreeSet<Vec<u8>>>,
    /// A module is loaded, which may define any name.
    pub(crate) foreign: bool,
    /// [`Options::check`](crate::Options::check).
    pub(crate) check: bool,
}

impl Scope {
    /// Defines a scalar with a known value.
    pub(crate) fn set(&mut self, name: &[u8], value: Constant) {
        self.scalars.remove(name);
        self.constants.insert(name.to_vec(), value);
    }

    /// Declares a scalar without a known value.
    pub(crate) fn declare(&mut self, name: &[u8]) {
        self.constants.remove(name);
        self.scalars.insert(name.to_vec());
    }
}

/// Looks up environment variables.
pub(crate) type Environment<'a> = &'a dyn Fn(&[u8]) -> Option<Vec<u8>>;

/// The input of a sub-parser beside its text, and the collector of its diagnostics.
pub(crate) struct Context<'a> {
    /// Names.
    pub(crate) scope: &'a Scope,
    /// The environment.
    pub(crate) env: Environment<'a>,
    /// Findings.
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// Places that need Perl.
    pub(crate) needs: Vec<PerlNeed>,
}

impl<'a> Context<'a> {
    /// An empty context.
    pub(crate) fn new(scope: &'a Scope, env: Environment<'a>) -> Self {
        Self {
            scope,
            env,
            diagnostics: Vec::new(),
            needs: Vec::new(),
        }
    }

    /// Records that a place needs Perl.
    pub(crate) fn need(&mut self, span: Span, what: impl Into<String>) {
        self.needs.push(PerlNeed {
            span,
            what: what.into(),
        });
    }
}
