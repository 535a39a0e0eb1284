//! Decides what happens to a record: which rules match it, and what they do.

use swatch_config::ast::{RuleKind, When};

use crate::effect::{ClockReading, Effect};
use crate::env::Env;
use crate::match_context::MatchContext;
use crate::observer::{AfterRule, Observer, Unwatched};
use crate::prefilter::{Hit, Prefilter};
use crate::program::{Program, RememberPlan, Rule, ThresholdPlan};
use crate::rate_limit::key::{default_key, second_of};
use crate::rate_limit::threshold::threshold;
use crate::rate_limit::throttle::throttle;
use crate::render;
use crate::state::State;

/// Decides one record (without its newline) and appends the resulting effects, in order.
///
/// After an [`Effect::Quit`] no further record may be decided.
pub fn decide(
    program: &Program,
    state: &mut State,
    record: &[u8],
    now: &ClockReading,
    out: &mut Vec<Effect>,
) {
    let context = MatchContext::new(record, &program.patterns, program.pid);
    let rules = 0..program.rules.len();
    Decision::new(program, state, now, &mut Unwatched).run(context, rules, out);
}

/// Decides a record that a prefilter has found. The effects are those of [`decide`], but only the
/// rules that can match are tried, and no pattern is searched for twice. `record` is the text at
/// [`Hit::range`].
pub fn decide_hit(
    program: &Program,
    prefilter: &Prefilter,
    hit: &Hit<'_>,
    state: &mut State,
    record: &[u8],
    now: &ClockReading,
    out: &mut Vec<Effect>,
) {
    let context =
        MatchContext::new(record, &program.patterns, program.pid).with_known(prefilter.known(hit));
    let mut numbers = std::mem::take(&mut state.candidates);
    prefilter.rules_for(hit, &mut numbers);
    let rules = numbers.iter().map(|&rule| rule as usize);
    Decision::new(program, state, now, &mut Unwatched).run(context, rules, out);
    state.candidates = numbers;
}

/// Decisions about one record.
pub(crate) struct Decision<'d, O> {
    pub(crate) program: &'d Program,
    pub(crate) state: &'d mut State,
    pub(crate) now: &'d ClockReading,
    pub(crate) observer: &'d mut O,
}

impl<'d, O: Observer> Decision<'d, O> {
    pub(crate) fn new(
        program: &'d Program,
        state: &'d mut State,
        now: &'d ClockReading,
        observer: &'d mut O,
    ) -> Self {
        Self {
            program,
            state,
            now,
            observer,
        }
    }

    /// Tries the rules with these numbers, in order.
    pub(crate) fn run(
        &mut self,
        mut context: MatchContext<'_>,
        rules: impl Iterator<Item = usize>,
        out: &mut Vec<Effect>,
    ) {
        for number in rules {
            let rule = &self.program.rules[number];
            context.next_rule();
            let holds = rule.condition.holds(&mut context);
            let after = holds.then(|| self.matched(number, rule, &mut context, out));
            if context.gave_up > 0 {
                let times = std::mem::take(&mut context.gave_up);
                self.state.count_gave_up(number, times);
            }
            match after {
                None | Some(AfterRule::Continue) => {}
                Some(AfterRule::Stop) => return,
                Some(AfterRule::Quit) => {
                    out.push(Effect::Quit);
                    return;
                }
            }
        }
    }

    fn matched(
        &mut self,
        number: usize,
        rule: &Rule,
        context: &mut MatchContext<'_>,
        out: &mut Vec<Effect>,
    ) -> AfterRule {
        if O::ACTIVE {
            self.observer.matched(number, context);
        }
        self.state.counters[number].matched += 1;
        let after = self.act(number, rule, context, out);
        self.observer.ended(after);
        after
    }

    fn act(
        &mut self,
        number: usize,
        rule: &Rule,
        context: &mut MatchContext<'_>,
        out: &mut Vec<Effect>,
    ) -> AfterRule {
        if rule.kind == RuleKind::Ignore {
            return AfterRule::Stop;
        }
        let record = context.record;
        match self.gate(rule, record, context) {
            Gate::Held => self.state.counters[number].held += 1,
            Gate::Open(message) => {
                self.state.counters[number].acted += 1;
                let message = message.as_deref().unwrap_or(record);
                for action in 0..rule.steps.len() {
                    if let Some(effect) = self.step(rule, action, message, context) {
                        self.observer.effect(&effect);
                        out.push(effect);
                    }
                }
            }
        }
        after_rule(rule, self.now)
    }

    /// Consults the threshold and then the throttle of a rule that has matched.
    pub(crate) fn gate(&mut self, rule: &Rule, record: &[u8], env: &mut impl Env) -> Gate {
        if let Some(plan) = &rule.remember
            && !self.knows(plan, env)
        {
            return Gate::Held;
        }
        if let Some(plan) = &rule.threshold
            && !self.passes(plan, None, env)
        {
            return Gate::Held;
        }
        let Some(plan) = &rule.throttle else {
            return Gate::Open(None);
        };
        let patterns = &self.program.patterns;
        let message = plan.message.as_ref().map(|m| m.render(env));
        let text = message.as_deref().unwrap_or(record);
        let key = match &plan.key {
            Some(key) => key.render(env),
            None => default_key(patterns, plan, text),
        };
        let second = match plan.time_from_record {
            // Time stamps count from the epoch, so their substitute must, too.
            true => second_of(patterns, plan, text, self.now.wall).unwrap_or(self.now.wall),
            false => self.now.seconds,
        };
        let hashed = self.state.keys.key(&key);
        let table = &mut self.state.throttles[plan.table];
        let verdict = throttle(table, hashed, plan.rate, second);
        self.observer.throttle(&key, verdict);
        if verdict.is_held() {
            return Gate::Held;
        }
        let suffix = verdict.suffix();
        if suffix.is_empty() {
            return Gate::Open(message);
        }
        let mut text = text.strip_suffix(b"\n").unwrap_or(text).to_vec();
        text.extend_from_slice(suffix.as_bytes());
        Gate::Open(Some(text))
    }

    /// Stores the values of a record and recalls those of its key. False: the rule waits for
    /// others.
    fn knows(&mut self, plan: &RememberPlan, env: &mut impl Env) -> bool {
        let key = plan.key.render(env);
        let values = plan.values.iter().map(|(_, value)| value.render(env));
        let values = values.collect();
        let hashed = self.state.keys.key(&key);
        let recalled = self
            .state
            .memory
            .record(hashed, plan, values, self.now.seconds);
        self.observer.remember(&key, recalled.is_some());
        let complete = recalled.is_some();
        env.recall(recalled.unwrap_or_default());
        complete
    }

    /// The effect of one action, unless its window or its threshold suppresses it.
    pub(crate) fn step(
        &mut self,
        rule: &Rule,
        action: usize,
        message: &[u8],
        env: &mut impl Env,
    ) -> Option<Effect> {
        if !self.may_act(rule, action, env) {
            return None;
        }
        render::effect(&rule.steps[action], message, &mut self.state.spare, env)
    }

    /// True if the window and the threshold of an action let it act.
    pub(crate) fn may_act(&mut self, rule: &Rule, action: usize, env: &mut impl Env) -> bool {
        let step = &rule.steps[action];
        if step.when.is_some_and(|when| !inside(when, self.now)) {
            self.observer.outside_window(action);
            return false;
        }
        match &step.threshold {
            Some(plan) => self.passes(plan, Some(action), env),
            None => true,
        }
    }

    fn passes(&mut self, plan: &ThresholdPlan, action: Option<usize>, env: &mut impl Env) -> bool {
        let key = plan.track_by.render(env);
        let hashed = self.state.keys.key(&key);
        let table = &mut self.state.thresholds[plan.table];
        let counted = threshold(table, hashed, plan.window, self.now.seconds);
        self.observer.threshold(action, &key, counted);
        counted.passes
    }
}

/// The verdict of a rule's threshold and throttle.
pub(crate) enum Gate {
    /// The block is suppressed.
    Held,
    /// The block acts: on this message, or on the record unchanged.
    Open(Option<Vec<u8>>),
}

/// The consequence of a rule that has matched, whether it was suppressed or not.
pub(crate) fn after_rule(rule: &Rule, now: &ClockReading) -> AfterRule {
    if rule.quit.is_some_and(|when| inside(when, now)) {
        AfterRule::Quit
    } else if rule.go_on.is_some_and(|when| inside(when, now)) {
        AfterRule::Continue
    } else {
        AfterRule::Stop
    }
}

fn inside(when: When, now: &ClockReading) -> bool {
    when.days & (1 << now.weekday.min(7)) != 0 && when.hours & (1 << now.hour.min(31)) != 0
}
