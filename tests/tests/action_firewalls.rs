//! Locks in real firewalls, in network namespaces: an attacker's packets are dropped, others pass,
//! and the lock expires.

use swatch_tests::{
    action::{Sandbox, err, no_network, out},
    neighbours::NEIGHBOURS,
    skip::skipped,
};

/// IPv6 addresses are given with `--ip`, so that the field syntax is not what is tested here.
const THREE_EVENTS: &str = "
for i in 1 2 3; do line 203.0.113.9 | swatch 10; done
for i in 1 2 3; do swatch --ip 2001:db8:a::9; done
";

fn firewall(name: &str, programs: &[&str]) {
    let programs = [programs, &["bash"]].concat();
    if let Some(why) = no_network(&programs) {
        return skipped(&format!("locks by {name}"), &why);
    }
    let sandbox = Sandbox::real();
    // The gateway's own address is in the attacker's /64, so only the attacker's single address may
    // be locked.
    sandbox.set(&format!(
        "firewall = \"{name}\"\nmail = \"\"\nlock_time = \"1h\"\n[whois]\nserver = \"\"\n"
    ));
    let output = sandbox.in_network(&format!(
        "{NEIGHBOURS}
         echo before; all
         {THREE_EVENTS}
         echo locked; all
         swatch check
         swatch unlock 203.0.113.9; swatch unlock 2001:db8:a::9
         echo unlocked; all"
    ));
    let text = out(&output);
    assert!(output.status.success(), "{text}{}", err(&output));
    let said: Vec<&str> = text.lines().collect();
    let part = |from: &str| {
        let at = said.iter().position(|line| *line == from).expect(from);
        said[at + 1..at + 5].join(", ")
    };
    let free = "attacker 4 gets in, attacker 6 gets in, friend 4 gets in, friend 6 gets in";
    let kept = "attacker 4 is kept out, attacker 6 is kept out, friend 4 gets in, friend 6 gets in";
    assert_eq!(part("before"), free, "{text}");
    assert_eq!(part("locked"), kept, "{text}{}", err(&output));
    assert_eq!(part("unlocked"), free, "{text}");
    assert_eq!(text.matches(" lock!").count(), 2, "{text}");
    assert!(text.contains("2 locks are as they should be"), "{text}");
}

#[test]
fn iptables_keeps_an_attacker_out() {
    firewall("iptables", &["iptables", "ip6tables"]);
}

#[test]
fn nftables_keeps_an_attacker_out() {
    firewall("nftables", &["nft"]);
}

#[test]
fn ipset_keeps_an_attacker_out() {
    firewall("ipset", &["ipset", "iptables", "ip6tables"]);
}

/// The kernel expires the lock by itself, and a renewed lock gets its full time again.
fn ends_by_itself(name: &str, programs: &[&str]) {
    let programs = [programs, &["bash"]].concat();
    if let Some(why) = no_network(&programs) {
        return skipped(&format!("expiry by {name}"), &why);
    }
    let sandbox = Sandbox::real();
    sandbox.set(&format!(
        "firewall = \"{name}\"\nmail = \"\"\n[whois]\nserver = \"\"\n"
    ));
    let output = sandbox.in_network(&format!(
        "{NEIGHBOURS}
         swatch lock 203.0.113.9 --for 4s
         n=0; begun=$(date +%s)
         reach attacker 4
         sleep 2; swatch lock 203.0.113.9 --for 4s
         until reach attacker 4 | grep -q 'gets in'; do n=$((n + 1)); [ $n -lt 60 ]; done
         echo \"after $(($(date +%s) - begun)) s\"
         swatch list; swatch expire"
    ));
    let text = out(&output);
    assert!(output.status.success(), "{text}{}", err(&output));
    assert!(text.contains("attacker 4 is kept out"), "{text}");
    assert!(text.contains("203.0.113.9 expired"), "{text}");
    let after = text
        .split("after ")
        .nth(1)
        .and_then(|rest| rest.split(' ').next());
    let seconds: u32 = after.and_then(|word| word.parse().ok()).expect("seconds");
    assert!(
        (5..=15).contains(&seconds),
        "it ended after {seconds} s: {text}"
    );
}

#[test]
fn nftables_ends_a_lock_by_itself() {
    ends_by_itself("nftables", &["nft"]);
}

#[test]
fn ipset_ends_a_lock_by_itself() {
    ends_by_itself("ipset", &["ipset", "iptables"]);
}

/// 20,000 locks: imported, flushed by somebody else, restored, checked; one more is as quick as the
/// first.
fn many(name: &str, programs: &[&str], flush: &str) {
    if let Some(why) = no_network(programs) {
        return skipped(&format!("20,000 locks by {name}"), &why);
    }
    let sandbox = Sandbox::real();
    sandbox.set(&format!(
        "firewall = \"{name}\"\ntime_limit = \"60s\"\nmail = \"\"\n[whois]\nserver = \"\"\n"
    ));
    let list: String = (0..20_000)
        .map(|n| format!("198.{}.{}.{}\n", 18 + n / 65_536, n / 256 % 256, n % 256))
        .collect();
    std::fs::write(sandbox.path("list"), list).expect("a list");
    let output = sandbox.in_network(&format!(
        "{NEIGHBOURS}
         swatch import {list} --for 1d
         swatch lock 203.0.113.9 >/dev/null
         reach attacker 4
         {flush}
         reach attacker 4
         swatch restore
         reach attacker 4
         swatch check
         swatch unlock --all | grep -c unlocked
         reach attacker 4",
        list = sandbox.path("list").display()
    ));
    assert_eq!(
        out(&output),
        "20000 locked\nattacker 4 is kept out\nattacker 4 gets in\n\
         20001 put back, 0 were there, 0 expired\nattacker 4 is kept out\n\
         20001 locks are as they should be\n20001\nattacker 4 gets in\n",
        "{}",
        err(&output)
    );
}

#[test]
fn nftables_holds_twenty_thousand() {
    many("nftables", &["nft", "bash"], "nft flush ruleset");
}

#[test]
fn ipset_holds_twenty_thousand() {
    many(
        "ipset",
        &["ipset", "iptables", "bash"],
        "iptables -F; ipset flush",
    );
}

#[test]
fn iptables_holds_twenty_thousand() {
    many(
        "iptables",
        &["iptables", "ip6tables", "bash"],
        "iptables -F",
    );
}
