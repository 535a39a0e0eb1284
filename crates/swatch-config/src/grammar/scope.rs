//! What a place in a configuration can see: Perl names, constants, the environment.

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
    /// What Perl pastes for it into a pattern or a string.
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

/// Modifiers as letters, in Perl's order; `a` changes nothing and is left out unless `all` is wanted.
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

/// Names that can be seen from a place.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scope {
    /// Scalars with a known value.
    pub(crate) constants: BTreeMap<Vec<u8>, Constant>,
    /// Scalars that only Perl knows the value of.
    pub(crate) scalars: BTreeSet<Vec<u8>>,
    /// Arrays.
    pub(crate) arrays: BTreeSet<Vec<u8>>,
    /// Hashes.
    pub(crate) hashes: BTreeSet<Vec<u8>>,
    /// Functions.
    pub(crate) functions: Rc<BTreeSet<Vec<u8>>>,
    /// A module may have brought any name with it.
    pub(crate) foreign: bool,
    /// [`Options::check`](crate::Options::check).
    pub(crate) check: bool,
}

impl Scope {
    /// Makes a scalar known by its value.
    pub(crate) fn set(&mut self, name: &[u8], value: Constant) {
        self.scalars.remove(name);
        self.constants.insert(name.to_vec(), value);
    }

    /// Makes a scalar known by its name alone.
    pub(crate) fn declare(&mut self, name: &[u8]) {
        self.constants.remove(name);
        self.scalars.insert(name.to_vec());
    }
}

/// Looks up environment variables.
pub(crate) type Environment<'a> = &'a dyn Fn(&[u8]) -> Option<Vec<u8>>;

/// Everything a sub-grammar needs beside its text, and where it leaves what it finds.
pub(crate) struct Context<'a> {
    /// Names.
    pub(crate) scope: &'a Scope,
    /// The environment.
    pub(crate) env: Environment<'a>,
    /// Findings.
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// What needs Perl.
    pub(crate) needs: Vec<PerlNeed>,
}

impl<'a> Context<'a> {
    /// With nothing found yet.
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
