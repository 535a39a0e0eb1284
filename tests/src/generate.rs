//! Random configurations and logs for the comparison with the original.
//!
//! Only what the original gets right is generated: anything that a case of the conformance suite
//! calls a bug is left out, and each place where that shapes the grammar says so.

mod action;
mod condition;
mod line;

use action::Actions;
use condition::Condition;
use proptest::collection::vec;
use proptest::prelude::*;

/// The first line of every log; the first rule echoes it. If it is missing from the output, the
/// configuration was not loaded.
pub const SENTINEL: &str = "sentinel";

/// A configuration and a log.
#[derive(Debug, Clone)]
pub struct Sample {
    /// The rules.
    pub rules: Vec<Rule>,
    /// The lines.
    pub lines: Vec<String>,
}

/// One `watchfor` or `ignore`.
#[derive(Debug, Clone)]
pub struct Rule {
    ignore: bool,
    /// `keyword = value` instead of `keyword value`.
    equals: bool,
    condition: Condition,
    actions: Actions,
}

impl Sample {
    /// The configuration as text.
    pub fn conf(&self) -> String {
        let mut out = format!("watchfor /^{SENTINEL}$/\n\techo normal\n");
        out.push_str("perlcode 0 my $word = 'err(\\w+)';\n");
        for (n, rule) in self.rules.iter().enumerate() {
            let keyword = if rule.ignore { "ignore" } else { "watchfor" };
            let between = if rule.equals { " = " } else { " " };
            out.push_str(&format!("{keyword}{between}{}\n", rule.condition.text()));
            if !rule.ignore {
                out.push_str(&rule.actions.text(n, rule.condition.captures()));
            }
        }
        // A Perl line must not be the last one (the original loses a brace), and the
        // configuration must not end without a rule after it.
        out.push_str("watchfor /^last resort$/\n\techo normal\n");
        out
    }

    /// The log as text.
    pub fn log(&self) -> String {
        let mut out = format!("{SENTINEL}\n");
        for line in &self.lines {
            out.push_str(line);
            out.push('\n');
        }
        out
    }
}

/// Any sample.
pub fn sample() -> impl Strategy<Value = Sample> {
    (vec(rule(), 2..8), vec(line::line(), 8..24)).prop_map(|(rules, lines)| Sample { rules, lines })
}

fn rule() -> impl Strategy<Value = Rule> {
    let ignore = prop::bool::weighted(0.12);
    let equals = prop::bool::weighted(0.3);
    (ignore, equals, condition::condition(), action::actions()).prop_map(
        |(ignore, equals, condition, actions)| Rule {
            ignore,
            equals,
            condition,
            actions,
        },
    )
}
