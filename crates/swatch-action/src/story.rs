//! `show`: the story of an address, from the state, the history and its log.

use ipnet::IpNet;
use serde_json::{Value, json};
use swatch_common::sanitize;

use crate::{
    console::Console,
    count::AddressLogs,
    date, fleet,
    history::{Decision, Gaps, History, Record},
    listing, network,
    settings::Settings,
    state::{Lock, Past, State},
    subcommand::Outcome,
};

/// The events that the text lists; the earlier ones are counted.
const LISTED: usize = 200;

/// The end of the log that the text shows, in bytes.
const MAX_LOG: u64 = 64 << 10;

/// Everything that is known of an address.
struct Story {
    /// The network that is counted for it.
    counted: IpNet,
    lock: Option<Lock>,
    /// The name of its network, from whois.
    network: String,
    past: Vec<Past>,
    /// The oldest first.
    events: Vec<Record<'static>>,
    gaps: Gaps,
}

pub(crate) fn show(
    settings: &Settings,
    address: &str,
    (as_json, of_fleet): (bool, bool),
    console: &mut Console<'_>,
) -> Outcome {
    let net = network::parse(address)?;
    let now = date::now();
    let story = Story::read(settings, net, now)?;
    if as_json {
        let out = console.out();
        serde_json::to_writer_pretty(&mut *out, &story.json(settings, now))
            .map_err(std::io::Error::from)?;
        writeln!(out)?;
        return Ok(());
    }
    story.tell(console)?;
    if of_fleet {
        fleet::show(settings, story.counted, console)?;
    }
    log(settings, &story, console)
}

impl Story {
    fn read(settings: &Settings, net: IpNet, now: i64) -> Result<Self, crate::state::StateError> {
        let counted = if network::is_single(net) {
            settings.network_of(net.addr())
        } else {
            net
        };
        let mut story = Self {
            counted,
            lock: None,
            network: String::new(),
            past: Vec::new(),
            events: Vec::new(),
            gaps: Gaps::default(),
        };
        if let Some(state) = State::open_to_read(&settings.state_dir)? {
            story.lock = state.covering(net, now)?;
            story.network = state.network_name(net.addr())?;
            story.past = state.past(Some(counted))?;
        }
        // A lock of a wider network belongs to the story as well.
        let wider = story.lock.as_ref().map(|lock| lock.net);
        let is_meant = |text: &str| {
            network::parse(text).is_ok_and(|event| counted.contains(&event) || wider == Some(event))
        };
        let mut events = Vec::new();
        story.gaps = History::since(&settings.state_dir, 0).each(|record| {
            if is_meant(&record.address) || record.locked.as_deref().is_some_and(is_meant) {
                events.push(record.owned());
            }
        });
        events.sort_by_key(|event| event.time);
        story.events = events;
        Ok(story)
    }

    /// The event that made the present lock.
    fn made_by(&self, lock: &Lock) -> Option<&Record<'static>> {
        let name = network::text(lock.net);
        self.events.iter().rev().find(|event| {
            event.event == Decision::Locked
                && event.time >= lock.since
                && event.time <= lock.since + 60
                && *event.locked.as_deref().unwrap_or(&event.address) == *name
        })
    }

    /// The last event that gave the present lock its end.
    fn end_by(&self, lock: &Lock) -> Option<&Record<'static>> {
        let dated = |event: &&Record<'_>| event.until.is_some() && event.until == lock.until;
        self.events.iter().rev().find(dated)
    }

    fn tell(&self, console: &mut Console<'_>) -> Outcome {
        let out = console.out();
        writeln!(out, "{}", network::text(self.counted))?;
        match &self.lock {
            Some(lock) => {
                writeln!(
                    out,
                    "locked as {} since {} until {} by {}, rule {}\n    {}",
                    network::text(lock.net),
                    date::long(lock.since),
                    lock.until.map_or("for ever".to_owned(), date::long),
                    lock.backend,
                    lock.rule,
                    lock.reason
                )?;
                writeln!(out, "    locked by: {}", self.by(lock))?;
                writeln!(out, "    length: {}", self.length(lock))?;
            }
            None => writeln!(out, "not locked")?,
        }
        if !self.network.is_empty() {
            writeln!(out, "network {}", self.network)?;
        }
        for past in &self.past {
            writeln!(
                out,
                "was locked from {} to {} ({}), count {}\n    {}",
                date::long(past.lock.since),
                date::long(past.ended),
                past.how,
                past.lock.count,
                past.lock.reason
            )?;
        }
        if !self.events.is_empty() {
            writeln!(out, "events:")?;
        }
        let earlier = self.events.len().saturating_sub(LISTED);
        if earlier > 0 {
            writeln!(out, "  [{earlier} earlier ones left out: --json has all]")?;
        }
        for event in &self.events[earlier..] {
            writeln!(out, "  {}", sentence(event))?;
            if !event.line.is_empty() {
                writeln!(out, "      {}", sanitize::cow(&event.line))?;
            }
        }
        for day in &self.gaps.full {
            writeln!(
                out,
                "  [the history of {day} was full: events may be missing]"
            )?;
        }
        for file in &self.gaps.unreadable {
            console.warn(&format!(
                "cannot read a part of the history: {}",
                sanitize::text(file.as_bytes())
            ));
        }
        if self.gaps.broken > 0 {
            console.note(&format!(
                "{} lines of the history are broken and left out",
                self.gaps.broken
            ));
        }
        Ok(())
    }

    /// Who made the lock, in words.
    fn by(&self, lock: &Lock) -> String {
        let made = self.made_by(lock);
        let host = made.map_or("", |event| &event.host);
        let on = match host {
            "" => String::new(),
            host => format!(" on {}", sanitize::cow(host)),
        };
        if let Some(origin) = lock.rule.strip_prefix("fleet: ") {
            return format!("the fleet, for {}", sanitize::cow(origin));
        }
        let who = match (lock.rule.as_str(), made) {
            ("hand", _) => "hand".to_owned(),
            ("import", _) => "import".to_owned(),
            (_, Some(event)) if !event.rule.is_empty() => {
                format!("rule {}", sanitize::cow(&event.rule))
            }
            (_, Some(_)) => "an event, called without a rule".to_owned(),
            (_, None) => "an event that the history does not have".to_owned(),
        };
        format!("{who}{on}")
    }

    /// Why the lock lasts as long as it does, in words.
    fn length(&self, lock: &Lock) -> String {
        match (self.end_by(lock), lock.rule.as_str()) {
            (Some(event), _) if !event.why.is_empty() => {
                let again = match event.event {
                    Decision::Renewed => {
                        format!("; renewed {} by a further event", date::long(event.time))
                    }
                    _ => String::new(),
                };
                format!("{}{again}", sanitize::cow(&event.why))
            }
            (None, rule) if rule.starts_with("fleet: ") => {
                "what was left of the fleet's lock".to_owned()
            }
            (_, "import") => "what the import left it".to_owned(),
            (Some(_) | None, _) => "not known: the history does not have it".to_owned(),
        }
    }

    fn json(&self, settings: &Settings, now: i64) -> Value {
        let lock = self.lock.as_ref().map(|lock| {
            let mut object = listing::object(lock, &self.network, now);
            object["locked_by"] = json!(self.by(lock));
            object["length"] = json!(self.length(lock));
            object["seconds_left"] = json!(lock.left(now));
            object
        });
        let past: Vec<Value> = self
            .past
            .iter()
            .map(|past| {
                let mut object = listing::object(&past.lock, &self.network, now);
                object["ended"] = json!(date::utc(past.ended));
                object["how"] = json!(past.how);
                object
            })
            .collect();
        let file = settings.log_dir.join(network::file_name(self.counted));
        json!({
            "address": network::text(self.counted),
            "network": self.network,
            "lock": lock,
            "past": past,
            "events": self.events,
            "log": file.is_file().then(|| file.display().to_string()),
            "full_days": self.gaps.full,
        })
    }
}

/// An event in words, without its line.
fn sentence(event: &Record<'_>) -> String {
    let mut text = format!("{} {}", date::short(event.time), event.event.word());
    if event.count > 0 {
        text.push_str(&format!(", line {}", event.count));
    }
    if let Some(locked) = &event.locked {
        text.push_str(&format!(", as part of {}", sanitize::cow(locked)));
    }
    match (&*event.rule, &*event.place) {
        ("", "hand") => text.push_str(", by hand"),
        ("", place) => text.push_str(&format!(", address by {}", sanitize::cow(place))),
        (rule, place) => text.push_str(&format!(
            ", rule {}, address by {}",
            sanitize::cow(rule),
            sanitize::cow(place)
        )),
    }
    if let Some(until) = event.until {
        text.push_str(&format!(", until {}", date::short(until)));
    }
    if !event.why.is_empty() {
        text.push_str(&format!(": {}", sanitize::cow(&event.why)));
    }
    text
}

/// The log of the address, as far as its lines are not told by the events already.
fn log(settings: &Settings, story: &Story, console: &mut Console<'_>) -> Outcome {
    if !settings.log_dir.is_dir() {
        return Ok(());
    }
    let logs = AddressLogs::open(&settings.log_dir)?;
    let Ok((text, cut)) = logs.tail(story.counted, MAX_LOG) else {
        return Ok(());
    };
    let lines = text.iter().filter(|&&byte| byte == b'\n').count();
    let told = story.events.iter().filter(|event| event.count > 0).count();
    let file = sanitize::path(&logs.file(story.counted));
    let out = console.out();
    if !cut && lines <= told && told <= LISTED {
        writeln!(out, "log {file}: these {lines} lines")?;
        return Ok(());
    }
    writeln!(out, "log {file}:")?;
    if cut {
        writeln!(out, "[earlier lines left out]")?;
    }
    out.write_all(sanitize::lines(&text).as_bytes())?;
    Ok(())
}
