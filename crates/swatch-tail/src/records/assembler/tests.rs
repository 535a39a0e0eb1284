//! The splitter against the obvious way of splitting, with every way of cutting up the input.

use std::io::{self, Read};

use proptest::prelude::*;

use crate::{FileEvent, RecordReader, Separator, SplitOptions, Step};

/// One record as it should come out: its bytes, the offset of its end, how much was skipped.
type Expected = (Vec<u8>, u64, u64);

/// The whole input split in the simplest way.
fn split(input: &[u8], separator: &Separator, max: Option<usize>) -> Vec<Expected> {
    let needle: &[u8] = match separator {
        Separator::Newline => b"\n",
        Separator::Literal(bytes) => bytes,
        Separator::Paragraph => b"\n\n",
    };
    let paragraph = *separator == Separator::Paragraph;
    let mut records = Vec::new();
    let mut at = 0;
    loop {
        while paragraph && input.get(at) == Some(&b'\n') {
            at += 1;
        }
        if at >= input.len() {
            return records;
        }
        let found = input[at..].windows(needle.len()).position(|w| w == needle);
        let (mut end, mut next) = match found {
            Some(n) => (at + n, at + n + needle.len()),
            None => (input.len(), input.len()),
        };
        while paragraph && found.is_none() && input[end - 1] == b'\n' {
            end -= 1;
        }
        let kept = (end - at).min(max.unwrap_or(usize::MAX));
        // The number of line feeds between two paragraphs that count as read depends on the reads;
        // the end of a record is therefore compared only where that makes no difference.
        if paragraph {
            next = end;
        }
        records.push((
            input[at..at + kept].to_vec(),
            next as u64,
            (end - at - kept) as u64,
        ));
        at = if found.is_some() {
            end + needle.len()
        } else {
            next.max(input.len())
        };
    }
}

/// Gives its bytes in pieces of these sizes, in turn.
struct Pieces<'a> {
    rest: &'a [u8],
    sizes: std::iter::Cycle<std::iter::Copied<std::slice::Iter<'a, usize>>>,
}

impl Read for Pieces<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        assert!(!into.is_empty());
        let size = self.sizes.next().unwrap_or(1);
        if size == 0 && !self.rest.is_empty() {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let count = size.max(1).min(into.len()).min(self.rest.len());
        into[..count].copy_from_slice(&self.rest[..count]);
        self.rest = &self.rest[count..];
        Ok(count)
    }
}

fn read_all(input: &[u8], options: &SplitOptions, sizes: &[usize], recycle: bool) -> Vec<Expected> {
    let pieces = Pieces {
        rest: input,
        sizes: sizes.iter().copied().cycle(),
    };
    let mut reader = RecordReader::new(pieces, options.clone());
    let mut records: Vec<Expected> = Vec::new();
    loop {
        match reader.advance().unwrap() {
            Step::Records(block) => {
                let walked: Vec<_> = block.records().collect();
                assert!(!walked.is_empty());
                assert_eq!(walked.len(), block.count());
                assert_eq!(walked.last().unwrap().end_offset(), block.end_offset());
                for record in &walked {
                    assert_eq!(&block.bytes()[record.range()], record.bytes());
                    assert_eq!(block.record_at(record.range().start), Some(*record));
                    records.push((record.bytes().to_vec(), record.end_offset(), 0));
                }
                for at in 0..block.bytes().len() {
                    let holder = block.record_at(at).unwrap();
                    let nth = walked.iter().position(|r| r == &holder).unwrap();
                    assert!(at >= holder.range().start);
                    assert!(
                        walked
                            .get(nth + 1)
                            .is_none_or(|next| at < next.range().start)
                    );
                }
                assert_eq!(block.record_at(block.bytes().len()), None);
                if recycle {
                    reader.recycle(block);
                }
            }
            Step::File(FileEvent::RecordTooLong {
                path,
                end,
                kept,
                skipped,
            }) => {
                assert_eq!(path, None);
                let last = records.last_mut().unwrap();
                assert_eq!((last.1, last.0.len() as u64), (end, kept));
                assert!(skipped > 0);
                last.2 = skipped;
            }
            Step::File(other) => panic!("{other}"),
            Step::More => unreachable!(),
            Step::End => return records,
        }
    }
}

fn separators() -> impl Strategy<Value = Separator> {
    prop_oneof![
        Just(Separator::Newline),
        Just(Separator::Paragraph),
        Just(Separator::Literal(b"ab".to_vec())),
        Just(Separator::Literal(b"aa".to_vec())),
        Just(Separator::Literal(b"aba".to_vec())),
        Just(Separator::Literal(b"\n\n".to_vec())),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_input_in_any_pieces_gives_the_same_records(
        input in proptest::collection::vec(prop_oneof![Just(b'a'), Just(b'b'), Just(b'\n')], 0..60),
        separator in separators(),
        max in proptest::option::of(1usize..12),
        block_size in 1usize..20,
        sizes in proptest::collection::vec(0usize..9, 1..5),
        recycle: bool,
    ) {
        prop_assume!(sizes.iter().any(|&s| s > 0));
        let options = SplitOptions { separator, max_record: max, block_size };
        let mut expected = split(&input, &options.separator, max);
        let mut got = read_all(&input, &options, &sizes, recycle);
        if options.separator == Separator::Paragraph {
            for record in expected.iter_mut().chain(&mut got) {
                record.1 = 0;
            }
        }
        prop_assert_eq!(got, expected);
    }
}

#[test]
fn a_long_record_without_bound_costs_linear_work() {
    let mut input = vec![b'x'; 10 << 20];
    input.extend(b" end\nsecond\n");
    let options = SplitOptions {
        max_record: None,
        ..SplitOptions::default()
    };
    let mut reader = RecordReader::new(&input[..], options);
    let mut lengths = Vec::new();
    let mut reads = 0;
    loop {
        match reader.step().unwrap() {
            Step::Records(block) => lengths.extend(block.records().map(|r| r.bytes().len())),
            Step::File(event) => panic!("{event}"),
            Step::More => reads += 1,
            Step::End => break,
        }
    }
    assert_eq!(lengths, [(10 << 20) + 4, 6]);
    assert!(reads < 10, "{reads} reads");
}

#[test]
fn a_record_beyond_the_bound_takes_no_more_memory() {
    let endless = io::repeat(b'x').take(64 << 20).chain(&b"\nnext\n"[..]);
    let mut reader = RecordReader::new(endless, SplitOptions::default());
    let Step::Records(block) = reader.advance().unwrap() else {
        panic!("the head comes first");
    };
    assert_eq!(block.bytes().len(), 1 << 20);
    assert!(block.into_buffer().capacity() <= 2 << 20);
    let Step::File(event) = reader.advance().unwrap() else {
        panic!("then the event");
    };
    assert_eq!(
        event.to_string(),
        "the record that ends at byte 67108865 is too long: \
         its first 1048576 bytes were used, 66060288 skipped"
    );
    let Step::Records(block) = reader.advance().unwrap() else {
        panic!("then the next record");
    };
    assert_eq!(block.bytes(), b"next\n");
    assert!(matches!(reader.advance().unwrap(), Step::End));
}
