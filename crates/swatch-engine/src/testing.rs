//! Configurations built by hand, for this crate's tests.

use std::path::PathBuf;

use swatch_config::ast::*;
use swatch_config::{Config, FileId, Span};

use crate::effect::{ClockReading, Effect};
use crate::program::{Options, Program};
use crate::state::State;

pub(crate) fn span() -> Span {
    Span {
        file: FileId(0),
        start: 0,
        end: 0,
    }
}

pub(crate) fn pattern(source: &str) -> Pattern {
    Pattern {
        source: source.as_bytes().to_vec(),
        flags: Flags::default(),
        span: span(),
    }
}

pub(crate) fn matches(source: &str) -> Expr {
    Expr::Match(Match {
        target: None,
        pattern: pattern(source),
        negated: false,
    })
}

pub(crate) fn not(e: Expr) -> Expr {
    Expr::Not(Box::new(e))
}

pub(crate) fn and(l: Expr, r: Expr) -> Expr {
    Expr::And(Box::new(l), Box::new(r))
}

pub(crate) fn or(l: Expr, r: Expr) -> Expr {
    Expr::Or(Box::new(l), Box::new(r))
}

/// `$1`…`$9`, `$_` and `$0` are variables.
pub(crate) fn template(text: &str) -> Template {
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let var = match (c, chars.peek()) {
            ('$', Some('_')) => Some(Var::Record),
            ('$', Some('0')) => Some(Var::Whole),
            ('$', Some('+')) => Some(Var::LastGroup),
            ('$', Some('&')) => Some(Var::Matched),
            ('$', Some('`')) => Some(Var::Before),
            ('$', Some('\'')) => Some(Var::After),
            ('$', Some('$')) => Some(Var::Pid),
            ('$', Some(d)) => d.to_digit(10).map(Var::Group),
            _ => None,
        };
        match var {
            Some(var) => {
                chars.next();
                if !literal.is_empty() {
                    pieces.push(Piece::Text(std::mem::take(&mut literal).into_bytes()));
                }
                pieces.push(Piece::Var(var));
            }
            None => literal.push(c),
        }
    }
    if !literal.is_empty() {
        pieces.push(Piece::Text(literal.into_bytes()));
    }
    Template { pieces }
}

pub(crate) fn action(kind: ActionKind) -> Action {
    Action {
        kind,
        when: None,
        threshold: None,
        message: None,
        span: span(),
    }
}

pub(crate) fn echo() -> Action {
    action(ActionKind::Echo { sgr: None })
}

/// An echo of other text.
pub(crate) fn say(text: &str) -> Action {
    Action {
        message: Some(template(text)),
        ..echo()
    }
}

pub(crate) fn rule(text: &str, condition: Expr, actions: Vec<Action>) -> Rule {
    Rule {
        kind: RuleKind::Watch,
        condition,
        text: text.as_bytes().to_vec(),
        span: span(),
        actions,
        throttles: Vec::new(),
        thresholds: Vec::new(),
        remember: None,
        go_on: None,
        quit: None,
        perl_first: Vec::new(),
    }
}

pub(crate) fn throttle(hold: Option<i64>, threshold: Option<u32>, key: Option<&str>) -> Throttle {
    Throttle {
        hold,
        threshold,
        delay: None,
        key: key.map(template),
        time_regex: None,
        extra_cuts: Vec::new(),
        time_from_record: false,
        message: None,
        span: span(),
    }
}

pub(crate) fn threshold(
    kind: ThresholdKind,
    track_by: &str,
    count: u32,
    seconds: u64,
) -> Threshold {
    Threshold {
        track_by: template(track_by),
        kind,
        count,
        seconds,
        span: span(),
    }
}

pub(crate) fn config(rules: Vec<Rule>) -> Config {
    let mut config = Config::default();
    config.sources.add(PathBuf::from("conf"), Vec::new());
    config.items = rules.into_iter().map(Item::Rule).collect();
    config
}

/// A Sunday at midnight, at this second.
pub(crate) fn at(seconds: i64) -> ClockReading {
    ClockReading {
        seconds,
        wall: 1_795_370_400 + seconds,
        weekday: 0,
        hour: 0,
    }
}

/// A program and its state.
pub(crate) struct Bench {
    pub(crate) program: Program,
    pub(crate) state: State,
}

impl Bench {
    pub(crate) fn new(rules: Vec<Rule>) -> Self {
        let program = Program::compile(&config(rules), &Options::default()).expect("it compiles");
        let state = State::new(&program);
        Self { program, state }
    }

    pub(crate) fn effects(&mut self, record: &str, now: ClockReading) -> Vec<Effect> {
        let mut out = Vec::new();
        crate::decide(
            &self.program,
            &mut self.state,
            record.as_bytes(),
            &now,
            &mut out,
        );
        out
    }

    /// The echoed texts, and `QUIT` for the end.
    pub(crate) fn echoes(&mut self, record: &str, seconds: i64) -> Vec<String> {
        let effects = self.effects(record, at(seconds));
        let texts = effects.into_iter().map(|e| match e {
            Effect::Echo { text, .. } => String::from_utf8_lossy(&text).into_owned(),
            Effect::Quit => "QUIT".to_owned(),
            other => format!("{other:?}"),
        });
        texts.collect()
    }

    /// The echoes of several records with their seconds.
    pub(crate) fn run(&mut self, records: &[(i64, &str)]) -> Vec<String> {
        let all = records.iter().flat_map(|(s, r)| self.echoes(r, *s));
        all.collect()
    }
}
