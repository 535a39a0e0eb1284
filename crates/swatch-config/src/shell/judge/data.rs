//! Log text that a program takes as data: options, names of files, headers of a mail.

use super::{Call, report, texts};
use crate::shell::arguments::{is_option, option_values};
use crate::shell::hazard::Danger;
use crate::shell::machine::{Field, Machine, Stream};
use crate::shell::programs::reader_of_file;
use crate::shell::unit::{Unit, bytes, first_log_text};

/// mail(1) obeys lines that begin with `~`.
pub(super) fn tilde(machine: &mut Machine<'_>, call: &Call<'_>) {
    let units = &call.input.units;
    let mut line_start = true;
    let mut found = false;
    for unit in units {
        if let Some(number) = unit.log_text() {
            found |= line_start && machine.texts[number].begins_with(b'~');
        }
        line_start = *unit == Unit::Byte(b'\n');
    }
    if found {
        report(machine, Danger::Tilde(call.name.clone()), false);
    }
}

/// Log text above the empty line that ends the headers of a mail.
pub(super) fn mail_headers(machine: &mut Machine<'_>, call: &Call<'_>) {
    if !call.input.escapes {
        return;
    }
    let mut head: Vec<u8> = Vec::new();
    for unit in &call.input.units {
        match *unit {
            Unit::Byte(byte) => head.push(byte),
            Unit::Unknown(_) => {}
            Unit::Quoted(number) | Unit::Raw(number) => {
                if machine.texts[number].holds(b'\\') {
                    return report(machine, Danger::MailHeader(call.name.clone()), false);
                }
            }
        }
        if head.ends_with(b"\\n\\n") || head.ends_with(b"\n\n") {
            return;
        }
    }
}

/// Printed by an `echo` that knows escapes, log text could end its line and begin another.
pub(super) fn extra_lines(machine: &mut Machine<'_>, call: &Call<'_>) {
    let mut texts = call.input.units.iter().filter_map(|unit| unit.log_text());
    let breaks = |number: usize| machine.texts[number].holds(b'\\');
    if call.input.escapes && texts.any(breaks) {
        report(machine, Danger::ExtraLine(call.name.clone()), false);
    }
}

pub(super) fn sent_files(machine: &mut Machine<'_>, call: &Call<'_>, options: &[&str]) {
    for (field, _) in option_values(call.arguments, options) {
        let at = match field
            .units
            .iter()
            .position(|unit| *unit == Unit::Byte(b'='))
        {
            Some(at) if first_log_text(&field.units[..at]).is_none() => at + 1,
            _ => 0,
        };
        for at in [0, at] {
            let rest = field.units.get(at..).unwrap_or_default();
            let found = match rest {
                [Unit::Byte(b'@' | b'<'), unit, ..] => unit.log_text().is_some(),
                [unit, ..] => {
                    let number = unit.log_text();
                    number.is_some_and(|number| machine.texts[number].begins_with(b'@'))
                }
                [] => false,
            };
            if found {
                report(machine, Danger::SentFile(call.name.clone()), false);
            }
        }
    }
}

/// Log text that the program can take for an option.
pub(super) fn options(machine: &mut Machine<'_>, call: &Call<'_>, values: &str) {
    let mut is_value = false;
    for field in call.arguments {
        let text = field.text();
        if text.as_deref() == Some(b"--") {
            return;
        }
        let start = field.units.first().and_then(|unit| unit.log_text());
        let starts = start.is_some_and(|number| machine.texts[number].is_option(false));
        let later = field.splits
            && texts(machine, &field.units)
                .any(|text| text.is_option(true) && !text.is_option(false));
        let split = field.splits && texts(machine, &field.units).any(|text| text.is_option(true));
        if (starts && !is_value) || later || (split && is_value && splits_off(machine, field)) {
            report(machine, Danger::Option(call.name.clone()), false);
            return;
        }
        is_value = match text.as_deref() {
            Some([b'-', b'-', long @ ..]) => !long.contains(&b'='),
            Some([b'-', .., letter]) => values.as_bytes().contains(letter),
            _ => false,
        };
    }
}

/// A later word of the text can begin with `-`.
pub(super) fn splits_off(machine: &Machine<'_>, field: &Field) -> bool {
    texts(machine, &field.units).any(|text| text.holds(b' ') && text.holds(b'-'))
}

/// Shell builtins that set variables.
pub(super) fn plain_data(machine: &mut Machine<'_>, call: &Call<'_>) {
    match call.name.as_str() {
        "read" => {
            for field in call.arguments.iter().filter(|field| !is_option(field)) {
                if let Some(name) = field.text() {
                    machine.set(name, &call.input.units);
                }
            }
        }
        "export" | "readonly" | "local" | "declare" | "typeset" => {
            for field in call.arguments {
                machine.assign(field);
            }
        }
        "set" => {
            for (number, field) in call
                .arguments
                .iter()
                .filter(|field| !is_option(field))
                .enumerate()
            {
                machine.set((number + 1).to_string().into_bytes(), &field.units);
            }
        }
        _ => {}
    }
}

/// Checks what is written to a file.
pub(in crate::shell) fn written(machine: &mut Machine<'_>, name: &[Unit], content: &Stream) {
    let reader = reader_of_file(&bytes(name));
    if let Some(reader) = reader.filter(|_| content.has_log_text()) {
        report(machine, Danger::Commands(reader.into()), false);
    }
}

/// Checks the name of an output file.
pub(in crate::shell) fn output_file(machine: &mut Machine<'_>, name: &[Unit]) {
    if texts(machine, name).any(|text| text.is_path()) {
        report(machine, Danger::FileName, false);
    }
}
