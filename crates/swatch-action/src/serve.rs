//! Serving the watcher that started this process: one event after another, each as a process of
//! its own would handle it, and the locks that wait together in one transaction.
//!
//! All files are read as they are when the event has come: what was read for one is used for those
//! that came with it. What a process of its own would print goes back with the answer. If the watcher is gone, nothing more is begun:
//! its successor finds the events in the log again.

use std::{
    cell::RefCell,
    io::{self, BufRead},
    rc::Rc,
};

use swatch_common::resident::{Reply, Request, Write};

use crate::{
    cli,
    console::{Console, Exit, Resumed},
    event::{self, Due},
    history,
    lock::together,
    once,
};

mod known;
mod link;

use known::{Known, Ready};
use link::Link;

/// The most locks that are made together, and the most events that wait for them.
const MOST: (usize, usize) = (256, 512);

/// An event whose answer waits: for its lock, or for the answers before it.
struct Waiting {
    id: u64,
    out: Vec<u8>,
    err: Vec<u8>,
    state: State,
}

enum State {
    Ended(Exit),
    Due(Box<Due>, Resumed, Vec<Write>),
}

/// Serves until the watcher is gone.
pub(crate) fn run() -> Exit {
    let link = match Link::on_standard_input() {
        Ok(link) => Rc::new(RefCell::new(link)),
        Err(error) => {
            Console::new(&mut io::stdout(), &mut io::stderr()).note(&format!(
                "--serve is for swatch-rs, which starts swatch-action on a socket: {error}"
            ));
            return Exit::Usage;
        }
    };
    let mut known = Known::default();
    let mut waiting: Vec<Waiting> = Vec::new();
    // The first lock does not wait for others. The more are found waiting, the more are made
    // together.
    let mut most = 1;
    loop {
        let due = waiting.iter().filter(|it| it.request().is_some()).count();
        let next = if due >= most || waiting.len() >= MOST.1 {
            None
        } else {
            let mut next = link.borrow_mut().next(false);
            if waiting.is_empty() && matches!(next, Ok(None)) {
                // While there is nothing to do, no file is held open.
                history::close();
                next = link.borrow_mut().next(true);
            }
            match next {
                Ok(next) => next,
                Err(_) => return Exit::Done,
            }
        };
        let Some(request) = next else {
            lock(&mut waiting);
            conclude(&link, std::mem::take(&mut waiting));
            let more = due >= most;
            most = if more { (most * 2).min(MOST.0) } else { 1 };
            continue;
        };
        let begun = begin(&link, &mut known, request);
        let stands_alone = begun.request().is_some_and(|ask| {
            let others = waiting.iter().filter_map(Waiting::request);
            let mut others = others.map(|other| other.net);
            others.any(|net| net.contains(&ask.net) || ask.net.contains(&net))
        });
        let is_batchable = begun.due().is_none_or(together::is_batchable);
        if stands_alone || !is_batchable {
            lock(&mut waiting);
            conclude(&link, std::mem::take(&mut waiting));
        }
        waiting.push(begun);
        if !is_batchable || waiting.iter().all(|it| it.request().is_none()) {
            lock(&mut waiting);
            conclude(&link, std::mem::take(&mut waiting));
        }
    }
}

impl Waiting {
    fn due(&self) -> Option<&Due> {
        match &self.state {
            State::Due(due, ..) => Some(due),
            State::Ended(_) => None,
        }
    }

    fn request(&self) -> Option<&crate::lock::LockRequest> {
        self.due().map(Due::request)
    }
}

/// Handles an event up to its lock.
fn begin(link: &Rc<RefCell<Link>>, known: &mut Known, request: Request) -> Waiting {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut console = Console::new(&mut out, &mut err);
    once::begin(request.written, tell(link, request.id));
    let received = link.borrow().received();
    let state = match known.prepare(received, request.words, &mut console) {
        Ok(Ready { it, lists }) => match event::single_line(&it.event, &request.input) {
            Some(raw) => match event::begin(&it.settings, &it.event, &lists, &raw, &mut console) {
                Ok(None) => State::Ended(console.exit()),
                Ok(Some(due)) => State::Due(due, console.interrupt(), Vec::new()),
                Err(error) => {
                    console.note(&error.to_string());
                    State::Ended(Exit::Usage)
                }
            },
            None => {
                let mut input: &mut dyn BufRead = &mut &request.input[..];
                let exit = event::handle(&it.settings, &it.event, &mut input, &mut console);
                State::Ended(exit)
            }
        },
        Err(why) => State::Ended(cli::refuse(why, &mut console)),
    };
    let left = once::end();
    let state = match state {
        State::Due(due, at, _) => State::Due(due, at, left),
        ended @ State::Ended(_) => ended,
    };
    Waiting {
        id: request.id,
        out,
        err,
        state,
    }
}

/// Makes the locks that can be made together.
fn lock(waiting: &mut [Waiting]) {
    let mut due: Vec<&mut Due> = Vec::new();
    for it in waiting {
        if let State::Due(one, ..) = &mut it.state {
            due.push(one);
        }
    }
    together::lock(&mut due);
}

/// Makes the other locks, and answers, in order.
fn conclude(link: &Rc<RefCell<Link>>, waiting: Vec<Waiting>) {
    for it in waiting {
        let Waiting {
            id,
            mut out,
            mut err,
            state,
        } = it;
        let exit = match state {
            State::Ended(exit) => exit,
            State::Due(due, at, left) => {
                if !due.is_locked() {
                    // A lock may take long, and those before it are not to wait.
                    link.borrow_mut().flush();
                }
                once::begin(left, tell(link, id));
                let mut console = Console::resumed(&mut out, &mut err, at);
                due.conclude(&mut console);
                let exit = console.exit();
                once::end();
                exit
            }
        };
        let code = exit as u8;
        link.borrow_mut()
            .queue(&Reply::Answer { id, code, out, err });
    }
    link.borrow_mut().flush();
}

/// Tells the watcher what is about to be written.
fn tell(link: &Rc<RefCell<Link>>, id: u64) -> impl FnMut(Write) + 'static {
    let link = Rc::clone(link);
    move |write| {
        let mut link = link.borrow_mut();
        link.queue(&Reply::Writes(id, write));
        link.flush();
    }
}
