//! Patterns that are sequences of literals, runs of a class, gaps (`.*`) and alternatives, matched
//! without an automaton.
//!
//! Most rules of a log watcher look like this: `sshd.*Failed password`, `id=\d+ (?:lost|late)`. A
//! lazy automaton has to be built for each of them and reads every byte of a line; here a gap is
//! crossed by a SIMD search for the literal after it, and everything else is compared in place.
//! Alternatives are tried by backtracking, under a budget that is linear in the length of the text.
//! A search that exceeds it is left to the automaton, so no text takes more than linear time.
//!
//! Only the existence of a match is decided, for which greediness does not matter.

mod build;
mod needle;
#[cfg(test)]
mod tests;

use crate::ast::Node;
use crate::byte_set::ByteSet;
use needle::{Needle, Text};

/// The most gaps of a sequence.
const MOST_GAPS: usize = 16;

/// The program of a pattern, for texts without a newline.
#[derive(Debug)]
pub(crate) struct Sequence(Box<[Op]>);

#[derive(Debug)]
enum Op {
    /// The text is here.
    Text(Text),
    /// The text occurs here or later.
    Gap(Gap),
    /// Bytes of a set.
    Run {
        set: ByteSet,
        min: usize,
        max: usize,
        length: Length,
    },
    /// The next operation, or else that one.
    Split(usize),
    Jump(usize),
    /// At the front of the text.
    Front,
    /// At the end of the text.
    End,
    /// Go to the end of the text.
    ToEnd,
    /// At a boundary of a word, or not at one if true.
    Word(bool),
    Match,
}

#[derive(Debug)]
struct Gap {
    /// The number of the gap.
    slot: u8,
    /// A later occurrence may do if the first one does not.
    retry: bool,
    needle: Needle,
}

/// The lengths of a run that must be tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Length {
    /// The next part cannot begin within the run.
    Longest,
    /// The next part can begin anywhere.
    Shortest,
    Any,
}

/// Another way to go on.
#[derive(Debug, Clone, Copy)]
enum Retry {
    At(usize, usize),
    /// The gap `op`, from a place on.
    Gap(usize, usize),
    /// After a run that ends between these places.
    Run(usize, usize, usize),
}

impl Sequence {
    /// `None`: the pattern is of another kind. The pattern must be one whose linear translation is
    /// exact.
    pub(crate) fn of(node: &Node) -> Option<Sequence> {
        build::build(node).map(|ops| Sequence(ops.into_boxed_slice()))
    }

    /// True if the pattern matches somewhere in the text, which must hold no newline. `None`: the
    /// search takes too long.
    pub(crate) fn is_match(&self, text: &[u8]) -> Option<bool> {
        let mut budget = 256 + 2 * text.len();
        let mut retries = Retries::new();
        // A gap that was crossed from a place on need not be crossed from a later one.
        let mut crossed = [usize::MAX; MOST_GAPS];
        let (mut op, mut at) = (0, 0);
        loop {
            budget = budget.checked_sub(1)?;
            let next = match &self.0[op] {
                Op::Match => return Some(true),
                Op::Text(literal) => literal
                    .is_at(text, at)
                    .then(|| (op + 1, at + literal.bytes.len())),
                Op::Gap(gap) => {
                    let crossed = &mut crossed[usize::from(gap.slot)];
                    if at < *crossed {
                        *crossed = at;
                        cross(op, gap, text, at, &mut retries, &mut budget)?
                    } else {
                        None
                    }
                }
                Op::Run {
                    set,
                    min,
                    max,
                    length,
                } => {
                    let rest = text.get(at..).unwrap_or_default();
                    let most = match length {
                        Length::Shortest => *min,
                        _ => *max,
                    };
                    let run = rest.iter().take(most);
                    let count = run.take_while(|byte| set.contains(**byte)).count();
                    budget = budget.checked_sub(count / 4)?;
                    if count >= *min && count > *min && *length == Length::Any {
                        retries.push(Retry::Run(op + 1, at + min, at + count - 1));
                    }
                    (count >= *min).then_some((op + 1, at + count))
                }
                Op::Split(other) => {
                    retries.push(Retry::At(*other, at));
                    Some((op + 1, at))
                }
                Op::Jump(target) => Some((*target, at)),
                Op::Front => (at == 0).then_some((op + 1, at)),
                Op::End => (at == text.len()).then_some((op + 1, at)),
                Op::ToEnd => Some((op + 1, text.len())),
                Op::Word(negated) => (is_boundary(text, at) != *negated).then_some((op + 1, at)),
            };
            (op, at) = match next {
                Some(next) => next,
                None => match self.retry(text, &mut retries, &mut budget)? {
                    Some(next) => next,
                    None => return Some(false),
                },
            };
        }
    }

    /// The next way to go on. The outer option is about the budget.
    fn retry(
        &self,
        text: &[u8],
        retries: &mut Retries,
        budget: &mut usize,
    ) -> Option<Option<(usize, usize)>> {
        while let Some(retry) = retries.pop() {
            match retry {
                Retry::At(op, at) => return Some(Some((op, at))),
                Retry::Run(op, first, last) => {
                    if first < last {
                        retries.push(Retry::Run(op, first, last - 1));
                    }
                    return Some(Some((op, last)));
                }
                Retry::Gap(op, from) => {
                    if let Op::Gap(gap) = &self.0[op]
                        && let Some(next) = cross(op, gap, text, from, retries, budget)?
                    {
                        return Some(Some(next));
                    }
                }
            }
        }
        Some(None)
    }
}

/// Crosses a gap to the next occurrence of the literal after it.
fn cross(
    op: usize,
    gap: &Gap,
    text: &[u8],
    from: usize,
    retries: &mut Retries,
    budget: &mut usize,
) -> Option<Option<(usize, usize)>> {
    let Some(start) = gap.needle.find(text, from) else {
        *budget = budget.checked_sub(text.len().saturating_sub(from) / 8)?;
        return Some(None);
    };
    *budget = budget.checked_sub(1 + (start - from) / 8)?;
    if gap.retry {
        retries.push(Retry::Gap(op, start + 1));
    }
    Some(Some((op + 1, start + gap.needle.len())))
}

/// A stack that needs no allocation for most patterns.
struct Retries {
    first: [Retry; 4],
    used: usize,
    more: Vec<Retry>,
}

impl Retries {
    fn new() -> Retries {
        Retries {
            first: [Retry::At(0, 0); 4],
            used: 0,
            more: Vec::new(),
        }
    }

    fn push(&mut self, retry: Retry) {
        match self.first.get_mut(self.used) {
            Some(place) => {
                *place = retry;
                self.used += 1;
            }
            None => self.more.push(retry),
        }
    }

    fn pop(&mut self) -> Option<Retry> {
        self.more.pop().or_else(|| {
            self.used = self.used.checked_sub(1)?;
            Some(self.first[self.used])
        })
    }
}

fn is_boundary(text: &[u8], at: usize) -> bool {
    let is_word = |byte: Option<&u8>| byte.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
    is_word(at.checked_sub(1).and_then(|before| text.get(before))) != is_word(text.get(at))
}
