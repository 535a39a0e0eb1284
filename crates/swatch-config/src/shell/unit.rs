//! The smallest pieces of a script: bytes of the configuration, and log text.

/// A byte, or a text that is known only at run time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// A byte of the configuration.
    Byte(u8),
    /// Log text, by the number of its variable, quoted for its place.
    Quoted(usize),
    /// Log text without quoting: from a shell variable, a substitution, a file or a pipe.
    Raw(usize),
    /// Text that does not come from the log. Equal numbers mean equal texts.
    Unknown(usize),
}

impl Unit {
    /// The byte, if it is one.
    pub(super) fn byte(self) -> Option<u8> {
        match self {
            Unit::Byte(byte) => Some(byte),
            _ => None,
        }
    }

    /// The number of the variable, for log text.
    pub(super) fn log_text(self) -> Option<usize> {
        match self {
            Unit::Quoted(number) | Unit::Raw(number) => Some(number),
            _ => None,
        }
    }

    /// The unit after expansion by the shell, which removes its quoting.
    pub(super) fn expanded(self) -> Self {
        match self {
            Unit::Quoted(number) => Unit::Raw(number),
            other => other,
        }
    }
}

/// The bytes of some units; other units are left out.
pub(super) fn bytes(units: &[Unit]) -> Vec<u8> {
    units.iter().filter_map(|unit| unit.byte()).collect()
}

/// The first log text among some units.
pub(super) fn first_log_text(units: &[Unit]) -> Option<usize> {
    units.iter().find_map(|unit| unit.log_text())
}

/// The units as they are after an expansion.
pub(super) fn expanded(units: &[Unit]) -> Vec<Unit> {
    units.iter().map(|unit| unit.expanded()).collect()
}
