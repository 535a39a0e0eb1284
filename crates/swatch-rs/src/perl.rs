//! The process of the Perl engine: started when a configuration needs it, and restarted when it
//! dies.
//!
//! Perl's standard input is a socket that carries records and answers. It shares this process's
//! standard output and error, for output of users' code.

mod process;

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use swatch_config::{Config, Diagnostic, Severity};
use swatch_engine::perl::{ChannelError, Outcome, PerlChain, PerlModules, Replay, StartError};
use swatch_engine::{ClockReading, Effect, Options, Program, RuleTrace, State};

use process::{Channel, Running};

/// The number of times that one record may end Perl before it is given up.
const ATTEMPTS: usize = 3;

/// Options for starting the engine.
#[derive(Debug, Clone)]
pub struct PerlOptions {
    /// `-M` and `-I`.
    pub modules: PerlModules,
    /// Options for compiling the native part.
    pub compile: Options,
    /// The interpreter: a path, or a name to look up in `PATH`.
    pub perl: PathBuf,
}

impl Default for PerlOptions {
    fn default() -> Self {
        Self {
            modules: PerlModules::default(),
            compile: Options::default(),
            perl: PathBuf::from("perl"),
        }
    }
}

/// Reasons why records cannot be decided.
#[derive(Debug, thiserror::Error)]
pub enum PerlError {
    /// The configuration is refused, by this program or by Perl.
    #[error("the configuration's Perl code is refused")]
    Refused(Vec<Diagnostic>),
    /// Perl was available when the configuration was loaded and cannot be restarted.
    #[error("{} cannot be started: {source}", perl.display())]
    Start {
        /// The interpreter.
        perl: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// It started, but ended before it was ready for records.
    #[error("perl ended before it was ready for records: {0}")]
    NotReady(StartError),
    /// The watch has to end, and Perl code is still running.
    #[error(
        "the Perl code was still running when the watch was to end: perl was killed, and the \
         record is decided again at the next start"
    )]
    Stopped,
}

/// The result for a record.
#[derive(Debug, Default)]
pub struct Decided {
    /// The watch is to end.
    pub quit: bool,
    /// The status with which Perl code has ended the watch.
    pub exit_status: Option<i32>,
    /// Warnings for the administrator: code that died, a Perl that ended.
    pub faults: Vec<String>,
    /// Traces of the decisions, if requested.
    pub traces: Vec<RuleTrace>,
}

/// A rule chain with its Perl process.
#[derive(Debug)]
pub struct PerlWatch {
    chain: PerlChain,
    perl: PathBuf,
    running: Option<Running>,
    stop: Arc<AtomicBool>,
    /// The number of records so far.
    records: u64,
    /// The number of forked processes that tried to decide records.
    strays: u64,
    /// The number of deaths of user code by place.
    deaths: BTreeMap<String, u64>,
}

/// The most places for which deaths are counted.
const PLACES: usize = 1000;

impl PerlWatch {
    /// Compiles a configuration, starts Perl and waits until it is ready for records, after code of
    /// depth 0 has run.
    ///
    /// # Errors
    /// [`PerlError::Refused`] with a finding for each place, also if there is no Perl: then for the
    /// first place that needs it.
    pub fn start(config: &Config, options: &PerlOptions) -> Result<Self, PerlError> {
        let mut watch = Self::compile(config, options)?;
        watch.running = Some(watch.launch().map_err(|e| at_load(e, config, options))?);
        Ok(watch)
    }

    /// As [`PerlWatch::start`], for `--check`: only `use` and `BEGIN` run code.
    ///
    /// # Errors
    /// See [`PerlWatch::start`].
    pub fn check(config: &Config, options: &PerlOptions) -> Result<(), PerlError> {
        let watch = Self::compile(config, options)?;
        let checked = Running::spawn(&watch.perl, &watch.stop).and_then(|mut running| {
            let checked = watch.chain.check(&mut running.channel);
            checked.map_err(refused_or_gone)
        });
        checked.map_err(|e| at_load(e, config, options))
    }

    fn compile(config: &Config, options: &PerlOptions) -> Result<Self, PerlError> {
        let chain = PerlChain::compile(config, &options.compile, &options.modules);
        Ok(Self {
            chain: chain.map_err(PerlError::Refused)?,
            perl: options.perl.clone(),
            running: None,
            stop: Arc::default(),
            records: 0,
            strays: 0,
            deaths: BTreeMap::new(),
        })
    }

    /// A warning about the first, the tenth, the hundredth death at a place: code that dies on
    /// every record must not fill the log.
    fn death(&mut self, text: &str) -> Option<String> {
        let place = text.rfind(" at ").map_or(text, |at| &text[at..]);
        if self.deaths.len() >= PLACES && !self.deaths.contains_key(place) {
            self.deaths.clear();
        }
        let times = self.deaths.entry(place.to_owned()).or_default();
        *times += 1;
        let told = 10u64.pow(times.ilog10()) == *times;
        told.then(|| match times {
            1 => format!("Perl code died: {text}"),
            n => format!("Perl code died, {n} times so far: {text}"),
        })
    }

    /// Once the flag is set, running Perl code has one second; then Perl is killed.
    pub fn stop_on(&mut self, flag: Arc<AtomicBool>) {
        self.stop = Arc::clone(&flag);
        if let Some(running) = &mut self.running {
            running.channel.stop_on(flag);
        }
    }

    /// Rules and tables. The program must not be used to decide.
    pub fn program(&self) -> &Program {
        self.chain.program()
    }

    /// The Perl program that holds the chain.
    pub fn script(&self) -> &[u8] {
        self.chain.script()
    }

    /// Decides a record. Each effect is performed before Perl continues, so that it appears in its
    /// place among the output of users' code: flush standard output in `perform`.
    ///
    /// If Perl dies, it is restarted with the same record, and effects already performed are not
    /// repeated. A record that ends three of them is given up.
    ///
    /// # Errors
    /// Perl cannot be restarted, or was stopped.
    pub fn decide(
        &mut self,
        state: &mut State,
        record: &[u8],
        now: &ClockReading,
        perform: &mut dyn FnMut(Effect),
    ) -> Result<Decided, PerlError> {
        self.attempts(|chain, channel, replay| {
            let outcome = chain.decide(channel, state, record, now, replay, perform)?;
            Ok((outcome, Vec::new()))
        })
    }

    /// As [`PerlWatch::decide`], and returns a trace of every rule that matched.
    ///
    /// # Errors
    /// See [`PerlWatch::decide`].
    pub fn explain(
        &mut self,
        state: &mut State,
        record: &[u8],
        now: &ClockReading,
        perform: &mut dyn FnMut(Effect),
    ) -> Result<Decided, PerlError> {
        self.attempts(|chain, channel, replay| {
            chain.explain(channel, state, record, now, replay, perform)
        })
    }

    fn attempts(
        &mut self,
        mut decide: impl FnMut(
            &PerlChain,
            &mut Channel,
            &mut Replay,
        ) -> Result<(Outcome, Vec<RuleTrace>), ChannelError>,
    ) -> Result<Decided, PerlError> {
        let mut decided = Decided::default();
        self.records += 1;
        let mut replay = Replay::new(self.records);
        for attempt in 1..=ATTEMPTS {
            if self.running.is_none() {
                self.running = Some(self.launch()?);
            }
            let running = self.running.as_mut().expect("it was just started");
            match decide(&self.chain, &mut running.channel, &mut replay) {
                Ok((outcome, traces)) => {
                    let died = outcome.faults.iter();
                    decided
                        .faults
                        .extend(died.filter_map(|text| self.death(text)));
                    decided.faults.extend(self.forked(outcome.strays));
                    decided.exit_status = outcome.ended;
                    decided.quit = outcome.quit;
                    decided.traces = traces;
                    return Ok(decided);
                }
                Err(_) if running.channel.is_stopped() => {
                    if let Some(running) = self.running.take() {
                        running.kill();
                    }
                    return Err(PerlError::Stopped);
                }
                Err(why) => {
                    let running = self.running.take();
                    let how = running.map_or(String::new(), |r| r.how_it_ended(&why));
                    let what = match attempt < ATTEMPTS {
                        true => "it is restarted, and the record is retried",
                        false => "the record is given up, because it ended perl every time",
                    };
                    decided.faults.push(format!("perl {how}: {what}"));
                    replay.rewind();
                }
            }
        }
        Ok(decided)
    }

    /// A warning about processes that user code forked, at the first, the tenth, the hundredth.
    fn forked(&mut self, strays: u64) -> Option<String> {
        let before = self.strays;
        self.strays += strays;
        let is_due = strays > 0 && (before == 0 || before.ilog10() < self.strays.ilog10());
        is_due.then(|| {
            let count = match self.strays {
                1 => "a process".to_owned(),
                n => format!("{n} processes so far"),
            };
            format!(
                "Perl code forked {count} that went on with the rules and had to be ended: \
                 a forked process must call `exit`"
            )
        })
    }

    fn launch(&self) -> Result<Running, PerlError> {
        let mut running = Running::spawn(&self.perl, &self.stop)?;
        let started = self.chain.start(&mut running.channel);
        started.map_err(refused_or_gone)?;
        Ok(running)
    }
}

fn refused_or_gone(error: StartError) -> PerlError {
    match error {
        StartError::Refused(found) => PerlError::Refused(found),
        other => PerlError::NotReady(other),
    }
}

/// While a configuration is loaded, every error becomes a finding about it.
fn at_load(error: PerlError, config: &Config, options: &PerlOptions) -> PerlError {
    let need = config.perl_needs.first();
    let message = match &error {
        PerlError::Refused(_) => return error,
        PerlError::Start { perl, source } if source.kind() == io::ErrorKind::NotFound => {
            format!("this needs Perl, and there is no {}", perl.display())
        }
        other => other.to_string(),
    };
    let label = match need {
        Some(need) => need.what.clone(),
        None if options.modules.modules.is_empty() => String::new(),
        None => "option -M".to_owned(),
    };
    PerlError::Refused(vec![Diagnostic {
        severity: Severity::Error,
        message,
        span: need.map(|n| n.span),
        label,
        help: Some("install perl, or write the rule without it: see docs/perl.md".to_owned()),
    }])
}
