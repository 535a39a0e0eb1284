//! The engine behind a thread, so that nobody waits for it longer than intended.
//!
//! Name servers, TLS handshakes and several replies to one question each have a time of their own,
//! or none. The caller therefore waits for a thread, not for the engine; a thread that is late is
//! left behind, and what it does still counts once, because every event has an id.

use std::{
    io,
    path::PathBuf,
    sync::mpsc::{self, RecvTimeoutError},
    time::Duration,
};

use redis::{ErrorKind, RedisError};
use swatch_common::sanitize;

use super::{key::SecretError, link::Link, target::UrlError};
use crate::settings::{Fleet, Millis};

/// Why the engine did not do as asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EngineError {
    #[error(transparent)]
    Url(#[from] UrlError),
    #[error(transparent)]
    Secret(#[from] SecretError),
    #[error("cannot read the certificates {}: {source}", sanitize::path(path))]
    File { path: PathBuf, source: io::Error },
    #[error("the fleet's engine did not answer within {0}")]
    Late(Millis),
    #[error("the fleet's engine: {}", in_words(.0))]
    Refused(#[from] RedisError),
    #[error("no thread for the fleet's engine: {0}")]
    Thread(io::Error),
}

impl EngineError {
    /// True if the engine has no memory left for what was asked.
    pub(super) fn is_full(&self) -> bool {
        matches!(self, Self::Refused(error) if error.code() == Some("OOM"))
    }
}

/// The engine's message, which comes from outside, and a remedy where one is known.
fn in_words(error: &RedisError) -> String {
    let text = sanitize::excerpt(error.to_string().as_bytes(), 300);
    let remedy = match error.code() {
        Some("OOM") => {
            "; its memory is full: raise `maxmemory`, or lower `fleet.stream_length` and the lock times"
        }
        Some("NOAUTH") => "; set `fleet.user` and `fleet.password_file`",
        Some("NOPERM") => "; docs/fleet.md lists what the engine's user must be allowed",
        _ if error.kind() == ErrorKind::AuthenticationFailed => {
            "; set `fleet.user` and `fleet.password_file`"
        }
        _ if text.contains("UnknownIssuer") => {
            "; name the certificate of its authority in `fleet.ca_file`"
        }
        _ => "",
    };
    format!("{text}{remedy}")
}

type Job = Box<dyn FnOnce(&mut Link) + Send>;

/// An engine, connected when it is first asked.
pub(crate) struct Engine {
    settings: Fleet,
    patience: Duration,
    jobs: Option<mpsc::Sender<Job>>,
}

impl Engine {
    /// `patience` is the time for connecting to one node, and for one reply.
    pub(super) fn new(settings: &Fleet, patience: Duration) -> Self {
        Self {
            settings: settings.clone(),
            patience,
            jobs: None,
        }
    }

    /// The settings that it was made for.
    pub(super) fn settings(&self) -> &Fleet {
        &self.settings
    }

    /// Runs `work` with the connection, and waits at most `limit` for its end.
    ///
    /// # Errors
    /// [`EngineError`]. After [`EngineError::Late`] the work may still be done.
    pub(super) fn call<T: Send + 'static>(
        &mut self,
        limit: Duration,
        work: impl FnOnce(&mut Link) -> Result<T, RedisError> + Send + 'static,
    ) -> Result<T, EngineError> {
        let (answer, answered) = mpsc::sync_channel(1);
        let job: Job = Box::new(move |link| {
            let _ = answer.send(work(link));
        });
        let jobs = match self.jobs.take() {
            Some(jobs) => jobs,
            None => self.start()?,
        };
        // It fails only if the thread has ended, and then no answer comes either.
        let _ = jobs.send(job);
        match answered.recv_timeout(limit) {
            Ok(result) => {
                self.jobs = Some(jobs);
                Ok(result?)
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                let millis = limit.as_micros().div_ceil(1000);
                let millis = u64::try_from(millis).unwrap_or(u64::MAX);
                Err(EngineError::Late(Millis(millis)))
            }
        }
    }

    fn start(&self) -> Result<mpsc::Sender<Job>, EngineError> {
        let mut link = Link::new(&self.settings, self.patience)?;
        let (jobs, waiting) = mpsc::channel::<Job>();
        std::thread::Builder::new()
            .name("fleet".into())
            .spawn(move || {
                for job in waiting {
                    job(&mut link);
                }
            })
            .map_err(EngineError::Thread)?;
        Ok(jobs)
    }
}
