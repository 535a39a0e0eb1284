//! Options and operands among the words of a command.

use super::machine::Field;
use super::unit::{Unit, bytes};

pub(super) fn is_option(field: &Field) -> bool {
    matches!(field.units.as_slice(), [Unit::Byte(b'-'), _, ..])
}

pub(super) fn is_one_of(field: &Field, words: &[&str]) -> bool {
    let text = field.text();
    text.is_some_and(|text| words.iter().any(|word| word.as_bytes() == text))
}

/// Returns true for an option of one letter, also in a bundle.
pub(super) fn has_option(fields: &[Field], letter: u8) -> bool {
    fields.iter().filter_map(Field::text).any(|text| {
        matches!(text.as_slice(), [b'-', letters @ ..]
            if letters.first() != Some(&b'-') && letters.contains(&letter))
    })
}

/// The first operand.
pub(super) fn operand<'f>(fields: &'f [Field], values: &str) -> Option<&'f Field> {
    after_options(fields, values, 0).first()
}

/// The words after the options and the first few operands.
pub(super) fn after_options<'f>(fields: &'f [Field], values: &str, operands: usize) -> &'f [Field] {
    let mut at = 0;
    while let Some(field) = fields.get(at) {
        match field.text().as_deref() {
            Some(b"--") => {
                at += 1;
                break;
            }
            Some([b'-', .., letter]) => {
                let value = field.units.len() == 2 && values.as_bytes().contains(letter);
                at += 1 + usize::from(value);
            }
            _ if is_option(field) => at += 1,
            _ => break,
        }
    }
    fields.get(at + operands..).unwrap_or_default()
}

/// Values of options, with the words after each: `-c VALUE`, `--command=VALUE`, `-eVALUE`.
pub(super) fn option_values<'f>(
    fields: &'f [Field],
    options: &[&str],
) -> Vec<(Field, &'f [Field])> {
    let mut out = Vec::new();
    for (at, field) in fields.iter().enumerate() {
        let head = bytes(&field.units);
        for option in options {
            let option = option.as_bytes();
            let whole = head == option && field.text().is_some();
            let bundle = matches!((option, head.as_slice()), ([b'-', letter], [b'-', letters @ ..])
                if letters.len() > 1 && letters.iter().all(u8::is_ascii_alphabetic)
                    && (letters.last() == Some(letter) || (*letter == b'c' && letters.contains(letter))) && field.text().is_some());
            let glued = head.starts_with(option) && field.units.len() > option.len();
            if whole || bundle {
                if let Some(value) = fields.get(at + 1) {
                    out.push((value.clone(), fields.get(at + 2..).unwrap_or_default()));
                }
            } else if glued && leads(field, option) {
                let from =
                    option.len() + usize::from(field.units[option.len()] == Unit::Byte(b'='));
                let value = Field {
                    units: field.units[from..].to_vec(),
                    nested: false,
                    ..field.clone()
                };
                out.push((value, fields.get(at + 1..).unwrap_or_default()));
            } else {
                continue;
            }
            break;
        }
    }
    out
}

/// The field begins with the option as written.
fn leads(field: &Field, option: &[u8]) -> bool {
    let head = field.units[..option.len()].iter();
    let plain = head
        .map(|unit| unit.byte())
        .eq(option.iter().map(|b| Some(*b)));
    let long = option.starts_with(b"--") || option.len() > 2;
    plain && (!long || field.units[option.len()] == Unit::Byte(b'='))
}

pub(super) fn joined(fields: &[Field]) -> Field {
    let mut out = Field {
        nested: !fields.is_empty(),
        ..Field::default()
    };
    for (index, field) in fields.iter().enumerate() {
        if index > 0 {
            out.units.push(Unit::Byte(b' '));
        }
        out.nested &= field.nested || !field.has_log_text();
        out.units.extend(&field.units);
    }
    out
}
