//! The systemd journal, read through journalctl(1).
//!
//! `journalctl -o export` gives every entry with its cursor. Entries are turned into the lines
//! that syslog writes (`Nov 22 18:00:00 host sshd[7]: message`), so that rules and field numbers
//! made for /var/log/secure and /var/log/messages hold for the journal too.

mod export;

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use swatch_tail::{Block, Checkpoint, Separator, SplitOptions, Step, Waker};

use super::producer::{Pauses, Producer};
use super::{Arrival, Ending, Receipt, Source, Splitting};
use crate::log::Level;
use export::ExportLines;

/// The name of the journal's position in a state file.
const CURSOR: &str = "journal";

/// Which entries, and where the position is kept.
#[derive(Debug, Clone)]
pub struct JournalPlan {
    /// Matches as journalctl takes them: `_SYSTEMD_UNIT=ssh.service`, `+`.
    pub matches: Vec<OsString>,
    /// Keeps the cursor.
    pub checkpoint: Checkpoint,
    /// From the beginning where no cursor is known.
    pub from_start: bool,
}

/// The positions of entries that are being worked on.
#[derive(Debug)]
pub struct Cursors {
    checkpoint: Checkpoint,
    /// For each entry: where its line ends in the stream of lines, and its cursor.
    open: Mutex<VecDeque<(u64, String)>>,
}

impl Cursors {
    /// The actions of all entries up to this offset are done.
    pub fn done(&self, offset: u64) {
        let mut open = self.open();
        let mut reached = None;
        while open.front().is_some_and(|(end, _)| *end <= offset) {
            reached = open.pop_front();
        }
        if let Some((_, cursor)) = reached {
            self.checkpoint.set_cursor(CURSOR, &cursor);
        }
    }

    fn started(&self, end: u64, cursor: String) {
        self.open().push_back((end, cursor));
    }

    /// Where a new journalctl is to begin. What is in flight is being worked on already; the
    /// new one counts its stream from 0.
    fn restart_at(&self) -> Option<String> {
        let last = self.open().pop_back().map(|(_, cursor)| cursor);
        self.open().clear();
        last.or_else(|| self.checkpoint.cursor(CURSOR))
    }

    fn open(&self) -> MutexGuard<'_, VecDeque<(u64, String)>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The journal as a source. journalctl is started again whenever it ends.
pub(super) struct Journal {
    plan: JournalPlan,
    options: SplitOptions,
    running: Option<Producer<ExportLines>>,
    cursors: Arc<Cursors>,
    pauses: Pauses,
    waker: Waker,
}

impl Journal {
    pub(super) fn start(plan: &JournalPlan, splitting: &Splitting) -> Result<Self, String> {
        let failed = |e: io::Error| format!("cannot follow the journal: journalctl: {e}");
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
        match self.cursors.restart_at() {
            Some(cursor) => {
                argv.push(format!("--after-cursor={cursor}").into());
                argv.push("--no-tail".into());
            }
            None if self.plan.from_start => argv.push("--no-tail".into()),
            None => argv.push("--lines=0".into()),
        }
        argv.extend(self.plan.matches.iter().cloned());
        let cursors = Arc::clone(&self.cursors);
        self.running = Some(Producer::start(&argv, &self.options, |out| {
            ExportLines::new(out, move |end, cursor| cursors.started(end, cursor))
        })?);
        Ok(())
    }
}

impl Source for Journal {
    fn next(&mut self) -> Arrival {
        loop {
            let Some(mut producer) = self.running.take() else {
                if self.pauses.wait(&self.waker) {
                    return Arrival::Woken;
                }
                if let Err(e) = self.spawn() {
                    return Arrival::Notice(
                        Level::Warning,
                        format!("cannot start journalctl: {e}"),
                    );
                }
                continue;
            };
            match producer.step(&self.waker) {
                Ok(Some(Step::Records(block))) => {
                    self.pauses.works();
                    self.running = Some(producer);
                    return Arrival::Records(block, Receipt::Journal(Arc::clone(&self.cursors)));
                }
                Ok(Some(Step::File(event))) => {
                    self.running = Some(producer);
                    return Arrival::Notice(Level::Warning, event.to_string());
                }
                Ok(Some(Step::More)) => self.running = Some(producer),
                Ok(None) => {
                    self.running = Some(producer);
                    return Arrival::Woken;
                }
                Ok(Some(Step::End)) => {
                    let status = producer
                        .status()
                        .map_or_else(|e| e.to_string(), |s| s.to_string());
                    let again = self.pauses.next().as_secs();
                    return Arrival::Notice(
                        Level::Warning,
                        format!(
                            "journalctl has ended ({status}); it is started again in {again} s"
                        ),
                    );
                }
                Err(e) => {
                    return Arrival::End(Ending::Broken(format!(
                        "cannot read from journalctl: {e}"
                    )));
                }
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
