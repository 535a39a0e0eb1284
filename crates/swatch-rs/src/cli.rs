//! The command line: swatchdog's options in all their spellings, and the new ones.

mod commands;
mod getopt;
mod monitoring;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgAction, CommandFactory, Parser, ValueEnum};

pub use commands::command_first;
pub(crate) use commands::{REFUSED, run};
use getopt::{Opt, Takes};
pub use monitoring::Monitoring;
use swatch_common::sanitize;

/// A command line that cannot be understood, with the reason.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}\nsee swatch-rs --help")]
pub struct UsageError(pub String);

/// When the colours of `echo` are written.
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
    max_term_width = 100,
    after_help = "All options: --help.  Commands, each with --help of its own:\n\
                  init, doctor, import, status, reload, stop, completions",
    after_long_help = "Commands, each with --help of its own:\n\
                       init, doctor, import, status, reload, stop, completions"
)]
pub struct Cli {
    /// Rules to follow [default: $HOME/.swatchdogrc]
    #[arg(short, long, value_name = "FILE", help_heading = "Rules")]
    pub config_file: Option<PathBuf>,
    /// Watch with every *.conf in a directory
    ///
    /// Each is used on the log that it names in a comment: `# logfile PATH` or `# journal MATCH`.
    #[arg(
        long,
        value_name = "DIR",
        help_heading = "Rules",
        conflicts_with = "config_file"
    )]
    pub config_dir: Option<PathBuf>,
    /// Read rules in the one-line format of the 1990s
    #[arg(short = 'O', long, help_heading = "Rules", hide_short_help = true)]
    pub old_style_config: bool,
    /// Let $1, $2 … in exec and pipe be the fields of the line instead of the groups of the pattern
    #[arg(
        long,
        help_heading = "Rules",
        overrides_with = "no_awk_field_syntax",
        hide_short_help = true
    )]
    pub awk_field_syntax: bool,
    /// Undo an earlier --awk-field-syntax
    #[arg(
        long,
        help_heading = "Rules",
        overrides_with = "awk_field_syntax",
        hide_short_help = true
    )]
    pub no_awk_field_syntax: bool,
    /// Load a Perl module with actions of your own (needs perl)
    #[arg(short = 'M', long, value_name = "MODULE", help_heading = "Rules", action = ArgAction::Append, hide_short_help = true)]
    pub extra_module: Vec<String>,
    /// Look for such modules in a directory
    #[arg(short = 'I', long, value_name = "DIR", help_heading = "Rules", action = ArgAction::Append, hide_short_help = true)]
    pub extra_include_dir: Vec<PathBuf>,
    /// As root, accept rules and scripts that other users can modify
    #[arg(long, help_heading = "Rules", hide_short_help = true)]
    pub insecure: bool,

    /// Follow a log, or several
    ///
    /// Separate them with spaces, or use a glob. Default: the log that the configuration names in a `# logfile` comment, else
    /// /var/log/messages, else /var/log/syslog.
    #[arg(short, long, value_name = "FILE", help_heading = "Input")]
    pub tail_file: Option<OsString>,
    /// Read a file once (- is standard input)
    ///
    /// It may be compressed.
    #[arg(short = 'f', long, value_name = "FILE", help_heading = "Input")]
    pub examine: Option<PathBuf>,
    /// Read the output of a shell command
    #[arg(short = 'p', long, value_name = "COMMAND", help_heading = "Input")]
    pub read_pipe: Option<OsString>,
    /// Restart a --read-pipe or tail program when it ends, with exponential backoff
    #[arg(long, help_heading = "Input", hide_short_help = true)]
    pub respawn: bool,
    /// Follow the journal, or a unit of it (ssh.service)
    ///
    /// MATCH is the name of a unit or a match as journalctl takes it, such as
    /// SYSLOG_IDENTIFIER=sshd; separate several with spaces.
    #[arg(long, value_name = "MATCH", help_heading = "Input", num_args = 0..=1, default_missing_value = "", require_equals = true)]
    pub journal: Option<String>,
    /// Split input at this text, with Perl's escapes; empty: at blank lines
    #[arg(long, value_name = "TEXT", help_heading = "Input", num_args = 0..=1, default_missing_value = "", require_equals = true, hide_short_help = true)]
    pub input_record_separator: Option<OsString>,
    /// Start at the beginning of files without a saved position
    #[arg(long, help_heading = "Input", hide_short_help = true)]
    pub from_start: bool,
    /// Match at most this many bytes of a followed line
    #[arg(long, value_name = "BYTES", help_heading = "Input", default_value_t = 1 << 20, hide_short_help = true)]
    pub max_line: usize,
    /// Run this program instead of following files
    #[arg(
        long,
        value_name = "PROGRAM",
        help_heading = "Input",
        hide_short_help = true
    )]
    pub tail_program_name: Option<OsString>,
    /// Run tail(1), or --tail-program-name, with these arguments
    #[arg(
        long,
        value_name = "ARGUMENTS",
        help_heading = "Input",
        hide_short_help = true
    )]
    pub tail_args: Option<OsString>,
    /// Accepted for compatibility with swatchdog; has no effect
    #[arg(long, help_heading = "Input", hide_short_help = true)]
    pub use_cpan_file_tail: bool,

    /// Run in the background
    ///
    /// Standard output and error are kept.
    #[arg(long, help_heading = "Operation")]
    pub daemon: bool,
    /// Write the process id to a file; refuse to start if another process holds it
    #[arg(
        long,
        value_name = "FILE",
        help_heading = "Operation",
        hide_short_help = true
    )]
    pub pid_file: Option<PathBuf>,
    /// Read the rules again at a time (HH:MM[:SS], 1:00pm) or at an interval (+H:MM)
    #[arg(
        short,
        long,
        value_name = "TIME",
        help_heading = "Operation",
        hide_short_help = true
    )]
    pub restart_time: Option<String>,
    /// Save positions in a directory
    ///
    /// The next run then continues where this one ends. Default for a daemon that runs as root: /var/lib/swatch-rs.
    #[arg(
        long,
        value_name = "DIR",
        help_heading = "Operation",
        conflicts_with = "no_state"
    )]
    pub state_dir: Option<PathBuf>,
    /// Save no positions: start at the end of the log, as swatchdog does
    #[arg(long, help_heading = "Operation", hide_short_help = true)]
    pub no_state: bool,
    /// Run up to N commands of a log at once; 1 keeps the order of the log
    #[arg(long, value_name = "N", help_heading = "Operation", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..), hide_short_help = true)]
    pub jobs: u16,
    /// End a command and its process group after this many seconds; 0: never
    #[arg(
        long,
        value_name = "SECONDS",
        help_heading = "Operation",
        default_value_t = 60,
        hide_short_help = true
    )]
    pub action_timeout: u64,
    /// Start swatch-action for each event of a pipe, as any other command
    ///
    /// Without this option a `pipe` that is swatch-action and nothing else goes to one process,
    /// which stays for the next event.
    #[arg(long, help_heading = "Operation", hide_short_help = true)]
    pub no_resident: bool,
    /// Remember at most N keys per throttle or threshold
    #[arg(
        long,
        value_name = "N",
        help_heading = "Operation",
        default_value_t = 100_000,
        hide_short_help = true
    )]
    pub max_keys: usize,
    /// Accepted for compatibility with swatchdog; no script is written
    #[arg(
        long,
        value_name = "DIR",
        help_heading = "Operation",
        hide_short_help = true
    )]
    pub script_dir: Option<PathBuf>,

    /// Report faults of the rules and exit, status 0 or 2
    #[arg(long, help_heading = "Inspection")]
    pub check: bool,
    /// Print what would be done without doing it
    #[arg(long, help_heading = "Inspection")]
    pub dry_run: bool,
    /// As --dry-run, and show why
    ///
    /// That is: which rules matched, their captures, and what throttles decided.
    #[arg(long, help_heading = "Inspection")]
    pub explain: bool,
    /// Run the samples of rules; status 0, 1 or 2
    ///
    /// Each rule that a sample contradicts is reported. A sample is a comment above or in a rule: `# match: LINE` or `# no match: LINE`. PATH is a
    /// file or a directory of *.conf, and further words of the command line are further ones;
    /// default: that of --config-file or --config-dir.
    #[arg(long, value_name = "PATH", help_heading = "Inspection", num_args = 0..=1, default_missing_value = "", require_equals = true, conflicts_with_all = ["check", "explain", "dump_script", "summary"])]
    pub test: Option<OsString>,
    /// With --examine: only count hits by rule and time
    ///
    /// Hits by rule, time and address are printed, and no action is performed.
    /// Further words of the command line are further logs.
    #[arg(long, help_heading = "Inspection")]
    pub summary: bool,
    /// With --check, --test, --explain or --summary: print JSON, for editors and scripts
    #[arg(long, help_heading = "Inspection", hide_short_help = true)]
    pub json: bool,
    /// Print the rules as understood, to FILE or standard output, and exit
    #[arg(long, value_name = "FILE", help_heading = "Inspection", num_args = 0..=1, default_missing_value = "", require_equals = true, hide_short_help = true)]
    pub dump_script: Option<OsString>,
    /// When to write the colours of echo; auto is always, unless NO_COLOR is set
    #[arg(
        long,
        value_name = "WHEN",
        help_heading = "Inspection",
        value_enum,
        default_value = "auto",
        hide_short_help = true
    )]
    pub color: Color,
    /// Log every action on standard error
    #[arg(long, value_name = "LEVEL", help_heading = "Inspection", num_args = 0..=1, default_missing_value = "1", require_equals = true, value_parser = debug_level, hide_short_help = true)]
    pub debug: Option<i64>,
    /// Print the version
    #[arg(short = 'V', long, help_heading = "Inspection")]
    pub version: bool,

    /// What the program tells of itself.
    #[command(flatten)]
    pub monitoring: Monitoring,

    /// Words of the command line that are neither options nor their values.
    #[arg(skip)]
    pub operands: Vec<OsString>,
}

impl Cli {
    /// True if every action is logged. swatchdog's levels make no difference here.
    pub fn logs_actions(&self) -> bool {
        self.debug.is_some_and(|level| level != 0)
    }
}

/// An empty level is the lowest.
fn debug_level(text: &str) -> Result<i64, std::num::ParseIntError> {
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

/// The options as Getopt::Long would describe them, derived from clap's description.
fn options() -> Vec<Opt> {
    let mut command = Cli::command();
    command.build();
    let mut options = Vec::new();
    for arg in command.get_arguments() {
        let Some(long) = arg.get_long() else { continue };
        if long == "no-awk-field-syntax" {
            continue; // the negation of an option
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

/// The help that fits a screen of 24 lines: one list, without the headings of the long one.
fn short_help() -> String {
    let mut command = Cli::command().mut_args(|arg| arg.help_heading(None::<&str>));
    command.render_help().to_string()
}

/// Reads a command line, the program's name first.
///
/// # Errors
/// An option that is unknown, ambiguous, without its value or with an unusable one.
pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Command, UsageError> {
    let mut args = args.into_iter();
    let name = args.next().unwrap_or_else(|| "swatch-rs".into());
    let rest: Vec<OsString> = args.collect();
    let (words, operands) = getopt::normalise(&options(), &rest)?;
    match Cli::try_parse_from(std::iter::once(name).chain(words)) {
        Ok(cli) if cli.version => Ok(Command::Print(format!(
            "swatch-rs version {}\n",
            env!("CARGO_PKG_VERSION")
        ))),
        Ok(cli) => Ok(Command::Run(Box::new(Cli { operands, ..cli }))),
        Err(e) if e.kind() == clap::error::ErrorKind::DisplayHelp => {
            let text = e.to_string();
            match text == Cli::command().render_help().to_string() {
                true => Ok(Command::Print(short_help())),
                false => Ok(Command::Print(text)),
            }
        }
        Err(e) => {
            let text = e.to_string();
            let first = text.lines().next().unwrap_or_default();
            let first = first.strip_prefix("error: ").unwrap_or(first);
            Err(UsageError(sanitize::text(first.as_bytes())))
        }
    }
}
