//! Reads the state and the history, and counts.

use std::collections::{HashMap, HashSet, hash_map::Entry};

use ipnet::IpNet;
use swatch_common::{duration::Seconds, sanitize};

use super::{
    durations::Durations,
    figures::{Figures, LISTED, Present, PresentLock, Reason, Repeater, Repeaters, Totals},
    origin::Origins,
    ranking::{Ranking, Tally},
    timeline::Timeline,
};
use crate::{
    history::{Decision, Gaps, History, Record},
    network,
    settings::Settings,
    state::{Lock, State, StateError},
};

/// The repeat offenders that are listed.
const REPEATERS: usize = 20;

/// Reasons beyond this number are counted as one: part of a reason may come from a log line.
const REASONS: usize = 50;

/// The figures of the time `span` before now.
///
/// # Errors
/// The state's.
pub(super) fn figures(settings: &Settings, span: Seconds, now: i64) -> Result<Figures, StateError> {
    let since = now.saturating_sub(span.seconds());
    let state = State::open_to_read(&settings.state_dir)?;
    let mut count = Counting::new(since, now);
    let mut present = Vec::new();
    if let Some(state) = &state {
        state.each_past(since, |past| {
            count.durations.add(past.ended - past.lock.since);
            *count.ends.entry(past.how).or_default() += 1;
            count.lock(&past.lock);
        })?;
        present = state.all()?;
        present.retain(|lock| lock.in_force(now));
        for lock in &present {
            count.lock(lock);
        }
    }
    let gaps = History::since(&settings.state_dir, since).each(|record| count.record(&record));
    let mut origins = Origins::load(settings, state.as_ref());
    let present_now: HashSet<IpNet> = present.iter().map(|lock| lock.net).collect();
    let (networks, countries, systems) = count.by_origin(&mut origins);
    let repeaters = count.repeaters(&present_now, &mut origins);
    let present = listed(present, state.as_ref(), &mut origins);
    let unknown = count.totals.locks.saturating_sub(count.locks_by_rule);
    if unknown > 0 {
        let locks = Tally {
            locks: unknown,
            events: 0,
        };
        add(&mut count.rules, "not known", locks);
    }
    let mut ends: Vec<(String, u64)> = count.ends.into_iter().collect();
    ends.sort_unstable_by(|(a, one), (b, other)| (other, a).cmp(&(one, b)));
    count.totals.addresses = count.addresses.len() as u64;
    Ok(Figures {
        host: host_name(),
        now,
        span,
        present,
        totals: count.totals,
        timeline: count.timeline,
        services: Ranking::of(count.services),
        rules: Ranking::of(count.rules),
        networks,
        countries,
        systems,
        repeaters,
        durations: count.durations.rows(),
        ends,
        ignored: reasons(count.ignored),
        refused: reasons(count.refused),
        notes: notes(settings, since, &gaps),
        warnings: origins.warnings,
    })
}

/// All sums while reading.
struct Counting {
    since: i64,
    timeline: Timeline,
    totals: Totals,
    durations: Durations,
    ends: HashMap<String, u64>,
    services: HashMap<String, Tally>,
    rules: HashMap<String, Tally>,
    locks_by_rule: u64,
    addresses: HashMap<IpNet, Address>,
    ignored: HashMap<String, ReasonCount>,
    refused: HashMap<String, ReasonCount>,
}

#[derive(Default)]
struct Address {
    tally: Tally,
    last_lock: i64,
}

struct ReasonCount {
    reason: Reason,
    addresses: HashSet<String>,
}

impl Counting {
    fn new(since: i64, now: i64) -> Self {
        Self {
            since,
            timeline: Timeline::new(since, now),
            totals: Totals::default(),
            durations: Durations::default(),
            ends: HashMap::new(),
            services: HashMap::new(),
            rules: HashMap::new(),
            locks_by_rule: 0,
            addresses: HashMap::new(),
            ignored: HashMap::new(),
            refused: HashMap::new(),
        }
    }

    /// A present or past lock. One that was made earlier is not counted.
    fn lock(&mut self, lock: &Lock) {
        if lock.since < self.since {
            return;
        }
        self.totals.locks += 1;
        self.timeline.add_lock(lock.since);
        add(&mut self.services, service(&lock.rule), Tally::LOCK);
        let address = self.addresses.entry(lock.net).or_default();
        address.tally.locks += 1;
        address.last_lock = address.last_lock.max(lock.since);
    }

    /// An event of the history. Locks are counted by [`Counting::lock`], but for their rules.
    fn record(&mut self, record: &Record<'_>) {
        match record.event {
            Decision::Ignored => {
                self.totals.ignored += 1;
                self.timeline.add_ignored(record.time);
                reason(&mut self.ignored, record);
                return;
            }
            Decision::Refused => {
                self.totals.refused += 1;
                reason(&mut self.refused, record);
            }
            Decision::Renewed => self.totals.renewed += 1,
            Decision::Locked => {
                self.locks_by_rule += 1;
                add(&mut self.rules, rule(record), Tally::LOCK);
            }
            Decision::Counted => {}
        }
        // A lock by hand is no event of an attacker.
        if record.count == 0 {
            return;
        }
        self.totals.counted += 1;
        self.timeline.add_event(record.time);
        add(&mut self.services, service(&record.place), Tally::EVENT);
        add(&mut self.rules, rule(record), Tally::EVENT);
        if let Ok(net) = network::parse(&record.address) {
            self.addresses.entry(net).or_default().tally.events += 1;
        }
    }

    fn by_origin(&self, origins: &mut Origins) -> (Ranking, Ranking, Ranking) {
        let mut by: [HashMap<String, Tally>; 3] = Default::default();
        for (net, address) in &self.addresses {
            let origin = origins.of(net.addr());
            let names = [&origin.network, &origin.country, &origin.system];
            for (tallies, name) in by.iter_mut().zip(names) {
                let name = if name.is_empty() { "not known" } else { name };
                add(tallies, name, address.tally);
            }
        }
        // A table that knows nothing says nothing.
        by.map(|tallies| {
            let empty = tallies.keys().all(|name| name == "not known");
            if empty {
                Ranking::default()
            } else {
                Ranking::of(tallies)
            }
        })
        .into()
    }

    fn repeaters(&self, present: &HashSet<IpNet>, origins: &mut Origins) -> Repeaters {
        let mut found: Vec<(&IpNet, &Address)> = self
            .addresses
            .iter()
            .filter(|(_, address)| address.tally.locks > 1)
            .collect();
        found.sort_unstable_by_key(|(net, address)| {
            (
                std::cmp::Reverse((address.tally.locks, address.tally.events, address.last_lock)),
                **net,
            )
        });
        let top = found.iter().take(REPEATERS).map(|(net, address)| Repeater {
            address: network::text(**net),
            locks: address.tally.locks,
            events: address.tally.events,
            last: address.last_lock,
            locked_now: present.contains(net),
            origin: origins.of(net.addr()).line(),
        });
        Repeaters {
            top: top.collect(),
            all: found.len() as u64,
        }
    }
}

/// Adds to a name, which is copied only where it is new.
fn add(tallies: &mut HashMap<String, Tally>, name: &str, more: Tally) {
    match tallies.get_mut(name) {
        Some(tally) => tally.add(more),
        None => {
            tallies.insert(name.to_owned(), more);
        }
    }
}

/// The format in `10 (sshd)`, else the way to the address in words.
fn service(place: &str) -> &str {
    if let Some((_, format)) = place.split_once(" (")
        && let Some(format) = format.strip_suffix(')')
    {
        return format;
    }
    match place {
        "hand" => "by hand",
        "import" => "imported",
        "" | "auto" | "--ip" => "not known",
        field
            if field
                .bytes()
                .all(|byte| byte.is_ascii_digit() || b",-".contains(&byte)) =>
        {
            "unknown format, by field"
        }
        other if other.starts_with("fleet: ") => "from the fleet",
        other => other,
    }
}

fn rule<'a>(record: &'a Record<'_>) -> &'a str {
    match (&*record.rule, &*record.place) {
        ("", "hand") => "by hand",
        ("", _) => "called without a rule",
        (rule, _) => rule,
    }
}

fn reason(reasons: &mut HashMap<String, ReasonCount>, record: &Record<'_>) {
    let mut why = record.why.clone().into_owned();
    if reasons.len() >= REASONS && !reasons.contains_key(&why) {
        why = "other reasons".to_owned();
    }
    let found = match reasons.entry(why) {
        Entry::Occupied(found) => found.into_mut(),
        Entry::Vacant(vacant) => {
            let why = sanitize::excerpt(vacant.key().as_bytes(), 200);
            vacant.insert(ReasonCount {
                reason: Reason {
                    why,
                    events: 0,
                    addresses: 0,
                    last: 0,
                    line: String::new(),
                },
                addresses: HashSet::new(),
            })
        }
    };
    found.reason.events += 1;
    if record.time >= found.reason.last {
        found.reason.last = record.time;
        found.reason.line.clear();
        sanitize::push(&mut found.reason.line, record.line.as_bytes());
    }
    if !record.address.is_empty() && !found.addresses.contains(&*record.address) {
        found.addresses.insert(record.address.clone().into_owned());
    }
}

fn reasons(found: HashMap<String, ReasonCount>) -> Vec<Reason> {
    let mut reasons: Vec<Reason> = found
        .into_values()
        .map(|one| Reason {
            addresses: one.addresses.len() as u64,
            ..one.reason
        })
        .collect();
    reasons.sort_unstable_by(|one, other| (other.events, &one.why).cmp(&(one.events, &other.why)));
    reasons
}

/// The present locks, the newest of them in full.
fn listed(mut locks: Vec<Lock>, state: Option<&State>, origins: &mut Origins) -> Present {
    let mut by_firewall: HashMap<&str, u64> = HashMap::new();
    for lock in &locks {
        *by_firewall.entry(lock.backend.as_str()).or_default() += 1;
    }
    let mut by_firewall: Vec<(String, u64)> = by_firewall
        .into_iter()
        .map(|(name, count)| (sanitize::text(name.as_bytes()), count))
        .collect();
    by_firewall.sort_unstable_by(|(a, one), (b, other)| (other, a).cmp(&(one, b)));
    let all = locks.len() as u64;
    let six = locks
        .iter()
        .filter(|lock| lock.net.addr().is_ipv6())
        .count() as u64;
    locks.sort_by_key(|lock| (std::cmp::Reverse(lock.since), lock.net));
    let newest = locks.iter().take(LISTED).map(|lock| PresentLock {
        address: network::text(lock.net),
        since: lock.since,
        until: lock.until,
        count: lock.count,
        service: sanitize::excerpt(service(&lock.rule).as_bytes(), 60),
        origin: origins.of(lock.net.addr()).line(),
        times_before: state
            .and_then(|state| state.times_before(lock.net).ok())
            .unwrap_or(0),
        reason: sanitize::excerpt(lock.reason.as_bytes(), 200),
    });
    Present {
        all,
        six,
        by_firewall,
        newest: newest.collect(),
    }
}

/// Sentences on what the figures lack.
fn notes(settings: &Settings, since: i64, gaps: &Gaps) -> Vec<String> {
    let mut notes = Vec::new();
    if settings.keep_history.0 == 0 {
        notes.push(
            "No history is kept (`keep_history = \"0s\"`): events, rules and reasons are missing."
                .to_owned(),
        );
    } else {
        match History::beginning(&settings.state_dir) {
            None => notes
                .push("There is no history yet: events, rules and reasons are missing.".to_owned()),
            Some(first) if first > since + 3600 => notes.push(format!(
                "The history of events begins {}; locks are known from before.",
                crate::date::short(first)
            )),
            Some(_) => {}
        }
    }
    if !gaps.full.is_empty() {
        notes.push(format!(
            "The history of these days was full and lacks counted and ignored events: {}.",
            gaps.full.join(", ")
        ));
    }
    for file in &gaps.unreadable {
        notes.push(format!(
            "A part of the history cannot be read: {}.",
            sanitize::text(file.as_bytes())
        ));
    }
    if gaps.broken > 0 {
        notes.push(format!(
            "{} lines of the history are broken and left out.",
            gaps.broken
        ));
    }
    notes
}

fn host_name() -> String {
    let name = nix::unistd::gethostname().unwrap_or_default();
    sanitize::excerpt(name.as_encoded_bytes(), 80)
}
