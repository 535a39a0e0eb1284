//! The state of a running watcher for those who ask: a socket, metrics, and requests by it.
//!
//! Nobody who asks delays a line: the threads of the watches publish figures of their own accord,
//! and the threads here read them.

mod client;
pub mod counts;
pub mod metrics;
mod runtime;
mod server;
mod snapshot;

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use serde_json::{Value, json};
use swatch_tail::Waker;

use crate::pipeline::View;

pub use client::{commands, main as client};
pub use runtime::{Instance, RuntimeError, is_reachable, name};
pub use server::Server;
pub use snapshot::{FileSnapshot, RuleSnapshot, Snapshot, WatchSnapshot};

/// A request to the supervisor.
pub enum Control {
    /// Read the rules again, and tell the result.
    Reload(Sender<ReloadReport>),
    /// End.
    Stop,
}

/// The result of reading the rules again.
#[derive(Debug, Clone, Default)]
pub struct ReloadReport {
    /// In seconds since 1970.
    pub time: i64,
    /// One for each configuration, or one for all.
    pub results: Vec<ReloadResult>,
}

/// The result for one configuration.
#[derive(Debug, Clone)]
pub struct ReloadResult {
    /// The configuration; none if it concerns all.
    pub config: Option<String>,
    /// False if it was refused.
    pub ok: bool,
    /// The consequence.
    pub result: String,
    /// The reasons of a refusal, and warnings, as text for people.
    pub text: String,
    /// The same for programs.
    pub diagnostics: Vec<Value>,
}

impl ReloadReport {
    /// True if nothing was refused.
    pub fn ok(&self) -> bool {
        self.results.iter().all(|result| result.ok)
    }

    /// As an object.
    pub fn json(&self) -> Value {
        let one = |result: &ReloadResult| {
            json!({
                "config": result.config,
                "ok": result.ok,
                "result": result.result,
                "text": result.text,
                "diagnostics": result.diagnostics,
            })
        };
        let results: Vec<Value> = self.results.iter().map(one).collect();
        json!({"time": self.time, "ok": self.ok(), "results": results})
    }
}

/// The figures of the whole program.
pub struct Monitor {
    /// The name of this instance: of its socket, and the label `daemon` of its metrics.
    pub name: String,
    started: SystemTime,
    watches: Mutex<Vec<View>>,
    reloads: Mutex<Reloads>,
    control: Mutex<Sender<Control>>,
    supervisor: Waker,
}

#[derive(Default, Clone)]
struct Reloads {
    done: u64,
    refused: u64,
    last: Option<ReloadReport>,
}

impl Monitor {
    /// A monitor, and where the supervisor finds requests. `supervisor` is woken by each.
    pub fn new(name: String, supervisor: Waker) -> (Arc<Self>, Receiver<Control>) {
        let (control, requests) = channel();
        let monitor = Self {
            name,
            started: SystemTime::now(),
            watches: Mutex::default(),
            reloads: Mutex::default(),
            control: Mutex::new(control),
            supervisor,
        };
        (Arc::new(monitor), requests)
    }

    /// A watch was started; one of the same name is replaced.
    pub fn add(&self, view: View) {
        let mut watches = self.watches.lock().unwrap();
        watches.retain(|other| other.name() != view.name());
        watches.push(view);
    }

    /// A watch was stopped for good.
    pub fn remove(&self, name: &str) {
        let mut watches = self.watches.lock().unwrap();
        watches.retain(|watch| watch.name() != name);
    }

    /// The rules were read again.
    pub fn reloaded(&self, report: ReloadReport) {
        let mut reloads = self.reloads.lock().unwrap();
        match report.ok() {
            true => reloads.done += 1,
            false => reloads.refused += 1,
        }
        reloads.last = Some(report);
    }

    /// Hands a request to the supervisor. False if it has ended.
    fn request(&self, control: Control) -> bool {
        let sent = self.control.lock().unwrap().send(control).is_ok();
        self.supervisor.wake();
        sent
    }
}
