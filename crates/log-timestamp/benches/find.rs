//! The time to find the stamp of one line.

use divan::{Bencher, black_box};
use log_timestamp::{Format, Reference, find};

fn main() {
    divan::main();
}

/// The first sample of each format, and lines without a stamp.
fn lines() -> Vec<&'static str> {
    let samples = Format::ALL.iter().map(|format| format.samples()[0]);
    samples
        .chain([
            "kernel: device eth0 entered promiscuous mode, and so on for the rest of a line",
            "192.0.2.1 - - no date in here, although the line is as long as that of an access log",
        ])
        .collect()
}

#[divan::bench(args = lines())]
fn finds(bencher: Bencher<'_, '_>, line: &str) {
    bencher.bench(|| find(black_box(line.as_bytes())));
}

#[divan::bench]
fn names_the_second(bencher: Bencher<'_, '_>) {
    let stamp = find(Format::Syslog.samples()[0].as_bytes()).expect("a stamp");
    let reference = Reference {
        now: 1_717_250_000,
        offset: 0,
    };
    bencher.bench(|| black_box(&stamp).unix_seconds(reference));
}
