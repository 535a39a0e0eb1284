//! `perlcode` lines.

use std::rc::Rc;

use super::{Open, RuleBuilder};
use swatch_common::sanitize;

use crate::ast::{Action, ActionKind, Item, PerlCode, PerlNeed};
use crate::diagnostic::Diagnostic;
use crate::grammar::perlcode;
use crate::grammar::prescan::perl_line;
use crate::grammar::scope::Scope;
use crate::lines::keyword::{KeywordLine, divide};
use crate::lines::located::Located;
use crate::lines::reader::Step;

impl RuleBuilder<'_> {
    /// The names visible in a rule's block. Code of depth 2 counts wherever it is in the block.
    pub(super) fn block_scope(&self, pending: &[PerlCode], following: &[Step]) -> Rc<Scope> {
        let mut scope = self.scope.clone();
        let mut level = 0usize;
        let mut codes = Vec::new();
        for entry in following {
            match entry {
                Step::Enter => level += 1,
                Step::Leave if level == 0 => break,
                Step::Leave => level -= 1,
                Step::Line(_) if level > 0 => {}
                Step::Line(line) => match perl_line(line.text()) {
                    Some((2 | 3, code)) => codes.push(code),
                    Some((0 | 1, _)) => break,
                    Some(_) => {}
                    None => {
                        let name = divide(line.text()).name();
                        if matches!(name.as_slice(), b"watchfor" | b"ignore" | b"waitfor") {
                            break;
                        }
                    }
                },
            }
        }
        for code in codes {
            scope = Rc::new(self.prescan.extended(&scope, code, self.env).0);
        }
        pending.iter().fold(scope, declared)
    }

    /// The names visible to code before the first rule.
    pub(super) fn pending_scope(&self) -> Rc<Scope> {
        let pending = self.frames.last().map(|frame| frame.pending.iter());
        let pending = pending.into_iter().flatten();
        pending.fold(self.scope.clone(), declared)
    }

    pub(super) fn perl(&mut self, divided: KeywordLine<'_>, depth: u32, code: Located<'_>) {
        if divided.name() != b"perlcode" {
            let message = format!(
                "`{}` is read as `perlcode`",
                sanitize::text(divided.key.bytes)
            );
            self.warn(
                divided.key.span(),
                message,
                "a keyword that contains `perlcode`",
            );
        }
        if depth > 3 {
            let label = "expected a depth from 0 to 3";
            return self.warn(divided.value.span(), "this code is never run", label);
        }
        if code.bytes.first().is_some_and(u8::is_ascii_digit)
            && code.bytes.len() == divided.value.bytes.len()
        {
            let finding = Diagnostic::error(
                code.at(0..1),
                "the depth and the code are not separated",
                "expected a space after this number",
            );
            self.diagnostics.push(finding);
            return;
        }
        let scope = match (&self.frame().open, depth) {
            (Open::Rule(_, block), 2..) => block.clone(),
            (_, 2..) => self.pending_scope(),
            _ => self.scope.clone(),
        };
        if let Err(findings) = perlcode::constants(code, self.env, &scope) {
            self.diagnostics.extend(findings);
            return;
        }
        let (extended, native) = self.prescan.extended(&scope, code, self.env);
        let perl = PerlCode {
            depth: depth as u8,
            code: code.bytes.to_vec(),
            span: code.span(),
            constant: native,
        };
        if depth > 1 {
            return self.block_code(perl);
        }
        self.useful = true;
        if depth == 1 {
            self.scope = Rc::new(extended);
        }
        self.need_for(&perl);
        if !code.is_empty() {
            self.config.items.push(Item::Perl(perl));
        }
        let frame = self.frame();
        frame.started = true;
        frame.open = Open::None;
    }

    pub(super) fn need_for(&mut self, perl: &PerlCode) {
        if !perl.constant {
            self.config.perl_needs.push(PerlNeed {
                span: perl.span,
                what: "Perl code other than constant scalars".into(),
            });
        }
    }

    /// Code of depth 2 or 3.
    pub(super) fn block_code(&mut self, perl: PerlCode) {
        let frame = self.frame();
        let index = match frame.open {
            Open::Rule(index, _) => index,
            Open::Silent(_) => return,
            Open::None => {
                frame.pending.push(perl);
                return;
            }
        };
        self.need_for(&perl);
        let Item::Rule(rule) = &mut self.config.items[index] else {
            return;
        };
        match perl.depth {
            2 => rule.perl_first.push(perl),
            _ => rule.actions.push(Action {
                span: perl.span,
                kind: ActionKind::Perl(perl),
                when: None,
                threshold: None,
                message: None,
            }),
        }
    }

    /// Warns of code that waited for a rule which never came.
    pub(super) fn close_pending(&mut self) {
        for code in std::mem::take(&mut self.frame().pending) {
            self.warn(code.span, "this code is never run", "no rule follows it");
        }
    }
}

/// A scope with the names that code declares.
fn declared(scope: Rc<Scope>, code: &PerlCode) -> Rc<Scope> {
    let mut own = (*scope).clone();
    let declared = perlcode::declarations(&code.code);
    declared.scalars.iter().for_each(|name| own.declare(name));
    own.arrays.extend(declared.arrays);
    own.hashes.extend(declared.hashes);
    Rc::new(own)
}
