//! The systemd journal, read through journalctl(1).
//!
//! `journalctl -o export` writes every entry with its cursor. Entries are turned into the lines
//! that syslog writes (`Nov 22 18:00:00 host sshd[7]: message`), so that rules and field numbers
//! made for /var/log/secure and /var/log/messages also hold for the journal.

mod arguments;
mod export;
mod own_output;

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use swatch_tail::{Block, Checkpoint, Separator, SplitOptions, Step, Waker};

use super::producer::{Pauses, Producer};
use super::{Ack, OpenError, Source, SourceEvent, Splitting, file_event, notice};
use crate::log::{EventKind, Level, LogEvent};
use export::{Entry, ExportLines};
use own_output::OwnOutput;

/// The name of the journal's position in a state file.
const CURSOR: &str = "journal";

/// The entries to read, and where the position is kept.
#[derive(Debug, Clone)]
pub struct JournalPlan {
    /// Matches as journalctl takes them: `_SYSTEMD_UNIT=ssh.service`, `+`.
    pub matches: Vec<OsString>,
    /// Keeps the cursor.
    pub checkpoint: Checkpoint,
    /// Start at the beginning if no cursor is known.
    pub from_start: bool,
}

/// The cursors of entries that are being processed.
#[derive(Debug)]
pub struct Cursors {
    checkpoint: Checkpoint,
    /// For each entry, the end of its line in the stream of lines, and its cursor.
    open: Mutex<VecDeque<(u64, String)>>,
}

impl Cursors {
    /// The actions of all entries up to this offset are done.
    pub fn done(&self, offset: u64) {
        let mut open = self.open.lock().unwrap();
        let mut reached = None;
        while open.front().is_some_and(|(end, _)| *end <= offset) {
            reached = open.pop_front();
        }
        if let Some((_, cursor)) = reached {
            self.checkpoint.set_cursor(CURSOR, &cursor);
        }
    }

    fn started(&self, end: u64, cursor: String) {
        self.open.lock().unwrap().push_back((end, cursor));
    }

    /// The last entry read. The entries in flight are being processed, and a new journalctl counts
    /// its stream from 0 again.
    fn last_read(&self) -> Option<String> {
        let mut open = self.open.lock().unwrap();
        let last = open.drain(..).next_back().map(|(_, cursor)| cursor);
        last.or_else(|| self.checkpoint.cursor(CURSOR))
    }
}

/// The journal as a source. journalctl is started again whenever it ends.
pub(super) struct Journal {
    plan: JournalPlan,
    options: SplitOptions,
    running: Option<Producer<ExportLines>>,
    cursors: Arc<Cursors>,
    own: OwnOutput,
    /// The entry at which journalctl was to start is no longer in the journal.
    lost: Arc<AtomicBool>,
    pauses: Pauses,
    waker: Waker,
}

impl Journal {
    pub(super) fn start(plan: &JournalPlan, splitting: &Splitting) -> Result<Self, OpenError> {
        let failed = |source: io::Error| OpenError::Start {
            name: "journalctl".to_owned(),
            source,
        };
        let cursors = Arc::new(Cursors {
            checkpoint: plan.checkpoint.clone(),
            open: Mutex::default(),
        });
        let mut journal = Self {
            plan: plan.clone(),
            options: SplitOptions {
                separator: Separator::Newline,
                max_record: Some(splitting.max_record),
                ..SplitOptions::default()
            },
            running: None,
            cursors,
            own: OwnOutput::new(),
            lost: Arc::default(),
            pauses: Pauses::new().map_err(failed)?,
            waker: Waker::new().map_err(failed)?,
        };
        journal.spawn().map_err(failed)?;
        Ok(journal)
    }

    fn spawn(&mut self) -> io::Result<()> {
        let mut argv: Vec<OsString> = ["journalctl", "-o", "export", "-f"]
            .map(OsString::from)
            .into();
        let last = self.cursors.last_read();
        match &last {
            // `--after-cursor` skips one entry too many if the cursor's own entry is gone (systemd
            // 252), so reading starts at the cursor and drops that entry.
            Some(cursor) => {
                argv.push(format!("--cursor={cursor}").into());
                argv.push("--no-tail".into());
            }
            None if self.plan.from_start => argv.push("--no-tail".into()),
            None => argv.push("--lines=0".into()),
        }
        let machine = arguments::machine_id();
        argv.extend(arguments::of_every_boot(
            &self.plan.matches,
            machine.as_deref(),
        ));
        let cursors = Arc::clone(&self.cursors);
        let (own, lost) = (self.own.clone(), Arc::clone(&self.lost));
        let mut expected = last;
        let leave = move |entry: &Entry<'_>| {
            if let Some(expected) = expected.take() {
                if entry.cursor() == expected {
                    return true;
                }
                lost.store(true, Ordering::Relaxed);
            }
            own.includes(entry)
        };
        self.running = Some(Producer::start(&argv, &self.options, |out| {
            ExportLines::new(out, leave, move |end, cursor| cursors.started(end, cursor))
        })?);
        Ok(())
    }

    /// journalctl has ended, or it writes something else than entries.
    fn ended(&self, why: &str) -> SourceEvent {
        let pause = self.pauses.next().as_secs();
        let text = format!("journalctl {why}; it will be started again in {pause} s");
        notice(Level::Warning, text)
    }
}

impl Source for Journal {
    fn next(&mut self) -> SourceEvent {
        loop {
            if self.lost.swap(false, Ordering::Relaxed) {
                let gap = LogEvent::new(
                    Level::Warning,
                    EventKind::Gap,
                    "the last entry processed is no longer in the journal: \
                     older entries were removed, and some may have been missed",
                );
                return SourceEvent::Notice(gap.with("reason", "older entries were removed"));
            }
            let Some(mut producer) = self.running.take() else {
                if self.pauses.wait(&self.waker) {
                    return SourceEvent::Woken;
                }
                if let Err(e) = self.spawn() {
                    return self.ended(&format!("cannot be started: {e}"));
                }
                continue;
            };
            match producer.step(&self.waker) {
                Ok(Some(Step::Records(block))) => {
                    self.pauses.works();
                    self.running = Some(producer);
                    return SourceEvent::Records(block, Ack::Journal(Arc::clone(&self.cursors)));
                }
                Ok(Some(Step::File(event))) => {
                    self.running = Some(producer);
                    return SourceEvent::Notice(file_event::log_event(&event));
                }
                Ok(Some(Step::More)) => self.running = Some(producer),
                Ok(None) => {
                    self.running = Some(producer);
                    return SourceEvent::Woken;
                }
                Ok(Some(Step::End)) => {
                    let status = producer
                        .status()
                        .map_or_else(|e| e.to_string(), |s| s.to_string());
                    return self.ended(&format!("has ended ({status})"));
                }
                Err(e) => return self.ended(&format!("cannot be read: {e}")),
            }
        }
    }

    fn waker(&self) -> Waker {
        self.waker.clone()
    }

    fn recycle(&mut self, block: Block) {
        if let Some(producer) = &mut self.running {
            producer.recycle(block);
        }
    }
}
