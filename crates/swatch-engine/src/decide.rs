//! One record: which rules match, and what they do.

use swatch_config::ast::{RuleKind, When};

use crate::effect::{Effect, Moment};
use crate::explain::Captured;
use crate::lookup::{Lookup, Scene};
use crate::program::{Program, Rule, ThresholdPlan, ThrottlePlan};
use crate::search::{Hit, Search};
use crate::state::State;
use crate::state::threshold::{Counted, threshold};
use crate::state::throttle::{Throttled, throttle};
use crate::{perform, stamp};
use perl_pattern::Captures;

/// Watches a decision being taken. The default does nothing and costs nothing.
pub(crate) trait Observer {
    /// Whether anybody watches: captures are computed for it.
    const ACTIVE: bool;
    fn matched(&mut self, _rule: usize, _scene: &mut Scene<'_>) {}
    /// As `matched`, where another engine has seen the match.
    fn matched_elsewhere(&mut self, _rule: usize, _captured: Captured) {}
    fn threshold(&mut self, _action: Option<usize>, _key: &[u8], _counted: Counted) {}
    fn throttle(&mut self, _key: &[u8], _throttled: Throttled) {}
    fn outside_window(&mut self, _action: usize) {}
    fn effect(&mut self, _effect: &Effect) {}
    fn ended(&mut self, _end: End) {}
}

/// How a rule that matched ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// No later rule sees the record.
    Stop,
    /// `continue`.
    GoOn,
    /// `quit`.
    Quit,
}

/// Nobody watches.
pub(crate) struct Unwatched;

impl Observer for Unwatched {
    const ACTIVE: bool = false;
}

impl Program {
    /// Decides one record (without its newline) and appends what is to be done, in order.
    ///
    /// After an [`Effect::Quit`] nothing more is to be decided.
    pub fn decide(&self, state: &mut State, record: &[u8], now: &Moment, out: &mut Vec<Effect>) {
        self.decide_watched(state, record, now, out, &mut Unwatched);
    }

    pub(crate) fn decide_watched<O: Observer>(
        &self,
        state: &mut State,
        record: &[u8],
        now: &Moment,
        out: &mut Vec<Effect>,
        observer: &mut O,
    ) {
        let scene = Scene::new(record, &self.patterns, self.pid);
        self.decide_rules(scene, 0..self.rules.len(), state, now, out, observer);
    }

    /// Decides a record that a search has found: as [`decide`](Program::decide) does, but only the
    /// rules are tried that can match, and no pattern is searched for twice. `record` is what
    /// [`Hit::range`] names.
    pub fn decide_hit(
        &self,
        search: &Search,
        hit: &Hit<'_>,
        state: &mut State,
        record: &[u8],
        now: &Moment,
        out: &mut Vec<Effect>,
    ) {
        let scene = Scene::new(record, &self.patterns, self.pid).with_known(search.known(hit));
        let rules = search.rules_for(hit);
        let rules = rules.into_iter().map(|rule| rule as usize);
        self.decide_rules(scene, rules, state, now, out, &mut Unwatched);
    }

    fn decide_rules<O: Observer>(
        &self,
        mut scene: Scene<'_>,
        rules: impl Iterator<Item = usize>,
        state: &mut State,
        now: &Moment,
        out: &mut Vec<Effect>,
        observer: &mut O,
    ) {
        for number in rules {
            let rule = &self.rules[number];
            scene.next_rule();
            let holds = rule.condition.holds(&mut scene);
            let mut end = None;
            if holds {
                let this = self.matched(number, rule, &mut scene, state, now, out, observer);
                observer.ended(this);
                end = Some(this);
            }
            if scene.gave_up > 0 {
                state.count_gave_up(number, std::mem::take(&mut scene.gave_up));
            }
            match end {
                None | Some(End::GoOn) => {}
                Some(End::Stop) => return,
                Some(End::Quit) => {
                    out.push(Effect::Quit);
                    return;
                }
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one decision")]
    fn matched<O: Observer>(
        &self,
        number: usize,
        rule: &Rule,
        scene: &mut Scene<'_>,
        state: &mut State,
        now: &Moment,
        out: &mut Vec<Effect>,
        observer: &mut O,
    ) -> End {
        if O::ACTIVE {
            observer.matched(number, scene);
        }
        state.counters[number].matched += 1;
        if rule.kind == RuleKind::Ignore {
            return End::Stop;
        }
        let record = scene.record;
        match gate(self, rule, record, scene, state, now, observer) {
            Some(message) => {
                state.counters[number].acted += 1;
                for action in 0..rule.steps.len() {
                    let message = message.as_deref().unwrap_or(record);
                    let effect = step(rule, action, message, scene, state, now, observer);
                    if let Some(effect) = effect {
                        observer.effect(&effect);
                        out.push(effect);
                    }
                }
            }
            None => state.counters[number].held += 1,
        }
        end_of(rule, now)
    }
}

/// What follows a block, whether it was suppressed or not.
pub(crate) fn end_of(rule: &Rule, now: &Moment) -> End {
    if rule.quit.is_some_and(|when| inside(when, now)) {
        End::Quit
    } else if rule.go_on.is_some_and(|when| inside(when, now)) {
        End::GoOn
    } else {
        End::Stop
    }
}

/// Asks the threshold and then the throttle of a rule. None: the block is suppressed. Else the
/// message, `None` for the record unchanged.
#[expect(
    clippy::option_option,
    reason = "suppressed, or a message that is new or not"
)]
pub(crate) fn gate<O: Observer>(
    program: &Program,
    rule: &Rule,
    record: &[u8],
    lookup: &mut impl Lookup,
    state: &mut State,
    now: &Moment,
    observer: &mut O,
) -> Option<Option<Vec<u8>>> {
    if let Some(plan) = &rule.threshold
        && !passes(plan, None, lookup, state, now, observer)
    {
        return None;
    }
    let Some(plan) = &rule.throttle else {
        return Some(None);
    };
    let mut message = plan.message.as_ref().map(|m| m.render(lookup));
    let text = message.as_deref().unwrap_or(record);
    let key = match &plan.key {
        Some(key) => key.render(lookup),
        None => default_key(program, plan, text, now),
    };
    let second = match plan.time_from_record {
        // Stamps count from the epoch, so the clock that stands in for one does, too.
        true => second_of(program, plan, text, now).unwrap_or(now.wall),
        false => now.seconds,
    };
    let hashed = state.keys.key(&key);
    let verdict = throttle(&mut state.throttles[plan.table], hashed, plan.rate, second);
    observer.throttle(&key, verdict);
    if verdict.is_held() {
        return None;
    }
    let suffix = verdict.suffix();
    if !suffix.is_empty() {
        let mut text = text.strip_suffix(b"\n").unwrap_or(text).to_vec();
        text.extend_from_slice(suffix.as_bytes());
        message = Some(text);
    }
    Some(message)
}

/// One action: its effect, unless its window or its threshold is against it.
pub(crate) fn step<O: Observer>(
    rule: &Rule,
    action: usize,
    message: &[u8],
    lookup: &mut impl Lookup,
    state: &mut State,
    now: &Moment,
    observer: &mut O,
) -> Option<Effect> {
    may_act(rule, action, lookup, state, now, observer)
        .then(|| perform::effect(&rule.steps[action], message, lookup))
        .flatten()
}

/// Whether the window and the threshold of an action are for it.
pub(crate) fn may_act<O: Observer>(
    rule: &Rule,
    action: usize,
    lookup: &mut impl Lookup,
    state: &mut State,
    now: &Moment,
    observer: &mut O,
) -> bool {
    let step = &rule.steps[action];
    if step.when.is_some_and(|when| !inside(when, now)) {
        observer.outside_window(action);
        return false;
    }
    match &step.threshold {
        Some(plan) => passes(plan, Some(action), lookup, state, now, observer),
        None => true,
    }
}

fn passes<O: Observer>(
    plan: &ThresholdPlan,
    action: Option<usize>,
    lookup: &mut impl Lookup,
    state: &mut State,
    now: &Moment,
    observer: &mut O,
) -> bool {
    let key = plan.track_by.render(lookup);
    let hashed = state.keys.key(&key);
    let table = &mut state.thresholds[plan.table];
    let counted = threshold(table, hashed, plan.window, now.seconds);
    observer.threshold(action, &key, counted);
    counted.passes
}

fn inside(when: When, now: &Moment) -> bool {
    when.days & (1 << now.weekday.min(7)) != 0 && when.hours & (1 << now.hour.min(31)) != 0
}

/// The message without its time stamp and what `extra_cuts=` names.
fn default_key(program: &Program, plan: &ThrottlePlan, text: &[u8], now: &Moment) -> Vec<u8> {
    let cut = match plan.time_regex {
        Some(pattern) => program.patterns.matchers[pattern].find(text),
        None => stamp::find(text, now.wall).map(|s| 0..s.end),
    };
    let mut key = match cut {
        Some(cut) => [&text[..cut.start], &text[cut.end..]].concat(),
        None => text.to_vec(),
    };
    for &pattern in &plan.cuts {
        let matcher = &program.patterns.matchers[pattern];
        let mut rest = Vec::with_capacity(key.len());
        let mut at = 0;
        // An empty match cuts nothing and moves on by a byte.
        let mut from = 0;
        while from <= key.len() {
            let Some(found) = matcher.find_at(&key, from) else {
                break;
            };
            rest.extend_from_slice(&key[at..found.start]);
            at = found.end;
            from = if found.is_empty() { at + 1 } else { at };
        }
        rest.extend_from_slice(&key[at..]);
        key = rest;
    }
    key
}

/// The second that a message's time stamp names.
fn second_of(program: &Program, plan: &ThrottlePlan, text: &[u8], now: &Moment) -> Option<i64> {
    match plan.time_regex {
        Some(pattern) => {
            let matcher = &program.patterns.matchers[pattern];
            let mut captures = Captures::new();
            if !matcher.captures_into(text, &mut captures).is_match() {
                return None;
            }
            let mut stamp = text[captures.get(1).or(captures.get(0))?].to_vec();
            stamp.push(b' ');
            stamp::find(&stamp, now.wall)?.seconds
        }
        None => stamp::find(text, now.wall)?.seconds,
    }
}
