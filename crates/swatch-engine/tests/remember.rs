//! `remember`: one event out of several records.

use std::path::Path;

use swatch_engine::{ClockReading, Effect, Options, Program, State, decide};

/// The address stands in one line of a session, the failure in another.
const SESSION: &str = r#"
watchfor /^(?<id>\d+) from (?<host>\S+)/
    remember $+{id},host=$+{host},need=failed,forget=failed,for=10
    echo message="late $recall{host}"
watchfor /^(?<id>\d+) failed/
    remember $+{id},failed=1,need=host,forget=failed,for=10
    echo message="$recall{host}"
watchfor /^(?<id>\d+) closed/
    remember $+{id},end=on
"#;

struct Watch {
    program: Program,
    state: State,
    second: i64,
}

impl Watch {
    fn new(text: &str, options: &Options) -> Self {
        let program = program(text, options);
        Self {
            state: State::new(&program),
            program,
            second: 1_700_000_000,
        }
    }

    /// The text that is echoed for a record.
    fn line(&mut self, record: &str) -> String {
        let now = ClockReading {
            seconds: self.second,
            wall: self.second,
            weekday: 0,
            hour: 0,
        };
        let mut effects = Vec::new();
        decide(
            &self.program,
            &mut self.state,
            record.as_bytes(),
            &now,
            &mut effects,
        );
        let texts = effects.iter().map(|effect| match effect {
            Effect::Echo { text, .. } => String::from_utf8_lossy(text).into_owned(),
            other => panic!("unexpected: {other:?}"),
        });
        texts.collect::<Vec<_>>().join(", ")
    }
}

fn program(text: &str, options: &Options) -> Program {
    let read = swatch_config::Options::default();
    let parsed = swatch_config::parse_str(text.as_bytes(), Path::new("conf"), &read);
    assert!(!parsed.has_errors(), "{:?}", parsed.diagnostics);
    Program::compile(&parsed.config, options).expect("the patterns compile")
}

fn session() -> Watch {
    Watch::new(SESSION, &Options::default())
}

#[test]
fn each_failure_after_the_address_counts() {
    let mut watch = session();
    assert_eq!(watch.line("1 from 203.0.113.9"), "");
    assert_eq!(watch.line("1 failed"), "203.0.113.9");
    assert_eq!(watch.line("1 failed"), "203.0.113.9");
}

#[test]
fn failures_before_the_address_count_once_when_it_comes() {
    let mut watch = session();
    assert_eq!(watch.line("1 failed"), "");
    assert_eq!(watch.line("1 failed"), "");
    assert_eq!(watch.line("1 from 203.0.113.9"), "late 203.0.113.9");
    assert_eq!(watch.line("1 from 203.0.113.9"), "");
}

#[test]
fn sessions_are_kept_apart_and_end() {
    let mut watch = session();
    watch.line("1 from 203.0.113.9");
    assert_eq!(watch.line("2 failed"), "");
    watch.line("1 closed");
    assert_eq!(watch.line("1 failed"), "");
    assert_eq!(watch.line("2 from 198.51.100.7"), "late 198.51.100.7");
}

#[test]
fn values_are_forgotten_after_their_time() {
    let mut watch = session();
    watch.line("1 from 203.0.113.9");
    watch.second += 10;
    assert_eq!(watch.line("1 failed"), "203.0.113.9");
    watch.second += 11;
    assert_eq!(watch.line("1 failed"), "");
}

#[test]
fn values_survive_a_reload() {
    let mut watch = session();
    watch.line("1 from 203.0.113.9");
    let edited = format!("{SESSION}\nwatchfor /more/\n    echo\n");
    watch.program = program(&edited, &Options::default());
    watch.state = watch.state.carry_over(&watch.program);
    assert_eq!(watch.line("1 failed"), "203.0.113.9");
}

#[test]
fn the_number_of_keys_is_bounded() {
    let options = Options {
        max_keys: 100,
        ..Options::default()
    };
    let mut watch = Watch::new(SESSION, &options);
    for id in 0..1000 {
        watch.line(&format!("{id} from 203.0.113.9"));
    }
    assert_eq!(watch.state.remembered_keys(), 100);
    assert_eq!(watch.state.forgotten_keys(), 900);
    assert_eq!(watch.line("899 failed"), "");
    assert_eq!(watch.line("999 failed"), "203.0.113.9");
}

#[test]
fn a_long_value_is_cut() {
    let mut watch = session();
    watch.line(&format!("1 from {}", "x".repeat(100_000)));
    assert_eq!(watch.line("1 failed").len(), 1024);
}

#[test]
fn throttles_see_recalled_values() {
    let text = r#"
watchfor /^(\d+) from (\S+)/
    remember $1,host=$2,need=never
watchfor /^(\d+) failed/
    remember $1,need=host
    throttle 60,key=$recall{host}
    echo message="$recall{host}"
"#;
    let mut watch = Watch::new(text, &Options::default());
    watch.line("1 from 203.0.113.9");
    watch.line("2 from 203.0.113.9");
    assert_eq!(watch.line("1 failed"), "203.0.113.9");
    assert_eq!(watch.line("2 failed"), "");
}
