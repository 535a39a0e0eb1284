//! The settings and ignore lists of events that came together.
//!
//! A process of its own reads them after its event has happened. Those that were received with one
//! read of the socket had all happened before that read, so it is enough to read the files once after
//! it, for the first of them.

use std::{
    cell::OnceCell,
    ffi::OsString,
    os::unix::ffi::OsStringExt,
    rc::Rc,
    time::{Duration, Instant},
};

use crate::{
    allowlist::Ignored,
    cli::{self, Prepared, Unprepared},
    console::Console,
};

/// The files are read again after this time even for events that came together, because locks
/// between them may have taken long.
const FRESH: Duration = Duration::from_millis(100);

/// The most command lines that are remembered.
const MOST: usize = 16;

/// A command line that was read, and the lists of those who are never locked.
#[derive(Clone)]
pub(super) struct Ready {
    pub(super) it: Rc<Prepared>,
    pub(super) lists: Rc<OnceCell<Ignored>>,
}

/// The command lines of the events that came together.
#[derive(Default)]
pub(super) struct Known {
    received: u64,
    since: Option<Instant>,
    lines: Vec<(Vec<Vec<u8>>, Ready)>,
}

impl Known {
    /// Reads a command line and the settings, unless that was done for an event that came with
    /// this one. `received` is the number of its reception.
    ///
    /// # Errors
    /// [`Unprepared`].
    pub(super) fn prepare(
        &mut self,
        received: u64,
        words: Vec<Vec<u8>>,
        console: &mut Console<'_>,
    ) -> Result<Ready, Unprepared> {
        let is_fresh = self.since.is_some_and(|since| since.elapsed() < FRESH);
        if received != self.received || !is_fresh {
            self.lines.clear();
            self.received = received;
            self.since = Some(Instant::now());
        }
        if let Some((_, ready)) = self.lines.iter().find(|(known, _)| *known == words) {
            console.configure(ready.it.settings.log());
            return Ok(ready.clone());
        }
        let line: Vec<OsString> = std::iter::once(&b"swatch-action"[..])
            .chain(words.iter().map(Vec::as_slice))
            .map(|word| OsString::from_vec(word.to_vec()))
            .collect();
        let it = Rc::new(cli::prepare(&line, console)?);
        let ready = Ready {
            it,
            lists: Rc::default(),
        };
        // Complaints about the command line are for each event.
        if !ready.it.is_remarkable && self.lines.len() < MOST {
            self.lines.push((words, ready.clone()));
        }
        Ok(ready)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prepared(known: &mut Known, received: u64, words: &[&str]) -> (u64, String) {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut console = Console::new(&mut out, &mut err);
        let words = words.iter().map(|word| word.as_bytes().to_vec()).collect();
        let ready = known.prepare(received, words, &mut console);
        let count = ready.map_or(0, |ready| ready.it.settings.count);
        (count, String::from_utf8_lossy(&err).into_owned())
    }

    #[test]
    fn what_came_later_sees_changed_settings() {
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("action.toml");
        let words = ["10", "--config", file.to_str().expect("UTF-8")];
        let set = |count: u64| std::fs::write(&file, format!("count = {count}\n"));
        let mut known = Known::default();
        set(7).expect("written");
        assert_eq!(prepared(&mut known, 1, &words).0, 7);
        set(8).expect("written");
        assert_eq!(prepared(&mut known, 2, &words).0, 8);
        set(9).expect("written");
        known.since = known.since.and_then(|since| since.checked_sub(FRESH));
        assert_eq!(prepared(&mut known, 2, &words).0, 9);
        let other = [&words[..], &["--count", "5"]].concat();
        assert_eq!(prepared(&mut known, 2, &other).0, 5);
    }

    #[test]
    fn a_complaint_is_made_for_each() {
        let mut known = Known::default();
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("action.toml");
        std::fs::write(&file, "").expect("written");
        let words = ["10", "lokc", "--config", file.to_str().expect("UTF-8")];
        for _ in 0..2 {
            let (_, told) = prepared(&mut known, 1, &words);
            assert!(told.contains("counted only"), "{told}");
        }
    }
}
