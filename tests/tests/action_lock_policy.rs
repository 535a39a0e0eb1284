//! The policy of locks: their length, addresses that are never locked, and the rights that looking
//! needs.

use std::{fs, os::unix::fs::PermissionsExt, process::Command};

use swatch_tests::{
    action::{Sandbox, err, feed, no_network, out},
    program,
    skip::skipped,
};

const SETTINGS: &str = "mail = \"\"\nlock_time = \"24h\"\n[whois]\nserver = \"\"\n";

/// Seconds that are left of each lock of the list, by address.
fn left(sandbox: &Sandbox, address: &str) -> Option<i64> {
    let json = out(&sandbox.run(&["list", "--json"], b""));
    let of = json
        .split("  {")
        .find(|part| part.contains(&format!("\"{address}\"")))?;
    let until = of.split("\"until\": \"").nth(1)?.split('"').next()?;
    let date = |text: &str| {
        let output = Command::new("date").args(["-d", text, "+%s"]).output();
        out(&output.expect("date"))
            .trim()
            .parse::<i64>()
            .expect("seconds")
    };
    Some(date(until) - date("now"))
}

#[test]
fn a_network_that_was_locked_by_hand_keeps_its_time() {
    let sandbox = Sandbox::new();
    sandbox.set(&format!("expiry = \"expire\"\n{SETTINGS}"));
    let minutes = |address: &str| left(&sandbox, address).map(|seconds| (seconds + 59) / 60);
    let run = |words: &[&str]| out(&sandbox.run(words, b""));
    run(&["lock", "198.51.100.0/25", "--for", "5m"]);
    assert_eq!(minutes("198.51.100.0/25"), Some(5));
    // By hand, inside it, and for longer: a lock of its own.
    run(&["lock", "198.51.100.8", "--for", "2h"]);
    assert_eq!(minutes("198.51.100.0/25"), Some(5));
    assert_eq!(minutes("198.51.100.8"), Some(120));
    // An event inside it.
    let output = sandbox.event("198.51.100.9", &["lock"]);
    assert!(
        out(&output).ends_with("198.51.100.9 1 lock!\n"),
        "{}",
        err(&output)
    );
    assert_eq!(minutes("198.51.100.0/25"), Some(5));
    assert_eq!(minutes("198.51.100.9"), Some(24 * 60));
    // A network that lasts longer is enough, and is not lengthened either.
    run(&["lock", "203.0.113.0/24", "--for", "48h"]);
    let output = sandbox.event("203.0.113.9", &["lock"]);
    assert!(
        out(&output).ends_with("203.0.113.9 1 lock! (203.0.113.0/24)\n"),
        "{}",
        out(&output)
    );
    assert_eq!(minutes("203.0.113.9"), None);
    assert_eq!(minutes("203.0.113.0/24"), Some(48 * 60));
}

#[test]
fn a_shorter_time_than_what_is_left_is_reported() {
    let sandbox = Sandbox::new();
    sandbox.set(SETTINGS);
    let run = |words: &[&str]| out(&sandbox.run(words, b""));
    run(&["lock", "203.0.113.9", "--for", "2h"]);
    let said = run(&["lock", "203.0.113.9", "--for", "1h"]);
    assert!(
        said.starts_with("203.0.113.9 is locked for longer already, until ")
            && said.ends_with(": unlock it first to shorten that\n"),
        "{said}"
    );
    let said = run(&["lock", "203.0.113.9", "--for", "3h"]);
    assert!(
        said.starts_with("203.0.113.9 was locked already, now until "),
        "{said}"
    );
}

/// Two next hops of one route, one in another table, one of another family.
const ROUTES: &str = "
    ip link add own0 type veth peer name own1; ip link set own0 up; ip link set own1 up
    ip addr add 203.0.113.1/24 dev own0; ip -6 addr add 2001:db8:a::1/64 dev own0 nodad
    ip route add default nexthop via 203.0.113.2 dev own0 nexthop via 203.0.113.3 dev own0
    ip route add 192.0.2.0/24 via 203.0.113.4 dev own0 table 77
    ip -6 route add default via 2001:db8:a::2 dev own0
    ip -6 route add 2001:db8:9::/64 table 78 nexthop via 2001:db8:a::3 dev own0 nexthop via 2001:db8:a::4 dev own0
    ip route add 192.0.2.128/25 via inet6 2001:db8:a::5 dev own0 table 79
";

#[test]
fn no_gateway_of_any_table_is_locked() {
    if let Some(why) = no_network(&["nft"]) {
        return skipped("gateways", &why);
    }
    let sandbox = Sandbox::real();
    sandbox.set(&format!("firewall = \"nftables\"\n{SETTINGS}"));
    let gateways = "203.0.113.2 203.0.113.3 203.0.113.4 2001:db8:a::2 2001:db8:a::3 2001:db8:a::4 2001:db8:a::5";
    let output = sandbox.in_network(&format!(
        "{ROUTES}
         for a in {gateways}; do echo | swatch --ip $a lock || echo no; done
         for a in 203.0.113.5 2001:db8:a:: 2001:db8:b::; do echo | swatch --ip $a lock; done
         swatch list --json | grep address"
    ));
    let (said, complained) = (out(&output), err(&output));
    assert!(output.status.success(), "{said}{complained}");
    assert_eq!(said.matches("no\n").count(), 7, "{said}{complained}");
    assert_eq!(
        complained.matches("this machine's gateway").count(),
        7,
        "{complained}"
    );
    // An attacker in the network of our own address is locked alone, also with a host part of 0.
    for locked in ["\"203.0.113.5\"", "\"2001:db8:a::\"", "\"2001:db8:b::/64\""] {
        assert_eq!(said.matches(locked).count(), 1, "{locked}: {said}");
    }
}

#[test]
fn an_address_that_becomes_our_own_is_unlocked() {
    if let Some(why) = no_network(&["nft"]) {
        return skipped("own addresses that come later", &why);
    }
    let sandbox = Sandbox::real();
    sandbox.set(&format!("firewall = \"nftables\"\n{SETTINGS}"));
    let output = sandbox.in_network(
        "ip link add own0 type veth peer name own1; ip link set own0 up; ip link set own1 up
         swatch lock 203.0.113.9 >/dev/null; swatch lock 2001:db8:a::/64 >/dev/null; swatch lock 203.0.113.7 >/dev/null
         ip addr add 203.0.113.9/24 dev own0; ip -6 addr add 2001:db8:a::1/64 dev own0 nodad
         swatch check --dry-run || echo differ
         swatch check
         nft list ruleset | grep -c '203.0.113.9\\|2001:db8:a::' || :
         ip addr add 203.0.113.7/32 dev own0
         swatch lock 198.51.100.7 | cut -d ' ' -f 1,2
         swatch check",
    );
    let (said, complained) = (out(&output), err(&output));
    assert!(output.status.success(), "{said}{complained}");
    for line in [
        "203.0.113.9 is to be unlocked: it is this machine's own address (own0)\n",
        "203.0.113.9 unlocked: it is this machine's own address (own0)\n",
        "2001:db8:a::/64 unlocked: 2001:db8:a::1 is this machine's own address (own0)\n",
    ] {
        assert!(said.contains(line), "{line}{said}{complained}");
    }
    assert!(
        said.ends_with(
            "1 locks are as they should be\n0\n198.51.100.7 locked\n1 locks are as they should be\n"
        ),
        "{said}{complained}"
    );
    assert!(complained.contains("203.0.113.7 unlocked: it is this machine's own address (own0)"));
}

/// `user_version` of the database: four bytes at offset 60 of the file.
#[test]
fn the_state_of_a_newer_program_is_refused_and_the_attacker_locked() {
    let sandbox = Sandbox::new();
    sandbox.set(SETTINGS);
    assert!(sandbox.event("203.0.113.9", &["lock"]).status.success());
    let path = sandbox.path("state/state.db");
    let mut bytes = fs::read(&path).expect("a database");
    bytes[60..64].copy_from_slice(&99_u32.to_be_bytes());
    fs::write(&path, &bytes).expect("written");
    let output = sandbox.event("203.0.113.8", &["lock"]);
    assert!(out(&output).ends_with("lock!\n"));
    for said in [err(&output), err(&sandbox.run(&["list"], b""))] {
        assert!(
            said.contains("format 99, made by a newer swatch-action")
                && said.contains("run the newer program"),
            "{said}"
        );
    }
    assert_eq!(
        fs::read(&path).expect("a database"),
        bytes,
        "not written to"
    );
}

/// Commands that only look need no right to write, whatever WAL mode wants.
#[test]
fn looking_needs_no_root() {
    if !nix::unistd::geteuid().is_root() {
        return skipped(
            "looking without root",
            "not root, so there is nobody to become",
        );
    }
    let sandbox = Sandbox::new();
    sandbox.set(&format!("expiry = \"expire\"\n{SETTINGS}"));
    assert!(sandbox.event("203.0.113.9", &["lock"]).status.success());
    let place = sandbox.path("swatch-action");
    fs::copy(program::swatch_action(), &place).expect("a copy");
    for (name, mode) in [
        (".", 0o755),
        ("swatch-action", 0o755),
        ("state", 0o755),
        ("log", 0o755),
    ] {
        let open = fs::Permissions::from_mode(mode);
        fs::set_permissions(sandbox.path(name), open).expect("chmod");
    }
    for name in ["state/state.db", "action.toml", "log/203.0.113.9"] {
        fs::set_permissions(sandbox.path(name), fs::Permissions::from_mode(0o644)).expect("chmod");
    }
    for words in [
        &["list"][..],
        &["list", "--json"],
        &["stats"],
        &["report"],
        &["show", "203.0.113.9"],
        &["--ip", "203.0.113.9", "--dry-run"],
        &["lock", "203.0.113.8", "--dry-run"],
    ] {
        let mut command = Command::new("setpriv");
        command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]);
        command.arg(&place).args(words);
        command.arg("--config").arg(sandbox.path("action.toml"));
        let output = feed(&mut command, b"");
        assert!(
            output.status.success(),
            "{words:?}: {}{}",
            out(&output),
            err(&output)
        );
        assert_eq!(sandbox.files("state"), 3, "{words:?} wrote something");
    }
}
