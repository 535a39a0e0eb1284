//! `swatch-action FIELD [lock]` beside the bash script that it replaces: the same lines, one after
//! another, and the effects of both.
//!
//! The script's effects are recorded in `action/script.txt`. With `SWATCH_SEED_SCRIPT` naming the
//! script (and as root) it is run again with its programs replaced by recorders in a mount
//! namespace, and the recording must still hold; with `SWATCH_RECORD=1` as well, the recording is
//! rewritten.
//!
//! Each difference where swatch-action does better is one of [`Better`] and is listed in
//! `docs/differences/action.md`.

use std::{
    collections::{HashMap, HashSet},
    fs,
    net::Ipv4Addr,
    path::{Path, PathBuf},
};

mod forms;
mod original;
mod resident;

use original::{Effects, Given, events, of_the_script, recorded, recording, written};
use swatch_tests::{
    action::{Sandbox, err, out, wait_for},
    skip::skipped,
};

/// Deliberate differences from the script.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Better {
    /// No address in the field: the script locked nobody with `-s ''` and wrote to a directory's
    /// name.
    NoAddress,
    /// Numbers beyond 255: not an address.
    NotAnAddress,
    /// The tail of a longer dotted number, such as a version: not an address.
    LongerNumber,
    /// Loopback, link-local, multicast …: left alone, as the script left 127.0.0.1 and the private
    /// networks alone.
    Special,
    /// Locked already: no second rule and no second job.
    LockedAlready,
    /// The expiry is scheduled before the rule is added.
    EndFirst,
}

#[test]
fn the_recording_is_what_the_script_does() {
    let events = events();
    let Some(script) = std::env::var_os("SWATCH_SEED_SCRIPT") else {
        let kept: Vec<Given> = recorded().into_iter().map(|(given, _)| given).collect();
        assert_eq!(
            kept, events,
            "the recording is of other events: record anew"
        );
        println!(
            "skipped: the script itself: SWATCH_SEED_SCRIPT does not name it; its recording is used"
        );
        return;
    };
    if !nix::unistd::geteuid().is_root() {
        return skipped("the script itself", "a mount over /usr/bin needs root");
    }
    let effects = of_the_script(Path::new(&script), &events);
    let text = written(&events, &effects);
    if std::env::var_os("SWATCH_RECORD").is_some() {
        fs::write(recording(), &text).expect("written");
    }
    assert_eq!(
        text,
        fs::read_to_string(recording()).expect("the recording")
    );
}

/// The expected effects of swatch-action, given the script's, and the differences that are better.
fn wanted(script: &Effects, locked: &mut HashSet<String>) -> (Effects, Vec<Better>) {
    let nothing = Effects::default();
    let Some(first) = script.logged.first() else {
        if script.printed.is_empty() {
            return (nothing, vec![]);
        }
        return (nothing, vec![Better::NoAddress]);
    };
    let name = first.split(": ").next().unwrap_or_default().to_owned();
    let Ok(address) = name.parse::<Ipv4Addr>() else {
        return (nothing, vec![Better::NotAnAddress]);
    };
    let text = first.split_once(": ").map_or("", |(_, text)| text);
    let longer = text.split_once(&format!(".{name}"));
    if longer.is_some_and(|(before, _)| before.ends_with(|c: char| c.is_ascii_digit())) {
        return (nothing, vec![Better::LongerNumber]);
    }
    let special = address.is_loopback() || address.is_link_local() || address.is_multicast();
    if special || address.octets()[0] == 0 || address.is_broadcast() {
        return (nothing, vec![Better::Special]);
    }
    let mut wanted = script.clone();
    if wanted.calls.is_empty() {
        return (wanted, vec![]);
    }
    if locked.insert(name) {
        wanted.calls.swap(0, 1);
        (wanted, vec![Better::EndFirst])
    } else {
        wanted.calls.retain(|call| call.starts_with("mail "));
        (wanted, vec![Better::LockedAlready])
    }
}

#[test]
fn the_same_effects_as_the_script_or_a_listed_better_one() {
    let sandbox = Sandbox::new();
    sandbox.set("strict_field = true\n[ignore]\nown = false\n[whois]\nserver = \"\"\n");
    let mut locked = HashSet::new();
    let mut betters: HashMap<Better, u32> = HashMap::new();
    let mut mails: HashSet<PathBuf> = HashSet::new();
    for (number, (given, script)) in recorded().into_iter().enumerate() {
        let (wanted, better) = wanted(&script, &mut locked);
        let renewed = better.contains(&Better::LockedAlready);
        for one in better {
            *betters.entry(one).or_default() += 1;
        }
        fs::write(sandbox.path("calls"), "").expect("a file");
        let before = logs(&sandbox);
        let words: Vec<&str> = given.words.split(' ').collect();
        let output = sandbox.run(&words, format!("{}\n", given.line).as_bytes());
        let place = format!("event {number}: {given:?}\nstderr: {}", err(&output));

        let printed = out(&output);
        let printed = printed.trim_end();
        // `Sun Nov 22 20:03:36 UTC 2026` is 28 characters long, for a zone of three.
        let zone = printed
            .split(' ')
            .filter(|word| !word.is_empty())
            .nth(4)
            .map_or(3, str::len);
        let printed = printed
            .get(25 + zone..)
            .map_or(String::new(), |rest| format!("DATE{rest}"));
        assert_eq!(printed, wanted.printed, "{place}");
        let code = i32::from(
            wanted == Effects::default()
                && (leading_zero(&given.line)
                    || !script.printed.is_empty() && !private_kind(&script)),
        );
        assert_eq!(output.status.code(), Some(code), "{place}");

        let mut calls = calls(&sandbox);
        if renewed {
            // If a minute has passed since, the lock is renewed: another job replaces the first.
            // The firewall is asked whether its rule is still there.
            let extra = ["at ", "atrm ", "iptables -C "];
            calls.retain(|call| !extra.iter().any(|start| call.starts_with(start)));
        }
        if wanted.calls.iter().any(|call| call.starts_with("mail ")) {
            wait_for("the mail", || mail_files(&sandbox).len() > mails.len());
            for path in mail_files(&sandbox) {
                if mails.insert(path.clone()) {
                    calls.push(mail(&path));
                }
            }
        }
        assert_eq!(calls, wanted.calls, "{place}");
        assert_eq!(grown(&before, &logs(&sandbox)), wanted.logged, "{place}");
    }
    assert_eq!(mail_files(&sandbox).len(), mails.len());
    assert!(!Path::new("/run/pwned").exists());
    for better in [
        Better::NoAddress,
        Better::NotAnAddress,
        Better::LongerNumber,
        Better::Special,
        Better::LockedAlready,
        Better::EndFirst,
    ] {
        assert!(
            betters.contains_key(&better),
            "no event shows {better:?}: {betters:?}"
        );
    }
}

/// True if a dotted number has a part such as `010`: the script took it for 10, but it is not an
/// address.
fn leading_zero(line: &str) -> bool {
    let dotted = line.split(|c: char| c != '.' && !c.is_ascii_digit());
    dotted
        .filter(|number| number.matches('.').count() == 3)
        .flat_map(|number| number.split('.'))
        .any(|part| part.len() > 1 && part.starts_with('0'))
}

/// True if the script took an address of a kind that swatch-action silently ignores.
fn private_kind(script: &Effects) -> bool {
    wanted(script, &mut HashSet::new()).1 == [Better::Special]
}

/// The calls of the stand-ins in the recorders' format: without the wait for the xtables lock, and
/// with the job's text.
fn calls(sandbox: &Sandbox) -> Vec<String> {
    let mut job = 0;
    sandbox
        .text("calls")
        .lines()
        .map(|call| {
            if !call.starts_with("at ") {
                return call.replace(" -w 5", "");
            }
            // The newest job has the highest number; a renewal may have removed an older one.
            let jobs = fs::read_dir(sandbox.path("jobs"))
                .expect("a folder")
                .flatten();
            let numbers = jobs.filter_map(|job| job.file_name().to_str()?.parse().ok());
            job = numbers.max().unwrap_or(job);
            let text = sandbox.text(&format!("jobs/{job}"));
            // The job repeats the command until no such rule is left.
            let unlock = text
                .lines()
                .find_map(|line| line.strip_prefix("until_gone "));
            format!("{call} <- {}", unlock.unwrap_or(&text).replace(" -w 5", ""))
        })
        .collect()
}

fn mail_files(sandbox: &Sandbox) -> Vec<PathBuf> {
    let entries = fs::read_dir(sandbox.path("mails")).expect("a folder");
    entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "mail"))
        .collect()
}

/// A mail in the format of the recorder of `mail -s SUBJECT WHO`.
fn mail(path: &Path) -> String {
    let text = fs::read_to_string(path).expect("a mail");
    let (head, body) = text.split_once("\n\n").expect("headers and a body");
    let header = |name: &str| {
        head.lines()
            .find_map(|line| line.strip_prefix(name))
            .expect("a header")
    };
    // The shell's `$(…)` strips trailing newlines from the recording, and the whois answer is empty
    // here.
    let body = format!("{}||", body.trim_end().replace('\n', "|"));
    format!("mail {} {} <- {body}", header("To: "), header("Subject: "))
}

fn logs(sandbox: &Sandbox) -> HashMap<String, String> {
    let entries = fs::read_dir(sandbox.path("log"))
        .into_iter()
        .flatten()
        .flatten();
    entries
        .filter(|entry| entry.path().is_file())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name != "notice.log")
        .map(|name| (name.clone(), sandbox.text(&format!("log/{name}"))))
        .collect()
}

fn grown(before: &HashMap<String, String>, after: &HashMap<String, String>) -> Vec<String> {
    let mut lines = Vec::new();
    for (name, text) in after {
        let old = before.get(name).map_or("", String::as_str);
        let new = text.strip_prefix(old).expect("a log only grows");
        lines.extend(new.lines().map(|line| format!("{name}: {line}")));
    }
    lines.sort();
    lines
}
