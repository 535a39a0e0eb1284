//! The model of a follower: the lines that must come, when, and how often.

use std::time::{Duration, Instant, UNIX_EPOCH};

use super::op::Op;
use super::world::{Scheme, World};
use crate::checkpoint::kernel_time;
use crate::records::block::Origin;
use crate::{Checkpoint, Event, FollowOptions, Follower, Pattern, SplitOptions};

const EVER: Duration = Duration::from_secs(3600);

/// A follower under test, and what became of what it gave.
struct Running {
    follower: Follower,
    checkpoint: Checkpoint,
    /// Delivered and not done: the lines that each record completes, in order.
    in_hand: Vec<(usize, Origin, u64)>,
    done: Vec<usize>,
}

struct Model {
    world: World,
    running: Option<Running>,
    started: bool,
    events: bool,
    block_size: usize,
    scheme: Scheme,
    /// The last line that came of each generation since the start.
    last: std::collections::HashMap<usize, usize>,
}

impl Model {
    fn start(&mut self) {
        if self.running.is_some() {
            return;
        }
        if self.world.has_rotated() {
            // A file of the same tick of the clock is not older for the follower.
            let now = UNIX_EPOCH.elapsed().unwrap().as_millis() as u64;
            while kernel_time() <= now {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        if !std::mem::replace(&mut self.started, true) {
            self.world.first_start();
        }
        let state = self.world.path("state");
        let checkpoint = Checkpoint::load(&state).unwrap().checkpoint;
        let options = FollowOptions {
            split: SplitOptions {
                block_size: self.block_size,
                ..SplitOptions::default()
            },
            stat_interval: EVER,
            quiet: EVER,
            ..FollowOptions::default()
        };
        let patterns = [Pattern::Path(self.world.path("log"))];
        let follower = if self.events {
            Follower::open(patterns, options, &checkpoint).unwrap()
        } else {
            let reactor = crate::follow::reactor::Reactor::without_events();
            Follower::open_in(&reactor, patterns, options, &checkpoint).unwrap()
        };
        checkpoint.save().unwrap();
        self.world.open.extend(self.world.current());
        self.world.saved.extend(self.world.current());
        self.last.clear();
        self.running = Some(Running {
            follower,
            checkpoint,
            in_hand: Vec::new(),
            done: Vec::new(),
        });
    }

    /// Takes events, up to a number of them. Says whether there may be more.
    fn take(&mut self, events: usize) {
        let Some(mut running) = self.running.take() else {
            return;
        };
        if !self.events {
            running.follower.next_look = Instant::now();
        }
        for _ in 0..events {
            match running.follower.next(Some(Duration::ZERO)).unwrap() {
                Event::Records(block) => {
                    for record in block.records() {
                        let line = self.came(record.bytes());
                        let origin = block.origin().unwrap().clone();
                        running.in_hand.push((line, origin, record.end_offset()));
                    }
                }
                Event::File(event) => {
                    self.world.log.push(format!("    event: {event}"));
                }
                Event::Woken => unreachable!(),
                Event::TimedOut => {
                    self.world.open.extend(self.world.current());
                    break;
                }
            }
        }
        self.running = Some(running);
    }

    /// A record has come: which line is it?
    fn came(&mut self, record: &[u8]) -> usize {
        let text = String::from_utf8(record.to_vec()).unwrap();
        self.world.log.push(format!("    came: {text}"));
        let lines = &self.world.lines;
        let halves = |line: &super::world::Line| {
            let cut = line.cut?;
            Some((line.whole[..cut].to_owned(), line.whole[cut..].to_owned()))
        };
        let found = lines.iter().enumerate().find_map(|(n, line)| {
            if line.whole == text {
                return Some((n, [1, 1]));
            }
            let (first, second) = halves(line)?;
            match text {
                _ if text == first => Some((n, [1, 0])),
                _ if text == second => Some((n, [0, 1])),
                _ => None,
            }
        });
        let is_torn = |l: &super::world::Line| {
            self.world.torn.contains(&l.generation) && l.whole.starts_with(&text)
        };
        let Some((number, parts)) = found else {
            // A file was emptied while this line was being read.
            return lines
                .iter()
                .rposition(is_torn)
                .expect("a record that nobody wrote");
        };
        let line = &mut self.world.lines[number];
        assert!(line.may_come, "an old line came");
        for (came, part) in line.came.iter_mut().zip(parts) {
            *came += part;
            assert!(*came <= 1 + line.again, "a line came twice");
        }
        let generation = line.generation;
        if let Some(last) = self.last.insert(generation, number) {
            assert!(last <= number, "lines of one file came out of order");
        }
        let line = &self.world.lines[number];
        let is_ordered = self.scheme != Scheme::Linked
            && !line.may_be_lost
            && !self.world.unordered.contains(&generation);
        if is_ordered && line.again == 0 {
            let later = self.world.lines[number + 1..].iter();
            let completed = self.world.lines[number].completed;
            let later = later.filter(|l| l.completed >= completed);
            let mut overtaken = later.filter(|l| l.generation > generation && l.again == 0);
            assert!(
                overtaken.all(|l| l.came == [0; 2]) || parts == [1, 0] || parts == [0, 1],
                "a younger file came before an older one"
            );
        }
        number
    }

    fn finish(&mut self, count: usize) {
        if let Some(running) = &mut self.running {
            let count = count.min(running.in_hand.len());
            for (line, origin, end) in running.in_hand.drain(..count) {
                origin.ack(end);
                running.done.push(line);
            }
        }
    }

    fn save(&mut self) {
        if let Some(running) = &mut self.running {
            running.checkpoint.save_unsynced().unwrap();
            self.world.saved.extend_from_slice(&self.world.open);
            for line in running.done.drain(..) {
                self.world.lines[line].saved = true;
            }
        }
    }

    fn end(&mut self, save: bool) {
        if save {
            self.save();
        }
        if self.running.take().is_some() {
            self.world.follower_ended();
        }
    }

    fn drain(&mut self) {
        self.take(usize::MAX);
    }

    fn look(&mut self) {
        if let Some(running) = &mut self.running {
            running.follower.next_look = Instant::now();
        }
        self.drain();
    }

    fn quiet(&mut self) {
        self.drain();
        let Some(running) = &mut self.running else {
            return;
        };
        running.follower.context.options.quiet = Duration::ZERO;
        self.drain();
        if let Some(running) = &mut self.running {
            running.follower.context.options.quiet = EVER;
        }
        if self.world.current().is_some() {
            self.world.follower_left_old();
        }
    }

    fn run(&mut self, op: &Op) {
        self.world.log.push(format!("{op:?}"));
        let runs = self.running.is_some();
        let world = &mut self.world;
        match op {
            Op::Write(count) => world.write(*count, false, runs),
            Op::WritePart => world.write_part(runs),
            Op::WriteLate(count) => world.write(*count, true, runs),
            Op::Rename => world.rename(),
            Op::Create => world.create(),
            Op::Rotate => {
                world.rename();
                world.create();
            }
            Op::RotateTwice => {
                world.rename();
                world.create();
                world.write(2, false, runs);
                if self.scheme != Scheme::Linked {
                    world.rename();
                    world.create();
                }
            }
            Op::CopyTruncate => world.truncate(true, runs),
            Op::Truncate => world.truncate(false, runs),
            Op::Delete => world.delete(false, runs),
            Op::DeleteOldest => world.delete(true, runs),
            Op::Compress => world.compress(),
            Op::LinkBack => world.link_back(),
            Op::Drain => self.drain(),
            Op::Take(events) => self.take(*events),
            Op::Look => self.look(),
            Op::Quiet => self.quiet(),
            Op::Finish(count) => self.finish(*count),
            Op::Save => self.save(),
            Op::Stop => self.end(true),
            Op::Kill => self.end(false),
            Op::Start => self.start(),
        }
    }

    /// True if a line that is due has not come yet.
    fn is_missing(&self) -> bool {
        let current = self.world.current();
        self.world.lines.iter().any(|line| {
            let is_due = line.complete || Some(line.generation) != current;
            let parts = if line.complete { 2 } else { 1 };
            is_due && !line.may_be_lost && line.came[..parts].contains(&0)
        })
    }

    /// Waits for everything that is due, and checks that nothing is missing.
    fn judge(&mut self) {
        self.world.log.push("judge".into());
        self.start();
        self.world.create();
        self.look();
        self.quiet();
        self.quiet();
        // A program that another test of this process starts holds the log open for writing for a
        // moment, between fork and exec; then an old file is kept.
        for _ in 0..50 {
            if !self.is_missing() {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
            self.quiet();
        }
        let current = self.world.current();
        for (number, line) in self.world.lines.iter().enumerate() {
            let is_due = line.complete || Some(line.generation) != current;
            let parts = if line.complete { 2 } else { 1 };
            let all = line.came[..parts].iter().all(|&n| n > 0);
            assert!(
                !is_due || line.may_be_lost || all,
                "line {number} did not come"
            );
        }
    }
}

/// Plays one sequence; the error names the failure and all that happened.
pub(super) fn check(
    scheme: Scheme,
    events: bool,
    block_size: usize,
    ops: &[Op],
) -> Result<(), String> {
    let mut model = Model {
        world: World::new(scheme),
        running: None,
        started: false,
        events,
        block_size,
        scheme,
        last: Default::default(),
    };
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        for op in ops {
            model.run(op);
        }
        model.judge();
    }));
    outcome.map_err(|panic| {
        let text = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
        let log = model.world.log.join("\n");
        format!("{}\n{log}", text.unwrap_or_default())
    })
}
