//! The cost of one record: conditions, captures, throttle, substitution.

use std::path::Path;

use divan::{Bencher, black_box, counter::ItemsCount};
use swatch_engine::{ClockReading, Effect, Options, Program, State};

fn main() {
    divan::main();
}

fn program(text: &str) -> Program {
    let options = swatch_config::Options::default();
    let parsed = swatch_config::parse_str(text.as_bytes(), Path::new("bench"), &options);
    assert!(!parsed.has_errors(), "{:?}", parsed.diagnostics);
    Program::compile(&parsed.config, &Options::default()).expect("it compiles")
}

const NOW: ClockReading = ClockReading {
    seconds: 0,
    wall: 1_795_370_400,
    weekday: 0,
    hour: 0,
};

const MISS: &[u8] =
    b"Jan  2 03:04:05 host CRON[1234]: pam_unix(cron:session): session opened for user root";
const HIT: &[u8] = b"Jan  2 03:04:05 host sshd[1234]: Failed password for invalid user admin from 203.0.113.9 port 4242 ssh2";

const TEN: &str = r"
watchfor /Accepted publickey for (\S+)/
    echo
watchfor /POSSIBLE BREAK-IN/
    echo
watchfor /error: maximum authentication attempts/
    echo
watchfor /Did not receive identification/
    echo
watchfor /reverse mapping checking/
    echo
watchfor /Received disconnect from ([0-9.]+)/
    echo
watchfor /Connection closed by ([0-9.]+) \[preauth\]/
    echo
watchfor /su: .*failed/
    echo
watchfor /kernel: .*denied/
    echo
watchfor /Failed password for (?:invalid user )?(\S+) from ([0-9.]+)/
";

fn bench(bencher: Bencher<'_, '_>, text: &str, record: &[u8]) {
    let program = program(text);
    let mut state = State::new(&program);
    let mut out: Vec<Effect> = Vec::new();
    bencher.counter(ItemsCount::new(1usize)).bench_local(|| {
        out.clear();
        swatch_engine::decide(&program, &mut state, black_box(record), &NOW, &mut out);
        out.len()
    });
}

#[divan::bench]
fn ten_rules_no_match(b: Bencher<'_, '_>) {
    bench(b, &format!("{TEN}    echo\n"), MISS);
}

#[divan::bench]
fn ten_rules_echo(b: Bencher<'_, '_>) {
    bench(b, &format!("{TEN}    echo\n"), HIT);
}

#[divan::bench]
fn ten_rules_exec_with_groups(b: Bencher<'_, '_>) {
    bench(b, &format!("{TEN}    exec notify $1 $2\n"), HIT);
}

#[divan::bench]
fn throttled(b: Bencher<'_, '_>) {
    bench(b, &format!("{TEN}    echo\n    throttle 5:00\n"), HIT);
}

#[divan::bench]
fn throttled_by_group(b: Bencher<'_, '_>) {
    bench(
        b,
        &format!("{TEN}    echo\n    throttle 5:00,key=$2\n"),
        HIT,
    );
}

#[divan::bench]
fn threshold(b: Bencher<'_, '_>) {
    let options = "threshold track_by=$2,type=limit,count=1,seconds=60";
    bench(b, &format!("{TEN}    echo\n    {options}\n"), HIT);
}

#[divan::bench]
fn shell_command(b: Bencher<'_, '_>) {
    let text = "watchfor /user (\\S+) from (\\S+)/\n    exec echo \"$1\" '$2' $0 | mail root\n";
    bench(b, text, HIT);
}
