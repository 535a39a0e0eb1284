//! The state as JSON.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::fingerprint::{FileId, Fingerprint, Window};

/// The version that this code writes. A state of a later one is not touched.
pub(super) const VERSION: u32 = 1;

/// The whole state.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct State {
    pub(super) patterns: Vec<Covered>,
    pub(super) files: Vec<Saved>,
    pub(super) cursors: BTreeMap<String, String>,
}

/// A pattern that is followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Covered {
    pub(crate) pattern: PathBuf,
    /// The time since which it has been followed, apart from restarts, in milliseconds since 1970.
    /// Lines written to its files since then are to be read.
    pub(crate) since: u64,
}

/// The position in one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Saved {
    /// The name under which it was followed.
    pub(crate) path: PathBuf,
    /// The file it led to, if that is a symbolic link.
    pub(crate) place: Option<PathBuf>,
    pub(crate) id: FileId,
    /// The end of the last record whose actions are done.
    pub(crate) offset: u64,
    /// When it was first opened, in milliseconds since 1970.
    pub(crate) opened: u64,
    /// When it was last written to as far as was seen, in milliseconds since 1970.
    pub(crate) modified: u64,
    /// True if the path named another file already.
    pub(crate) replaced: bool,
    /// True if it held lines whose actions were not done.
    pub(crate) unread: bool,
    /// The fingerprint of the file; its mark is at the position or before it.
    pub(crate) fingerprint: Fingerprint,
}

#[derive(Serialize, Deserialize)]
struct Document {
    version: u32,
    /// Grows with every write, so that the newer of two states is known.
    #[serde(default)]
    sequence: u64,
    #[serde(default)]
    patterns: Vec<PatternText>,
    #[serde(default)]
    files: Vec<FileText>,
    #[serde(default)]
    cursors: BTreeMap<String, String>,
}

#[derive(Serialize, Deserialize)]
struct PatternText {
    pattern: PathText,
    since: u64,
}

#[derive(Serialize, Deserialize)]
struct FileText {
    path: PathText,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    place: Option<PathText>,
    id: FileId,
    offset: u64,
    opened: u64,
    modified: u64,
    replaced: bool,
    unread: bool,
    head: Window,
    mark: Window,
}

/// A path: text if it is UTF-8, else its bytes.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum PathText {
    Text(String),
    Bytes { bytes: Vec<u8> },
}

impl From<PathBuf> for PathText {
    fn from(path: PathBuf) -> Self {
        match path.into_os_string().into_string() {
            Ok(text) => PathText::Text(text),
            Err(other) => PathText::Bytes {
                bytes: other.as_bytes().to_vec(),
            },
        }
    }
}

impl From<PathText> for PathBuf {
    fn from(text: PathText) -> Self {
        match text {
            PathText::Text(text) => text.into(),
            PathText::Bytes { bytes } => OsString::from_vec(bytes).into(),
        }
    }
}

/// Why a state cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// Written by a later version, this one.
    Later(u32),
    /// Not a state, or only a part of one.
    Damaged(String),
}

/// Renders a state.
pub(super) fn render(state: &State, sequence: u64) -> Vec<u8> {
    let document = Document {
        version: VERSION,
        sequence,
        patterns: state.patterns.iter().cloned().map(Into::into).collect(),
        files: state.files.iter().cloned().map(Into::into).collect(),
        cursors: state.cursors.clone(),
    };
    let mut text = serde_json::to_vec(&document)
        .expect("strings, numbers and lists can always be written as JSON");
    text.push(b'\n');
    text
}

/// Reads a state and its sequence number. A truncated one is not valid JSON, so it is detected.
pub(super) fn parse(text: &[u8]) -> Result<(State, u64), Unreadable> {
    #[derive(Deserialize)]
    struct Versioned {
        version: u32,
    }
    let damaged = |error: serde_json::Error| Unreadable::Damaged(error.to_string());
    let Versioned { version } = serde_json::from_slice(text).map_err(damaged)?;
    if version > VERSION {
        return Err(Unreadable::Later(version));
    }
    let document: Document = serde_json::from_slice(text).map_err(damaged)?;
    let state = State {
        patterns: document.patterns.into_iter().map(Into::into).collect(),
        files: document.files.into_iter().map(Into::into).collect(),
        cursors: document.cursors,
    };
    Ok((state, document.sequence))
}

impl From<Covered> for PatternText {
    fn from(covered: Covered) -> Self {
        PatternText {
            pattern: covered.pattern.into(),
            since: covered.since,
        }
    }
}

impl From<PatternText> for Covered {
    fn from(text: PatternText) -> Self {
        Covered {
            pattern: text.pattern.into(),
            since: text.since,
        }
    }
}

impl From<Saved> for FileText {
    fn from(saved: Saved) -> Self {
        FileText {
            path: saved.path.into(),
            place: saved.place.map(Into::into),
            id: saved.id,
            offset: saved.offset,
            opened: saved.opened,
            modified: saved.modified,
            replaced: saved.replaced,
            unread: saved.unread,
            head: saved.fingerprint.head,
            mark: saved.fingerprint.mark,
        }
    }
}

impl From<FileText> for Saved {
    fn from(text: FileText) -> Self {
        Saved {
            path: text.path.into(),
            place: text.place.map(Into::into),
            id: text.id,
            offset: text.offset,
            opened: text.opened,
            modified: text.modified,
            replaced: text.replaced,
            unread: text.unread,
            fingerprint: Fingerprint {
                head: text.head,
                mark: text.mark,
            },
        }
    }
}
