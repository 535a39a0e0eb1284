//! The cost of parsing and of linting a configuration.

use std::fmt::Write;
use std::path::Path;

use divan::{Bencher, black_box, counter::BytesCount};
use swatch_config::{Options, lint, parse_str};

fn main() {
    divan::main();
}

/// Rules of several kinds, in turn.
fn rules(count: usize) -> String {
    let mut text = String::from("# logfile /var/log/messages\n\n");
    for n in 0..count {
        let rule = match n % 4 {
            0 => format!(
                "watchfor /service{n}.*(refused|denied)/\n\techo bold\n\tpipe \"/usr/local/bin/act {n} lock\"\n"
            ),
            1 => format!(
                "watchfor /user (\\S+) from (\\S+) port {n}/i\n\texec notify $1 \"$2\"\n\tthrottle 1:00,key=$2\n"
            ),
            2 => format!("ignore = /noise {n}/ && !/alarm/\n"),
            _ => format!(
                "watchfor = /disk{n}/, m|full|\n\tmail=root:admin,subject=\"disk {n}, full\"\n\
                          \tthreshold track_by=$1,type=limit,count={n},seconds=60\n"
            ),
        };
        writeln!(text, "{rule}").expect("a string takes it");
    }
    text
}

#[divan::bench(args = [6, 100, 1000])]
fn parse(bencher: Bencher<'_, '_>, count: usize) {
    let text = rules(count);
    let options = Options::default();
    assert!(!parse_str(text.as_bytes(), Path::new("bench"), &options).has_errors());
    bencher
        .counter(BytesCount::of_str(&text))
        .bench(|| parse_str(black_box(text.as_bytes()), Path::new("bench"), &options));
}

#[divan::bench(args = [6, 100, 1000])]
fn look_for_mistakes(bencher: Bencher<'_, '_>, count: usize) {
    let parsed = parse_str(
        rules(count).as_bytes(),
        Path::new("bench"),
        &Options::default(),
    );
    bencher.bench(|| lint(black_box(&parsed.config)));
}
