//! The exchange with a rule chain in Perl: starting it, and asking about records.

use std::io::{self, Read, Write};

use swatch_config::{Config, Diagnostic};

use super::faults;
use super::protocol::{self, Message};
use super::replay::{Answer, Replay};
use super::script::{self, PerlModules};
use super::values::Values;
use crate::decide::{Decision, Gate, after_rule};
use crate::effect::{ClockReading, Effect};
use crate::env::Variable;
use crate::explain::RuleTrace;
use crate::observer::{AfterRule, Capture, CapturedGroups, Observer, Unwatched};
use crate::program::{Options, Program, Rule};
use crate::state::State;

/// A configuration as a chain for the Perl engine.
#[derive(Debug)]
pub struct PerlChain {
    program: Program,
    script: Vec<u8>,
    faults: faults::Places,
}

/// Reasons why a chain did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Perl refuses it, or a function used as an action is missing.
    #[error("the configuration's Perl code cannot be run")]
    Refused(Vec<Diagnostic>),
    /// Code of depth 0 ended the program.
    #[error("the configuration's Perl code ended the program with status {0}")]
    Ended(i32),
    /// The Perl program has ended.
    #[error("perl ended before it was ready: {0}")]
    Gone(#[from] io::Error),
}

/// The Perl program has ended, or does not follow the protocol.
#[derive(Debug, thiserror::Error)]
#[error("the Perl program is gone: {0}")]
pub struct ChannelError(#[from] pub io::Error);

/// The result for a record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The watch is to end: `quit`, or user code ended the program.
    pub quit: bool,
    /// The status that user code ended the program with.
    pub ended: Option<i32>,
    /// Errors that user code died of, with file and line.
    pub faults: Vec<String>,
    /// Processes that user code forked and that tried to decide records; they were ended.
    pub strays: u64,
}

impl PerlChain {
    /// Compiles the native part of a configuration and writes the rest as a Perl program.
    ///
    /// # Errors
    /// Refused patterns of throttles. Perl's own errors are reported by [`PerlChain::start`].
    pub fn compile(
        config: &Config,
        options: &Options,
        modules: &PerlModules,
    ) -> Result<Self, Vec<Diagnostic>> {
        let program = Program::compile_for_perl(config, options)?;
        let script = script::write(config, &program, modules);
        Ok(Self {
            faults: faults::Places::of(config),
            program,
            script,
        })
    }

    /// Rules and tables. The program must not be used to decide.
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// Sets the value of `$$` in texts and commands.
    pub fn set_pid(&mut self, pid: u32) {
        self.program.set_pid(pid);
    }

    /// The Perl program, for `--dump-script`.
    pub fn script(&self) -> &[u8] {
        &self.script
    }

    /// Sends the chain to a Perl that runs [`RUNTIME`](super::RUNTIME), and waits until it is ready
    /// for records.
    ///
    /// # Errors
    /// See [`StartError`].
    pub fn start(&self, channel: &mut (impl Read + Write)) -> Result<(), StartError> {
        self.hand_over(channel, b"run")
    }

    /// As [`PerlChain::start`], but nothing is run beyond what `use` and `BEGIN` run.
    ///
    /// # Errors
    /// See [`StartError`].
    pub fn check(&self, channel: &mut (impl Read + Write)) -> Result<(), StartError> {
        self.hand_over(channel, b"check")
    }

    fn hand_over(&self, channel: &mut (impl Read + Write), mode: &[u8]) -> Result<(), StartError> {
        protocol::write(channel, b'P', 0, &[mode, &self.script])?;
        let answer = protocol::read(channel)?;
        match answer.kind {
            b'k' => Ok(()),
            b'r' if answer.fields.is_empty() => Ok(()),
            b'r' => Err(StartError::Refused(self.faults.missing(&answer.fields))),
            b'c' | b'f' => Err(StartError::Refused(self.faults.all(answer.field(0)))),
            b'x' => Err(StartError::Ended(answer.number(0) as i32)),
            _ => Err(unexpected(&answer).into()),
        }
    }

    /// Decides one record. Each effect is performed before Perl continues.
    ///
    /// # Errors
    /// The channel is broken, usually because Perl has died. Start another one, call
    /// [`Replay::rewind`], and retry the record.
    pub fn decide(
        &self,
        channel: &mut (impl Read + Write),
        state: &mut State,
        record: &[u8],
        now: &ClockReading,
        replay: &mut Replay,
        perform: &mut dyn FnMut(Effect),
    ) -> Result<Outcome, ChannelError> {
        let mut turn = Exchange {
            chain: self,
            state,
            record,
            now,
            replay,
            perform,
            observer: &mut Unwatched,
            captured: CapturedGroups::default(),
        };
        Ok(turn.run(channel)?)
    }

    /// As [`PerlChain::decide`], and returns a trace of every rule that matched.
    ///
    /// # Errors
    /// See [`PerlChain::decide`].
    pub fn explain(
        &self,
        channel: &mut (impl Read + Write),
        state: &mut State,
        record: &[u8],
        now: &ClockReading,
        replay: &mut Replay,
        perform: &mut dyn FnMut(Effect),
    ) -> Result<(Outcome, Vec<RuleTrace>), ChannelError> {
        // Kept with the answers: a rule that is answered from them is not traced again.
        let mut recorder = std::mem::take(&mut replay.told);
        let mut turn = Exchange {
            chain: self,
            state,
            record,
            now,
            replay,
            perform,
            observer: &mut recorder,
            captured: CapturedGroups::default(),
        };
        match turn.run(channel) {
            Ok(outcome) => Ok((outcome, recorder.0)),
            Err(broken) => {
                replay.told = recorder;
                Err(broken.into())
            }
        }
    }
}

/// The exchange about one record.
struct Exchange<'a, O> {
    chain: &'a PerlChain,
    state: &'a mut State,
    record: &'a [u8],
    now: &'a ClockReading,
    replay: &'a mut Replay,
    perform: &'a mut dyn FnMut(Effect),
    observer: &'a mut O,
    /// The captures of the rule that is reported next.
    captured: CapturedGroups,
}

impl<'a, O: Observer> Exchange<'a, O> {
    fn run(&mut self, channel: &mut (impl Read + Write)) -> io::Result<Outcome> {
        let mut outcome = Outcome::default();
        let kind = if O::ACTIVE { b'E' } else { b'R' };
        // The lower half suffices to distinguish consecutive records.
        let tag = self.replay.number as u32;
        protocol::write(channel, kind, tag, &[self.record])?;
        loop {
            let message = protocol::read(channel)?;
            if message.record != tag {
                let text = "the Perl program answered for another record";
                return Err(io::Error::new(io::ErrorKind::InvalidData, text));
            }
            match message.kind {
                b'g' | b'w' | b's' | b'i' => {
                    let answer = self.answer(&message)?;
                    if message.kind != b'i' {
                        let fields: Vec<&[u8]> = answer.iter().map(Vec::as_slice).collect();
                        protocol::write(channel, b'A', tag, &fields)?;
                    }
                }
                b'm' => self.captured = captured(&message),
                b'd' => outcome
                    .faults
                    .push(self.chain.faults.text(message.field(0))),
                b'n' => outcome.strays += message.number(0) as u64,
                b'z' => return Ok(outcome),
                b'q' => {
                    outcome.quit = true;
                    return Ok(outcome);
                }
                b'x' => {
                    outcome.quit = true;
                    outcome.ended = Some(message.number(0) as i32);
                    return Ok(outcome);
                }
                _ => return Err(unexpected(&message)),
            }
        }
    }

    fn answer(&mut self, message: &Message) -> io::Result<Answer> {
        let question = match message.kind {
            b'g' | b'i' => (message.kind, message.number(0), 0),
            kind => (kind, message.number(0), message.number(1)),
        };
        if let Some(known) = self.replay.known(question) {
            return Ok(known);
        }
        let rules = &self.chain.program.rules;
        let rule = rules.get(question.1).ok_or_else(|| unexpected(message))?;
        let answer = match message.kind {
            b'i' => {
                self.matched(question.1);
                Answer::new()
            }
            b'g' => self.gate(question.1, rule, message),
            _ if question.2 >= rule.steps.len() => return Err(unexpected(message)),
            b'w' => vec![self.is_time(rule, question.2, message)],
            _ => {
                self.step(rule, question.2, message);
                Answer::new()
            }
        };
        self.replay.note(question, &answer);
        Ok(answer)
    }

    fn matched(&mut self, rule: usize) {
        let captured = std::mem::take(&mut self.captured);
        self.observer.matched_elsewhere(rule, captured);
        self.state.counters[rule].matched += 1;
    }

    fn gate(&mut self, number: usize, rule: &Rule, message: &Message) -> Answer {
        self.matched(number);
        let current = message.field(1);
        let sources = rule.gate_sources();
        let mut values = self.values(current, &sources, message.from(2));
        let gate = self.decision().gate(rule, current, &mut values);
        let counters = &mut self.state.counters[number];
        let (passes, text) = match gate {
            Gate::Open(text) => {
                counters.acted += 1;
                ("1", text)
            }
            Gate::Held => {
                counters.held += 1;
                ("", None)
            }
        };
        let after = after_rule(rule, self.now);
        self.observer.ended(after);
        let after = match after {
            AfterRule::Stop => "s",
            AfterRule::Continue => "c",
            AfterRule::Quit => "q",
        };
        let text = text.unwrap_or_else(|| current.to_vec());
        let recalled = values.recalled.unwrap_or_default();
        let recalled = recalled.iter().flat_map(|(name, value)| [name, value]);
        let mut answer = vec![passes.into(), text, after.into()];
        answer.extend(recalled.map(<[u8]>::to_vec));
        answer
    }

    fn is_time(&mut self, rule: &Rule, action: usize, message: &Message) -> Vec<u8> {
        let sources = rule.steps[action].sources();
        let mut values = self.values(message.field(2), &sources, message.from(4));
        match self.decision().may_act(rule, action, &mut values) {
            true => b"1".to_vec(),
            false => Vec::new(),
        }
    }

    fn step(&mut self, rule: &Rule, action: usize, message: &Message) {
        let sources = rule.steps[action].sources();
        let mut values = self.values(message.field(2), &sources, message.from(4));
        let text = message.field(3);
        if let Some(effect) = self.decision().step(rule, action, text, &mut values) {
            self.observer.effect(&effect);
            (self.perform)(effect);
        }
    }

    fn decision(&mut self) -> Decision<'_, O> {
        Decision::new(&self.chain.program, self.state, self.now, self.observer)
    }

    fn values<'v>(
        &self,
        current: &'v [u8],
        sources: &'v [Variable],
        values: &'v [Vec<u8>],
    ) -> Values<'v>
    where
        'a: 'v,
    {
        Values {
            record: self.record,
            current,
            pid: self.chain.program.pid,
            sources,
            values,
            recalled: None,
        }
    }
}

/// The groups in a message of kind `m`.
fn captured(message: &Message) -> CapturedGroups {
    let text = |field: &Vec<u8>| field.strip_prefix(b"1").map(<[u8]>::to_vec);
    let groups = message
        .number(0)
        .min(message.fields.len().saturating_sub(1));
    let (groups, named) = message.from(1).split_at(groups);
    let groups = groups.iter().map(|field| Capture {
        name: None,
        text: text(field),
    });
    let named = named
        .chunks_exact(2)
        .map(|pair| (text(&pair[0]).unwrap_or_default(), text(&pair[1])));
    (groups.collect(), named.collect())
}

fn unexpected(message: &Message) -> io::Error {
    let kind = char::from(message.kind).escape_default();
    let text = format!("an unexpected message `{kind}` from the Perl program");
    io::Error::new(io::ErrorKind::InvalidData, text)
}
