//! The command line: `swatch-action FIELD [lock]` as the script's, and subcommands beside it.

use std::{
    ffi::OsString,
    io::{self, Write},
};

use clap::{Parser, error::ErrorKind};

use crate::{
    address::FieldList,
    commands::{self, Command},
    event::{self, Event, Where},
    harmless, notice,
    separator::Separated,
    settings::Settings,
};

mod flags;

pub use flags::Flags;

/// The command line was wrong.
pub const USAGE: u8 = 2;

const SUBCOMMANDS: &str = "\
Commands (`swatch-action COMMAND --help` tells more):
  address FIELD|auto   print for each line of standard input the address it would act on
  list, show, stats    what is locked, one address in full, figures
  lock, unlock         lock and unlock by hand
  import               lock a whole file of addresses
  restore, check       put back what should be locked; compare with the firewall and mend
  expire               end the locks whose time is over (for a timer)

Exit codes: 0 done or nothing to do, 1 no address or a step failed (standard error says which), 2 wrong usage.";

/// Counts a log line for the address it names, and locks the address from the third line on.
#[derive(Debug, Parser)]
#[command(name = "swatch-action", version, after_help = SUBCOMMANDS, disable_help_subcommand = true)]
pub struct EventLine {
    /// The field that holds the address, as `cut -d " " -f` takes it (`7`, `7-9`, `7,9`); or `auto`
    #[arg(required_unless_present = "ip", allow_hyphen_values = true)]
    field: Option<String>,
    /// `lock` locks at once, whatever the count
    word: Vec<String>,
    /// The address itself; standard input is not read
    #[arg(long, value_name = "ADDRESS")]
    ip: Option<std::net::IpAddr>,
    /// The text to record, instead of a line from standard input
    #[arg(long, value_name = "TEXT")]
    line: Option<String>,
    /// Fields as awk -F SEPARATOR takes them, for callers of the form SEPARATOR FIELD [block]
    #[arg(
        long,
        value_name = "SEPARATOR",
        conflicts_with = "ip",
        allow_hyphen_values = true
    )]
    separator: Option<String>,
    /// Say what would be done and do none of it
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    flags: Flags,
}

/// The subcommands.
#[derive(Debug, Parser)]
#[command(name = "swatch-action", version, disable_help_subcommand = true)]
pub(crate) struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

/// Runs the program with its whole command line and returns the exit code.
#[must_use]
pub fn run(words: &[OsString]) -> u8 {
    let first = words
        .get(1)
        .and_then(|word| word.to_str())
        .unwrap_or_default();
    if first == notice::SUBCOMMAND {
        return notice::serve();
    }
    if let Some((field, word)) = plain(words) {
        // The usual call, once for each event: clap would take longer than all the rest.
        return with_settings(Settings::load(None), |settings| {
            act(settings, Where::Field(field), None, word.as_deref(), false)
        });
    }
    if Command::is(first) {
        return match CommandLine::try_parse_from(words) {
            Ok(line) => commands::run(line.command),
            Err(error) => wrong(&error),
        };
    }
    match EventLine::try_parse_from(words) {
        Ok(line) => event(line),
        Err(error) => wrong(&error),
    }
}

/// `FIELD` or `FIELD WORD` with nothing else; `-3` is a field, as for cut. More words, such as `7 lock now`, are as one
/// that is not `lock`: so the script took them.
fn plain(words: &[OsString]) -> Option<(FieldList, Option<String>)> {
    let (field, more) = words.get(1..)?.split_first()?;
    let more: Option<Vec<&str>> = more.iter().map(|word| word.to_str()).collect();
    let more = more?;
    if more.iter().any(|word| word.starts_with('-')) {
        return None;
    }
    let word = (!more.is_empty()).then(|| more.join(" "));
    // The shell took blanks around it away.
    let field = field.to_str()?.trim();
    let list = |c: char| c.is_ascii_digit() || c == ',' || c == '-';
    if !field.contains(|c: char| c.is_ascii_digit()) || !field.chars().all(list) {
        return None;
    }
    Some((FieldList::parse(field).ok()?, word))
}

fn event(line: EventLine) -> u8 {
    let place = match place(&line) {
        Ok(place) => place,
        Err(message) => {
            complain(&message);
            return USAGE;
        }
    };
    // With --ip there is no field, so the first word is the second one.
    let mut words = line.word;
    if line.ip.is_some() {
        words.splice(0..0, line.field);
    }
    let word = (!words.is_empty()).then(|| words.join(" "));
    with_settings(line.flags.settings(), |settings| {
        act(settings, place, line.line, word.as_deref(), line.dry_run)
    })
}

fn place(line: &EventLine) -> Result<Where, String> {
    if let Some(address) = line.ip {
        return Ok(Where::Given(address));
    }
    let field = line.field.as_deref().unwrap_or_default().trim();
    if let Some(separator) = &line.separator {
        let separated = Separated::parse(separator, field).map_err(|error| error.to_string())?;
        return Ok(Where::Separated(separated));
    }
    if field == "auto" {
        return Ok(Where::Auto);
    }
    if Command::is(field) {
        return Err(format!(
            "{field} is a command: write it first, `swatch-action {field} …`"
        ));
    }
    FieldList::parse(field)
        .map(Where::Field)
        .map_err(|error| error.to_string())
}

fn act(
    settings: &Settings,
    place: Where,
    line: Option<String>,
    word: Option<&str>,
    dry_run: bool,
) -> u8 {
    let lock = match (word, &place) {
        (Some("lock"), _) | (Some("block"), Where::Separated(_)) => true,
        (Some(other), _) => {
            let other = harmless::excerpt(other.as_bytes(), 40);
            complain(&format!(
                "the second word is {other:?} and not \"lock\": counted only"
            ));
            false
        }
        (None, _) => false,
    };
    let event = Event {
        place,
        lock,
        line,
        dry_run,
    };
    event::handle(
        settings,
        &event,
        &mut io::stdin().lock(),
        &mut io::stdout().lock(),
        &mut complain,
    )
}

/// Runs something with the settings, or says what is wrong with them.
pub(crate) fn with_settings(
    settings: Result<Settings, crate::settings::SettingsError>,
    run: impl FnOnce(&Settings) -> u8,
) -> u8 {
    match settings {
        Ok(settings) => run(&settings),
        Err(error) => {
            complain(&error.to_string());
            USAGE
        }
    }
}

/// A message on standard error, in one write, so that those of concurrent processes do not mix.
pub(crate) fn complain(message: &str) {
    let text = format!("swatch-action: {message}\n");
    // Where nobody listens there is nobody to tell.
    let _ = io::stderr().write_all(text.as_bytes());
}

fn wrong(error: &clap::Error) -> u8 {
    let _ = error.print();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => event::OK,
        _ => USAGE,
    }
}
