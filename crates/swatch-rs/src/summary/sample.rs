//! A sample of the records, evenly spread over logs of any length.

/// Records that a sample holds at most.
const MOST: usize = 8192;

/// The longest record that is kept.
const LONGEST: usize = 64 * 1024;

/// Records at equal distances. When there are too many, each second one is dropped, and the
/// distance becomes twice as long.
#[derive(Debug)]
pub(super) struct Sample {
    records: Vec<Vec<u8>>,
    distance: u64,
    seen: u64,
}

impl Default for Sample {
    fn default() -> Self {
        Self {
            records: Vec::new(),
            distance: 1,
            seen: 0,
        }
    }
}

impl Sample {
    /// The next record of a block of `count` ones that is wanted; `None` if none is.
    pub(super) fn wanted(&self, count: u64) -> Option<u64> {
        let next = self.seen.next_multiple_of(self.distance) - self.seen;
        (next < count).then_some(next)
    }

    /// Passes over records.
    pub(super) fn skip(&mut self, count: u64) {
        self.seen += count;
    }

    /// Takes the record that comes now.
    pub(super) fn take(&mut self, record: &[u8]) {
        self.seen += 1;
        self.records
            .push(record[..record.len().min(LONGEST)].to_vec());
        if self.records.len() >= MOST {
            let mut keep = false;
            self.records.retain(|_| {
                keep = !keep;
                keep
            });
            self.distance *= 2;
        }
    }

    pub(super) fn records(&self) -> &[Vec<u8>] {
        &self.records
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_spread_evenly() {
        let mut sample = Sample::default();
        let mut number = 0_u64;
        for block in [1, 5, 100_000, 7, 333_333] {
            let end = number + block;
            while let Some(next) = sample.wanted(end - number) {
                sample.skip(next);
                number += next;
                sample.take(number.to_string().as_bytes());
                number += 1;
            }
            sample.skip(end - number);
            number = end;
        }
        let numbers: Vec<u64> = sample
            .records()
            .iter()
            .map(|record| String::from_utf8_lossy(record).parse().expect("a number"))
            .collect();
        assert!(numbers.len() > MOST / 4 && numbers.len() < MOST);
        let distance = numbers[1] - numbers[0];
        assert!(numbers.windows(2).all(|pair| pair[1] - pair[0] == distance));
        assert!(number - numbers[numbers.len() - 1] <= distance);
    }
}
