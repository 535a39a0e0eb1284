//! Rules of a swatch configuration, one for each regular expression of a filter.

use crate::{
    date::Dates,
    filter::{Expression, Filter},
    hole, python,
    skiplines::{self, Parts},
    tags::{self, Expanded},
};

/// A generated rule.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub(crate) origin: String,
    /// The condition of the `watchfor`.
    pub(crate) condition: String,
    /// The value of the rule's `remember` line.
    pub(crate) remember: Option<String>,
    /// The variable that holds the address, if the rule acts.
    pub(crate) host: Option<&'static str>,
}

/// The rules of a filter, in the order of its expressions. `date` and `start` are the names of
/// the variables that hold the patterns of the date.
pub(crate) fn rules(filter: &Filter, dates: &Dates, date: &str, start: &str) -> Vec<Rule> {
    let context = Context {
        prefix: filter.prefix.as_ref().map(|prefix| prefix.text.as_str()),
        several_lines: filter.max_lines > 1,
        dates,
        date,
        start,
    };
    let ignored: String = filter
        .ignored
        .iter()
        .map(|ignored| context.pattern(&ignored.text, false).text)
        // A failed match leaves the groups of the match before it.
        .map(|pattern| format!(" and not /{pattern}/"))
        .collect();
    let mut rules = Vec::new();
    for failure in &filter.failures {
        match skiplines::split(&failure.text) {
            Some(parts) => rules.extend(two_lines(&context, failure, &parts, &ignored)),
            None => rules.extend(one_line(&context, failure, &ignored)),
        }
    }
    rules
}

/// Two lines, with others between them, that make one failure.
fn two_lines(
    context: &Context<'_>,
    failure: &Expression,
    parts: &Parts,
    ignored: &str,
) -> [Rule; 2] {
    let [first, second] = [&parts.first, &parts.second].map(|part| context.pattern(part, true));
    let groups: Vec<String> = parts
        .keys
        .iter()
        .map(|name| format!("$+{{{name}}}"))
        .collect();
    let key = format!("{} {}", failure.origin, groups.join(" "));
    let host = if first.host { ",host=$+{host}" } else { "" };
    [
        Rule {
            origin: format!("{} (first line)", failure.origin),
            condition: format!("/{}/{ignored}", first.text),
            remember: Some(format!("{key},first=1{host}")),
            host: None,
        },
        Rule {
            origin: format!("{} (last line)", failure.origin),
            condition: format!("/{}/{ignored}", second.text),
            remember: Some(format!("{key},need=first,forget=first")),
            host: Some(if second.host { HERE } else { RECALLED }),
        },
    ]
}

const HERE: &str = "$+{host}";
const RECALLED: &str = "$recall{host}";

fn one_line(context: &Context<'_>, failure: &Expression, ignored: &str) -> Vec<Rule> {
    let pattern = context.pattern(&failure.text, true);
    let has = |tag: &str| failure.text.contains(tag);
    let condition = format!("/{}/{ignored}", pattern.text);
    let rule = |condition: &str, remember: Option<String>, host| Rule {
        origin: failure.origin.clone(),
        condition: condition.to_owned(),
        remember,
        host,
    };
    let harmless = has("<F-NOFAIL>") || has("<F-MLFGAINED>");
    if !pattern.text.contains("(?<mlfid>") {
        let host = (pattern.host && !harmless).then_some(HERE);
        return vec![rule(&condition, None, host)];
    }
    let end = if has("<F-MLFFORGET>") { ",end=on" } else { "" };
    let remember = |values: &str| Some(format!("$+{{mlfid}},{values}{end}"));
    let failed = match pattern.host {
        true => ("host=$+{host},forget=failed", HERE),
        // `failed` stands for a failure whose address is not known yet.
        false => ("failed=1,need=host,forget=failed", RECALLED),
    };
    let failed = |condition: &str| rule(condition, remember(failed.0), Some(failed.1));
    if !harmless {
        return vec![failed(&condition)];
    }
    let peaceful = if has("<F-MLFGAINED>") || !pattern.host {
        let forget = Some(format!("$+{{mlfid}}{end}"));
        rule(&condition, forget.filter(|_| !end.is_empty()), None)
    } else {
        let values = "host=$+{host},need=failed,forget=failed";
        rule(&condition, remember(values), Some(HERE))
    };
    if sometimes_harmless(&failure.text) {
        // The group takes part only where the line is no failure.
        let condition = format!("{condition} and $+{{nofail}} eq ''");
        return vec![failed(&condition), peaceful];
    }
    vec![peaceful]
}

/// `<F-NOFAIL>` is one alternative of several.
fn sometimes_harmless(expression: &str) -> bool {
    let after = expression.split_once("</F-NOFAIL>").map(|(_, after)| after);
    after.is_some_and(|after| after.starts_with(['|', '?']) || after.starts_with(")?"))
}

struct Context<'a> {
    prefix: Option<&'a str>,
    several_lines: bool,
    dates: &'a Dates,
    date: &'a str,
    start: &'a str,
}

impl Context<'_> {
    /// The Perl pattern of an expression on the whole line.
    fn pattern(&self, expression: &str, capture: bool) -> Expanded {
        let expression = match self.several_lines {
            true => last_line(expression),
            false => expression,
        };
        let Some(prefix) = self.prefix else {
            let content = tags::expand(expression, expression, capture);
            return Expanded {
                text: self.allow_for_date(&python::to_perl(&content.text)),
                ..content
            };
        };
        let all = format!("{prefix}{expression}");
        let (before, rest) = prefix.split_once("<F-CONTENT>").unwrap_or((prefix, ""));
        let (inner, after) = rest.split_once("</F-CONTENT>").unwrap_or((rest, ""));
        let content = tags::expand(expression, &all, capture);
        // The expression's own address wins over that of the prefix.
        let before = tags::expand(before, &all, capture && !content.host);
        let look = [inner, after].map(|text| tags::expand(text, &all, false).text);
        let start = self.allow_for_date(&python::to_perl(&before.text));
        let look = python::to_perl(&look.concat());
        let text = after_start(&python::to_perl(&content.text));
        Expanded {
            // fail2ban matches the prefix once: what it took is not given back for the content.
            text: format!("(?>{start}(?={look}))(?:{text})"),
            host: content.host || before.host,
        }
    }

    fn allow_for_date(&self, pattern: &str) -> String {
        hole::allow_for_date(pattern, self.dates, self.date, self.start)
    }
}

/// An expression over two lines says it all in the last one, as far as fail2ban's own filters go.
fn last_line(expression: &str) -> &str {
    match expression.rsplit_once(r"\n") {
        Some((before, last)) if !before.ends_with(['^', '[']) && expression.starts_with('^') => {
            last
        }
        _ => expression,
    }
}

/// A pattern that is matched from where the prefix ended.
fn after_start(pattern: &str) -> String {
    for opening in ["", "(?:", "(?i)", "("] {
        let rest = pattern
            .strip_prefix(opening)
            .and_then(|rest| rest.strip_prefix('^'));
        if let Some(rest) = rest {
            return format!("{opening}{rest}");
        }
    }
    format!(".*?(?:{pattern})")
}
