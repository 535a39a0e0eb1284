//! The shape of a message: a small pattern that says which parts of it a stranger writes and where
//! the peer stands.
//!
//! ```text
//! Invalid user {any} from {peer}{| port {n}}
//! ```
//!
//! | in a shape | stands for |
//! |---|---|
//! | `{peer}` | the place of the peer: an address, a host name, `@`, or nothing; never a space |
//! | `{peer:port}` | the same with a port after a last colon, which IPv6 addresses without brackets have as well |
//! | `{claimed}`, `{claimed:port}` | the same, but the sender was never asked to confirm the address (UDP, a packet) |
//! | `{peer;CHARS}` | the same without those characters; `#` among them: an address, never a name |
//! | `{any}` | text that a stranger may choose: any bytes, or none |
//! | `{own}` | text of the program's own that may vary: any bytes, or none |
//! | `{word}` | one or more bytes without a space |
//! | `{host}` | a host name that the program checked: no spaces, brackets, quotes, commas or semicolons |
//! | `{n}`, `{hex}` | one or more digits, or hexadecimal digits |
//! | `{not:CHARS}` | any bytes, or none, without those characters |
//! | `{time}` | a time stamp and the space after it |
//! | `{ }` | a space, where it would be lost at the end of a line |
//! | `{a\|b}` | one of several alternatives, which may hold fields of their own; `{\|a}` is optional |
//! | `{!}` | a message that begins as the shape does up to here has no other shape than those with the same beginning |
//!
//! A shape must cover the message from end to end. It has one place for a peer, or none if such a
//! message names nobody who could be acted on.

mod parse;
mod positions;
mod readings;
#[cfg(test)]
mod tests;

#[cfg(test)]
pub(crate) use parse::{Class, Part};
pub(crate) use parse::{Parts, parse};
pub(crate) use positions::Positions;
pub(crate) use readings::{Readings, begins_up_to_cut, collect};
