//! The smallest pieces of a script: bytes of the administrator's, and places where log text stands.

/// One byte, or a text that is known only when a line is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// A byte as it is written in the configuration.
    Byte(u8),
    /// Log text, by the number of its variable, at a place where it is quoted.
    Quoted(usize),
    /// Log text as it is: it came out of a shell variable, a substitution, a file or a pipe.
    Raw(usize),
    /// Text of unknown content that does not come from the log. The same number, the same text.
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

    /// What is left of it once the shell has expanded it: quotation marks do not travel along.
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
