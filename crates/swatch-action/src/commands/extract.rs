//! `address FIELD|auto`: what an event with each line would act on.

use std::io::{BufRead, Write};

use super::{CommandError, Outcome};
use crate::{
    address::{FieldList, is_private},
    allow,
    cli::complain,
    event::{self, Where},
    line, network,
    settings::Settings,
};

pub(super) fn address(
    settings: &Settings,
    field: &str,
    input: &mut dyn BufRead,
    out: &mut dyn Write,
) -> Outcome {
    let place = if field == "auto" {
        Where::Auto
    } else {
        let list =
            FieldList::parse(field).map_err(|error| CommandError::Failed(error.to_string()))?;
        Where::Field(list)
    };
    let mut number = 0_u64;
    loop {
        let end = input
            .fill_buf()
            .map_err(|error| CommandError::Failed(format!("cannot read standard input: {error}")))?
            .is_empty();
        if end {
            out.flush()?;
            return Ok(event::OK);
        }
        number += 1;
        let raw = line::read(input).map_err(|error| {
            CommandError::Failed(format!("cannot read standard input: {error}"))
        })?;
        let acts = match event::find(&raw, &place, settings.strict_field) {
            Ok(found) => {
                if let Some(note) = &found.note {
                    complain(&format!("line {number}: {note}"));
                }
                let left_alone = is_private(found.address)
                    || allow::ignored(&settings.ignore, found.address).0.is_some();
                (!left_alone).then(|| network::of(found.address, settings))
            }
            Err(message) => {
                complain(&format!("line {number}: {message}"));
                None
            }
        };
        match acts {
            Some(net) => writeln!(out, "{}", network::text(net))?,
            None => writeln!(out, "-")?,
        }
    }
}
