//! Messages between swatch-rs and Perl: a letter, the number of the record (0 before the first),
//! the number of fields, and each field with its length before it. Numbers are 32 bits,
//! little-endian.
//!
//! | to Perl | fields |
//! |---|---|
//! | `P` | `run` or `check`; the chain's text |
//! | `R`, `E` | a record; one to be explained, so that `m` comes before each `i` and `g` |
//! | `A` | the answer to `g` (1 or empty, message, what follows), `w` (1 or empty) or `s` |
//!
//! | from Perl | fields |
//! |---|---|
//! | `c`, `f` | it does not compile; it died before the first record: the text |
//! | `k` | it compiles |
//! | `r` | ready; names of functions that do not exist |
//! | `m` | number of groups, their texts, names and texts of named groups; texts with a `1` before them, undefined ones empty; no fields: nothing has matched |
//! | `i` | rule: an `ignore` matched |
//! | `g` | rule, `$_`, values: a rule matched; may it act? |
//! | `w` | rule, action, `$_`, message, values: is it time for this action? |
//! | `s` | rule, action, `$_`, message, values: perform this action |
//! | `d` | text: user code died; `z` follows |
//! | `n` | how many processes that user code forked went on with the chain and were ended |
//! | `z` | done with the record |
//! | `q` | done, by `quit` |
//! | `x` | status: user code ended the program |

use std::io::{self, Read, Write};

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) kind: u8,
    /// The number of the record that it is about.
    pub(super) record: u32,
    pub(super) fields: Vec<Vec<u8>>,
}

/// More fields than any message has.
const MAX_FIELDS: u32 = 100_000;

impl Message {
    /// Field `index` as a number. Anything else becomes a number out of every range.
    pub(super) fn number(&self, index: usize) -> usize {
        let text = self.fields.get(index).map_or(&b""[..], Vec::as_slice);
        let text = std::str::from_utf8(text).unwrap_or_default();
        text.parse().unwrap_or(usize::MAX)
    }

    pub(super) fn field(&self, index: usize) -> &[u8] {
        self.fields.get(index).map_or(&[], Vec::as_slice)
    }

    /// The fields from `index` on.
    pub(super) fn from(&self, index: usize) -> &[Vec<u8>] {
        self.fields.get(index..).unwrap_or_default()
    }
}

pub(super) fn write(
    out: &mut impl Write,
    kind: u8,
    record: u32,
    fields: &[&[u8]],
) -> io::Result<()> {
    let size: usize = fields.iter().map(|f| f.len() + 4).sum();
    let mut bytes = Vec::with_capacity(size + 9);
    bytes.push(kind);
    bytes.extend(record.to_le_bytes());
    let length = |n: usize| {
        u32::try_from(n)
            .map(u32::to_le_bytes)
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "a field over 4 GiB"))
    };
    bytes.extend(length(fields.len())?);
    for field in fields {
        bytes.extend(length(field.len())?);
        bytes.extend_from_slice(field);
    }
    out.write_all(&bytes)?;
    out.flush()
}

/// Reads a message. `UnexpectedEof`: the other side has ended.
pub(super) fn read(input: &mut impl Read) -> io::Result<Message> {
    let mut head = [0; 9];
    input.read_exact(&mut head)?;
    let [kind, rest @ ..] = head;
    let [r0, r1, r2, r3, c0, c1, c2, c3] = rest;
    let record = u32::from_le_bytes([r0, r1, r2, r3]);
    let count = u32::from_le_bytes([c0, c1, c2, c3]);
    if count > MAX_FIELDS {
        let text = "the Perl program wrote something that is not a message";
        return Err(io::Error::new(io::ErrorKind::InvalidData, text));
    }
    let mut fields = Vec::new();
    for _ in 0..count {
        let size = u64::from(number(input)?);
        let mut field = Vec::new();
        // The buffer grows with the data received, so a wrong length allocates nothing.
        input.by_ref().take(size).read_to_end(&mut field)?;
        if field.len() as u64 != size {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        fields.push(field);
    }
    Ok(Message {
        kind,
        record,
        fields,
    })
}

fn number(input: &mut impl Read) -> io::Result<u32> {
    let mut bytes = [0; 4];
    input.read_exact(&mut bytes)?;
    Ok(u32::from_le_bytes(bytes))
}
