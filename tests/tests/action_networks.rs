//! The target of a lock for an event: one address, a whole network, or nobody.

use std::fs;

use swatch_tests::action::{Sandbox, err, out};

#[test]
fn many_of_one_network_become_one_lock() {
    let sandbox = Sandbox::new();
    sandbox.set("aggregate = 24\naggregate_at = 3\nmail = \"\"\n[whois]\nserver = \"\"\n");
    for host in 1..=3 {
        assert!(
            sandbox
                .event(&format!("203.0.113.{host}"), &["lock"])
                .status
                .success()
        );
    }
    assert_eq!(
        sandbox.text("rules"),
        "iptables INPUT -s 203.0.113.0/24 -j DROP\n"
    );
    let next = out(&sandbox.event("203.0.113.99", &["lock"]));
    assert!(
        next.contains("203.0.113.99 1 lock! (203.0.113.0/24)"),
        "{next}"
    );
    assert_eq!(sandbox.text("rules").lines().count(), 1);
}

#[test]
fn a_rotation_of_ipv6_prefixes_is_locked_as_a_whole() {
    let sandbox = Sandbox::new();
    let mut said = Vec::new();
    for part in 0..33 {
        let address = format!("2001:db8:7:{part:x}00::9");
        let output = sandbox.run(&["--ip", &address], b"");
        assert!(output.status.success(), "{}", err(&output));
        said.push(out(&output));
    }
    let locks: Vec<&String> = said.iter().filter(|text| text.contains("lock!")).collect();
    assert_eq!(locks.len(), 2, "{said:?}");
    assert!(
        locks[0].ends_with(" 2001:db8:7:1f00::/64 1 lock! (2001:db8:7::/48)\n"),
        "{locks:?}"
    );
    let rules = sandbox.text("rules");
    assert_eq!(rules, "ip6tables INPUT -s 2001:db8:7::/48 -j DROP\n");
    let list = out(&sandbox.run(&["list"], b""));
    assert!(
        list.contains("32 of its networks had events within 1h; last: "),
        "{list}"
    );
}

#[test]
fn a_nat64_address_is_the_ipv4_address_in_it() {
    let sandbox = Sandbox::new();
    let output = sandbox.run(&["--ip", "64:ff9b::c000:20a", "lock"], b"");
    assert!(
        out(&output).ends_with(" 192.0.2.10 1 lock!\n"),
        "{}",
        out(&output)
    );
    let output = sandbox.run(&["--ip", "64:ff9b:1::c000:20a", "lock"], b"");
    assert!(
        out(&output).ends_with(" 64:ff9b:1::c000:20a 1 lock!\n"),
        "{}",
        out(&output)
    );
    let rules = sandbox.text("rules");
    assert_eq!(rules.lines().count(), 2, "{rules}");
    for rule in [
        "iptables INPUT -s 192.0.2.10 -j DROP\n",
        "ip6tables INPUT -s 64:ff9b:1::c000:20a -j DROP\n",
    ] {
        assert!(rules.contains(rule), "{rules}");
    }
}

#[test]
fn a_friend_stays_one_while_the_ignore_file_is_away() {
    let sandbox = Sandbox::new();
    let friends = sandbox.path("friends");
    sandbox.set(&format!("[ignore]\nfiles = [\"{}\"]\n", friends.display()));
    let friend = || sandbox.event("203.0.113.11", &["lock"]);
    let output = friend();
    assert_eq!(output.status.code(), Some(2), "no list, no locks");
    assert!(
        err(&output).contains("nothing is locked until it can be read"),
        "{}",
        err(&output)
    );
    fs::write(&friends, "\u{feff}203.0.113.7/24\n").expect("a list");
    assert!(friend().status.success());
    fs::remove_file(&friends).expect("away");
    let output = friend();
    assert!(
        err(&output).contains("its last good version is used"),
        "{}",
        err(&output)
    );
    assert!(sandbox.event("198.51.100.9", &["lock"]).status.code() == Some(1));
    assert_eq!(
        sandbox.text("rules"),
        "iptables INPUT -s 198.51.100.9 -j DROP\n"
    );
}

#[test]
fn a_source_that_anybody_can_forge_counts_but_does_not_lock_by_itself() {
    let sandbox = Sandbox::new();
    let line = b"Nov 22 20:00:00 box named[8]: client 203.0.113.9#4242: query (cache) 'www.example.org/A/IN' denied\n";
    let auto = sandbox.run(&["auto", "lock"], line);
    assert!(auto.status.success(), "{}", err(&auto));
    assert!(out(&auto).ends_with(" 203.0.113.9 1\n"), "{}", out(&auto));
    assert!(
        err(&auto).contains("set `lock_forgeable = true`"),
        "{}",
        err(&auto)
    );
    let again = sandbox.run(&["auto", "lock"], line);
    assert_eq!(
        (err(&again).as_str(), out(&again).ends_with(" 2\n")),
        ("", true),
        "said once"
    );
    assert_eq!(sandbox.text("rules"), "");
    // Naming the field is a decision to trust it, as the script's callers did.
    let field = sandbox.run(&["7", "lock"], line);
    assert!(
        out(&field).ends_with(" 203.0.113.9 3 lock!\n"),
        "{}",
        out(&field)
    );
    let line = String::from_utf8_lossy(line).replace("203.0.113.9", "198.51.100.7");
    let allowed = sandbox.run(&["auto", "lock", "--lock-forgeable"], line.as_bytes());
    assert!(
        out(&allowed).ends_with(" 198.51.100.7 1 lock!\n"),
        "{}",
        out(&allowed)
    );
}
