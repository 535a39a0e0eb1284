//! Resolves host names within a time limit, which the system's resolver does not offer.

use std::{
    io,
    net::{SocketAddr, ToSocketAddrs},
    sync::mpsc,
    time::Duration,
};

use swatch_common::sanitize::Sanitized;

/// Why a name could not be resolved.
#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    /// The resolver's refusal.
    #[error("{}: {source}", Sanitized::of(name))]
    Refused {
        /// The name, with its port.
        name: String,
        /// The resolver's reason.
        source: io::Error,
    },
    /// The name exists but has no address.
    #[error("{} has no address", Sanitized::of(.0))]
    Nothing(String),
    /// There was no answer in time.
    #[error("{}: not resolved within {} s", Sanitized::of(name), limit.as_secs())]
    Timeout {
        /// The name, with its port.
        name: String,
        /// The limit.
        limit: Duration,
    },
}

/// The addresses of `host:port`, at least one. Addresses resolve to themselves, at once.
///
/// # Errors
/// [`ResolveError`].
pub fn addresses(name: &str, limit: Duration) -> Result<Vec<SocketAddr>, ResolveError> {
    let name = name.to_owned();
    let (sender, receiver) = mpsc::channel();
    let asked = name.clone();
    // If the resolver hangs, its thread is left behind; it ends with the process, which is short.
    std::thread::spawn(move || {
        let found = asked.to_socket_addrs().map(Iterator::collect::<Vec<_>>);
        let _ = sender.send(found);
    });
    match receiver.recv_timeout(limit) {
        Ok(Ok(found)) if found.is_empty() => Err(ResolveError::Nothing(name)),
        Ok(Ok(found)) => Ok(found),
        Ok(Err(source)) => Err(ResolveError::Refused { name, source }),
        Err(_) => Err(ResolveError::Timeout { name, limit }),
    }
}
