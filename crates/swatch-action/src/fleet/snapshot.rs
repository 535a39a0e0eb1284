//! The present locks of the group, as the engine keeps them beside the stream: for a host that is
//! new, or that was away for longer than the stream is kept.

use super::{
    call::key,
    engine::{Engine, EngineError},
    entry::{Entry, Kind, Refusal},
    key::Keys,
};

/// Entries that are read from the engine with one question.
const PAGE: usize = 1000;

/// The time for one page.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);

/// An entry of the snapshot.
#[derive(Clone, Debug)]
pub(super) struct Present {
    pub(super) entry: Entry,
    pub(super) seq: i64,
    /// When the engine took it, and when it ends, in milliseconds by the engine's clock.
    pub(super) made: i64,
    pub(super) ends: i64,
}

impl Present {
    /// Milliseconds to its end at a time of the engine's clock, never more than its host has signed.
    pub(super) fn left(&self, engine_now: i64) -> u64 {
        let left = u64::try_from(self.ends.saturating_sub(engine_now)).unwrap_or(0);
        match self.entry.kind {
            Kind::Lock => left.min(self.entry.length),
            Kind::Unlock => left,
        }
    }
}

/// A page, and the cursor of the next one; 0 after the last.
pub(super) struct Page {
    pub(super) next: u64,
    pub(super) found: Vec<Result<Present, Refusal>>,
}

/// Networks and entries as the engine has them; nothing of it is trusted.
type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

/// Reads a page of the snapshot. An entry may come twice.
pub(super) fn page(
    engine: &mut Engine,
    group: &str,
    keys: &Keys,
    cursor: u64,
) -> Result<Page, EngineError> {
    let name = key(group, "locks");
    let (next, pairs): (u64, Pairs) = engine.call(PATIENCE, move |link| {
        link.run(|connection| {
            redis::cmd("HSCAN")
                .arg(&name)
                .arg(cursor)
                .arg("COUNT")
                .arg(PAGE)
                .query(connection)
        })
    })?;
    let found = pairs
        .iter()
        .map(|(net, text)| {
            let (net, text) = (String::from_utf8_lossy(net), String::from_utf8_lossy(text));
            parse(&net, &text, keys, group)
        })
        .collect();
    Ok(Page { next, found })
}

/// One entry: `KIND SEQ ENDS MADE ID SIGNATURE BODY`. Of these only the body is signed.
fn parse(net: &str, text: &str, keys: &Keys, group: &str) -> Result<Present, Refusal> {
    let mut parts = text.splitn(7, ' ');
    let mut next = || parts.next().ok_or(Refusal::Form);
    let (_kind, seq, ends, made, _id) = (next()?, next()?, next()?, next()?, next()?);
    let (signature, body) = (next()?, next()?);
    let entry = Entry::read(body, signature, keys, group)?;
    if crate::network::text(entry.net) != net {
        return Err(Refusal::Form);
    }
    let number = |text: &str| text.parse().map_err(|_| Refusal::Form);
    Ok(Present {
        entry,
        seq: number(seq)?,
        made: number(made)?,
        ends: number(ends)?,
    })
}
