//! Scans all Perl code for declarations, and for scalars that keep one value.
//!
//! Code of depth 0 runs before the first record, wherever it stands in the file, so its names must
//! be known before the rules are read.

use std::collections::BTreeSet;
use std::rc::Rc;

use crate::grammar::perlcode::{Statement, constants, declarations, depth};
use crate::grammar::scope::{Environment, Scope};
use crate::lines::keyword::divide;
use crate::lines::located::{Located, is_space, is_word};
use crate::lines::reader::{Step, contains};

/// The result of the scan.
#[derive(Debug, Default)]
pub(crate) struct Prescan {
    /// Names that every rule sees.
    pub(crate) scope: Scope,
    /// Scalars that change while records are read.
    pub(crate) changing: BTreeSet<Vec<u8>>,
}

/// The depth and code of a `perlcode` line.
pub(crate) fn perl_line(line: Located<'_>) -> Option<(u32, Located<'_>)> {
    let divided = divide(line);
    if !contains(&divided.name(), b"perlcode") {
        return None;
    }
    let (depth, code) = depth(divided.value);
    Some((depth.unwrap_or(1), code))
}

/// Scans all lines.
pub(crate) fn prescan(entries: &[Step], env: Environment<'_>, modules: bool) -> Prescan {
    let mut out = Prescan::default();
    let mut functions = BTreeSet::new();
    out.scope.foreign = modules;
    let mut once = BTreeSet::new();
    let mut natives = Scope::default();
    let mut opaque = Vec::new();
    for entry in entries {
        let Step::Line(line) = entry else { continue };
        let Some((depth, code)) = perl_line(line.text()) else {
            opaque.push(line.text().bytes);
            continue;
        };
        if depth > 3 {
            continue;
        }
        let declared = declarations(code.bytes);
        out.scope.foreign |= declared.foreign;
        functions.extend(declared.functions);
        let Ok(Some(statements)) = constants(code, env, &natives) else {
            opaque.push(code.bytes);
            continue;
        };
        for statement in statements {
            let Statement::Set {
                name,
                value,
                declared,
            } = statement
            else {
                continue;
            };
            // A plain assignment in the loop to a scalar that is declared outside.
            if depth > 0 && !declared && (once.contains(&name) || depth > 1) {
                out.changing.insert(name.clone());
            }
            if depth == 0 {
                once.insert(name.clone());
            }
            natives.set(&name, value);
        }
    }
    for name in natives.constants.keys() {
        if opaque.iter().any(|code| assigns(code, name)) {
            out.changing.insert(name.clone());
        }
    }
    out.scope.functions = Rc::new(functions);
    for entry in entries {
        let Step::Line(line) = entry else { continue };
        if let Some((0, code)) = perl_line(line.text()) {
            out.scope = out.extended(&out.scope, code, env).0;
        }
    }
    out
}

impl Prescan {
    /// The scope after some code, and whether all of the code is native.
    pub(crate) fn extended(
        &self,
        scope: &Scope,
        code: Located<'_>,
        env: Environment<'_>,
    ) -> (Scope, bool) {
        let mut out = scope.clone();
        let declared = declarations(code.bytes);
        for name in &declared.scalars {
            out.declare(name);
        }
        out.arrays.extend(declared.arrays);
        out.hashes.extend(declared.hashes);
        let Ok(Some(statements)) = constants(code, env, scope) else {
            return (out, false);
        };
        let mut native = true;
        for statement in statements {
            if let Statement::Set { name, value, .. } = statement {
                match self.changing.contains(&name) {
                    true => {
                        out.declare(&name);
                        native = false;
                    }
                    false => out.set(&name, value),
                }
            }
        }
        (out, native)
    }
}

/// Returns true if Perl code may give a scalar another value.
fn assigns(code: &[u8], name: &[u8]) -> bool {
    let mut at = 0;
    while let Some(found) = code[at..].iter().position(|&b| b == b'$') {
        let start = at + found;
        at = start + 1;
        let rest = &code[at..];
        if !rest.starts_with(name) || rest.get(name.len()).is_some_and(|&b| is_word(b)) {
            continue;
        }
        let before = code[..start].trim_ascii_end();
        if [
            &b"++"[..],
            b"--",
            b"\\",
            b"chomp",
            b"chop",
            b"chomp(",
            b"chop(",
        ]
        .iter()
        .any(|prefix| before.ends_with(prefix))
        {
            return true;
        }
        let after = &rest[name.len()..];
        let after = &after[after.iter().take_while(|&&b| is_space(b)).count()..];
        if changes(after) {
            return true;
        }
    }
    false
}

/// Returns true if an operator changes its left operand.
fn changes(operator: &[u8]) -> bool {
    if operator.starts_with(b"++") || operator.starts_with(b"--") {
        return true;
    }
    if let Some(right) = operator.strip_prefix(b"=~") {
        let right = right.trim_ascii_start();
        let word = right.iter().take_while(|&&b| is_word(b)).count();
        return matches!(&right[..word], b"s" | b"tr" | b"y");
    }
    let length = operator
        .iter()
        .take_while(|b| b".+-*/%x|&^".contains(b))
        .count();
    let rest = &operator[length..];
    length <= 2 && rest.starts_with(b"=") && !rest.starts_with(b"==") && !rest.starts_with(b"=~")
}
