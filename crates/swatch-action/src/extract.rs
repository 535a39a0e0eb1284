//! `address FIELD|auto`: prints the address that an event with each line would act on.

use std::io::{self, BufRead};

use crate::{
    address::{FieldList, is_private},
    allowlist::Ignored,
    console::Console,
    event::{self, Where, input},
    network,
    settings::Settings,
    subcommand::{CommandError, Outcome},
};

pub(crate) fn address(
    settings: &Settings,
    field: &str,
    input: &mut dyn BufRead,
    console: &mut Console<'_>,
) -> Outcome {
    let place = if field == "auto" {
        Where::Auto
    } else {
        Where::Field(FieldList::parse(field)?)
    };
    let ignored = Ignored::read(settings)?;
    for message in ignored.notes.iter().chain(&ignored.warnings) {
        console.note(message);
    }
    let mut number = 0_u64;
    loop {
        if input.fill_buf().map_err(unreadable)?.is_empty() {
            return Ok(());
        }
        number += 1;
        let raw = input::read(input).map_err(unreadable)?;
        let acts = match event::find(&raw, &place, settings.strict_field) {
            Ok(found) => {
                if let Some(note) = &found.note {
                    console.note(&format!("line {number}: {note}"));
                }
                let address = network::untranslated(found.address);
                let left_alone = is_private(address) || ignored.why(address).is_some();
                (!left_alone).then(|| settings.network_of(address))
            }
            Err(message) => {
                console.note(&format!("line {number}: {message}"));
                None
            }
        };
        match acts {
            Some(net) => writeln!(console.out(), "{}", network::text(net))?,
            None => writeln!(console.out(), "-")?,
        }
    }
}

fn unreadable(source: io::Error) -> CommandError {
    CommandError::Read {
        path: "standard input".into(),
        source,
    }
}
