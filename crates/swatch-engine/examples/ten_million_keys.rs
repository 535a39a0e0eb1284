//! Memory under ten million distinct keys, in a throttle and a threshold at once.
//!
//!     cargo run --release -p swatch-engine --example ten_million_keys [KEYS]

use std::path::Path;
use std::time::Instant;

use swatch_engine::{ClockReading, Options, Program, State};

const CONFIG: &str = "watchfor /^(\\d+)$/\n    throttle 5:00,key=$1\n    threshold track_by=$1,type=limit,count=1,seconds=60\n    echo\n";

/// The resident memory of this process in KiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:"));
    line.and_then(|l| l.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}

fn main() {
    let keys: u64 = std::env::args()
        .nth(1)
        .and_then(|n| n.parse().ok())
        .unwrap_or(10_000_000);
    let options = swatch_config::Options::default();
    let parsed = swatch_config::parse_str(CONFIG.as_bytes(), Path::new("example"), &options);
    let program = match Program::compile(&parsed.config, &Options::default()) {
        Ok(program) => program,
        Err(errors) => return eprintln!("{errors:?}"),
    };
    let mut state = State::new(&program);
    let mut out = Vec::new();
    let before = resident();
    let start = Instant::now();
    for key in 0..keys {
        out.clear();
        let now = ClockReading {
            seconds: (key / 100_000) as i64,
            wall: 0,
            weekday: 0,
            hour: 0,
        };
        swatch_engine::decide(
            &program,
            &mut state,
            key.to_string().as_bytes(),
            &now,
            &mut out,
        );
    }
    println!(
        "{keys} keys in {:.2?}: {} remembered, {} forgotten, {} KiB more than before",
        start.elapsed(),
        state.remembered_keys(),
        state.forgotten_keys(),
        resident().saturating_sub(before)
    );
}
