//! The world of the model test: a log, its writer, and a rotation program, with a record of what
//! was written.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

/// The naming scheme of rotated files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheme {
    /// `log.1`, `log.2`, …
    Counted,
    /// `log-202601010001`, `log-202601010002`, …
    Dated,
    /// The log is a symbolic link, which moves to a new file.
    Linked,
}

/// One line that was written, or is being written.
#[derive(Debug)]
pub(super) struct Line {
    /// The whole line, or its parts before and after a break.
    pub(super) whole: String,
    pub(super) cut: Option<usize>,
    pub(super) generation: usize,
    /// Its line feed has been written.
    pub(super) complete: bool,
    /// The number of lines when it was completed.
    pub(super) completed: usize,
    /// It may be gone with its file.
    pub(super) may_be_lost: bool,
    pub(super) may_come: bool,
    /// Deliveries of each half.
    pub(super) came: [u32; 2],
    /// The number of times it may come again.
    pub(super) again: u32,
    pub(super) saved: bool,
}

/// The files, by name, and what generation of the log each holds.
#[derive(Debug)]
pub(super) struct World {
    pub(super) dir: TempDir,
    scheme: Scheme,
    names: BTreeMap<String, usize>,
    writer: Option<(File, usize)>,
    late: Option<(File, usize)>,
    pub(super) lines: Vec<Line>,
    generations: usize,
    stamp: u32,
    /// Generations that the follower certainly has open.
    pub(super) open: Vec<usize>,
    /// Generations that the follower has closed.
    pub(super) left: Vec<usize>,
    /// Generations up to this one were rotated before the first start.
    ancient: usize,
    /// Generations that are held as copies only, the file itself having been truncated.
    copied: Vec<usize>,
    /// Generations that were emptied without a copy, perhaps while a line was being read.
    pub(super) torn: Vec<usize>,
    /// Copies of a file that was removed or compressed since: whether they came before or after it
    /// cannot be known.
    pub(super) unordered: Vec<usize>,
    /// Generations in the saved state.
    pub(super) saved: Vec<usize>,
    pub(super) log: Vec<String>,
}

impl World {
    pub(super) fn new(scheme: Scheme) -> Self {
        World {
            dir: tempfile::tempdir().unwrap(),
            scheme,
            names: BTreeMap::new(),
            writer: None,
            late: None,
            lines: Vec::new(),
            generations: 0,
            stamp: 0,
            open: Vec::new(),
            left: Vec::new(),
            ancient: 0,
            copied: Vec::new(),
            torn: Vec::new(),
            unordered: Vec::new(),
            saved: Vec::new(),
            log: Vec::new(),
        }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(super) fn has_rotated(&self) -> bool {
        self.names.keys().any(|name| name != "log")
    }

    /// The generation that has the name now.
    pub(super) fn current(&self) -> Option<usize> {
        self.names.get("log").copied()
    }

    pub(super) fn create(&mut self) {
        if self.current().is_some() {
            return;
        }
        self.generations += 1;
        self.names.insert("log".into(), self.generations);
        let path = if self.scheme == Scheme::Linked {
            let real = self.path(&format!("real{}", self.generations));
            let fresh = self.path("fresh");
            std::os::unix::fs::symlink(&real, &fresh).unwrap();
            File::create(&real).unwrap();
            fs::rename(fresh, self.path("log")).unwrap();
            real
        } else {
            self.path("log")
        };
        let file = OpenOptions::new().create(true).append(true).open(path);
        self.writer = Some((file.unwrap(), self.generations));
    }

    /// True if it can no longer be found: a link has moved away from a file that the follower
    /// never saw.
    fn is_astray(&self, generation: usize) -> bool {
        self.scheme == Scheme::Linked
            && self.current() != Some(generation)
            && !self.open.contains(&generation)
            && !self.saved.contains(&generation)
    }

    /// The unfinished line of a generation.
    fn unfinished(&mut self, generation: usize) -> Option<&mut Line> {
        let last = self
            .lines
            .iter_mut()
            .rfind(|l| l.generation == generation)?;
        (!last.complete).then_some(last)
    }

    pub(super) fn write(&mut self, count: usize, late: bool, follower_runs: bool) {
        let slot = if late {
            &mut self.late
        } else {
            &mut self.writer
        };
        let Some((mut file, generation)) = slot.take() else {
            return;
        };
        let is_lost = self.is_out_of_reach(generation, follower_runs);
        let mut text = String::new();
        let number = self.lines.len();
        if let Some(line) = self.unfinished(generation) {
            text.push_str(&line.whole[line.cut.unwrap_or(0)..]);
            text.push('\n');
            line.complete = true;
            line.completed = number;
            line.may_be_lost |= is_lost;
        }
        for _ in 0..count {
            let line = self.line(generation, follower_runs);
            text.push_str(&line.whole);
            text.push('\n');
            line.complete = true;
        }
        file.write_all(text.as_bytes()).unwrap();
        *(if late {
            &mut self.late
        } else {
            &mut self.writer
        }) = Some((file, generation));
    }

    /// The beginning of a line.
    pub(super) fn write_part(&mut self, follower_runs: bool) {
        let Some((mut file, generation)) = self.writer.take() else {
            return;
        };
        if self.unfinished(generation).is_none() {
            let line = self.line(generation, follower_runs);
            let cut = line.whole.len() / 2;
            line.cut = Some(cut);
            let part = line.whole[..cut].to_owned();
            file.write_all(part.as_bytes()).unwrap();
        }
        self.writer = Some((file, generation));
    }

    /// True if lines written to a generation now need not come.
    fn is_out_of_reach(&self, generation: usize, follower_runs: bool) -> bool {
        let has_name = self.names.values().any(|g| *g == generation);
        let is_held = follower_runs && self.open.contains(&generation);
        !(has_name || is_held)
            || self.left.contains(&generation)
            || generation <= self.ancient
            || self.is_astray(generation)
    }

    fn line(&mut self, generation: usize, follower_runs: bool) -> &mut Line {
        let number = self.lines.len();
        let may_be_lost = self.is_out_of_reach(generation, follower_runs);
        self.lines.push(Line {
            whole: format!("{number:05} {} {number:05}", "x".repeat(number * 7 % 41)),
            cut: None,
            generation,
            complete: false,
            completed: number,
            may_be_lost,
            may_come: true,
            came: [0; 2],
            again: 0,
            saved: false,
        });
        self.lines.last_mut().unwrap()
    }

    /// Renames the log away, and the older ones before it.
    pub(super) fn rename(&mut self) {
        let Some(generation) = self.names.remove("log") else {
            return;
        };
        if self.scheme != Scheme::Linked {
            let name = self.make_room();
            fs::rename(self.path("log"), self.path(&name)).unwrap();
            self.names.insert(name, generation);
        } else {
            self.names.insert(format!("real{generation}"), generation);
            let real = self.path(&format!("real{generation}"));
            assert_eq!(fs::read_link(self.path("log")).unwrap(), real);
            fs::remove_file(self.path("log")).unwrap();
        }
        if self.is_astray(generation) {
            self.lose(generation);
        }
        self.late = self.writer.take();
    }

    /// The name for the youngest rotated file, which is free then.
    fn make_room(&mut self) -> String {
        if self.scheme == Scheme::Dated {
            self.stamp += 1;
            return format!("log-20260101{:04}", self.stamp);
        }
        let count = |name: &String| -> Option<u32> {
            name.strip_prefix("log.")?
                .trim_end_matches(".gz")
                .parse()
                .ok()
        };
        let mut rotated: Vec<_> = self
            .names
            .keys()
            .filter_map(|n| Some((count(n)?, n.clone())))
            .collect();
        rotated.sort_by_key(|(n, _)| std::cmp::Reverse(*n));
        for (number, old) in rotated {
            let gz = if old.ends_with(".gz") { ".gz" } else { "" };
            let new = format!("log.{}{gz}", number + 1);
            fs::rename(self.path(&old), self.path(&new)).unwrap();
            let generation = self.names.remove(&old).unwrap();
            self.names.insert(new, generation);
        }
        "log.1".into()
    }

    /// Empties the log in place, with a copy made just before or without.
    pub(super) fn truncate(&mut self, copy: bool, follower_runs: bool) {
        let (Some(generation), Some((file, _))) = (self.current(), self.writer.take()) else {
            return;
        };
        if self.scheme == Scheme::Linked {
            self.writer = Some((file, generation));
            return;
        }
        if copy {
            let name = self.make_room();
            fs::copy(self.path("log"), self.path(&name)).unwrap();
            self.names.insert(name, generation);
            self.copied.push(generation);
        }
        file.set_len(0).unwrap();
        self.generations += 1;
        self.names.insert("log".into(), self.generations);
        if !copy {
            // Lines not read by now are gone, even if the file is held open.
            self.lose(generation);
            self.torn.push(generation);
        }
        if self.open.contains(&generation) && follower_runs {
            self.open.push(self.generations);
        }
        self.writer = Some((file, self.generations));
    }

    /// Removes the log, or the oldest of the rotated ones.
    pub(super) fn delete(&mut self, oldest: bool, follower_runs: bool) {
        let rotated = |n: &&String| *n != "log" && !n.ends_with(".gz");
        let name = match oldest {
            false => "log".to_owned(),
            true => match self.names.keys().rfind(rotated) {
                Some(name) => name.clone(),
                None => return,
            },
        };
        let Some(generation) = self.names.remove(&name) else {
            return;
        };
        fs::remove_file(self.path(&name)).unwrap();
        if name == "log" {
            self.unordered.extend_from_slice(&self.copied);
            if self.scheme == Scheme::Linked {
                let real = format!("real{generation}");
                fs::remove_file(self.path(&real)).unwrap();
            }
            self.late = self.writer.take();
        }
        let has_name = self.names.values().any(|g| *g == generation);
        let is_held =
            follower_runs && self.open.contains(&generation) && !self.copied.contains(&generation);
        if !has_name && !is_held {
            self.torn.push(generation);
            self.lose(generation);
        }
    }

    /// Compresses a rotated file.
    pub(super) fn compress(&mut self) {
        let rotated = |n: &&String| n.starts_with("log") && *n != "log" && !n.ends_with(".gz");
        let Some(name) = self.names.keys().find(rotated).cloned() else {
            return;
        };
        let generation = self.names[&name];
        self.unordered.extend_from_slice(&self.copied);
        if self.late.as_ref().is_some_and(|(_, g)| *g == generation) {
            self.late = None;
        }
        let status = Command::new("gzip").arg(self.path(&name)).status();
        assert!(status.unwrap().success());
        self.names.remove(&name);
        self.names.insert(format!("{name}.gz"), generation);
    }

    /// The link names the file that it named before.
    pub(super) fn link_back(&mut self) {
        let (Scheme::Linked, Some(now)) = (self.scheme, self.current()) else {
            return;
        };
        let others = self.names.iter().filter(|(n, g)| *n != "log" && **g != now);
        let Some((name, before)) = others.max_by_key(|(_, g)| **g) else {
            return;
        };
        let (name, before) = (name.clone(), *before);
        // As with tail(1), a link to an old file makes that one new.
        for line in self.lines.iter_mut().filter(|l| l.generation == before) {
            line.may_come = true;
        }
        let fresh = self.path("fresh");
        std::os::unix::fs::symlink(self.path(&name), &fresh).unwrap();
        fs::rename(fresh, self.path("log")).unwrap();
        self.names.remove(&name);
        self.names.insert(format!("real{now}"), now);
        self.names.insert("log".into(), before);
        if self.is_astray(now) {
            self.lose(now);
        }
        self.late = self.writer.take();
        let file = OpenOptions::new().append(true).open(self.path(&name));
        self.writer = Some((file.unwrap(), before));
    }

    /// The follower starts for the first time: only what is written to the log from now on is due.
    pub(super) fn first_start(&mut self) {
        self.late = None;
        let current = self.current();
        self.ancient = current.map_or(self.generations, |current| current - 1);
        for line in &mut self.lines {
            line.may_be_lost = true;
            line.may_come = !line.complete && Some(line.generation) == current;
        }
    }

    /// The undelivered lines of this generation need not come any more.
    fn lose(&mut self, generation: usize) {
        for line in &mut self.lines {
            if line.generation == generation {
                line.may_be_lost = true;
            }
        }
    }

    /// The follower has ended: files without a name are gone with it.
    pub(super) fn follower_ended(&mut self) {
        self.open.clear();
        self.left.clear();
        for generation in 1..=self.generations {
            if self.is_astray(generation) || !self.names.values().any(|g| *g == generation) {
                self.lose(generation);
            }
        }
        for line in &mut self.lines {
            if line.came != [0; 2] && !line.saved {
                line.again += 1;
            }
        }
    }

    /// The follower has closed the generations that lost the name.
    pub(super) fn follower_left_old(&mut self) {
        let current = self.current();
        let old = |g: &usize| Some(*g) != current;
        self.left.extend((1..=self.generations).filter(old));
    }
}
