//! Text with variables.

use swatch_config::ast::{Piece, Template, Var};

use crate::env::{Env, Variable};

/// Text with variables, compiled for everything that is not a command.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct CompiledText {
    pub(crate) parts: Vec<TextPart>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TextPart {
    Literal(Vec<u8>),
    Value(Variable),
}

impl CompiledText {
    pub(crate) fn compile(template: &Template) -> Self {
        Self::with(template, |v| Variable::Var(v.clone()))
    }

    pub(crate) fn with(template: &Template, source: impl Fn(&Var) -> Variable) -> Self {
        let parts = template.pieces.iter().map(|piece| match piece {
            Piece::Text(t) => TextPart::Literal(t.clone()),
            Piece::Var(v) => TextPart::Value(source(v)),
        });
        Self {
            parts: parts.collect(),
        }
    }

    /// The text, if it has no variables.
    pub(crate) fn literal(&self) -> Option<&[u8]> {
        match self.parts.as_slice() {
            [] => Some(b""),
            [TextPart::Literal(t)] => Some(t),
            _ => None,
        }
    }

    /// Adds the variables whose values another engine must supply, each once.
    pub(crate) fn add_sources(&self, out: &mut Vec<Variable>) {
        for part in &self.parts {
            if let TextPart::Value(source) = part {
                source.add_to(out);
            }
        }
    }

    pub(crate) fn render(&self, env: &mut impl Env) -> Vec<u8> {
        let mut out = Vec::new();
        self.render_into(env, &mut out);
        out
    }

    pub(crate) fn render_into(&self, env: &mut impl Env, out: &mut Vec<u8>) {
        for part in &self.parts {
            match part {
                TextPart::Literal(t) => out.extend_from_slice(t),
                TextPart::Value(source) => out.extend_from_slice(&env.value(source)),
            }
        }
    }
}
