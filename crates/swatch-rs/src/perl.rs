//! The Perl engine's process: started when a configuration needs it, started again when it dies.
//!
//! Perl's standard input is a socket that carries the records and the answers; its standard
//! output and error are those of this process, for what users' code prints.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use swatch_config::{Config, Diagnostic, Severity};
use swatch_engine::perl::{
    ChannelError, Outcome, PerlChain, PerlModules, RUNTIME, Replay, StartError,
};
use swatch_engine::{ClockReading, Effect, Options, Program, RuleTrace, State};

/// How often one record may end Perl before it is given up.
const ATTEMPTS: usize = 3;

/// How long Perl may take to end when it is no longer needed.
const PATIENCE: Duration = Duration::from_secs(2);

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
}

/// How a record went.
#[derive(Debug, Default)]
pub struct Decided {
    /// The watch is to end.
    pub quit: bool,
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
        let checked = Running::spawn(&watch.perl).and_then(|mut running| {
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
            &mut UnixStream,
            &mut Replay,
        ) -> Result<(Outcome, Vec<RuleTrace>), ChannelError>,
    ) -> Result<Decided, PerlError> {
        let mut decided = Decided::default();
        let mut replay = Replay::default();
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
                    if let Some(status) = outcome.ended {
                        let text = format!("Perl code ended the watch with status {status}");
                        decided.faults.push(text);
                    }
                    decided.quit = outcome.quit;
                    decided.traces = traces;
                    return Ok(decided);
                }
                Err(why) => {
                    let how = self
                        .running
                        .take()
                        .map_or(String::new(), |r| r.how_it_ended(&why));
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

    fn launch(&self) -> Result<Running, PerlError> {
        let mut running = Running::spawn(&self.perl)?;
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

#[derive(Debug)]
struct Running {
    child: Child,
    channel: UnixStream,
}

impl Running {
    fn spawn(perl: &Path) -> Result<Self, PerlError> {
        let failed = |source| PerlError::Start {
            perl: perl.to_owned(),
            source,
        };
        let (channel, theirs) = UnixStream::pair().map_err(failed)?;
        let mut command = Command::new(perl);
        command
            .arg("-e")
            .arg(RUNTIME)
            .stdin(Stdio::from(OwnedFd::from(theirs)));
        let child = command.spawn().map_err(failed)?;
        // The command holds the other end: while it lives, an end of Perl would not be seen.
        drop(command);
        Ok(Self { child, channel })
    }

    /// For a channel that is broken: how its process ended.
    fn how_it_ended(mut self, why: &ChannelError) -> String {
        match self.end() {
            Some(status) => format!("died ({status})"),
            None => format!("does not answer as it should ({why}) and was killed"),
        }
    }

    /// Closes the channel and waits for the end, for a while. None: it had to be killed.
    fn end(&mut self) -> Option<ExitStatus> {
        let _ = self.channel.shutdown(std::net::Shutdown::Both);
        let patience = Instant::now() + PATIENCE;
        let mut pause = Duration::from_millis(1);
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => return Some(status),
                Ok(None) if Instant::now() < patience => {
                    std::thread::sleep(pause);
                    pause = (pause * 2).min(Duration::from_millis(50));
                }
                _ => {
                    let _ = self.child.kill();
                    let _ = self.child.wait();
                    return None;
                }
            }
        }
    }
}

impl Drop for Running {
    /// No Perl outlives its watch.
    fn drop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(Some(_))) {
            self.end();
        }
    }
}
