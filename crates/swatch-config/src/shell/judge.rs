//! Judges simple commands by the table of programs.

mod data;

use super::arguments::{
    after_options, has_option, is_one_of, is_option, joined, operand, option_values,
};
use super::hazard::{Danger, Hazard};
use super::log_text::LogText;
use super::machine::{Field, Machine, Stream};
use super::programs::{Use, base_name, is_builtin, is_shell, is_unjudged, uses};
use super::unit::{Unit, expanded, first_log_text};
use data::{extra_lines, mail_headers, options, plain_data, sent_files, tilde};
pub(super) use data::{output_file, written};

/// Judges a command and returns its output. `sure`: it certainly is a command.
pub(super) fn command(
    machine: &mut Machine<'_>,
    fields: &[Field],
    input: &Stream,
    sure: bool,
) -> Stream {
    let Some((first, arguments)) = fields.split_first() else {
        return Stream::default();
    };
    if let Some(number) = first_log_text(&first.units) {
        command_name(machine, first, number, sure);
        return Stream::default();
    }
    let name = first.text().unwrap_or_default();
    if sure && !name.is_empty() && !is_builtin(&name) {
        machine.note_program(first, &name);
    }
    // Log text was written to the file that is run.
    let file = machine.file(&first.units);
    if file.has_log_text() {
        shell_input(machine, &shown(&name), &file, sure);
    }
    let base = base_name(&name).to_vec();
    let call = Call {
        name: shown(&base),
        arguments,
        input,
        sure,
    };
    match uses(&base) {
        Some(uses) => known(machine, &call, uses),
        None => unknown(machine, &call),
    }
}

fn shown(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}

/// A call of a program.
struct Call<'c> {
    name: String,
    arguments: &'c [Field],
    input: &'c Stream,
    sure: bool,
}

fn report(machine: &mut Machine<'_>, danger: Danger, certain: bool) {
    let certain = certain && machine.sure;
    let known = machine
        .hazards
        .iter_mut()
        .find(|known| known.danger == danger);
    match known {
        Some(known) => known.certain |= certain,
        None => machine.hazards.push(Hazard { danger, certain }),
    }
}

fn texts<'m>(machine: &'m Machine<'_>, units: &[Unit]) -> impl Iterator<Item = &'m LogText> {
    let texts: Vec<&LogText> = units
        .iter()
        .filter_map(|unit| unit.log_text())
        .map(|number| &machine.texts[number])
        .collect();
    texts.into_iter()
}

fn command_name(machine: &mut Machine<'_>, first: &Field, number: usize, sure: bool) {
    let text = &machine.texts[number];
    let in_directory = first.units.contains(&Unit::Byte(b'/')) && !text.is_path();
    let certain = sure && text.certain && !in_directory;
    report(machine, Danger::CommandName, certain);
}

/// Shell code. Raw log text in it is code as well; quoted log text is data.
fn shell_code(machine: &mut Machine<'_>, call: &Call<'_>, field: &Field, rest: &[Field]) -> Stream {
    let units = match field.nested {
        true => field.units.clone(),
        false => expanded(&field.units),
    };
    code(machine, &call.name, &units, call.sure);
    let before = (machine.sure, machine.has_test_brackets);
    machine.sure &= call.sure;
    machine.has_test_brackets |= matches!(call.name.as_str(), "bash" | "zsh" | "ksh" | "mksh");
    let printed = machine.script_with(&units, rest, call.input);
    (machine.sure, machine.has_test_brackets) = before;
    printed
}

fn code(machine: &mut Machine<'_>, name: &str, units: &[Unit], sure: bool) {
    let raw: Vec<Unit> = units
        .iter()
        .copied()
        .filter(|unit| matches!(unit, Unit::Raw(_)))
        .collect();
    if raw.is_empty() {
        return;
    }
    let certain = sure && texts(machine, &raw).any(|text| text.certain && text.is_shell_code());
    report(machine, Danger::ShellCode(name.into()), certain);
}

/// A shell reads its commands from a stream.
fn shell_input(machine: &mut Machine<'_>, name: &str, stream: &Stream, sure: bool) {
    let units = expanded(&stream.units);
    code(machine, name, &units, sure && stream.sure);
}

fn known(machine: &mut Machine<'_>, call: &Call<'_>, uses: &[Use]) -> Stream {
    let mut printed = Stream::default();
    for known in uses {
        match *known {
            Use::Wraps { values, operands } => {
                let rest = after_options(call.arguments, values, operands);
                printed.extend(&wrapped(machine, call, rest));
            }
            Use::WrapsAfter(words) => {
                for (at, field) in call.arguments.iter().enumerate() {
                    if is_one_of(field, words) {
                        let rest = &call.arguments[at + 1..];
                        printed.extend(&command(machine, rest, call.input, call.sure));
                    }
                }
            }
            Use::ShellOption(options) => {
                for (field, rest) in option_values(call.arguments, options) {
                    printed.extend(&shell_code(machine, call, &field, rest));
                }
            }
            Use::ShellOperand => {
                let rest = after_options(call.arguments, "", 1);
                if let Some(script) = rest.first().filter(|_| !has_option(call.arguments, b'c')) {
                    printed.extend(&shell_code(machine, call, script, &[]));
                }
            }
            Use::ShellWords => {
                let all = joined(before_arguments(call.arguments));
                printed.extend(&shell_code(machine, call, &all, &[]));
            }
            Use::Remote { values, host } => remote(machine, call, values, host),
            Use::ShellInput => {
                let script =
                    has_option(call.arguments, b'c') || operand(call.arguments, "o").is_some();
                let login = matches!(call.name.as_str(), "su" | "runuser" | "sg" | "newgrp");
                if !script || (login && !has_option(call.arguments, b'c')) {
                    shell_input(machine, &call.name, call.input, call.sure);
                }
            }
            Use::ScriptFile => script_file(machine, call),
            Use::Prints { format } => printed.extend(&prints(machine, call, format)),
            Use::Filter => printed.extend(&filter(machine, call)),
            Use::AppendsInput => printed.extend(&append_input(machine, call)),
            Use::TildeInput => tilde(machine, call),
            Use::MailInput => mail_headers(machine, call),
            Use::LineInput => extra_lines(machine, call),
            Use::FileOption(options) => sent_files(machine, call, options),
            Use::Data { values } => options(machine, call, values),
            Use::PlainData => plain_data(machine, call),
            other => other_language(machine, call, other),
        }
    }
    if is_unjudged(uses) {
        unjudged(machine, call);
    }
    printed
}

/// `parallel COMMAND ::: ARGUMENT…`: the arguments are quoted, if there is a command before them.
fn before_arguments(fields: &[Field]) -> &[Field] {
    let at = fields
        .iter()
        .position(|field| is_one_of(field, &[":::", "::::"]));
    match at {
        Some(at) if fields[..at].iter().any(|field| !is_option(field)) => &fields[..at],
        _ => fields,
    }
}

/// Uses whose code is not a shell's.
fn other_language(machine: &mut Machine<'_>, call: &Call<'_>, known: Use) {
    let operands = || call.arguments.iter().filter(|field| !is_option(field));
    let found = match known {
        Use::Code(options) => option_values(call.arguments, options)
            .iter()
            .any(|(field, _)| field.has_log_text()),
        Use::CodeOperand { values } => {
            let brought = |letter| has_option(call.arguments, letter);
            !(brought(b'f') || brought(b'e'))
                && operand(call.arguments, values).is_some_and(Field::has_log_text)
        }
        Use::CodeOperands { after } => operands().skip(after).any(Field::has_log_text),
        Use::CodeInput => {
            let program = call.arguments.iter().any(|field| !is_option(field));
            let option = has_option(call.arguments, b'c') || has_option(call.arguments, b'e');
            let reads = matches!(call.name.as_str(), "at" | "batch") || !(program || option);
            return commands_from_input(machine, call, reads);
        }
        Use::CodeInputAlways => return commands_from_input(machine, call, true),
        Use::CodeInputWith(word) => {
            let given = call.arguments.iter().any(|field| is_one_of(field, &[word]));
            return commands_from_input(machine, call, given);
        }
        _ => false,
    };
    if found {
        let danger = match call.name.as_str() {
            // The first argument of `trap` is code of the current shell.
            "trap" => return trap(machine, call),
            name => Danger::Program(name.into()),
        };
        report(machine, danger, false);
    }
}

fn trap(machine: &mut Machine<'_>, call: &Call<'_>) {
    if let Some(field) = operand(call.arguments, "") {
        shell_code(machine, call, field, &[]);
    }
}

fn commands_from_input(machine: &mut Machine<'_>, call: &Call<'_>, reads: bool) {
    if reads && call.input.has_log_text() {
        report(machine, Danger::Commands(call.name.clone()), false);
    }
}

/// The command that a wrapper runs.
fn wrapped(machine: &mut Machine<'_>, call: &Call<'_>, rest: &[Field]) -> Stream {
    let assignments = rest.iter().take_while(|field| {
        let text = super::unit::bytes(&field.units);
        call.name == "env" && text.contains(&b'=')
    });
    let (assignments, rest) = rest.split_at(assignments.count());
    for field in assignments {
        machine.assign(field);
    }
    let before = machine.elsewhere;
    machine.elsewhere |= matches!(
        call.name.as_str(),
        "chroot" | "nsenter" | "unshare" | "busybox" | "toybox"
    );
    let printed = command(machine, rest, call.input, call.sure);
    machine.elsewhere = before;
    printed
}

fn remote(machine: &mut Machine<'_>, call: &Call<'_>, values: &str, host: bool) {
    for (field, _) in option_values(call.arguments, &["-o"]) {
        if field.has_log_text() {
            report(machine, Danger::ShellCode(call.name.clone()), false);
        }
    }
    let rest = after_options(call.arguments, values, usize::from(host));
    if rest.is_empty() {
        return shell_input(machine, &call.name, call.input, call.sure);
    }
    let all = joined(rest);
    let before = std::mem::replace(&mut machine.elsewhere, true);
    shell_code(machine, call, &all, &[]);
    machine.elsewhere = before;
}

/// `sh FILE`, `. FILE`.
fn script_file(machine: &mut Machine<'_>, call: &Call<'_>) {
    if has_option(call.arguments, b'c') || has_option(call.arguments, b'e') {
        return;
    }
    let Some(file) = operand(call.arguments, "o") else {
        return;
    };
    let content = machine.file(&file.units);
    shell_input(machine, &call.name, &content, call.sure);
    if file
        .units
        .first()
        .is_some_and(|unit| unit.log_text().is_some())
    {
        let text = first_log_text(&file.units).map(|number| &machine.texts[number]);
        let certain = text.is_some_and(|text| text.certain && text.is_path());
        report(machine, Danger::CommandName, certain && call.sure);
    }
}

fn prints(machine: &mut Machine<'_>, call: &Call<'_>, format: bool) -> Stream {
    let first = call.arguments.first();
    if format
        && first.is_some_and(|first| {
            texts(machine, &first.units).any(|text| text.holds(b'%') || text.holds(b'\\'))
        })
    {
        report(machine, Danger::Format, false);
    }
    let mut units = joined(call.arguments).units;
    units.push(Unit::Byte(b'\n'));
    Stream {
        units: expanded(&units),
        sure: true,
        escapes: !format,
    }
}

/// The input comes out again, in some form.
fn filter(machine: &mut Machine<'_>, call: &Call<'_>) -> Stream {
    let mut out = call.input.clone();
    for field in call.arguments {
        if call.name == "tee" && !is_option(field) {
            machine.write(&field.units, call.input);
        }
        out.extend(&machine.file(&field.units));
    }
    out
}

/// `xargs COMMAND`: the words of its input become arguments or, with `-I {}`, replace that text.
fn append_input(machine: &mut Machine<'_>, call: &Call<'_>) -> Stream {
    let replaced = option_values(call.arguments, &["-I", "--replace", "-J"]);
    let mark = replaced.first().and_then(|(field, _)| field.text());
    let braces = call
        .arguments
        .iter()
        .any(|field| is_one_of(field, &["-i", "--replace"]));
    let mark = mark.or(braces.then(|| b"{}".to_vec()));
    let mut fields = after_options(call.arguments, "IJnPsLEdaR", 0).to_vec();
    let input = expanded(&call.input.units);
    let word = Field {
        units: input
            .iter()
            .copied()
            .filter(|unit| unit.log_text().is_some())
            .collect(),
        splits: true,
        ..Field::default()
    };
    match mark.filter(|mark| !mark.is_empty()) {
        Some(mark) => fields
            .iter_mut()
            .for_each(|field| replace(field, &mark, &word.units)),
        None if word.has_log_text() => fields.push(word),
        None => {}
    }
    let empty = Stream::default();
    let sure = call.sure && call.input.sure;
    command(machine, &fields, &empty, sure)
}

fn replace(field: &mut Field, mark: &[u8], text: &[Unit]) {
    let bytes: Vec<u8> = field
        .units
        .iter()
        .map(|unit| unit.byte().unwrap_or(0))
        .collect();
    let mut at = 0;
    let mut out = Vec::new();
    while at < bytes.len() {
        if bytes[at..].starts_with(mark) {
            out.extend(text);
            at += mark.len();
        } else {
            out.push(field.units[at]);
            at += 1;
        }
    }
    field.units = out;
}

/// A program that is not in the table.
fn unknown(machine: &mut Machine<'_>, call: &Call<'_>) -> Stream {
    let shell = call
        .arguments
        .iter()
        .position(|field| field.text().is_some_and(|text| is_shell(base_name(&text))));
    if let Some(at) = shell {
        command(machine, &call.arguments[at..], call.input, false);
    }
    unjudged(machine, call);
    let log_text = joined(call.arguments)
        .units
        .into_iter()
        .chain(call.input.units.clone());
    Stream {
        units: expanded(
            &log_text
                .filter(|unit| unit.log_text().is_some())
                .collect::<Vec<_>>(),
        ),
        sure: false,
        escapes: false,
    }
}

/// An argument that holds log text and a space.
fn unjudged(machine: &mut Machine<'_>, call: &Call<'_>) {
    for field in call.arguments.iter().filter(|field| !field.nested) {
        let code = texts(machine, &field.units).any(LogText::is_shell_code);
        if code && field.units.contains(&Unit::Byte(b' ')) {
            report(machine, Danger::Unjudged(call.name.clone()), false);
        }
    }
}
