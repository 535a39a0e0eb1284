//! Keys and seconds that a throttle takes from a message.

use perl_pattern::Captures;

use super::stamp;
use crate::patterns::Patterns;
use crate::program::ThrottlePlan;

/// The message without its time stamp and what `extra_cuts=` names.
pub(crate) fn default_key(
    patterns: &Patterns,
    plan: &ThrottlePlan,
    text: &[u8],
    wall: i64,
) -> Vec<u8> {
    let cut = match plan.time_regex {
        Some(pattern) => patterns.matchers[pattern].find(text),
        None => stamp::find(text, wall).map(|s| 0..s.end),
    };
    let mut key = match cut {
        Some(cut) => [&text[..cut.start], &text[cut.end..]].concat(),
        None => text.to_vec(),
    };
    for &pattern in &plan.cuts {
        let matcher = &patterns.matchers[pattern];
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
pub(crate) fn second_of(
    patterns: &Patterns,
    plan: &ThrottlePlan,
    text: &[u8],
    wall: i64,
) -> Option<i64> {
    match plan.time_regex {
        Some(pattern) => {
            let matcher = &patterns.matchers[pattern];
            let mut captures = Captures::new();
            if !matcher.captures_into(text, &mut captures).is_match() {
                return None;
            }
            let mut stamp = text[captures.get(1).or(captures.get(0))?].to_vec();
            stamp.push(b' ');
            stamp::find(&stamp, wall)?.seconds
        }
        None => stamp::find(text, wall)?.seconds,
    }
}
