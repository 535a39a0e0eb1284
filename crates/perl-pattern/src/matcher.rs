//! A compiled pattern.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use regex_automata::nfa::thompson::WhichCaptures;
use regex_automata::{Input, meta};
use regex_syntax::hir::Hir;

use crate::backtracker::{Backtracker, GaveUp};
use crate::captures::{Captures, Names, forget};
use crate::error::PatternError;
use crate::examine::{Findings, Newlines, examine};
use crate::limits::Limits;
use crate::linear::{self, Lowered, Scope};
use crate::literals::RequiredLiterals;
use crate::modifiers::Modifiers;
use crate::parse::{self, Parsed};
use crate::sequence::Sequence;
use crate::{growth, literals, size};

/// The answer of a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Verdict {
    /// The pattern matches.
    Match,
    /// It does not.
    NoMatch,
    /// The backtracking engine reached its limit. Treat this as no match and report it (see
    /// [`Matcher::given_up`]).
    GaveUp,
}

impl Verdict {
    /// True if it is a match.
    #[must_use]
    pub fn is_match(self) -> bool {
        self == Verdict::Match
    }

    fn from_bool(matched: bool) -> Verdict {
        if matched {
            Verdict::Match
        } else {
            Verdict::NoMatch
        }
    }
}

/// A compiled Perl pattern that matches bytes.
///
/// Searches take linear time where the pattern allows it; look-around, back-references, recursion
/// and similar features need PCRE2. The engines are built on first use, because most of a large set
/// of patterns never match.
#[derive(Debug)]
pub struct Matcher {
    source: Box<[u8]>,
    modifiers: Modifiers,
    limits: Limits,
    groups: u32,
    /// `None`: there are no names.
    names: Option<Arc<Names>>,
    findings: Findings,
    linear: bool,
    /// The literals, until they are asked for: most users ask once, right after compiling.
    literals: Mutex<Option<Box<RequiredLiterals>>>,
    /// For texts without a newline.
    sequence: OnceLock<Option<Sequence>>,
    finder: OnceLock<Option<meta::Regex>>,
    capturer: OnceLock<Option<Box<Capturer>>>,
    backtracker: OnceLock<Option<Box<Backtracker>>>,
    given_up: AtomicU64,
}

/// The linear-time engine with groups.
#[derive(Debug)]
struct Capturer {
    regex: meta::Regex,
    keep: Option<u32>,
    resets: Vec<(u32, u32)>,
}

impl Matcher {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// The pattern is one that Perl refuses, that neither engine can run, or that exceeds the
    /// limits.
    pub fn compile(
        source: &[u8],
        modifiers: &Modifiers,
        limits: &Limits,
    ) -> Result<Matcher, PatternError> {
        let Parsed {
            node,
            groups,
            names,
        } = parse::parse(source, modifiers)?;
        let findings = examine(&node);
        let mut matcher = Matcher {
            source: source.into(),
            modifiers: *modifiers,
            limits: *limits,
            groups,
            names: (!names.is_empty()).then(|| Arc::new(names)),
            findings,
            linear: findings.exact,
            literals: Mutex::new(Some(Box::new(literals::required(&node)))),
            sequence: OnceLock::new(),
            finder: OnceLock::new(),
            capturer: OnceLock::new(),
            backtracker: OnceLock::new(),
            given_up: AtomicU64::new(0),
        };
        // Small programs always fit. Larger ones are built now, while errors can still be reported.
        if matcher.linear && size::states(&node) > size::SURELY_SMALL {
            let regex = matcher.build(&linear::lower(&node, Scope::Record, None), false);
            matcher.linear = regex.is_some();
            matcher.finder = OnceLock::from(regex);
        }
        if !matcher.linear {
            let backtracker = Backtracker::build(&node, groups, limits)?;
            matcher.backtracker = OnceLock::from(Some(Box::new(backtracker)));
        }
        Ok(matcher)
    }

    /// The number of capturing groups, not counting the whole match.
    #[must_use]
    pub fn group_count(&self) -> u32 {
        self.groups
    }

    /// The groups of each name.
    #[must_use]
    pub fn group_names(&self) -> &BTreeMap<Vec<u8>, Vec<u32>> {
        static NONE: Names = Names::new();
        self.names.as_deref().unwrap_or(&NONE)
    }

    /// True if every search takes linear time. Otherwise the pattern needs the backtracking
    /// engine and its limits.
    #[must_use]
    pub fn is_linear(&self) -> bool {
        self.linear
    }

    /// True if the pattern matches somewhere in the text, which must contain no newline, as far as
    /// that can be decided without an automaton: about as fast as a search for one of the pattern's
    /// literals. `None`: it cannot; call [`Matcher::is_match`].
    #[must_use]
    pub fn is_match_in_place(&self, text: &[u8]) -> Option<bool> {
        self.sequence()?.is_match(text)
    }

    /// True if a text can be crafted on which the search is given up, so that the pattern does not
    /// match although it should. This is the case if the pattern needs the backtracking engine and
    /// the number of steps grows faster than the length of the text. The answer is conservative: it
    /// is true for a few patterns that never reach the limit. It ignores the memory limit, which
    /// some patterns reach on texts of more than 100 kB.
    #[must_use]
    pub fn may_exceed_limit(&self) -> bool {
        !self.linear && growth::degree(&self.tree().node).is_none_or(|degree| degree > 1)
    }

    /// The pattern's text.
    #[must_use]
    pub fn source(&self) -> &[u8] {
        &self.source
    }

    /// The number of searches that were given up at a limit of the backtracking engine.
    #[must_use]
    pub fn given_up(&self) -> u64 {
        self.given_up.load(Ordering::Relaxed)
    }

    /// True if the pattern matches somewhere in the text.
    pub fn is_match(&self, text: &[u8]) -> Verdict {
        if let Some(matched) = self.as_sequence(text) {
            return Verdict::from_bool(matched);
        }
        if let Some(regex) = self.linear_for(text) {
            return Verdict::from_bool(regex.is_match(text));
        }
        let Some(backtracker) = self.backtracker() else {
            return Verdict::NoMatch;
        };
        match backtracker.is_match(text) {
            Ok(matched) => Verdict::from_bool(matched),
            Err(GaveUp) => self.give_up(),
        }
    }

    /// Searches and records the span of each group. Clears the captures if there is no match.
    pub fn captures_into(&self, text: &[u8], captures: &mut Captures) -> Verdict {
        captures.clear();
        let linear = self.linear_for(text);
        if linear.is_some_and(|_| self.findings.exact_groups)
            && let Some(capturer) = self.capturer()
        {
            return self.linear_captures(capturer, text, captures);
        }
        // If only the groups need the backtracking engine, no text reaches it without matching
        // first.
        if linear.is_some_and(|regex| !regex.is_match(text)) {
            return Verdict::NoMatch;
        }
        let Some(backtracker) = self.backtracker() else {
            return Verdict::NoMatch;
        };
        match backtracker.captures(text) {
            Ok(Some(groups)) => {
                captures.names.clone_from(&self.names);
                captures.groups = groups;
                Verdict::Match
            }
            Ok(None) => Verdict::NoMatch,
            Err(GaveUp) => match (linear, self.capturer()) {
                // The text does match: groups that may differ in detail are better than none.
                (Some(_), Some(capturer)) => {
                    let _ = self.give_up();
                    self.linear_captures(capturer, text, captures)
                }
                _ => self.give_up(),
            },
        }
    }

    /// The span of the first match (`$&`).
    #[must_use]
    pub fn find(&self, text: &[u8]) -> Option<Range<usize>> {
        if !self.findings.has_keep
            && self.findings.exact_groups
            && let Some(regex) = self.linear_for(text)
        {
            return regex.find(text).map(|found| found.range());
        }
        let mut captures = Captures::new();
        if self.captures_into(text, &mut captures).is_match() {
            captures.get(0)
        } else {
            None
        }
    }

    /// The span of the first match that begins at or after `start`. Anchors and look-behind see the
    /// text before it.
    #[must_use]
    pub fn find_at(&self, text: &[u8], start: usize) -> Option<Range<usize>> {
        if start == 0 || self.findings.has_keep {
            return self.find(text).filter(|found| found.start >= start);
        }
        if let Some(regex) = self.linear_for(text) {
            let input = Input::new(text).range(start..);
            return regex.find(input).map(|found| found.range());
        }
        match self.backtracker()?.find_at(text, start) {
            Ok(found) => found,
            Err(GaveUp) => {
                let _ = self.give_up();
                None
            }
        }
    }

    fn linear_captures(
        &self,
        capturer: &Capturer,
        text: &[u8],
        captures: &mut Captures,
    ) -> Verdict {
        let slots = &mut captures.slots;
        slots.clear();
        slots.resize(capturer.regex.group_info().slot_len(), None);
        let input = Input::new(text);
        if capturer.regex.search_slots(&input, slots).is_none() {
            return Verdict::NoMatch;
        }
        let span = |group: u32| -> Option<Range<usize>> {
            let at = group as usize * 2;
            let start = slots.get(at).copied().flatten()?.get();
            let end = slots.get(at + 1).copied().flatten()?.get();
            Some(start..end)
        };
        captures.names.clone_from(&self.names);
        captures.groups.extend((0..=self.groups).map(span));
        if let (Some(whole), Some(keep)) = (&mut captures.groups[0], capturer.keep.and_then(span)) {
            whole.start = keep.start;
        }
        for &(group, mark) in &capturer.resets {
            forget(&mut captures.groups[group as usize], span(mark));
        }
        Verdict::Match
    }

    fn give_up(&self) -> Verdict {
        self.given_up.fetch_add(1, Ordering::Relaxed);
        Verdict::GaveUp
    }

    fn sequence(&self) -> Option<&Sequence> {
        if !self.linear {
            return None;
        }
        let sequence = &self.sequence;
        sequence
            .get_or_init(|| Sequence::of(&self.tree().node))
            .as_ref()
    }

    /// The answer for a pattern and a text that need no automaton.
    fn as_sequence(&self, text: &[u8]) -> Option<bool> {
        let sequence = self.sequence()?;
        if memchr::memchr(b'\n', text).is_some() {
            return None;
        }
        sequence.is_match(text)
    }

    /// The linear-time engine, if it agrees with Perl on this text.
    fn linear_for(&self, text: &[u8]) -> Option<&meta::Regex> {
        let fits = match self.findings.newlines {
            Newlines::Exact => true,
            Newlines::AtEnd => text.last() != Some(&b'\n'),
            Newlines::Anywhere => memchr::memchr(b'\n', text).is_none(),
        };
        if !self.linear || !fits {
            return None;
        }
        self.finder
            .get_or_init(|| self.build(&self.lower(None), false))
            .as_ref()
    }

    fn capturer(&self) -> Option<&Capturer> {
        self.capturer
            .get_or_init(|| {
                let lowered = self.lower(Some(self.groups));
                let regex = self.build(&lowered, true)?;
                let Lowered { keep, resets, .. } = lowered;
                Some(Box::new(Capturer {
                    regex,
                    keep,
                    resets,
                }))
            })
            .as_deref()
    }

    fn backtracker(&self) -> Option<&Backtracker> {
        self.backtracker
            .get_or_init(|| {
                let built = Backtracker::build(&self.tree().node, self.groups, &self.limits);
                built.ok().map(Box::new)
            })
            .as_deref()
    }

    /// Literals of which every matching text contains at least one, to prefilter for many patterns.
    #[must_use]
    pub fn required_literals(&self) -> RequiredLiterals {
        let known = self
            .literals
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        match known {
            Some(literals) => *literals,
            None => literals::required(&self.tree().node),
        }
    }

    /// An expression that matches within a chunk of lines wherever this pattern matches one of the
    /// lines on its own. It may match elsewhere too, never across lines.
    #[must_use]
    pub fn line_expression(&self) -> Hir {
        linear::lower(&self.tree().node, Scope::Chunk, None).hir
    }

    /// Parses the pattern again, which is cheaper than keeping the trees of a thousand patterns.
    fn tree(&self) -> Parsed {
        parse::parse(&self.source, &self.modifiers).expect("the same pattern was parsed before")
    }

    fn lower(&self, groups: Option<u32>) -> Lowered {
        linear::lower(&self.tree().node, Scope::Record, groups)
    }

    fn build(&self, lowered: &Lowered, captures: bool) -> Option<meta::Regex> {
        let config = meta::Config::new()
            .utf8_empty(false)
            .which_captures(if captures {
                WhichCaptures::All
            } else {
                WhichCaptures::Implicit
            })
            // Precomputed tables pay off for a pattern that is searched for all the time. A
            // prefiltered pattern is tried on few texts, and there may be a thousand of them.
            .dfa(false)
            // Nor does another search for its literals; where these repeat, the reverse searches that
            // begin at them fall back to engines that are twenty times as slow.
            .auto_prefilter(false)
            .onepass(captures)
            .nfa_size_limit(Some(self.limits.program_bytes));
        meta::Builder::new()
            .configure(config)
            .build_from_hir(&lowered.hir)
            .ok()
    }
}
