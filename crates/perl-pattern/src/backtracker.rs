//! A pattern that PCRE2 runs.

use std::ops::Range;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use pcre2::bytes::{CaptureLocations, Regex, RegexBuilder};

use crate::ast::Node;
use crate::captures::forget;
use crate::error::{PatternError, PatternErrorKind};
use crate::limits::Limits;
use crate::{backtrack, growth};

/// Texts up to this length are searched with compiled code if the steps grow with the square of
/// the length: that takes some ten milliseconds at worst.
const COMPILED_SQUARE: usize = 4096;
/// The same for a growth with the cube, and with the fourth power. The steps for `n` bytes are about
/// `n` to the power of `d`, divided by the factorial of `d`: places are chosen in their order.
const COMPILED_CUBE: usize = 512;
const COMPILED_FOURTH: usize = 160;
/// Longer texts are not searched if the time cannot be checked on the way.
const UNCHECKED: usize = 16 << 10;

/// A search that came to a limit.
#[derive(Debug)]
pub(crate) struct GaveUp;

/// PCRE2, and how its groups are to be read.
///
/// PCRE2's own limit does not bound a search. Its compiled code hardly counts, and its interpreter
/// starts to count again at each place where a match could begin: `(\w+) \1` runs for an hour on a
/// line of a megabyte. So the compiled code, which is several times as fast, is used where the
/// steps are known to be few; otherwise the interpreter tries one place after the other, against
/// the clock.
#[derive(Debug)]
pub(crate) struct Backtracker {
    text: backtrack::Text,
    compiled: Code,
    /// The longest text for the compiled code.
    compiled_length: usize,
    /// Matches only where a search begins.
    anchored: OnceLock<Option<Code>>,
    /// The longest text for `anchored`.
    anchored_length: usize,
    /// Every match begins at the front: no other place need be tried.
    at_front: bool,
    time: Duration,
}

/// A compiled expression, and room for groups: as much as searches have needed at once.
#[derive(Debug)]
struct Code {
    regex: Regex,
    room: Mutex<Vec<CaptureLocations>>,
}

impl Code {
    fn new(regex: Regex) -> Code {
        Code {
            regex,
            room: Mutex::default(),
        }
    }

    fn find(&self, text: &[u8], start: usize) -> Result<Option<Range<usize>>, pcre2::Error> {
        let found = self.regex.find_at(text, start)?;
        Ok(found.map(|found| found.start()..found.end()))
    }

    /// Passes the groups of a match to `read`.
    fn captures<T>(
        &self,
        text: &[u8],
        start: usize,
        read: impl Fn(&CaptureLocations) -> T,
    ) -> Result<Option<T>, pcre2::Error> {
        let room = || self.room.lock().unwrap_or_else(PoisonError::into_inner);
        let spare = room().pop();
        let mut locations = spare.unwrap_or_else(|| self.regex.capture_locations());
        let found = self
            .regex
            .captures_read_at(&mut locations, text, start)
            .map(|found| found.map(|_| read(&locations)));
        room().push(locations);
        found
    }
}

impl Backtracker {
    pub(crate) fn build(
        node: &Node,
        groups: u32,
        limits: &Limits,
    ) -> Result<Backtracker, PatternError> {
        let text = backtrack::text(node, groups, limits);
        let compiled = RegexBuilder::new()
            .jit_if_available(backtrack::is_sound_compiled(node))
            .max_jit_stack_size(Some(1 << 20))
            .build(&text.pattern)
            .map_err(|error| refused(&error))?;
        let compiled_length = match growth::degree(node) {
            Some(0 | 1) => usize::MAX,
            Some(2) => COMPILED_SQUARE,
            Some(3) => COMPILED_CUBE,
            Some(4) => COMPILED_FOURTH,
            _ => 0,
        };
        let checked = text.anchored.is_some() && !growth::has_long_steps(node);
        Ok(Backtracker {
            text,
            compiled: Code::new(compiled),
            compiled_length,
            anchored: OnceLock::new(),
            anchored_length: if checked { usize::MAX } else { UNCHECKED },
            // `(*ACCEPT)^x` matches anywhere.
            at_front: growth::is_anchored(node) && !node.any(&Node::is_control),
            time: limits.time,
        })
    }

    pub(crate) fn is_match(&self, text: &[u8]) -> Result<bool, GaveUp> {
        Ok(self.find_at(text, 0)?.is_some())
    }

    pub(crate) fn find_at(
        &self,
        text: &[u8],
        start: usize,
    ) -> Result<Option<Range<usize>>, GaveUp> {
        self.search(text, start, |code, start| code.find(text, start))
    }

    /// The groups in Perl's order.
    pub(crate) fn captures(
        &self,
        text: &[u8],
    ) -> Result<Option<Vec<Option<Range<usize>>>>, GaveUp> {
        self.search(text, 0, |code, start| {
            code.captures(text, start, |locations| self.groups(locations))
        })
    }

    fn groups(&self, locations: &CaptureLocations) -> Vec<Option<Range<usize>>> {
        let span = |number: u32| {
            let span = locations.get(number as usize);
            span.map(|(start, end)| start..end)
        };
        let numbers = self.text.numbers.iter();
        let mut groups: Vec<_> = numbers.map(|&number| span(number)).collect();
        for &(group, mark) in &self.text.resets {
            forget(&mut groups[group as usize], span(mark));
        }
        groups
    }

    /// Tries the places from `start` on, with the fastest means that is safe for the text.
    fn search<T>(
        &self,
        text: &[u8],
        start: usize,
        attempt: impl Fn(&Code, usize) -> Result<Option<T>, pcre2::Error>,
    ) -> Result<Option<T>, GaveUp> {
        let attempt = |code: &Code, start| attempt(code, start).map_err(|_| GaveUp);
        if text.len() <= self.compiled_length
            // The stack of the compiled code is small; the interpreter may have enough memory.
            && let Ok(found) = attempt(&self.compiled, start)
        {
            return Ok(found);
        }
        if text.len() > self.anchored_length {
            return Err(GaveUp);
        }
        let Some(anchored) = &self.text.anchored else {
            return attempt(&self.compiled, start);
        };
        let anchored = self
            .anchored
            .get_or_init(|| RegexBuilder::new().build(anchored).ok().map(Code::new));
        let anchored = anchored.as_ref().ok_or(GaveUp)?;
        let begun = Instant::now();
        let last = if self.at_front { 0 } else { text.len() };
        for start in start..=last {
            if let Some(found) = attempt(anchored, start)? {
                return Ok(Some(found));
            }
            if begun.elapsed() > self.time {
                return Err(GaveUp);
            }
        }
        Ok(None)
    }
}

/// Rewords an error of PCRE2. Its offsets refer to the translated text, not to the user's.
fn refused(error: &pcre2::Error) -> PatternError {
    let text = error.to_string();
    let reason = text.rsplit(": ").next().unwrap_or(&text);
    let too_large = reason.contains("too large") || reason.contains("too many");
    PatternError::syntax(0, format!("the pattern cannot be run: {reason}")).of_kind(if too_large {
        PatternErrorKind::TooLarge
    } else {
        PatternErrorKind::Unsupported
    })
}
