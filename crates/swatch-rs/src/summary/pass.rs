//! Reading the logs, and deciding each record.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use swatch_common::sanitize;
use swatch_config::ast::RuleKind;
use swatch_engine::Effect;
use swatch_engine::prefilter::{Hit, Hits};
use swatch_tail::{Block, RecordReader, Separator, SplitOptions, Step, open_once};

use super::log_clock::LogClock;
use super::progress::Progress;
use super::sample::Sample;
use super::tally::Tally;
use super::{Examined, RuleLine, cost};
use crate::rules::Rules;

/// The bytes at the beginning of a log in which its first time stamp is looked for.
const BEGIN: u64 = 16 * 1024;

/// A pass with one configuration.
pub(super) struct Pass<'a> {
    rules: Rules,
    separator: &'a Separator,
    clock: LogClock,
    tally: Tally,
    sample: Sample,
    found: Hits,
    /// `quit` was reached: what follows would not have been seen.
    is_over: bool,
}

impl<'a> Pass<'a> {
    pub(super) fn new(rules: Rules, separator: &'a Separator) -> Self {
        Self {
            tally: Tally::new(rules.parts().0),
            rules,
            separator,
            clock: LogClock::default(),
            sample: Sample::default(),
            found: Hits::new(),
            is_over: false,
        }
    }

    /// Reads a log to its end.
    pub(super) fn log(&mut self, path: &Path, progress: &mut Progress) -> Examined {
        let mut log = Examined {
            path: path.to_owned(),
            records: 0,
            bytes: 0,
            error: None,
        };
        self.clock.begin(written(path));
        let read = match path == Path::new("-") {
            true => self.read(io::stdin(), &mut log, progress),
            false => open(path).and_then(|file| self.read(file, &mut log, progress)),
        };
        if let Err(error) = read {
            let name = name(path);
            log.error = Some(format!("cannot examine {name}: {error}"));
        }
        log
    }

    fn read<R: Read + AsFd>(
        &mut self,
        source: R,
        log: &mut Examined,
        progress: &mut Progress,
    ) -> io::Result<()> {
        let options = SplitOptions {
            separator: self.separator.clone(),
            max_record: None,
            ..SplitOptions::default()
        };
        let by_lines = options.separator == Separator::Newline;
        // A second descriptor with the same offset: of a compressed log, that in the file.
        let mut place = File::from(source.as_fd().try_clone_to_owned()?);
        let mut reader = RecordReader::new(source, options);
        let mut position = 0;
        while !self.is_over {
            let block = match reader.advance()? {
                Step::Records(block) => block,
                Step::File(_) | Step::More => continue,
                Step::End => break,
            };
            log.records += block.count() as u64;
            log.bytes += block.bytes().len() as u64;
            let before = position;
            position = place.stream_position().unwrap_or(log.bytes);
            let length = block.bytes().len().max(1) as u64;
            // Some rules are slow: the progress within a block shows, too.
            let mut at = |offset: usize| {
                progress.at(before + (position - before) * offset as u64 / length);
            };
            self.block(&block, by_lines, &mut at)?;
            reader.recycle(block);
        }
        progress.next_log(position);
        Ok(())
    }

    fn block(
        &mut self,
        block: &Block,
        by_lines: bool,
        at: &mut dyn FnMut(usize),
    ) -> io::Result<()> {
        at(0);
        self.take_samples(block);
        for end in [block.records().next(), block.records().last()] {
            let stamp = end.and_then(|record| self.clock.stamp(record.bytes()));
            if let Some(stamp) = stamp {
                self.tally.timeline.widen(stamp);
            }
        }
        if by_lines && let Rules::Native(rules) = &mut self.rules {
            let mut found = std::mem::take(&mut self.found);
            rules.search(block.bytes(), true, &mut found);
            for hit in found.hits() {
                let record = &block.bytes()[hit.range.clone()];
                self.decide(Some(&hit), record)?;
                at(hit.range.end);
                if self.is_over {
                    break;
                }
            }
            self.found = found;
            return Ok(());
        }
        for record in block.records() {
            if self.is_over {
                break;
            }
            let mut found = std::mem::take(&mut self.found);
            match &mut self.rules {
                Rules::Native(rules) => {
                    rules.search(record.bytes(), false, &mut found);
                    if let Some(hit) = found.hits().next() {
                        self.decide(Some(&hit), record.bytes())?;
                    }
                }
                Rules::Perl(_) => self.decide(None, record.bytes())?,
            }
            at(record.range().end);
            self.found = found;
        }
        Ok(())
    }

    fn decide(&mut self, hit: Option<&Hit<'_>>, record: &[u8]) -> io::Result<()> {
        let stamp = self.clock.stamp(record);
        let now = self.clock.at(stamp);
        let mut quits = false;
        let mut note = |effect: &Effect| {
            quits |= matches!(effect, Effect::Quit);
        };
        match (&mut self.rules, hit) {
            (Rules::Native(rules), Some(hit)) => {
                rules.decider().decide(hit, record, &now, &mut note);
            }
            (Rules::Perl(rules), _) => rules
                .decide(record, &now, &mut note)
                .map_err(|error| io::Error::other(error.to_string()))?,
            (Rules::Native(_), None) => {}
        }
        self.is_over = quits;
        let (program, state) = self.rules.parts();
        self.tally.decided(program, state.counters(), record, stamp);
        Ok(())
    }

    fn take_samples(&mut self, block: &Block) {
        let mut left = block.count() as u64;
        let mut records = block.records();
        while let Some(next) = self.sample.wanted(left) {
            self.sample.skip(next);
            left -= next;
            let record = usize::try_from(next)
                .ok()
                .and_then(|next| records.nth(next));
            let Some(record) = record else { break };
            self.sample.take(record.bytes());
            left -= 1;
        }
        self.sample.skip(left);
    }

    /// The rules with their figures, and what was counted.
    pub(super) fn end(self) -> (Vec<RuleLine>, Tally) {
        let (program, state) = self.rules.parts();
        let costs = match self.rules {
            Rules::Native(_) => cost::measure(program, &self.sample),
            Rules::Perl(_) => vec![None; program.rules().len()],
        };
        let rules = program.rules().iter().zip(state.counters()).zip(costs);
        let lines = rules.enumerate();
        let lines = lines.map(|(number, ((rule, counters), cost))| RuleLine {
            number,
            place: format!("{}:{}", sanitize::path(&rule.path), rule.line),
            is_watch: rule.kind == RuleKind::Watch,
            text: sanitize::text(&rule.text),
            counters: *counters,
            cost,
        });
        (lines.collect(), self.tally)
    }
}

fn open(path: &Path) -> io::Result<swatch_tail::OnceReader> {
    if path.is_dir() {
        return Err(io::Error::other("it is a directory; name a file in it"));
    }
    open_once(path)
}

/// The name of a log in messages.
pub(super) fn name(path: &Path) -> String {
    match path == Path::new("-") {
        true => "standard input".to_owned(),
        false => sanitize::path(path),
    }
}

/// When a log was last written, in seconds since 1970; now for what is no file.
fn written(path: &Path) -> i64 {
    let file = path.metadata().ok().filter(std::fs::Metadata::is_file);
    let time = file.and_then(|file| file.modified().ok());
    let since = time
        .unwrap_or_else(SystemTime::now)
        .duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    })
}

/// The logs, those that begin first in front; those without a time stamp come last.
pub(super) fn in_order_of_time(logs: &[PathBuf]) -> Vec<PathBuf> {
    let mut order: Vec<(i64, &PathBuf)> = logs
        .iter()
        .map(|log| (first_stamp(log).unwrap_or(i64::MAX), log))
        .collect();
    order.sort_by_key(|(first, _)| *first);
    order.into_iter().map(|(_, log)| log.clone()).collect()
}

fn first_stamp(path: &Path) -> Option<i64> {
    // Anything but a file can be read only once.
    path.metadata().ok().filter(std::fs::Metadata::is_file)?;
    let mut begin = Vec::new();
    // Of a damaged file, what could be read counts.
    let _ = open_once(path).ok()?.take(BEGIN).read_to_end(&mut begin);
    let mut clock = LogClock::default();
    clock.begin(written(path));
    let mut lines = begin.split(|byte| *byte == b'\n');
    lines.find_map(|line| clock.stamp(line))
}
