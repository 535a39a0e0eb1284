//! The command line: swatchdog's options in all their spellings, and ours.

mod getopt;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgAction, CommandFactory, Parser, ValueEnum};

use getopt::{Opt, Takes};

/// A command line that cannot be understood; the text says why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}\nsee swatch-rs --help")]
pub struct UsageError(pub String);

/// When colours of `echo` are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// Always, as swatchdog does, unless NO_COLOR or ANSI_COLORS_DISABLED is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Watch logs with the configuration files of swatch and swatchdog.
#[derive(Debug, Clone, Parser)]
#[command(
    name = "swatch-rs",
    disable_version_flag = true,
    args_override_self = true,
    max_term_width = 100
)]
pub struct Cli {
    /// Rules to follow [default: $HOME/.swatchdogrc]
    #[arg(short, long, value_name = "FILE", help_heading = "Rules")]
    pub config_file: Option<PathBuf>,
    /// Watch every *.conf of a folder, each with the log that its `# logfile PATH` line names
    #[arg(
        long,
        value_name = "DIR",
        help_heading = "Rules",
        conflicts_with = "config_file"
    )]
    pub config_dir: Option<PathBuf>,
    /// The rules are in the one-line format of the 1990s
    #[arg(short = 'O', long, help_heading = "Rules")]
    pub old_style_config: bool,
    /// $1, $2 … in exec and pipe are the blank-separated fields of the line, not groups
    #[arg(long, help_heading = "Rules", overrides_with = "no_awk_field_syntax")]
    pub awk_field_syntax: bool,
    /// Undo an earlier --awk-field-syntax
    #[arg(long, help_heading = "Rules", overrides_with = "awk_field_syntax")]
    pub no_awk_field_syntax: bool,
    /// Perl module with actions of your own (needs perl)
    #[arg(short = 'M', long, value_name = "MODULE", help_heading = "Rules", action = ArgAction::Append)]
    pub extra_module: Vec<String>,
    /// Folder of such modules
    #[arg(short = 'I', long, value_name = "DIR", help_heading = "Rules", action = ArgAction::Append)]
    pub extra_include_dir: Vec<PathBuf>,
    /// Accept rules that others than root can change although running as root
    #[arg(long, help_heading = "Rules")]
    pub insecure: bool,

    /// Follow a log; several: blanks between them, or a glob [default: the config's `# logfile` line, else /var/log/messages, else /var/log/syslog]
    #[arg(short, long, value_name = "FILE", help_heading = "Input")]
    pub tail_file: Option<OsString>,
    /// Read a file once, from its beginning (- is standard input)
    #[arg(short = 'f', long, value_name = "FILE", help_heading = "Input")]
    pub examine: Option<PathBuf>,
    /// Read what a shell command prints
    #[arg(short = 'p', long, value_name = "COMMAND", help_heading = "Input")]
    pub read_pipe: Option<OsString>,
    /// Start a --read-pipe or tail program again when it ends, with growing pauses
    #[arg(long, help_heading = "Input")]
    pub respawn: bool,
    /// Follow the systemd journal; matches such as _SYSTEMD_UNIT=ssh.service, blanks between them
    #[arg(long, value_name = "MATCH", help_heading = "Input", num_args = 0..=1, default_missing_value = "", require_equals = true)]
    pub journal: Option<String>,
    /// Text between records, with Perl's escapes; empty: blank lines
    #[arg(long, value_name = "TEXT", help_heading = "Input", num_args = 0..=1, default_missing_value = "", require_equals = true)]
    pub input_record_separator: Option<OsString>,
    /// Read followed files from their beginning where no position is known
    #[arg(long, help_heading = "Input")]
    pub from_start: bool,
    /// Match at most this many bytes of a followed line
    #[arg(long, value_name = "BYTES", help_heading = "Input", default_value_t = 1 << 20)]
    pub max_line: usize,
    /// Run this program instead of following files ourselves
    #[arg(long, value_name = "PROGRAM", help_heading = "Input")]
    pub tail_program_name: Option<OsString>,
    /// Run tail(1), or --tail-program-name, with these arguments
    #[arg(long, value_name = "ARGUMENTS", help_heading = "Input")]
    pub tail_args: Option<OsString>,
    /// Accepted for swatchdog's sake: files are always followed as well as File::Tail and better
    #[arg(long, help_heading = "Input")]
    pub use_cpan_file_tail: bool,

    /// Run in the background; standard output and error stay where they are
    #[arg(long, help_heading = "Running")]
    pub daemon: bool,
    /// Write the process id there; removed at a clean end
    #[arg(long, value_name = "FILE", help_heading = "Running")]
    pub pid_file: Option<PathBuf>,
    /// Read the rules again at a time: HH:MM[:SS], 1:00pm, +H:MM
    #[arg(short, long, value_name = "TIME", help_heading = "Running")]
    pub restart_time: Option<String>,
    /// Keep positions there, so that a restart goes on where the last run ended [default with --daemon as root: /var/lib/swatch-rs]
    #[arg(
        long,
        value_name = "DIR",
        help_heading = "Running",
        conflicts_with = "no_state"
    )]
    pub state_dir: Option<PathBuf>,
    /// Keep no positions: start at the end of the log, as swatchdog does
    #[arg(long, help_heading = "Running")]
    pub no_state: bool,
    /// Commands that may run at once for one log; 1 keeps the order of the log
    #[arg(long, value_name = "N", help_heading = "Running", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: u16,
    /// End a command, with its whole process group, after so many seconds; 0: never
    #[arg(
        long,
        value_name = "SECONDS",
        help_heading = "Running",
        default_value_t = 60
    )]
    pub action_timeout: u64,
    /// Remember at most so many throttle or threshold keys of a log
    #[arg(
        long,
        value_name = "N",
        help_heading = "Running",
        default_value_t = 100_000
    )]
    pub max_keys: usize,
    /// Accepted for swatchdog's sake: there is no script, nothing is written there
    #[arg(long, value_name = "DIR", help_heading = "Running")]
    pub script_dir: Option<PathBuf>,

    /// Colours of echo: auto (on, as swatchdog, unless NO_COLOR is set), always, never
    #[arg(
        long,
        value_name = "WHEN",
        help_heading = "Looking",
        value_enum,
        default_value = "auto"
    )]
    pub color: Color,
    /// Report all errors and warnings of the rules and end: status 0 or 2
    #[arg(long, help_heading = "Looking")]
    pub check: bool,
    /// Say what would be done, and do none of it
    #[arg(long, help_heading = "Looking")]
    pub dry_run: bool,
    /// Tell for each line which rules matched, the captures, throttling, and the exact commands; do none of it
    #[arg(long, help_heading = "Looking")]
    pub explain: bool,
    /// Print the rules as they were understood, there or to standard output, and end
    #[arg(long, value_name = "FILE", help_heading = "Looking", num_args = 0..=1, default_missing_value = "", require_equals = true)]
    pub dump_script: Option<OsString>,
    /// Tell on standard error what is done
    #[arg(long, value_name = "LEVEL", help_heading = "Looking", num_args = 0..=1, default_missing_value = "1", require_equals = true, value_parser = debug_level)]
    pub debug: Option<u32>,
    /// Print the version and end
    #[arg(short = 'V', long, help_heading = "Looking")]
    pub version: bool,
}

/// An empty level is the lowest.
fn debug_level(text: &str) -> Result<u32, std::num::ParseIntError> {
    if text.is_empty() { Ok(1) } else { text.parse() }
}

/// Options of swatchdog 3.2.4 by their long names: see [`Opt::original`].
const ORIGINAL: &[&str] = &[
    "awk-field-syntax",
    "config-file",
    "daemon",
    "debug",
    "dump-script",
    "examine",
    "extra-include-dir",
    "extra-module",
    "help",
    "input-record-separator",
    "old-style-config",
    "pid-file",
    "read-pipe",
    "restart-time",
    "script-dir",
    "tail-args",
    "tail-file",
    "tail-program-name",
    "use-cpan-file-tail",
    "version",
];

/// The options as Getopt::Long would know them, read from clap's own description.
fn options() -> Vec<Opt> {
    let mut command = Cli::command();
    command.build();
    let mut options = Vec::new();
    for arg in command.get_arguments() {
        let Some(long) = arg.get_long() else { continue };
        if long == "no-awk-field-syntax" {
            continue; // the negation of an option, not one by itself
        }
        let range = arg.get_num_args().unwrap_or_default();
        let takes = match (long, range.min_values(), range.max_values()) {
            ("awk-field-syntax", ..) => Takes::NothingNegatable,
            ("debug", ..) => Takes::OptionalNumber,
            (_, _, 0) => Takes::Nothing,
            (_, 0, _) => Takes::OptionalValue,
            _ => Takes::Value,
        };
        options.push(Opt {
            long: long.to_owned(),
            short: arg.get_short().map(|c| c as u8),
            takes,
            original: ORIGINAL.contains(&long),
        });
    }
    options
}

/// The request of a command line.
#[derive(Debug)]
pub enum Command {
    /// Run.
    Run(Box<Cli>),
    /// Print a text (help, version) on standard output.
    Print(String),
}

/// Reads a command line, the program's name first.
///
/// # Errors
/// An option that is unknown, ambiguous, without its value or with an unusable one.
pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Command, UsageError> {
    let mut args = args.into_iter();
    let name = args.next().unwrap_or_else(|| "swatch-rs".into());
    let rest: Vec<OsString> = args.collect();
    let words = getopt::normalise(&options(), &rest)?;
    match Cli::try_parse_from(std::iter::once(name).chain(words)) {
        Ok(cli) if cli.version => Ok(Command::Print(format!(
            "swatch-rs version {}\n",
            env!("CARGO_PKG_VERSION")
        ))),
        Ok(cli) => Ok(Command::Run(Box::new(cli))),
        Err(e) if e.kind() == clap::error::ErrorKind::DisplayHelp => {
            Ok(Command::Print(e.to_string()))
        }
        Err(e) => {
            let text = e.to_string();
            let first = text.lines().next().unwrap_or_default();
            Err(UsageError(
                first.strip_prefix("error: ").unwrap_or(first).to_owned(),
            ))
        }
    }
}
