//! The watches of a run, and what a reload does to them.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use swatch_common::process::Cancel;
use swatch_common::sanitize;
use swatch_tail::{Checkpoint, Separator, Waker};

use super::findings::Told;
use super::load::Loader;
use super::plan::{self, Input, Plan};
use super::state_dir::{self, StateDirError};
use crate::cli::{Cli, Color};
use crate::daemon::supervisor::Reload;
use crate::daemon::{descriptors, output_pipe};
use crate::log::{self, EventKind, Level, LogEvent};
use crate::monitor::{Monitor, ReloadReport, ReloadResult};
use crate::perform::{ColorChoice, Output, Performer, Settings};
use crate::pipeline::{Parts, Pool, Watch};
use crate::source::{CommandPlan, FollowPlan, JournalPlan, OpenError, SourcePlan, Splitting};

/// The configurations being watched, and how watches are started.
pub(super) struct Session {
    cli: Cli,
    loader: Loader,
    supervisor: Waker,
    splitting: Splitting,
    performing: Settings,
    /// Started with the first followed file.
    pool: Option<Arc<Pool>>,
    monitor: Arc<Monitor>,
    known: Vec<Known>,
    failed: Vec<String>,
}

/// A watch that was started.
struct Known {
    name: String,
    path: PathBuf,
    input: Input,
}

/// Why a watch could not be started.
#[derive(Debug, thiserror::Error)]
enum StartError {
    #[error(transparent)]
    State(#[from] StateDirError),
    #[error(transparent)]
    Source(#[from] OpenError),
    #[error("too many open files: raise ulimit -n, or LimitNOFILE= of the service ({0})")]
    Descriptors(io::Error),
    #[error("cannot start a thread: {0}")]
    Thread(io::Error),
}

impl Session {
    pub(super) fn new(
        cli: Cli,
        loader: Loader,
        supervisor: Waker,
        cancel: Arc<Cancel>,
        monitor: Arc<Monitor>,
    ) -> Self {
        let performing = Settings {
            jobs: usize::from(cli.jobs),
            time_limit: (cli.action_timeout > 0).then(|| Duration::from_secs(cli.action_timeout)),
            cancel,
            dry_run: cli.dry_run || cli.explain,
            debug: cli.logs_actions(),
            resident: !cli.no_resident,
        };
        Self {
            splitting: splitting(&cli),
            performing,
            cli,
            loader,
            supervisor,
            pool: None,
            monitor,
            known: Vec::new(),
            failed: Vec::new(),
        }
    }

    /// Starts the watches that can be started, and reports the others.
    pub(super) fn start(&mut self, plans: Vec<Plan>) -> Vec<Watch> {
        let mut watches = Vec::new();
        for plan in plans {
            let path = plan.path.clone();
            match self.start_one(plan) {
                Ok(watch) => watches.push(watch),
                Err(e) => {
                    self.report(&path, &e);
                    self.failed.push(plan::file_name(&path));
                }
            }
        }
        watches
    }

    /// The names of the configurations that are watched.
    pub(super) fn names(&self) -> Vec<String> {
        self.known.iter().map(|known| known.name.clone()).collect()
    }

    /// The names of the configurations whose watch could not be started.
    pub(super) fn failed(&self) -> Vec<String> {
        self.failed.clone()
    }

    fn report(&self, path: &Path, error: &StartError) {
        // If there is only one watch its name says nothing new.
        match self.cli.config_dir {
            Some(_) => log::error(format_args!("{}: {error}", plan::file_name(path))),
            None => log::error(error),
        }
    }

    fn start_one(&mut self, plan: Plan) -> Result<Watch, StartError> {
        let started = match descriptors::limit_for_start() {
            Ok(()) => self.open_and_start(plan),
            Err(e) => Err(StartError::Descriptors(e)),
        };
        descriptors::limit_for_commands();
        started
    }

    fn open_and_start(&mut self, plan: Plan) -> Result<Watch, StartError> {
        // The second process of a daemon does not repeat the first one's warnings.
        if !crate::daemon::background::is_second() {
            plan.findings.print();
        }
        let name = plan::file_name(&plan.path);
        let checkpoint = state_dir::checkpoint(&self.cli, &plan)?;
        let mut source = source(&self.cli, &plan.input, &checkpoint);
        if let SourcePlan::Follow(follow) = &mut source {
            let pool = self.pool().map_err(StartError::Thread)?;
            follow.reactor = Some(pool.reactor().clone());
        }
        let source = source.open(&self.splitting)?;
        let output = Output::new(self.color(), output_pipe::ends_with_reader(&self.cli));
        let performer = Performer::new(&name, output, self.performing.clone());
        let parts = Parts {
            name: name.clone(),
            config: plan.path.clone(),
            input: plan.input.name(),
            source,
            rules: plan.rules,
            performer,
            checkpoint,
            supervisor: self.supervisor.clone(),
            pool: self.pool.clone(),
            by_lines: self.splitting.separator == Separator::Newline,
            one_pass: matches!(plan.input, Input::Examine(_)),
            count_records: self.cli.monitoring.has_metrics(),
        };
        let watch = Watch::start(parts).map_err(StartError::Thread)?;
        self.monitor.add(watch.view());
        let text = format!("watching {}", sanitize::text(plan.input.name().as_bytes()));
        let event = LogEvent::new(Level::Info, EventKind::WatchStarted, text)
            .with("config", sanitize::path(&plan.path))
            .with("input", plan.input.name());
        log::write_of(&name, event);
        self.known.push(Known {
            name,
            path: plan.path,
            input: plan.input,
        });
        Ok(watch)
    }

    /// The threads for followed files, started with the first of them.
    fn pool(&mut self) -> io::Result<Arc<Pool>> {
        match &self.pool {
            Some(pool) => Ok(Arc::clone(pool)),
            None => Ok(Arc::clone(self.pool.insert(Pool::new()?))),
        }
    }

    fn color(&self) -> ColorChoice {
        let set = |name: &str| std::env::var_os(name).is_some();
        match self.cli.color {
            Color::Always => ColorChoice::Always,
            Color::Never => ColorChoice::Never,
            Color::Auto if set("NO_COLOR") || set("ANSI_COLORS_DISABLED") => ColorChoice::Never,
            Color::Auto => ColorChoice::Always,
        }
    }

    /// Gives a watch new rules, or starts a new watch.
    fn reload_one(&mut self, watches: &mut Vec<Watch>, path: &Path) -> ReloadResult {
        let known = self.known.iter().position(|known| known.path == path);
        let consequence = match known {
            Some(_) => "its previous rules stay in force",
            None => "it is not watched",
        };
        let plan = match plan::plan(&self.cli, &self.loader, path) {
            Ok(plan) => plan,
            Err(refusal) => {
                refusal.report();
                return refused(path, consequence, refusal.told());
            }
        };
        let running = known.and_then(|at| {
            let mut all = watches.iter();
            let watch = all.find(|watch| watch.name() == self.known[at].name)?;
            (self.known[at].input == plan.input).then_some(watch)
        });
        if let Some(watch) = running {
            plan.findings.print();
            watch.reload(plan.rules);
            return reloaded(path, "the new rules are in force", plan.findings.told());
        }
        // It is new, names another log now, or its watch has ended by itself. The old watch is
        // stopped only when the new one runs: a reload never leaves nothing behind.
        let told = plan.findings.told();
        match self.start_one(plan) {
            Ok(watch) => {
                if let Some(at) = known {
                    self.stop_one(watches, at);
                }
                watches.push(watch);
                reloaded(path, "the watch has been started", told)
            }
            Err(e) => {
                self.report(path, &e);
                refused(path, consequence, (format!("{e}\n"), Vec::new()))
            }
        }
    }

    fn stop_one(&mut self, watches: &mut Vec<Watch>, at: usize) {
        let known = self.known.remove(at);
        if let Some(at) = watches.iter().position(|watch| watch.name() == known.name) {
            let watch = watches.remove(at);
            watch.stop();
            watch.join();
        }
    }
}

impl Reload for Session {
    fn reload(&mut self, watches: &mut Vec<Watch>) -> ReloadReport {
        let mut report = ReloadReport {
            time: chrono::Utc::now().timestamp(),
            results: Vec::new(),
        };
        let files = match (&self.cli.config_dir, self.known.first()) {
            (None, Some(known)) => vec![known.path.clone()],
            _ => match plan::config_files(&self.cli) {
                Ok(files) => files,
                Err(refusal) => {
                    refusal.report();
                    let kept = "the rules that were in force stay in force";
                    let event = LogEvent::new(Level::Error, EventKind::Refused, kept);
                    log::write(&event.with("reason", kept));
                    let (text, diagnostics) = refusal.told();
                    report.results.push(ReloadResult {
                        config: None,
                        ok: false,
                        result: kept.to_owned(),
                        text,
                        diagnostics,
                    });
                    return report;
                }
            },
        };
        for file in &files {
            report.results.push(self.reload_one(watches, file));
        }
        while let Some(gone) = self
            .known
            .iter()
            .position(|known| !files.contains(&known.path))
        {
            let path = &self.known[gone].path;
            if self.known.len() == 1 {
                // A reload never ends the program.
                let kept = "the file is gone, and no other is watched: its rules stay in force";
                report.results.push(refused(path, kept, Told::default()));
                return report;
            }
            let result = reloaded(path, "the file is gone, its watch ends", Told::default());
            report.results.push(result);
            self.monitor.remove(&self.known[gone].name);
            self.stop_one(watches, gone);
        }
        report
    }
}

/// The result of a reload for one configuration.
fn reloaded(path: &Path, result: &str, told: Told) -> ReloadResult {
    let path = sanitize::path(path);
    let text = format!("{path}: {result}");
    let event = LogEvent::new(Level::Notice, EventKind::Reloaded, text);
    log::write(&event.with("config", path.as_str()).with("result", result));
    result_of(path, true, result, told)
}

/// A reload changed nothing for a configuration.
fn refused(path: &Path, consequence: &str, told: Told) -> ReloadResult {
    let path = sanitize::path(path);
    let text = format!("{path}: {consequence}");
    let event = LogEvent::new(Level::Error, EventKind::Refused, text);
    let event = event.with("reason", consequence);
    log::write(&event.with("config", path.as_str()));
    result_of(path, false, consequence, told)
}

fn result_of(config: String, ok: bool, result: &str, (text, diagnostics): Told) -> ReloadResult {
    ReloadResult {
        config: Some(config),
        ok,
        result: result.to_owned(),
        text,
        diagnostics,
    }
}

/// The source that an input names.
pub(super) fn source(cli: &Cli, input: &Input, checkpoint: &Checkpoint) -> SourcePlan {
    match input {
        Input::Examine(path) => SourcePlan::Examine(path.clone()),
        Input::ReadPipe(command) => SourcePlan::Command(CommandPlan {
            argv: vec!["/bin/sh".into(), "-c".into(), command.clone()],
            name: "the command of --read-pipe".to_owned(),
            respawn: cli.respawn,
            may_fail: true,
        }),
        Input::Journal(matches) => SourcePlan::Journal(JournalPlan {
            matches: matches.clone(),
            checkpoint: checkpoint.clone(),
            from_start: cli.from_start,
        }),
        Input::Tail(files) => match plan::tail_command(cli, files) {
            Some(command) => SourcePlan::Command(command),
            None => SourcePlan::Follow(FollowPlan {
                patterns: plan::patterns(files),
                checkpoint: checkpoint.clone(),
                reactor: None,
                from_start: cli.from_start,
            }),
        },
    }
}

/// The splitting of input that the command line asks for. A separator is a literal text with Perl's
/// escapes; an empty one means paragraphs.
pub(super) fn splitting(cli: &Cli) -> Splitting {
    let separator = match &cli.input_record_separator {
        None => Separator::Newline,
        Some(text) => Separator::from_bytes(&swatch_config::unescape(text.as_encoded_bytes())),
    };
    Splitting {
        separator,
        max_record: cli.max_line,
    }
}
