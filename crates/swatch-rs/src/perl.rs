//! The Perl engine's process: started when a configuration needs it, started again when it dies.
//!
//! Perl's standard input is a socket that carries the records and the answers; its standard
//! output and error are those of this process, for what users' code prints.

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

/// How often one record may end Perl before it is given up.
const ATTEMPTS: usize = 3;

/// How the engine is started.
#[derive(Debug, Clone)]
pub struct PerlOptions {
    /// `-M` and `-I`.
    pub modules: PerlModules,
    /// How the native part is compiled.
    pub compile: Options,
    /// The interpreter: a path, or a name that is looked for in `PATH`.
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

/// Why there is no Perl to decide records.
#[derive(Debug, thiserror::Error)]
pub enum PerlError {
    /// The configuration is refused, by this program or by Perl.
    #[error("the configuration's Perl code is refused")]
    Refused(Vec<Diagnostic>),
    /// Perl, which was there when the configuration was loaded, cannot be started again.
    #[error("{} cannot be started: {source}", perl.display())]
    Start {
        /// The interpreter.
        perl: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It started, and was gone before it was ready for records.
    #[error("perl ended before it was ready for records: {0}")]
    NotReady(StartError),
    /// The watch is to end, and Perl code did not.
    #[error(
        "the Perl code was still running when the watch was to end: perl was killed, and the \
         record is decided again at the next start"
    )]
    Stopped,
}

/// How a record went.
#[derive(Debug, Default)]
pub struct Decided {
    /// The watch is to end.
    pub quit: bool,
    /// The status that Perl code has ended the watch with.
    pub exit_status: Option<i32>,
    /// What the administrator must know: code that died, a Perl that ended.
    pub faults: Vec<String>,
    /// Why it went so, if that was asked for.
    pub traces: Vec<RuleTrace>,
}

/// A rule chain in a Perl of its own.
#[derive(Debug)]
pub struct PerlWatch {
    chain: PerlChain,
    perl: PathBuf,
    running: Option<Running>,
    stop: Arc<AtomicBool>,
    /// Records so far.
    records: u64,
    /// Forked processes that went on with the chain.
    strays: u64,
    /// How often code has died at each place.
    deaths: BTreeMap<String, u64>,
}

/// Places that deaths are counted for.
const PLACES: usize = 1000;

impl PerlWatch {
    /// Compiles a configuration, starts Perl and waits until it is ready for records. Code of
    /// depth 0 has then run.
    ///
    /// # Errors
    /// [`PerlError::Refused`] with a finding for each place; also when there is no Perl, which
    /// names the first place that needs it.
    pub fn start(config: &Config, options: &PerlOptions) -> Result<Self, PerlError> {
        let mut watch = Self::compile(config, options)?;
        watch.running = Some(watch.launch().map_err(|e| at_load(e, config, options))?);
        Ok(watch)
    }

    /// As [`PerlWatch::start`], for `--check`: nothing runs but what `use` and `BEGIN` run.
    ///
    /// # Errors
    /// As of [`PerlWatch::start`].
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

    /// A death of user code in words, at the first, the tenth, the hundredth time at its place:
    /// code that dies of every record must not fill the log.
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

    /// Once the flag is set, Perl code has a second to come to an end; then it is killed.
    pub fn stop_on(&mut self, flag: Arc<AtomicBool>) {
        self.stop = Arc::clone(&flag);
        if let Some(running) = &mut self.running {
            running.channel.stop_on(flag);
        }
    }

    /// Rules and tables. Its own `decide` is not to be used.
    pub fn program(&self) -> &Program {
        self.chain.program()
    }

    /// The Perl program that holds the chain.
    pub fn script(&self) -> &[u8] {
        self.chain.script()
    }

    /// Decides a record. Each effect is performed before Perl goes on, so that it stands in its
    /// place among what users' code prints: flush standard output in `perform`.
    ///
    /// A Perl that dies is started again with the same record, and what was done for it is not
    /// done again; a record that ends three of them is given up.
    ///
    /// # Errors
    /// Perl cannot be started again.
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

    /// As [`PerlWatch::decide`], and says for every rule that matched what became of it.
    ///
    /// # Errors
    /// As of [`PerlWatch::decide`].
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
                        true => "it is started again, and the record tried again",
                        false => "the record is given up, as it has ended perl each time",
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

/// While a configuration is loaded every fault is a finding about it.
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
