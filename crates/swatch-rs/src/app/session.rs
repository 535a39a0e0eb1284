//! The watches of a run, and what a reload does to them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use swatch_tail::{Checkpoint, Separator};

use super::load::Loader;
use super::plan::{self, Input, Plan};
use super::state_dir;
use crate::cli::{Cli, Color};
use crate::daemon::supervisor::{Bell, Reload};
use crate::log::{Level, tell};
use crate::perform::{ColorChoice, Deadlines, Output, Performer, Settings};
use crate::pipeline::{Parts, Watch};
use crate::source::{CommandPlan, FollowPlan, JournalPlan, SourcePlan, Splitting};

/// What is known of the watches from outside.
pub(super) struct Session {
    cli: Cli,
    loader: Loader,
    bell: Bell,
    splitting: Splitting,
    performing: Settings,
    known: Vec<Known>,
}

/// A watch that was started.
struct Known {
    name: String,
    path: PathBuf,
    input: Input,
}

impl Session {
    pub(super) fn new(cli: Cli, loader: Loader, bell: Bell) -> Self {
        let separator = match &cli.input_record_separator {
            None => Separator::Newline,
            Some(text) => separator(text.as_encoded_bytes()),
        };
        let performing = Settings {
            jobs: usize::from(cli.jobs),
            time_limit: (cli.action_timeout > 0).then(|| Duration::from_secs(cli.action_timeout)),
            deadlines: Deadlines::default(),
            dry_run: cli.dry_run || cli.explain,
            debug: cli.debug.is_some(),
        };
        Self {
            splitting: Splitting {
                separator,
                max_record: cli.max_line,
            },
            performing,
            cli,
            loader,
            bell,
            known: Vec::new(),
        }
    }

    /// Starts the watches. None: there is none that could be started; why has been told.
    pub(super) fn start(&mut self, plans: Vec<Plan>) -> Option<Vec<Watch>> {
        let watches: Vec<Watch> = plans
            .into_iter()
            .filter_map(|plan| self.start_one(plan))
            .collect();
        (!watches.is_empty()).then_some(watches)
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.known.iter().map(|known| known.name.clone()).collect()
    }

    pub(super) fn deadlines(&self) -> Deadlines {
        self.performing.deadlines.clone()
    }

    fn start_one(&mut self, plan: Plan) -> Option<Watch> {
        let name = plan
            .path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        match self.try_start(plan, &name) {
            Ok(watch) => Some(watch),
            Err(why) => {
                // The name of the rules says nothing new where there is only one watch.
                match self.cli.config_dir {
                    Some(_) => tell(Level::Error, format_args!("{name}: {why}")),
                    None => tell(Level::Error, why),
                }
                None
            }
        }
    }

    fn try_start(&mut self, plan: Plan, name: &str) -> Result<Watch, String> {
        let checkpoint = state_dir::checkpoint(&self.cli, &plan)?;
        let source = self
            .source(&plan.input, &checkpoint)
            .open(&self.splitting)?;
        let output = Output::new(self.color());
        let performer = Performer::new(name, output, self.performing.clone());
        let parts = Parts {
            name: name.to_owned(),
            source,
            rules: plan.rules,
            performer,
            checkpoint,
            bell: self.bell.clone(),
            by_lines: self.splitting.separator == Separator::Newline,
            one_pass: matches!(plan.input, Input::Examine(_)),
        };
        let watch = Watch::start(parts).map_err(|e| format!("cannot start a thread: {e}"))?;
        self.known.push(Known {
            name: name.to_owned(),
            path: plan.path,
            input: plan.input,
        });
        Ok(watch)
    }

    fn source(&self, input: &Input, checkpoint: &Checkpoint) -> SourcePlan {
        match input {
            Input::Examine(path) => SourcePlan::Once(path.clone()),
            Input::ReadPipe(command) => SourcePlan::Command(CommandPlan {
                argv: vec!["/bin/sh".into(), "-c".into(), command.clone()],
                name: "the command of --read-pipe".to_owned(),
                respawn: self.cli.respawn,
                may_end: true,
            }),
            Input::Journal(matches) => SourcePlan::Journal(JournalPlan {
                matches: matches.clone(),
                checkpoint: checkpoint.clone(),
                from_start: self.cli.from_start,
            }),
            Input::Tail(files) => match plan::tail_command(&self.cli, files) {
                Some(command) => SourcePlan::Command(command),
                None => SourcePlan::Follow(FollowPlan {
                    patterns: plan::patterns(files),
                    checkpoint: checkpoint.clone(),
                    from_start: self.cli.from_start,
                }),
            },
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

    /// New rules for a watch that is known, or a new watch.
    fn reload_one(&mut self, watches: &mut Vec<Watch>, path: &Path) {
        let Some(plan) = plan::plan(&self.cli, &self.loader, path) else {
            tell(
                Level::Error,
                format_args!(
                    "{}: the rules that were in force stay in force",
                    path.display()
                ),
            );
            return;
        };
        let Some(at) = self.known.iter().position(|known| known.path == path) else {
            watches.extend(self.start_one(plan));
            return;
        };
        let running = watches
            .iter()
            .find(|watch| watch.name() == self.known[at].name);
        if let Some(watch) = running.filter(|_| self.known[at].input == plan.input) {
            watch.reload(plan.rules);
            return;
        }
        // Its log is another now, or it has ended by itself.
        self.stop_one(watches, at);
        watches.extend(self.start_one(plan));
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
    fn reload(&mut self, watches: &mut Vec<Watch>) {
        let Some(folder) = self.cli.config_dir.clone() else {
            if let Some(path) = self.known.first().map(|known| known.path.clone()) {
                self.reload_one(watches, &path);
            }
            return;
        };
        let Some(files) = plan::config_files(&folder) else {
            return;
        };
        while let Some(gone) = self
            .known
            .iter()
            .position(|known| !files.contains(&known.path))
        {
            tell(
                Level::Notice,
                format_args!(
                    "{}: the file is gone, its watch ends",
                    self.known[gone].path.display()
                ),
            );
            self.stop_one(watches, gone);
        }
        for file in &files {
            self.reload_one(watches, file);
        }
    }
}

/// `--input-record-separator`: a literal text with Perl's escapes; empty: paragraphs.
fn separator(text: &[u8]) -> Separator {
    Separator::from_bytes(&swatch_config::unescape(text))
}
