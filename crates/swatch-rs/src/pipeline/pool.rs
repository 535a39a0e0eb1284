//! Threads that serve all followed files.
//!
//! One thread at a time, the leader, waits for changes of any file. It processes what it finds
//! itself; before an action that may take time another thread takes the lead. So idle logs need
//! no thread of their own, and a slow action delays no other watch.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use swatch_tail::{FollowerId, Reactor};

use super::leader_follower::LeaderFollower;
use super::spawn;

/// Threads that are kept although they are idle: the leader, and one to take the lead.
const KEPT: usize = 2;

/// The time after which further idle threads end.
const IDLE: Duration = Duration::from_secs(10);

/// The threads, and the watches that they serve.
pub struct Pool {
    reactor: Reactor,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    members: HashMap<FollowerId, Arc<LeaderFollower>>,
    /// Watches with something to do, in order.
    runnable: VecDeque<FollowerId>,
    /// When a watch has something to do without an event.
    due: HashMap<FollowerId, Instant>,
    /// Set while the leader waits: until when.
    leader: Option<Option<Instant>>,
    threads: usize,
    /// Threads that wait to take the lead.
    idle: usize,
    /// Threads at an action that may take time.
    blocked: usize,
}

impl Pool {
    /// A pool with its first threads.
    ///
    /// # Errors
    /// The system refuses a descriptor or a thread.
    pub fn new() -> io::Result<Arc<Self>> {
        let pool = Arc::new(Self {
            reactor: Reactor::new()?,
            state: Mutex::default(),
            changed: Condvar::new(),
        });
        for _ in 0..KEPT {
            pool.start_thread(&mut pool.state.lock().unwrap())?;
        }
        Ok(pool)
    }

    /// Waits for changes on behalf of the watches.
    pub fn reactor(&self) -> &Reactor {
        &self.reactor
    }

    pub(super) fn add(self: &Arc<Self>, id: FollowerId, member: Arc<LeaderFollower>) {
        self.state.lock().unwrap().members.insert(id, member);
        self.schedule(id);
    }

    pub(super) fn remove(&self, id: FollowerId) {
        let mut state = self.state.lock().unwrap();
        state.members.remove(&id);
        state.due.remove(&id);
    }

    /// True if one watch can delay another.
    pub(super) fn is_shared(&self) -> bool {
        self.state.lock().unwrap().members.len() > 1
    }

    /// Lets a thread look for tasks of a watch.
    pub(super) fn schedule(self: &Arc<Self>, id: FollowerId) {
        let mut state = self.state.lock().unwrap();
        if !state.runnable.contains(&id) {
            state.runnable.push_back(id);
        }
        self.find_thread(&mut state);
    }

    /// The calling thread begins an action that may take time.
    pub(super) fn begin_blocking(self: &Arc<Self>, id: FollowerId) {
        self.state.lock().unwrap().blocked += 1;
        self.schedule(id);
    }

    pub(super) fn end_blocking(&self) {
        self.state.lock().unwrap().blocked -= 1;
    }

    /// Makes sure that a thread checks for runnable work.
    fn find_thread(self: &Arc<Self>, state: &mut State) {
        let waiting = usize::from(state.leader.is_some());
        if state.idle > 0 {
            self.changed.notify_one();
        } else if waiting > 0 {
            self.reactor.waker().wake();
        } else if state.threads <= state.blocked {
            // If the system refuses it, the next thread that is finished looks.
            let _ = self.start_thread(state);
        }
    }

    fn start_thread(self: &Arc<Self>, state: &mut State) -> io::Result<()> {
        let pool = Arc::clone(self);
        spawn("work", move || pool.run())?;
        state.threads += 1;
        Ok(())
    }

    fn run(self: Arc<Self>) {
        let mut state = self.state.lock().unwrap();
        loop {
            state.take_due();
            if let Some(id) = state.runnable.pop_front() {
                let member = state.members.get(&id).cloned();
                if !state.runnable.is_empty() && state.idle > 0 {
                    self.changed.notify_one();
                }
                drop(state);
                let due = member.and_then(|member| member.run_tasks());
                state = self.state.lock().unwrap();
                state.set_due(id, due);
            } else if state.leader.is_none() {
                let until = state.due.values().min().copied();
                state.leader = Some(until);
                drop(state);
                let ready = self.lead(until);
                state = self.state.lock().unwrap();
                state.leader = None;
                state.runnable.extend(ready);
            } else {
                state.idle += 1;
                let extra = state.threads > KEPT;
                let over;
                (state, over) = match extra {
                    true => {
                        let (state, wait) = self.changed.wait_timeout(state, IDLE).unwrap();
                        (state, wait.timed_out())
                    }
                    false => (self.changed.wait(state).unwrap(), false),
                };
                state.idle -= 1;
                if over && state.threads > KEPT && state.runnable.is_empty() {
                    state.threads -= 1;
                    return;
                }
            }
        }
    }

    /// Waits for changes. Gives the watches that have something to do.
    fn lead(&self, until: Option<Instant>) -> Vec<FollowerId> {
        let timeout = until.map(|until| until.saturating_duration_since(Instant::now()));
        let Ok(ready) = self.reactor.wait(timeout) else {
            // Nothing can be done about it here; the pause prevents a busy loop.
            std::thread::sleep(Duration::from_secs(1));
            return Vec::new();
        };
        for id in &ready {
            let member = self.state.lock().unwrap().members.get(id).cloned();
            if let Some(member) = member {
                member.source_is_ready();
            }
        }
        ready
    }
}

impl State {
    fn take_due(&mut self) {
        if self.due.is_empty() {
            return;
        }
        let now = Instant::now();
        let runnable = &mut self.runnable;
        self.due.retain(|id, at| {
            let is_due = *at <= now;
            if is_due && !runnable.contains(id) {
                runnable.push_back(*id);
            }
            !is_due
        });
    }

    fn set_due(&mut self, id: FollowerId, due: Option<Instant>) {
        match due.filter(|_| self.members.contains_key(&id)) {
            Some(at) => self.due.insert(id, at),
            None => self.due.remove(&id),
        };
    }
}
