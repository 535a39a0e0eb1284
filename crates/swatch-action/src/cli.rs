//! The command line: `swatch-action FIELD [lock]`, as the script was called, and subcommands.

use std::{
    ffi::OsString,
    io::{self, Write},
    rc::Rc,
};

use clap::{Args, CommandFactory, FromArgMatches, Parser, error::ErrorKind};
use swatch_common::{resident, sanitize, suggest};

use crate::{
    address::FieldList,
    console::{Console, Exit},
    event::{self, Event, Where, separator::Separated},
    notify,
    settings::{Settings, SettingsError},
};

mod commands;
mod completions;
mod flags;

use commands::Command;
pub use flags::Flags;

const SHORT_HELP: &str = "\
--help: all options, also those that override settings.  Commands:
address, list, show, stats, metrics, report, lock, unlock, import, restore,
check, doctor, expire, follow, completions";

const SUBCOMMANDS: &str = "\
Commands (see `swatch-action COMMAND --help`):
  address FIELD|auto   print the address that each line of standard input would act on
  list, show, stats    show the locks, one address in full, or figures
  metrics              print metrics for node_exporter
  report               locks and events over time, as text or as an HTML page
  lock, unlock         lock and unlock by hand
  import               lock every address in a file
  restore, check       put locks back; compare the locks with the firewall and repair it
  doctor               look whether locks would work here, and say what to do
  expire               end the locks whose time is over (for a timer)
  follow               apply the locks of other hosts as they come (docs/fleet.md)

Exit codes: 0 done or nothing to do; 1 no address, or a step failed (see standard error);
2 wrong usage or settings.";

/// Counts log lines by the address they name, and locks the address from the third line on.
#[derive(Debug, Parser)]
#[command(
    name = "swatch-action",
    version,
    after_help = SHORT_HELP,
    after_long_help = SUBCOMMANDS,
    disable_help_subcommand = true
)]
struct EventLine {
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
    /// Split fields as awk -F SEPARATOR does, for callers of the form SEPARATOR FIELD [block]
    #[arg(
        long,
        value_name = "SEPARATOR",
        conflicts_with = "ip",
        allow_hyphen_values = true
    )]
    separator: Option<String>,
    /// Say what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    flags: Flags,
}

impl EventLine {
    /// Reads a command line, the program's name first. The short help leaves out the flags of the
    /// settings, so that it fits a screen.
    fn read(
        words: impl IntoIterator<Item = impl Into<OsString> + Clone>,
    ) -> Result<Self, clap::Error> {
        let command = Self::command().mut_args(|arg| {
            let is_setting = arg.get_help_heading().is_some();
            arg.hide_short_help(is_setting)
        });
        let matches = command.try_get_matches_from(words)?;
        Self::from_arg_matches(&matches)
    }
}

/// The subcommands.
#[derive(Debug, Parser)]
#[command(name = "swatch-action", version, disable_help_subcommand = true)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

/// Why a command line is refused after clap has accepted it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UsageError {
    #[error("{0} is a command: write it first, `swatch-action {0} …`")]
    CommandNotFirst(String),
    #[error("{word:?} is neither a field nor a command: did you mean `swatch-action {meant}`?")]
    Misspelt { word: String, meant: &'static str },
    #[error(transparent)]
    Field(#[from] crate::address::FieldListError),
    #[error(transparent)]
    Separator(#[from] event::separator::SeparatorError),
    #[error(transparent)]
    Settings(#[from] SettingsError),
}

/// Runs the program with its whole command line and returns the exit code.
#[must_use]
pub fn run(words: &[OsString]) -> u8 {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut err = io::stderr().lock();
    let mut console = Console::new(&mut out, &mut err);
    let exit = dispatch(words, &mut console);
    match out.flush() {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Console::new(&mut io::sink(), &mut err)
                .warn(&format!("cannot write to standard output: {error}"));
            exit.max(Exit::Failed) as u8
        }
        _ => exit as u8,
    }
}

fn dispatch(words: &[OsString], console: &mut Console<'_>) -> Exit {
    let first = words
        .get(1)
        .and_then(|word| word.to_str())
        .unwrap_or_default();
    if first == resident::FLAG && words.len() == 2 {
        return crate::serve::run();
    }
    if first == notify::SUBCOMMAND {
        return words
            .get(2)
            .map_or(Exit::Usage, |queue| notify::serve(queue.as_ref()));
    }
    if first == "help" {
        return help(words.get(2..).unwrap_or_default());
    }
    let moved = flags_after_command(words);
    let words = moved.as_deref().unwrap_or(words);
    let first = words
        .get(1)
        .and_then(|word| word.to_str())
        .unwrap_or_default();
    if first == completions::NAME {
        return completions::run(words, console);
    }
    if Command::is(first) {
        return match CommandLine::try_parse_from(words) {
            Ok(line) => report(console, |console| Ok(commands::run(line.command, console)?)),
            Err(error) => refused(&error),
        };
    }
    match prepare(words, console) {
        Ok(it) => event::handle(&it.settings, &it.event, &mut io::stdin().lock(), console),
        Err(Unprepared::Usage(error)) => report(console, |_| Err(error)),
        Err(Unprepared::CommandLine(error)) => refused(&error),
    }
}

/// The work to do with each line of standard input.
pub(crate) struct Prepared {
    pub(crate) settings: Rc<Settings>,
    pub(crate) event: Rc<Event>,
    /// True if there was a remark on the command line.
    pub(crate) is_remarkable: bool,
}

/// The reason for which a command line is refused.
pub(crate) enum Unprepared {
    Usage(UsageError),
    CommandLine(clap::Error),
}

impl<E: Into<UsageError>> From<E> for Unprepared {
    fn from(error: E) -> Self {
        Self::Usage(error.into())
    }
}

/// Reads a command line for events, the program's name first, and the settings.
///
/// # Errors
/// [`Unprepared`].
pub(crate) fn prepare(
    words: &[OsString],
    console: &mut Console<'_>,
) -> Result<Prepared, Unprepared> {
    // The usual call, once per event: clap would take longer than all the rest.
    if let Some((field, word)) = plain(words) {
        let settings = Settings::load(None)?;
        let place = Where::Field(field);
        return Ok(prepared(settings, place, None, word, false, console));
    }
    let line = EventLine::read(words).map_err(Unprepared::CommandLine)?;
    let place = place(&line)?;
    // With --ip there is no field, so the first word is the second one.
    let mut words = line.word;
    if line.ip.is_some() {
        words.splice(0..0, line.field);
    }
    let word = (!words.is_empty()).then(|| words.join(" "));
    let settings = line.flags.settings()?;
    let dry_run = line.dry_run;
    Ok(prepared(settings, place, line.line, word, dry_run, console))
}

/// Prints why a command line is refused, as far as that is not help which was asked for.
pub(crate) fn refuse(why: Unprepared, console: &mut Console<'_>) -> Exit {
    match why {
        Unprepared::Usage(error) => report(console, |_| Err(error)),
        Unprepared::CommandLine(error) => {
            let text = error.render().to_string();
            console.raw(&text, error.use_stderr());
            exit_of(&error)
        }
    }
}

/// `help [COMMAND]`, as with other programs.
fn help(of: &[OsString]) -> Exit {
    let mut words = vec!["swatch-action".into()];
    words.extend(of.iter().take(1).cloned());
    words.push("--help".into());
    let named = of.first().and_then(|word| word.to_str());
    let error = match named {
        None => EventLine::read(words).err(),
        Some(name) if Command::is(name) => CommandLine::try_parse_from(words).err(),
        Some(_) => {
            let parsed = CommandLine::try_parse_from(words.iter().take(2));
            parsed.err()
        }
    };
    error.map_or(Exit::Done, |error| refused(&error))
}

/// The words with flags that stand before a command put after it: `--state-dir DIR list` means
/// `list --state-dir DIR`. `None` if the command line is not of this form.
fn flags_after_command(words: &[OsString]) -> Option<Vec<OsString>> {
    let known = Flags::augment_args(clap::Command::new("flags"));
    let mut at = 1;
    loop {
        let word = words.get(at)?.to_str()?;
        let Some(long) = word.strip_prefix("--") else {
            break;
        };
        let name = long.split('=').next().unwrap_or(long);
        let of_command = ["json", "wide", "fleet", "dry-run", "all", "once"].contains(&name);
        let takes_value = match known
            .get_arguments()
            .find(|arg| arg.get_long() == Some(name))
        {
            Some(arg) => arg.get_action().takes_values(),
            None if of_command => false,
            None => return None,
        };
        at += if takes_value && !long.contains('=') {
            2
        } else {
            1
        };
    }
    let command = words.get(at)?;
    if at == 1 || !Command::is(command.to_str()?) {
        return None;
    }
    let mut moved = vec![words.first()?.clone(), command.clone()];
    moved.extend(words.get(at + 1..)?.iter().cloned());
    // In front of a `--` that ends the flags.
    let end = moved
        .iter()
        .position(|word| word == "--")
        .unwrap_or(moved.len());
    moved.splice(end..end, words.get(1..at)?.iter().cloned());
    Some(moved)
}

/// Prints the error, if there is one.
fn report(
    console: &mut Console<'_>,
    run: impl FnOnce(&mut Console<'_>) -> Result<Exit, UsageError>,
) -> Exit {
    run(console).unwrap_or_else(|error| {
        console.note(&error.to_string());
        Exit::Usage
    })
}

/// `FIELD` or `FIELD WORD` and nothing else; `-3` is a field, as for cut. Further words make the
/// second one something other than `lock`, as they did for the script: `7 lock now` only counts.
fn plain(words: &[OsString]) -> Option<(FieldList, Option<String>)> {
    let (field, more) = words.get(1..)?.split_first()?;
    let more: Option<Vec<&str>> = more.iter().map(|word| word.to_str()).collect();
    let more = more?;
    if more.iter().any(|word| word.starts_with('-')) {
        return None;
    }
    let word = (!more.is_empty()).then(|| more.join(" "));
    // The script did not quote it, so its shell dropped spaces around it.
    let field = field.to_str()?.trim();
    let list = |c: char| c.is_ascii_digit() || c == ',' || c == '-';
    if !field.contains(|c: char| c.is_ascii_digit()) || !field.chars().all(list) {
        return None;
    }
    Some((FieldList::parse(field).ok()?, word))
}

fn place(line: &EventLine) -> Result<Where, UsageError> {
    if let Some(address) = line.ip {
        return Ok(Where::Given(address));
    }
    let field = line.field.as_deref().unwrap_or_default().trim();
    if let Some(separator) = &line.separator {
        return Ok(Where::Separated(Separated::parse(separator, field)?));
    }
    if field == "auto" {
        return Ok(Where::Auto);
    }
    if Command::is(field) {
        return Err(UsageError::CommandNotFirst(field.to_owned()));
    }
    let meant = suggest::nearest(field, &Command::NAMES_AND_AUTO);
    match (FieldList::parse(field), meant) {
        (Err(_), Some(meant)) => Err(UsageError::Misspelt {
            word: sanitize::excerpt(field.as_bytes(), 40),
            meant,
        }),
        (list, _) => Ok(Where::Field(list?)),
    }
}

fn prepared(
    settings: Settings,
    place: Where,
    line: Option<String>,
    word: Option<String>,
    dry_run: bool,
    console: &mut Console<'_>,
) -> Prepared {
    console.configure(settings.log());
    let mut is_remarkable = false;
    let lock = match (word.as_deref(), &place) {
        (Some("lock"), _) | (Some("block"), Where::Separated(_)) => true,
        (Some(other), _) => {
            let other = sanitize::excerpt(other.as_bytes(), 40);
            is_remarkable = true;
            console.note(&format!(
                "the second word is {other:?} and not \"lock\": counted only"
            ));
            false
        }
        (None, _) => false,
    };
    Prepared {
        settings: Rc::new(settings),
        event: Rc::new(Event {
            place,
            lock,
            line,
            dry_run,
        }),
        is_remarkable,
    }
}

fn refused(error: &clap::Error) -> Exit {
    let _ = error.print();
    exit_of(error)
}

fn exit_of(error: &clap::Error) -> Exit {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Exit::Done,
        _ => Exit::Usage,
    }
}
