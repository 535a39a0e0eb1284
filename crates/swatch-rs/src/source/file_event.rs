//! Events about followed files as events of this program.

use std::path::Path;

use swatch_common::sanitize;
use swatch_tail::FileEvent;

use crate::log::{EventKind, Level, LogEvent};

/// The event to log, with its fields.
pub fn log_event(event: &FileEvent) -> LogEvent {
    let level = match event.is_warning() {
        true => Level::Warning,
        false => Level::Notice,
    };
    let of = |kind| LogEvent::new(level, kind, event);
    let about = |kind, path: &Path| of(kind).with("path", sanitize::path(path));
    match event {
        FileEvent::Absent { path } | FileEvent::NothingMatches { pattern: path } => {
            about(EventKind::Absent, path)
        }
        FileEvent::Appeared { path } => about(EventKind::Appeared, path),
        FileEvent::Replaced { path } => about(EventKind::Rotated, path),
        FileEvent::Truncated { path, read } => {
            about(EventKind::Truncated, path).with("offset", *read)
        }
        FileEvent::RotatedRead {
            path,
            rotated,
            from,
        } => about(EventKind::Recovered, path)
            .with("rotated", sanitize::path(rotated))
            .with("offset", *from),
        FileEvent::Lost { path, from } => about(EventKind::Gap, path)
            .with("offset", *from)
            .with("reason", "the file is gone"),
        FileEvent::Left {
            path,
            rotated,
            is_open,
        } => about(EventKind::Left, path)
            .with("rotated", sanitize::path(rotated))
            .with("open", *is_open),
        FileEvent::RotatedUnreadable {
            path,
            rotated,
            reason,
        } => about(EventKind::Gap, path)
            .with("rotated", sanitize::path(rotated))
            .with("reason", reason.as_str()),
        FileEvent::Unreadable { path, reason } => {
            about(EventKind::Unreadable, path).with("reason", reason.as_str())
        }
        FileEvent::NoDescriptors { path } => {
            about(EventKind::Unreadable, path).with("reason", "no file descriptor is left")
        }
        FileEvent::Readable { path } => about(EventKind::Readable, path),
        FileEvent::RecordTooLong {
            path,
            end,
            kept,
            skipped,
        } => of(EventKind::Cut)
            .with_some("path", path.as_deref().map(sanitize::path))
            .with("offset", *end)
            .with("kept", *kept)
            .with("skipped", *skipped),
        FileEvent::StateDamaged { state, reason, .. }
        | FileEvent::StateNotWritable { state, reason } => {
            about(EventKind::Positions, state).with("reason", reason.as_str())
        }
        _ => of(EventKind::Message),
    }
}
