//! Texts as a fuzzer makes them: a seed with some edits. Each crate's tests include the parts they
//! use.
#![allow(dead_code)]

use std::path::{Path, PathBuf};

use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::RngSeed;

/// The same cases in every run. `PROPTEST_CASES` changes their number,
/// `PROPTEST_RNG_SEED` their choice.
pub(crate) fn settings(cases: u32) -> ProptestConfig {
    let given = ProptestConfig::default();
    let asked = std::env::var_os("PROPTEST_CASES").is_some();
    ProptestConfig {
        cases: if asked { given.cases } else { cases },
        rng_seed: match given.rng_seed {
            RngSeed::Random => RngSeed::Fixed(3),
            fixed => fixed,
        },
        failure_persistence: None,
        ..given
    }
}

/// The configurations of the conformance suite.
pub(crate) fn configurations() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/conformance");
    let mut topics: Vec<PathBuf> = std::fs::read_dir(&folder)
        .expect("the suite lies beside the crates")
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .collect();
    topics.sort();
    let mut found: Vec<Vec<u8>> = Vec::new();
    for topic in topics {
        let text = std::fs::read_to_string(topic).expect("readable");
        let mut within = false;
        for line in text.lines() {
            match line.strip_prefix("| ") {
                Some(line) if within => {
                    let last = found.last_mut().expect("begun");
                    last.extend_from_slice(line.as_bytes());
                    last.push(b'\n');
                }
                Some(_) => {}
                None => {
                    within = line == "conf:";
                    found.extend(within.then(Vec::new));
                }
            }
        }
    }
    assert!(found.len() > 400, "{} configurations", found.len());
    found
}

/// The values after one of the words at the beginning of a line.
pub(crate) fn behind(words: &[&str]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for configuration in configurations() {
        for line in configuration.split(|&byte| byte == b'\n') {
            let line = line.trim_ascii_start();
            for word in words {
                let rest = line.strip_prefix(word.as_bytes());
                found.extend(rest.map(|rest| rest.trim_ascii_start().to_vec()));
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

/// One change of a text.
#[derive(Debug, Clone)]
enum Edit {
    Insert(Vec<u8>),
    Replace(u8),
    Remove(usize),
    Repeat(usize),
    Cut,
}

fn edit(pieces: &'static [&'static str]) -> impl Strategy<Value = Edit> {
    prop_oneof![
        4 => select(pieces).prop_map(|piece| Edit::Insert(piece.as_bytes().to_vec())),
        1 => any::<u8>().prop_map(|byte| Edit::Insert(vec![byte])),
        1 => any::<u8>().prop_map(Edit::Replace),
        2 => (1usize..12).prop_map(Edit::Remove),
        2 => (1usize..12).prop_map(Edit::Repeat),
        1 => Just(Edit::Cut),
    ]
}

/// Seeds with none to seven edits, each somewhere.
pub(crate) fn mutated(
    seeds: Vec<Vec<u8>>,
    pieces: &'static [&'static str],
) -> impl Strategy<Value = Vec<u8>> {
    let edits = proptest::collection::vec((any::<Index>(), edit(pieces)), 0..8);
    (select(seeds), edits).prop_map(|(mut text, edits)| {
        for (place, edit) in edits {
            let at = place.index(text.len() + 1);
            let end = |length: usize, text: &[u8]| (at + length).min(text.len());
            match edit {
                Edit::Insert(piece) => drop(text.splice(at..at, piece)),
                Edit::Replace(byte) => drop(text.splice(at..end(1, &text), [byte])),
                Edit::Remove(length) => drop(text.drain(at..end(length, &text))),
                Edit::Repeat(length) => {
                    let part = text[at..end(length, &text)].to_vec();
                    text.splice(at..at, part);
                }
                Edit::Cut => text.truncate(at),
            }
        }
        text
    })
}
