//! Random histories of locks, against real firewalls in networks of their own: events, renewals,
//! unlocking, expiry, imports, `check` and `restore`; and in between the program is killed at any
//! system call, firewall programs fail before or after their work, others flush the rules, the
//! clock jumps, the disk is full, and jobs of `at` come at the wrong time.
//!
//! The promises, looked at after each step:
//!
//! 1. nothing is locked without an end: in the kernel, in a job of `at`, or in the state;
//! 2. `lock!` is printed only where the lock is in force;
//! 3. after a `check` that met no fault, state and kernel hold the same, each lock once.
//!
//! `SWATCH_LOCK_CASES` is the number of histories for each firewall (1), `SWATCH_LOCK_SEED` the first
//! one's number (1). A failure prints the history as a shell script.

use std::collections::BTreeSet;

use swatch_tests::{
    action::{Sandbox, err, no_network, out},
    program,
    skip::skipped,
};

const STEPS: usize = 30;

/// Addresses and networks that take part. No two of the singles are in one of the networks.
const SINGLES: [&str; 4] = [
    "203.0.113.9",
    "203.0.113.8",
    "198.51.100.7",
    "2001:db8:a::9",
];
const NETWORKS: [&str; 2] = ["192.0.2.0/25", "2001:db8:7::/48"];

/// In front of each program: keeps or breaks its word as the file `fault` says, on the call that
/// the number there counts down to.
const WRAPPER: &str = r#"#!/bin/sh
here=${0%/*}; name=${0##*/}
mode=none; left=0
[ -f $here/../fault ] && read mode left < $here/../fault
[ $mode = none ] || { left=$((left - 1)); echo "$mode $left" > $here/../fault; }
[ $left = 0 ] || mode=none
[ $mode != before ] || { echo "it does not work" >&2; exit 1; }
[ $mode != killed_before ] || { kill -9 $PPID; exit 1; }
if [ -x $here/real/$name ]; then $here/real/$name "$@"; else /usr/sbin/$name "$@"; fi
code=$?
[ $mode != after ] || exit 1
[ $mode != killed ] || kill -9 $PPID
exit $code
"#;

const PROGRAMS: [&str; 9] = [
    "iptables",
    "ip6tables",
    "iptables-save",
    "ip6tables-save",
    "iptables-restore",
    "ip6tables-restore",
    "nft",
    "ipset",
    "at",
];

struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        // xorshift64*
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let bits = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(bits).expect("31 bits") % sides
    }

    fn pick<'a>(&mut self, among: &[&'a str]) -> &'a str {
        among[self.roll(among.len())]
    }
}

/// A firewall: ways to look at it and to spoil it.
struct Kind {
    name: &'static str,
    /// Each lock has an entry in each of them.
    chains: &'static [&'static str],
    /// Prints `ADDRESS SECONDS` for each entry in force, `-` for no end of its own.
    entries: &'static str,
    flushes: &'static [&'static str],
}

const KINDS: [Kind; 4] = [
    Kind {
        name: "iptables",
        chains: &["INPUT"],
        entries: r#"{ iptables-save; ip6tables-save; } 2>/dev/null | sed -n 's|^-A INPUT -s \([^ ]*\) -j DROP$|\1 -|p'"#,
        flushes: &[
            "iptables -F",
            "ip6tables -F",
            "iptables -D INPUT 1",
            "iptables -I INPUT -p tcp --dport 22 -j ACCEPT",
        ],
    },
    Kind {
        name: "nftables",
        chains: &["INPUT"],
        entries: r#"nft -j list ruleset 2>/dev/null | python3 -c '
import json, sys
try: items = json.load(sys.stdin)["nftables"]
except ValueError: items = []
hooked = any(i.get("chain", {}).get("hook") == "input" and i["chain"]["prio"] == -10 for i in items)
ruled = str([i["rule"]["expr"] for i in items if "rule" in i])
for i in items:
    s = i.get("set", {})
    if not hooked or "@" + s.get("name", "?") + chr(39) not in ruled: continue
    for e in s.get("elem", []):
        e = e["elem"] if isinstance(e, dict) and "elem" in e else {"val": e}
        print("%s/%s %s" % (e["val"], s["name"].split("_")[1], e.get("expires", "-")))
'"#,
        flushes: &[
            "nft flush ruleset",
            "nft flush chain inet swatch input",
            "nft delete chain inet swatch input",
            "nft 'add table inet swatch { flags dormant; }'",
            "nft flush set inet swatch v4_32",
            "nft 'flush chain inet swatch input; delete chain inet swatch input; add chain inet swatch input'",
        ],
    },
    Kind {
        name: "ipset",
        chains: &["INPUT"],
        entries: r#"for family in 4 6; do
  program=iptables; [ $family = 4 ] || program=ip6tables
  $program -C INPUT -m set --match-set swatch-v$family src -j DROP 2>/dev/null || continue
  ipset save swatch-v$family | sed -n 's|^add [^ ]* \([^ ]*\) timeout \([0-9]*\)$|\1 \2|p' | sed 's| 0$| -|'
done"#,
        flushes: &[
            "iptables -F",
            "ip6tables -F",
            "ipset flush",
            "iptables -F; ip6tables -F; ipset destroy",
            "ipset del swatch-v4 203.0.113.9",
        ],
    },
    Kind {
        name: "iptables",
        chains: &["INPUT", "FORWARD"],
        entries: r#"{ iptables-save; ip6tables-save; } 2>/dev/null | sed -n 's|^-A [IF][NPUTORWAD]* -s \([^ ]*\) -j DROP$|\1 -|p'"#,
        flushes: &[
            "iptables -F",
            "ip6tables -F INPUT",
            "iptables -D INPUT 1",
            "iptables -D FORWARD 1",
        ],
    },
];

/// A command of the program, as words.
fn command(dice: &mut Dice) -> String {
    let single = dice.pick(&SINGLES);
    match dice.roll(16) {
        0..=5 => format!("--ip {single} lock"),
        6 => format!("lock {single} --for {}", dice.pick(&["30m", "2h", "100d"])),
        7 => format!(
            "lock {} --for {}",
            dice.pick(&NETWORKS),
            dice.pick(&["30m", "48h"])
        ),
        8 => format!("unlock {}", dice.pick(&[&SINGLES[..], &NETWORKS].concat())),
        9 => "unlock --all".to_owned(),
        10 => format!("import LIST --for {}", dice.pick(&["1h", "30h"])),
        11 => "expire".to_owned(),
        12 => "restore".to_owned(),
        _ => "check".to_owned(),
    }
}

/// One step: the shell text, and whether a fault may be met in it.
fn step(dice: &mut Dice, kind: &Kind) -> (String, bool) {
    const CALLS: [&str; 12] = [
        "write",
        "pwrite64",
        "fdatasync",
        "rename",
        "unlink",
        "flock",
        "openat",
        "execve",
        "wait4",
        "clone3",
        "pidfd_open",
        "ftruncate",
    ];
    let command = command(dice);
    match dice.roll(14) {
        0 => (
            format!("{} 2>/dev/null || :", dice.pick(kind.flushes)),
            false,
        ),
        1 => {
            let shift = dice.pick(&["+0", "+0", "+2h", "+30h", "+400d", "-1d"]);
            (format!("CLOCK={shift}"), false)
        }
        2 => ("run_jobs".to_owned(), false),
        3 => (format!("full on; act {command}; full off"), true),
        4 | 5 => {
            let call = dice.pick(&CALLS);
            let number = 1 + dice.roll(25);
            (format!("killed {call} {number} {command}"), true)
        }
        6..=8 => {
            let mode = dice.pick(&["before", "after", "killed", "killed_before"]);
            let number = 1 + dice.roll(4);
            (
                format!("echo '{mode} {number}' > HERE/fault; act {command}; rm HERE/fault; quiet"),
                true,
            )
        }
        _ => (format!("act {command}"), false),
    }
}

const HEAD: &str = r#"
set +e
CLOCK=+0
NS=$(readlink /proc/self/ns/net)
mkdir -p HERE/state HERE/mails; mount -t tmpfs -o size=1m,mode=755 tmpfs HERE/state
clocked() { if [ $CLOCK = +0 ]; then "$@"; else faketime -f "$CLOCK" "$@"; fi; }
swatch_action() { clocked BINARY "$@" --config HERE/action.toml </dev/null 2>>HERE/errors; }
act() { swatch_action "$@"; echo "code $?"; }
killed() { call=$1 number=$2; shift 2
  clocked strace -qq -o /dev/null -e trace=$call -e inject=$call:signal=KILL:when=$number BINARY "$@" --config HERE/action.toml </dev/null 2>>HERE/errors
  quiet; }
# A program that outlives the killed one must have ended before anything is looked at.
quiet() { n=0; while [ $n -lt 250 ]; do n=$((n + 1)); busy=
  for place in $(ls -l /proc/[0-9]*/ns/net 2>/dev/null | grep -F "$NS" | sed 's|.* \(/proc/[0-9]*\)/ns/net .*|\1|'); do
    read name 2>/dev/null < $place/comm || continue
    case $name in iptables*|ip6tables*|xtables*|nft|ipset|at|atrm) busy=1;; esac
  done
  [ -n "$busy" ] || return 0; sleep 0.02; done; }
full() { if [ $1 = on ]; then head -c 2000000 /dev/zero > HERE/state/ballast 2>/dev/null; else rm HERE/state/ballast; fi; }
run_jobs() { for job in HERE/jobs/*; do [ -f $job ] || continue
  mv $job HERE/running; PATH=HERE/bin:$PATH clocked sh < HERE/running 2>>HERE/errors; rm HERE/running; done; }
look() {
  echo "@state"; swatch_action list --json | sed -n 's|^ *"address": "\(.*\)",|A \1|p; s|^ *"confirmed": \(.*\),|C \1|p; s|^ *"over": \(.*\),*$|O \1|p; s|^ *"until": \(.*\),*$|U \1|p'
  echo "@jobs"; cat HERE/jobs/* 2>/dev/null | sed -n 's|^until_gone .* -s \([^ ]*\) .*|\1|p'
  echo "@kernel"; entries
  echo "@end"; }
"#;

fn history(seed: u64, kind: &Kind) -> (String, Vec<(String, bool)>) {
    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    for _ in 0..8 {
        dice.roll(2);
    }
    let mut steps: Vec<(String, bool)> = (0..STEPS).map(|_| step(&mut dice, kind)).collect();
    // In the end all is well again, and a check brings order.
    steps.push(("CLOCK=+0".to_owned(), false));
    steps.push(("act check".to_owned(), false));
    steps.push(("act unlock --all".to_owned(), false));
    steps.push(("act check".to_owned(), false));
    let mut script = format!("{HEAD}entries() {{ {}; }}\n", kind.entries);
    for (number, (text, _)) in steps.iter().enumerate() {
        script.push_str(&format!("echo '@step {number}'\n{text}\nlook\n"));
    }
    (script, steps)
}

/// The output of `look`.
#[derive(Default, Debug)]
struct Seen {
    said: String,
    /// Address, confirmed, over, whether it has an end.
    state: Vec<(String, bool, bool, bool)>,
    jobs: BTreeSet<String>,
    /// Address, and whether the kernel ends it.
    kernel: Vec<(String, bool)>,
}

/// Without the prefix length of a single address.
fn plain(net: &str) -> String {
    let length = if net.contains(':') { "/128" } else { "/32" };
    net.strip_suffix(length).unwrap_or(net).to_owned()
}

fn parse(text: &str) -> Vec<Seen> {
    let mut all = Vec::new();
    for part in text.split("@step ").skip(1) {
        let mut seen = Seen::default();
        let mut section = "said";
        for line in part.lines().skip(1) {
            if let Some(name) = line.strip_prefix('@') {
                section = name;
                continue;
            }
            match (section, line.split_once(' ')) {
                ("said", _) => seen.said.push_str(&format!("{line}\n")),
                ("state", Some(("A", net))) => {
                    seen.state.push((plain(net), false, false, false));
                }
                ("state", Some((key, value))) => {
                    let last = seen.state.last_mut().expect("an address first");
                    let value = value.trim_end_matches(',');
                    match key {
                        "C" => last.1 = value == "true",
                        "O" => last.2 = value == "true",
                        _ => last.3 = value != "null",
                    }
                }
                ("jobs", _) => drop(seen.jobs.insert(plain(line))),
                ("kernel", Some((net, end))) => seen.kernel.push((plain(net), end != "-")),
                _ => {}
            }
        }
        all.push(seen);
    }
    all
}

fn promises(seen: &Seen, copies: usize, step: &str, faulty: bool) -> Result<(), String> {
    for (net, ends) in &seen.kernel {
        let in_state = seen
            .state
            .iter()
            .any(|(known, _, _, end)| known == net && *end);
        if !ends && !in_state && !seen.jobs.contains(net) {
            return Err(format!("{net} is locked without an end"));
        }
    }
    for line in seen.said.lines().filter(|line| line.contains(" lock!")) {
        let words: Vec<&str> = line.split(' ').collect();
        let net = match line.split_once(" lock! (") {
            Some((_, wide)) => wide.trim_end_matches(')'),
            None => words[words.len() - 3],
        };
        if seen.kernel.iter().filter(|(held, _)| held == net).count() < copies {
            return Err(format!("reported and not in force: {line}"));
        }
    }
    if faulty || step != "act check" {
        return Ok(());
    }
    if !seen.said.ends_with("code 0\n") {
        return Err(format!("check fails: {}", seen.said));
    }
    let mut kernel: Vec<&String> = seen.kernel.iter().map(|(net, _)| net).collect();
    let mut state: Vec<&String> = (0..copies)
        .flat_map(|_| seen.state.iter().map(|(net, ..)| net))
        .collect();
    kernel.sort_unstable();
    state.sort_unstable();
    if kernel != state {
        return Err("state and kernel differ after a check".to_owned());
    }
    if seen
        .state
        .iter()
        .any(|(_, confirmed, over, _)| !confirmed || *over)
    {
        return Err("not confirmed, or over, after a check".to_owned());
    }
    let count = format!("\n{} locks are as they should be\n", seen.state.len());
    if !format!("\n{}", seen.said).contains(&count) {
        return Err("check counts otherwise".to_owned());
    }
    Ok(())
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}

fn run(kind: &Kind) {
    let what = format!("histories of locks by {}", kind.name);
    let programs = ["iptables", "nft", "ipset", "strace", "faketime", "python3"];
    if let Some(why) = no_network(&programs) {
        return skipped(&what, &why);
    }
    let first = number("SWATCH_LOCK_SEED", 1);
    for seed in first..first + number("SWATCH_LOCK_CASES", 1) {
        let sandbox = Sandbox::real();
        sandbox.set(&format!(
            "firewall = \"{}\"\nchains = {:?}\ntime_limit = \"20s\"\nlock_time = \"24h\"\nipv6_prefix = 128\nmail = \"\"\n[whois]\nserver = \"\"\n",
            kind.name, kind.chains
        ));
        let list: String = (1..6).map(|n| format!("192.0.2.{}\n", 200 + n)).collect();
        std::fs::write(sandbox.path("list"), list).expect("a list");
        let real = sandbox.path("bin/real");
        std::fs::create_dir(&real).expect("a directory");
        std::fs::rename(sandbox.path("bin/at"), real.join("at")).expect("moved");
        // Its files are found from where it was.
        let at = std::fs::read_to_string(real.join("at")).expect("at");
        std::fs::write(real.join("at"), at.replace("${0%/*}/..", "${0%/*}/../..")).expect("at");
        for name in PROGRAMS {
            sandbox.stand_in(name, WRAPPER);
        }
        let (script, steps) = history(seed, kind);
        let script = script
            .replace("HERE", &sandbox.path("").to_string_lossy())
            .replace("BINARY", &program::swatch_action().to_string_lossy())
            .replace("LIST", &sandbox.path("list").to_string_lossy());
        let output = sandbox.in_network(&script);
        let said = out(&output);
        if std::env::var_os("SWATCH_LOCK_SHOW").is_some() {
            println!("{said}\n{}", sandbox.text("errors"));
        }
        let all = parse(&said);
        let told = || {
            let texts: Vec<&str> = steps.iter().map(|(text, _)| text.as_str()).collect();
            texts.join("\n")
        };
        assert_eq!(all.len(), steps.len(), "{}{said}", err(&output));
        for (number, (seen, (step, faulty))) in all.iter().zip(&steps).enumerate() {
            if let Err(why) = promises(seen, kind.chains.len(), step, *faulty) {
                panic!(
                    "{} seed {seed}: {why}\nstep {number}: {step}\n{seen:#?}\n{}\n{}\n--- before\n{:#?}",
                    kind.name,
                    sandbox.text("errors"),
                    told(),
                    number.checked_sub(1).map(|before| &all[before]),
                );
            }
        }
        let last = all.last().expect("the last look");
        assert!(last.kernel.is_empty() && last.state.is_empty(), "{last:#?}");
    }
}

#[test]
fn histories_of_iptables() {
    run(&KINDS[0]);
}

#[test]
fn histories_of_nftables() {
    run(&KINDS[1]);
}

#[test]
fn histories_of_ipset() {
    run(&KINDS[2]);
}

#[test]
fn histories_of_iptables_with_two_chains() {
    run(&KINDS[3]);
}
