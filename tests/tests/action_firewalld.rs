//! Locks in a real firewalld with its own system bus and network. The machine's is not touched: its
//! configuration directory is a copy, mounted over the real one for the test only.

use swatch_tests::{
    action::{Sandbox, err, no_network, out},
    neighbours::NEIGHBOURS,
    skip::skipped,
};

/// Starts the bus and firewalld; they end with the script. Packets that are not dropped are
/// accepted: firewalld's refusals are rate-limited.
const FIREWALLD: &str = "
mkdir -p /run/dbus /run/firewalld /run/etc; cp -a /etc/firewalld/. /run/etc; mount --bind /run/etc /etc/firewalld
dbus-daemon --system --nofork --nopidfile </dev/null >/dev/null 2>&1 & bus=$!
trap 'kill $bus $daemon 2>/dev/null; wait' EXIT; daemon=
until [ -S /run/dbus/system_bus_socket ]; do sleep 0.02; done
firewalld --nofork --nopid --log-target file --log-file /run/firewalld.log </dev/null >/dev/null 2>&1 & daemon=$!
n=0; until firewall-cmd --state >/dev/null 2>&1; do n=$((n + 1)); [ $n -lt 100 ]; sleep 0.1; done
firewall-cmd --set-default-zone=trusted >/dev/null
";

/// Runs a script beside firewalld; `None`, with a visible skip, where that is impossible.
fn with_firewalld(what: &str, settings: &str, script: &str) -> Option<(String, String)> {
    let programs = ["firewalld", "firewall-cmd", "dbus-daemon", "nft", "bash"];
    let root = nix::unistd::geteuid().is_root();
    let why = no_network(&programs)
        .or_else(|| (!root).then(|| "the system bus changes its user, which needs root".into()));
    if let Some(why) = why {
        skipped(what, &why);
        return None;
    }
    let sandbox = Sandbox::real();
    sandbox.set(&format!(
        "time_limit = \"60s\"\nmail = \"\"\n{settings}\n[whois]\nserver = \"\"\n"
    ));
    let list: String = (0..20_000)
        .map(|n| format!("198.{}.{}.{}\n", 18 + n / 65_536, n / 256 % 256, n % 256))
        .collect();
    std::fs::write(sandbox.path("list"), list).expect("a list");
    let list = sandbox.path("list").display().to_string();
    let output = sandbox.in_network(&format!(
        "{NEIGHBOURS}{FIREWALLD}{}",
        script.replace("LIST", &list)
    ));
    let (said, complained) = (out(&output), err(&output));
    assert!(output.status.success(), "{said}{complained}");
    Some((said, complained))
}

#[test]
fn firewalld_keeps_an_attacker_out() {
    let script = "
        all
        for i in 1 2 3; do line 203.0.113.9 | swatch 10; done
        for i in 1 2 3; do swatch --ip 2001:db8:a::9; done
        line 203.0.113.9 | swatch 10
        all; swatch check
        swatch unlock 203.0.113.9; swatch unlock 2001:db8:a::9
        all";
    let Some((said, complained)) =
        with_firewalld("locks by firewalld", "firewall = \"firewalld\"", script)
    else {
        return;
    };
    let reached: Vec<&str> = said
        .lines()
        .filter(|line| line.starts_with("attacker") || line.starts_with("friend"))
        .collect();
    let free = ["attacker 4 gets in", "attacker 6 gets in"];
    let kept = ["attacker 4 is kept out", "attacker 6 is kept out"];
    let friend = ["friend 4 gets in", "friend 6 gets in"];
    assert_eq!(
        reached,
        [free, friend, kept, friend, free, friend].concat(),
        "{said}{complained}"
    );
    assert_eq!(said.matches(" lock!").count(), 3, "{said}");
    assert!(said.contains("2 locks are as they should be"), "{said}");
}

/// A /24 that covers locked addresses, which firewalld would refuse in one set; and the expiry of a
/// lock.
#[test]
fn firewalld_takes_networks_over_addresses_and_forgets() {
    let script = "
        swatch lock 203.0.113.9; swatch lock 198.51.100.9; swatch lock 203.0.113.0/24
        swatch unlock 198.51.100.9; reach attacker 4; reach friend 4
        swatch unlock 203.0.113.0/24; reach attacker 4
        swatch lock 203.0.113.9 --for 1s; reach attacker 4
        until swatch expire | grep expired; do sleep 0.1; done; reach attacker 4
        firewall-cmd --ipset=swatch-v4-32 --get-entries | wc -w
        swatch lock 203.0.113.9; firewall-cmd --zone=drop --remove-source=ipset:swatch-v4-32 >/dev/null
        reach attacker 4; swatch check; reach attacker 4";
    let settings = "firewall = \"firewalld\"\nexpiry = \"expire\"\n[ignore]\nown = false";
    let Some((said, complained)) = with_firewalld("firewalld's sets", settings, script) else {
        return;
    };
    let said: Vec<&str> = said
        .lines()
        .filter(|line| !line.contains("locked"))
        .collect();
    assert_eq!(
        said,
        [
            "attacker 4 is kept out",
            "friend 4 gets in",
            "attacker 4 gets in",
            "attacker 4 is kept out",
            "203.0.113.9 expired",
            "attacker 4 gets in",
            "0",
            "attacker 4 gets in",
            "203.0.113.9 was missing, put back",
            "1 locks are as they should be",
            "attacker 4 is kept out",
        ],
        "{complained}"
    );
}

/// A reload makes firewalld forget; 20,000 locks are restored in a few calls, where one call each
/// would take hours.
#[test]
fn firewalld_holds_twenty_thousand_and_a_reload_is_mended() {
    let script = "
        swatch import LIST --for 1d
        swatch lock 203.0.113.9 >/dev/null; swatch lock 2001:db8:a::9 >/dev/null
        reach attacker 4
        firewall-cmd --reload >/dev/null
        reach attacker 4; reach attacker 6
        swatch restore
        reach attacker 4; reach attacker 6
        swatch check
        swatch unlock --all | grep -c unlocked
        reach attacker 4";
    let settings = "firewall = \"firewalld\"\nexpiry = \"expire\"";
    let Some((said, complained)) = with_firewalld("20,000 locks by firewalld", settings, script)
    else {
        return;
    };
    assert_eq!(
        said,
        "20000 locked\nattacker 4 is kept out\nattacker 4 gets in\nattacker 6 gets in\n\
         20002 put back, 0 were there, 0 expired\nattacker 4 is kept out\nattacker 6 is kept out\n\
         20002 locks are as they should be\n20002\nattacker 4 gets in\n",
        "{complained}"
    );
}

/// swatch-action's own table lives beside firewalld's and survives its reload, so `auto` picks
/// nftables here too.
#[test]
fn auto_takes_nftables_beside_firewalld_and_a_reload_leaves_it() {
    let script = "
        swatch lock 203.0.113.9 >/dev/null
        reach attacker 4; firewall-cmd --reload >/dev/null; reach attacker 4; swatch check";
    let Some((said, complained)) =
        with_firewalld("nftables beside firewalld", "firewall = \"auto\"", script)
    else {
        return;
    };
    assert_eq!(
        said,
        "attacker 4 is kept out\nattacker 4 is kept out\n1 locks are as they should be\n"
    );
    assert!(complained.contains("firewall nftables"), "{complained}");
}
