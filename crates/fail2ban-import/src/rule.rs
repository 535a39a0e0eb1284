//! Rules of a swatch configuration, one for each regular expression of a filter.

use crate::{
    date::Dates,
    filter::{Expression, Filter},
    hole, python,
    skiplines::{self, Parts},
    tags,
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

/// The expression's own address.
const HERE: &str = "$+{host}";
/// The address that the prefix of the filter found.
const IN_PREFIX: &str = "$+{prefixhost}";
/// The address of another line.
const RECALLED: &str = "$recall{host}";

fn one_line(context: &Context<'_>, failure: &Expression, ignored: &str) -> Vec<Rule> {
    let pattern = context.pattern(&failure.text, true);
    let condition = format!("/{}/{ignored}", pattern.text);
    match (pattern.host, pattern.host_in_prefix) {
        (false, false) => meaning(failure, &condition, None),
        (true, false) => meaning(failure, &condition, Some(HERE)),
        (false, true) => meaning(failure, &condition, Some(IN_PREFIX)),
        // The expression's own wins if it took part.
        (true, true) => [HERE, IN_PREFIX]
            .iter()
            .flat_map(|host| {
                meaning(
                    failure,
                    &format!("{condition} and {host} ne ''"),
                    Some(host),
                )
            })
            .collect(),
    }
}

/// The rules of an expression whose address is in the variable `host`.
fn meaning(failure: &Expression, condition: &str, host: Option<&'static str>) -> Vec<Rule> {
    let has = |tag: &str| failure.text.contains(tag);
    let rule = |condition: &str, remember: Option<String>, host| Rule {
        origin: failure.origin.clone(),
        condition: condition.to_owned(),
        remember,
        host,
    };
    let harmless = has("<F-NOFAIL>") || has("<F-MLFGAINED>");
    if !condition.contains("(?<mlfid>") {
        return vec![rule(condition, None, host.filter(|_| !harmless))];
    }
    let end = if has("<F-MLFFORGET>") { ",end=on" } else { "" };
    let remember = |values: &str| Some(format!("$+{{mlfid}},{values}{end}"));
    let failed = |condition: &str| match host {
        Some(host) => {
            let values = format!("host={host},forget=failed");
            rule(condition, remember(&values), Some(host))
        }
        // `failed` stands for a failure whose address is not known yet.
        None => {
            let values = "failed=1,need=host,forget=failed";
            rule(condition, remember(values), Some(RECALLED))
        }
    };
    if !harmless {
        return vec![failed(condition)];
    }
    let peaceful = match host.filter(|_| !has("<F-MLFGAINED>")) {
        Some(host) => {
            let values = format!("host={host},need=failed,forget=failed");
            rule(condition, remember(&values), Some(host))
        }
        None => {
            let forget = Some(format!("$+{{mlfid}}{end}"));
            rule(condition, forget.filter(|_| !end.is_empty()), None)
        }
    };
    if sometimes_harmless(&failure.text) {
        // The group takes part only where the line is not a failure.
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

/// The Perl pattern of an expression on the whole line.
struct Pattern {
    text: String,
    /// It catches an address in the group `host`.
    host: bool,
    /// It catches an address in the group `prefixhost`.
    host_in_prefix: bool,
}

impl Context<'_> {
    fn pattern(&self, expression: &str, capture: bool) -> Pattern {
        let expression = match self.several_lines {
            true => last_line(expression),
            false => expression,
        };
        let group = |name: &'static str| capture.then_some(name);
        let Some(prefix) = self.prefix else {
            let content = tags::expand(expression, expression, group("host"));
            return Pattern {
                text: self.allow_for_date(&python::to_perl(&content.text)),
                host: content.host,
                host_in_prefix: false,
            };
        };
        let all = format!("{prefix}{expression}");
        let (before, rest) = prefix.split_once("<F-CONTENT>").unwrap_or((prefix, ""));
        let (inner, after) = rest.split_once("</F-CONTENT>").unwrap_or((rest, ""));
        let content = tags::expand(expression, &all, group("host"));
        let before = tags::expand(before, &all, group("prefixhost"));
        let inner = tags::expand(inner, &all, None);
        let suffix = tags::expand(after, &all, group("prefixhost").filter(|_| !before.host));
        let start = self.allow_for_date(&python::to_perl(&before.text));
        let look = python::to_perl(&format!("{}{}", inner.text, suffix.text));
        let mut text = after_start(&python::to_perl(&content.text));
        // The content ends where the rest of the prefix begins, not at the end of the line.
        if !matches!(after, "" | "$")
            && let Some(open) = text.strip_suffix('$').filter(|open| !open.ends_with('\\'))
        {
            let rest = python::to_perl(&tags::expand(after, &all, None).text);
            text = format!("{open}(?={rest})");
        }
        Pattern {
            // fail2ban matches the prefix once: what it took is not given back for the content.
            text: format!("(?>{start}(?={look}))(?:{text})"),
            host: content.host,
            host_in_prefix: before.host || suffix.host,
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
