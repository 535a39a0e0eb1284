//! The search for all rules at once: to compile it, to prepare it, to run it over a block.

use std::fmt::Write;
use std::path::Path;

use divan::{Bencher, black_box, counter::BytesCount};
use swatch_config::ast::Config;
use swatch_engine::prefilter::{Hits, Prefilter, Scratch};
use swatch_engine::{Options, Program};

fn main() {
    divan::main();
}

const MISS: &[u8] =
    b"Jan  2 03:04:05 host CRON[1234]: pam_unix(cron:session): session opened for user root";

fn config(count: usize) -> Config {
    let mut text = String::new();
    for n in 0..count {
        let pattern = match n % 3 {
            0 => format!("service{n}\\[\\d+\\]: (connection|request) refused"),
            1 => format!("(?i:queue {n} .*overflow)"),
            _ => format!("daemon{n}.*lost ([0-9]+) packets"),
        };
        writeln!(text, "watchfor /{pattern}/\n\techo\n").expect("a string takes it");
    }
    let options = swatch_config::Options::default();
    let parsed = swatch_config::parse_str(text.as_bytes(), Path::new("bench"), &options);
    assert!(!parsed.has_errors());
    parsed.config
}

fn program(count: usize) -> Program {
    Program::compile(&config(count), &Options::default()).expect("it compiles")
}

#[divan::bench(args = [6, 100, 1000])]
fn compile_rules(bencher: Bencher<'_, '_>, count: usize) {
    let config = config(count);
    bencher.bench(|| Program::compile(black_box(&config), &Options::default()));
}

#[divan::bench(args = [6, 100, 1000])]
fn prepare_search(bencher: Bencher<'_, '_>, count: usize) {
    let program = program(count);
    bencher.bench(|| Prefilter::new(black_box(&program)));
}

/// A block in which one line of a hundred matches a rule.
#[divan::bench(args = [6, 100, 1000])]
fn search_block(bencher: Bencher<'_, '_>, count: usize) {
    let program = program(count);
    let search = Prefilter::new(&program);
    let mut block = Vec::new();
    for n in 0..2_000 {
        if n % 100 == 7 {
            block.extend_from_slice(b"Jan  2 03:04:05 host service3[7]: request refused\n");
        } else {
            block.extend_from_slice(MISS);
            block.push(b'\n');
        }
    }
    let (mut scratch, mut found) = (Scratch::new(), Hits::new());
    bencher
        .counter(BytesCount::of_slice(&block))
        .bench_local(|| {
            search.block(&program, &mut scratch, black_box(&block), &mut found);
            found.len()
        });
}
