//! The text of a configuration.

use std::fmt::Write as _;

use crate::jail::{Increment, Jail};
use crate::{Imported, ImportedRule, date::Dates, filter::Filter, rule};

/// The longest lock that swatch-action makes, in place of a ban for ever.
const LONGEST: i64 = 3650 * 86_400;

/// The configuration of one filter.
pub(crate) fn filter(filter: &Filter, action: &str) -> Imported {
    let mut text = String::new();
    let suffix: String = filter
        .name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .collect();
    let dates = Dates::new(&filter.dates);
    let _ = writeln!(text, "# Imported from fail2ban's filter {}.", filter.name);
    let _ = writeln!(
        text,
        "perlcode 0 my $date_{suffix} = qr/(?:{})/;",
        dates.date
    );
    let _ = writeln!(
        text,
        "perlcode 0 my $start_{suffix} = qr/(?:{})/;",
        dates.at_start
    );
    let date = format!("${{date_{suffix}}}");
    let start = format!("${{start_{suffix}}}");
    let rules = rule::rules(filter, &dates, &date, &start);
    Imported {
        head: text,
        notes: notes(filter, &rules),
        rules: rules
            .iter()
            .map(|rule| entry(filter, rule, action))
            .collect(),
    }
}

fn entry(filter: &Filter, rule: &rule::Rule, action: &str) -> ImportedRule {
    let mut text = format!("# {}, {}\n", filter.name, rule.origin);
    let acts = rule.remember.is_some() || rule.host.is_some();
    let keyword = if acts { "watchfor" } else { "ignore" };
    let _ = writeln!(text, "{keyword} {}", rule.condition);
    if let Some(values) = &rule.remember {
        let _ = writeln!(text, "    remember {values}");
    }
    if let Some(host) = rule.host {
        let _ = writeln!(text, "    {}", action.replace("{host}", host));
    }
    ImportedRule {
        origin: rule.origin.clone(),
        text,
    }
}

fn notes(filter: &Filter, rules: &[rule::Rule]) -> Vec<String> {
    let mut notes = Vec::new();
    if rules.iter().any(|rule| rule.remember.is_some()) {
        notes.push("lines of one session are joined for ten minutes after the last of them; fail2ban keeps a number of sessions or lines instead".to_owned());
    }
    if filter.dates.len() > 1 {
        notes.push("several datepatterns: the leftmost date of a line is skipped; fail2ban may choose by what it has seen before".to_owned());
    }
    if !filter.dates.iter().any(|date| date == "{NONE}") {
        notes.push(
            "a line without a date counts; fail2ban drops it unless a dated one came before"
                .to_owned(),
        );
    }
    if rules.iter().all(|rule| rule.host.is_none()) {
        notes.push("no rule names an address, so none acts".to_owned());
    }
    notes
}

/// The configuration of one jail. An empty `action` is swatch-action with the jail's limits.
pub(crate) fn jail(jail: &Jail, action: Option<&str>) -> Imported {
    let mut notes = jail.notes.clone();
    let action = match action {
        Some(action) => action.to_owned(),
        None => default_action(jail, &mut notes),
    };
    let mut text = format!("# Imported from fail2ban's jail {}.\n", jail.name);
    if jail.journal {
        match jail.filter.journal.as_slice() {
            [] => notes.push(
                "the filter has no journalmatch: every entry of the journal is read".to_owned(),
            ),
            lines => lines.iter().for_each(|line| {
                let _ = writeln!(text, "# journal {line}");
            }),
        }
    } else {
        for log in &jail.logs {
            let _ = writeln!(text, "# logfile {log}");
        }
        if jail.logs.is_empty() {
            notes.push("the jail has no logpath: name the log with --tail-file".to_owned());
        }
    }
    let imported = filter(&jail.filter, &action);
    notes.extend(imported.notes);
    Imported {
        head: text + &imported.head,
        notes,
        ..imported
    }
}

/// `swatch-action` with the limits of the jail. Each jail counts for itself, as in fail2ban.
fn default_action(jail: &Jail, notes: &mut Vec<String>) -> String {
    let limits = &jail.limits;
    let lock_time = match limits.ban_time {
        time if !(0..=LONGEST).contains(&time) => {
            notes.push("bantime is without end: a lock here lasts ten years at most".to_owned());
            LONGEST
        }
        time => time.max(1),
    };
    let mut command = format!(
        "swatch-action --ip {{host}} --log-dir /var/log/swatch/{} --count {} --window {}s",
        jail.name,
        limits.max_retry,
        limits.find_time.max(1)
    );
    match &limits.increment {
        Increment::None => {
            let _ = write!(command, " --lock-time {lock_time}s");
        }
        Increment::Doubling { max_time } => {
            let _ = write!(command, " --lock-time {lock_time}s --growth 2");
            if let Some(time) = max_time {
                let _ = write!(command, " --max-lock-time {}s", time.max(&lock_time));
            }
        }
        Increment::Listed(lengths) => {
            let mut lengths: Vec<i64> = lengths.iter().map(|l| *l.clamp(&1, &LONGEST)).collect();
            lengths.insert(0, lock_time);
            // The last one stays, so its repetitions say nothing.
            while lengths.len() > 1 && lengths.ends_with(&[lengths[lengths.len() - 2]]) {
                lengths.pop();
            }
            let texts: Vec<String> = lengths.iter().map(|length| format!("{length}s")).collect();
            let _ = write!(command, " --lock-times {}", texts.join(","));
        }
    }
    for ignored in &jail.ignored {
        let network = ignored.split('/').next().unwrap_or(ignored);
        if network.parse::<std::net::IpAddr>().is_ok() {
            let _ = write!(command, " --ignore {ignored}");
        } else {
            notes.push(format!(
                "ignoreip {ignored} is not an address: host names are not looked up"
            ));
        }
    }
    notes.push("findtime is a sliding window here; fail2ban counts in proportion and may ban a little earlier or later".to_owned());
    format!("pipe \"{command}\"")
}
