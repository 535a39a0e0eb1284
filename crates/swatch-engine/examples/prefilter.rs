//! Times the search and the decisions of a configuration over a file, without the rest of the
//! program: `prefilter RULES.conf LOG [THREADS]`.

use std::fs::File;
use std::io::Read;
use std::ops::ControlFlow;
use std::time::Instant;

use swatch_engine::prefilter::{Prefilter, in_order};
use swatch_engine::{ClockReading, Options, Program, State};

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, rules, log, threads @ ..] = &arguments[..] else {
        eprintln!("usage: search RULES.conf LOG [THREADS]");
        std::process::exit(2);
    };
    let threads = threads
        .first()
        .map_or(2, |text| text.parse().expect("a number of threads"));
    let start = Instant::now();
    let parsed = swatch_config::parse_file(rules.as_ref(), &swatch_config::Options::default());
    let config = parsed.config;
    let program = Program::compile(&config, &Options::default()).expect("the rules are good");
    let search = Prefilter::new(&program);
    let ready = start.elapsed();
    let mut state = State::new(&program);
    let mut file = File::open(log).expect("the log is there");
    let mut open: Vec<u8> = Vec::new();
    let blocks = std::iter::from_fn(move || {
        let mut block = std::mem::take(&mut open);
        let rest = block.len();
        block.resize(rest + (256 << 10), 0);
        let read = file.read(&mut block[rest..]).expect("the log can be read");
        block.truncate(rest + read);
        let whole = memchr::memrchr(b'\n', &block).map_or(block.len(), |end| end + 1);
        open.extend_from_slice(&block[whole..]);
        block.truncate(whole);
        (!block.is_empty()).then_some(block)
    });
    let now = ClockReading {
        seconds: 0,
        wall: 0,
        weekday: 0,
        hour: 0,
    };
    let (mut lines, mut effects) = (0usize, Vec::new());
    let mut done = 0;
    in_order(&program, &search, threads, blocks, Ok, |block, found| {
        for hit in found.hits() {
            lines += 1;
            let record = &block[hit.range.clone()];
            swatch_engine::decide_hit(
                &program,
                &search,
                &hit,
                &mut state,
                record,
                &now,
                &mut effects,
            );
        }
        done += effects.len();
        effects.clear();
        ControlFlow::<()>::Continue(())
    });
    println!(
        "ready {:.1} ms, all {:.1} ms, {lines} lines to decide, {done} effects",
        ready.as_secs_f64() * 1e3,
        start.elapsed().as_secs_f64() * 1e3
    );
}
