//! Observers of decisions.

use crate::effect::Effect;
use crate::match_context::MatchContext;
use crate::rate_limit::threshold::Counted;
use crate::rate_limit::throttle::Throttled;

/// Observes decisions. The default does nothing and costs nothing.
pub(crate) trait Observer {
    /// True if it is interested: captures are then computed for it.
    const ACTIVE: bool;
    fn matched(&mut self, _rule: usize, _scene: &mut MatchContext<'_>) {}
    /// As `matched`, if another engine made the match.
    fn matched_elsewhere(&mut self, _rule: usize, _captured: CapturedGroups) {}
    fn remember(&mut self, _key: &[u8], _complete: bool) {}
    fn threshold(&mut self, _action: Option<usize>, _key: &[u8], _counted: Counted) {}
    fn throttle(&mut self, _key: &[u8], _throttled: Throttled) {}
    fn outside_window(&mut self, _action: usize) {}
    fn effect(&mut self, _effect: &Effect) {}
    fn ended(&mut self, _end: AfterRule) {}
}

/// The consequence of a rule that matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterRule {
    /// No later rule sees the record.
    Stop,
    /// `continue`: later rules see it too.
    Continue,
    /// `quit`.
    Quit,
}

/// An observer that ignores everything.
pub(crate) struct Unwatched;

impl Observer for Unwatched {
    const ACTIVE: bool = false;
}

/// A group of a match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capture {
    /// Its name, if it has one.
    pub name: Option<Vec<u8>>,
    /// Its text, if it participated.
    pub text: Option<Vec<u8>>,
}

/// Groups by number, and by name if its number is unknown.
pub(crate) type CapturedGroups = (Vec<Capture>, Vec<(Vec<u8>, Option<Vec<u8>>)>);
