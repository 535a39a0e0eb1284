//! The groups of a match.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use regex_automata::util::primitives::NonMaxUsize;

/// Groups by name, each name with its groups in order.
pub(crate) type Names = BTreeMap<Vec<u8>, Vec<u32>>;

/// The groups of the last match, as byte ranges of the searched text. Create it once and reuse it
/// with [`Matcher::captures_into`](crate::Matcher::captures_into).
#[derive(Debug, Clone, Default)]
pub struct Captures {
    pub(super) groups: Vec<Option<Range<usize>>>,
    pub(super) names: Option<Arc<Names>>,
    /// Scratch space for the engine.
    pub(super) slots: Vec<Option<NonMaxUsize>>,
}

impl Captures {
    /// Empty captures.
    #[must_use]
    pub fn new() -> Captures {
        Captures::default()
    }

    /// Forgets the match.
    pub fn clear(&mut self) {
        self.groups.clear();
    }

    /// The number of groups, including the whole match (group 0); 0 if there was no match.
    #[must_use]
    pub fn len(&self) -> usize {
        self.groups.len()
    }

    /// True if there is no match.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// The span of group `index`; 0 is the whole match (`$&`). `None` if it did not participate
    /// (Perl's `$1` is then undefined) or does not exist.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<Range<usize>> {
        self.groups.get(index).cloned().flatten()
    }

    /// `$+{name}`: the first group with that name that participated.
    #[must_use]
    pub fn named(&self, name: &[u8]) -> Option<Range<usize>> {
        let groups = self.names.as_ref()?.get(name)?;
        groups.iter().find_map(|&group| self.get(group as usize))
    }

    /// `$+`: the last group that participated.
    #[must_use]
    pub fn last_group(&self) -> Option<Range<usize>> {
        self.groups.iter().skip(1).rev().find_map(Clone::clone)
    }
}

/// Resets a group if its mark comes after it.
pub(crate) fn forget(group: &mut Option<Range<usize>>, mark: Option<Range<usize>>) {
    if let (Some(taken), Some(mark)) = (&*group, mark)
        && mark.start >= taken.end
    {
        *group = None;
    }
}
