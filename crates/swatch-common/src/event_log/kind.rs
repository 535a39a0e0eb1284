//! The closed list of events.

/// The kind of an event. `docs/events.schema.json` describes the fields of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// Anything without a kind of its own.
    Message,
    /// The program runs, with all the watches that could be started.
    Started,
    /// The rules were read again.
    Reloaded,
    /// A configuration or a command line was refused.
    Refused,
    /// An error or a warning about a configuration, with its place.
    Diagnostic,
    /// The program begins to end.
    Stopping,
    /// The program ends.
    Stopped,
    /// A watch runs.
    WatchStarted,
    /// A watch has ended.
    WatchEnded,
    /// The counters that USR1 asks for.
    Status,
    /// A log does not exist.
    Absent,
    /// A log that did not exist, or is new to a glob, is read.
    Appeared,
    /// A log cannot be read; this is tried again.
    Unreadable,
    /// A log that could not be read is read again.
    Readable,
    /// The path of a log names a new file.
    Rotated,
    /// The unread rest of a log is read from a rotated file.
    Recovered,
    /// A rotated file is no longer watched.
    Left,
    /// A log has new content from its beginning.
    Truncated,
    /// Lines could not be read and are lost.
    Gap,
    /// A record was longer than the bound.
    Cut,
    /// Positions could not be read or saved.
    Positions,
    /// A rule matched.
    Matched,
    /// A rule that matched was held back by its throttle, its threshold or `remember`.
    Throttled,
    /// The search for a rule was given up.
    GaveUp,
    /// An action begins.
    ActionStarted,
    /// A command has ended with success.
    ActionEnded,
    /// An action was not done, or its command failed.
    ActionFailed,
    /// A line was counted for an address.
    Counted,
    /// A line was not counted, because its address is never locked.
    Ignored,
    /// No address was found in a line.
    NoAddress,
    /// An address or network was locked.
    Locked,
    /// A lock was renewed.
    Renewed,
    /// A lock has ended.
    Unlocked,
    /// An address or network that was due was not locked.
    NotLocked,
}

impl EventKind {
    /// Every kind.
    pub const ALL: [Self; 34] = [
        Self::Message,
        Self::Started,
        Self::Reloaded,
        Self::Refused,
        Self::Diagnostic,
        Self::Stopping,
        Self::Stopped,
        Self::WatchStarted,
        Self::WatchEnded,
        Self::Status,
        Self::Absent,
        Self::Appeared,
        Self::Unreadable,
        Self::Readable,
        Self::Rotated,
        Self::Recovered,
        Self::Left,
        Self::Truncated,
        Self::Gap,
        Self::Cut,
        Self::Positions,
        Self::Matched,
        Self::Throttled,
        Self::GaveUp,
        Self::ActionStarted,
        Self::ActionEnded,
        Self::ActionFailed,
        Self::Counted,
        Self::Ignored,
        Self::NoAddress,
        Self::Locked,
        Self::Renewed,
        Self::Unlocked,
        Self::NotLocked,
    ];

    /// The name in the field `event`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Started => "started",
            Self::Reloaded => "reloaded",
            Self::Refused => "refused",
            Self::Diagnostic => "diagnostic",
            Self::Stopping => "stopping",
            Self::Stopped => "stopped",
            Self::WatchStarted => "watch_started",
            Self::WatchEnded => "watch_ended",
            Self::Status => "status",
            Self::Absent => "absent",
            Self::Appeared => "appeared",
            Self::Unreadable => "unreadable",
            Self::Readable => "readable",
            Self::Rotated => "rotated",
            Self::Recovered => "recovered",
            Self::Left => "left",
            Self::Truncated => "truncated",
            Self::Gap => "gap",
            Self::Cut => "cut",
            Self::Positions => "positions",
            Self::Matched => "matched",
            Self::Throttled => "throttled",
            Self::GaveUp => "gave_up",
            Self::ActionStarted => "action_started",
            Self::ActionEnded => "action_ended",
            Self::ActionFailed => "action_failed",
            Self::Counted => "counted",
            Self::Ignored => "ignored",
            Self::NoAddress => "no_address",
            Self::Locked => "locked",
            Self::Renewed => "renewed",
            Self::Unlocked => "unlocked",
            Self::NotLocked => "not_locked",
        }
    }
}
