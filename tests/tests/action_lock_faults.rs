//! Locks in real firewalls, in networks of their own, where something else goes wrong: the firewall
//! program fails after its work, another program flushes the rules, entries come from elsewhere.

use swatch_tests::{
    action::{Sandbox, err, no_network, out},
    neighbours::NEIGHBOURS,
    skip::skipped,
};

/// Field 2 of the line of an event.
const EVENT: &str = "event() { echo \"x $1\" | swatch 2 lock | sed 's/^.* 203/203/'; }\n";

/// Runs a script in a network of its own with a real firewall: what it printed, and standard error.
fn run(what: &str, firewall: &str, programs: &[&str], script: &str) -> Option<(String, String)> {
    if let Some(why) = no_network(&[programs, &["bash"]].concat()) {
        skipped(what, &why);
        return None;
    }
    let sandbox = Sandbox::real();
    sandbox.set(&format!(
        "firewall = \"{firewall}\"\nmail = \"\"\nlock_time = \"2h\"\n[whois]\nserver = \"\"\n"
    ));
    let script = script
        .replace("BIN", &sandbox.path("bin").to_string_lossy())
        .replace("STATE", &sandbox.path("state").to_string_lossy())
        .replace("JOBS", &sandbox.path("jobs").to_string_lossy());
    let output = sandbox.in_network(&format!("{EVENT}{script}"));
    let (said, complained) = (out(&output), err(&output));
    assert!(output.status.success(), "{said}{complained}");
    Some((said, complained))
}

/// A wrapper in front of the real program that fails after it has done its work.
fn failing(program: &str) -> String {
    format!(
        "printf '#!/bin/sh\\n/usr/sbin/{program} \"$@\"\\ncase $* in *sets*) exit 0;; esac\\nexit 1\\n' > BIN/{program}; chmod 755 BIN/{program}\n"
    )
}

#[test]
fn iptables_that_fails_after_its_work_leaves_no_rule_without_an_end() {
    let script = format!(
        "{}
         event 203.0.113.9 || :
         swatch list | grep -c 'iptables?'; ls JOBS | wc -l
         event 203.0.113.9 || :
         rm BIN/iptables
         event 203.0.113.9
         iptables -S INPUT | grep -c DROP
         swatch check
         swatch unlock 203.0.113.9
         iptables -S INPUT | grep -c DROP || :",
        failing("iptables")
    );
    let Some((said, complained)) = run(
        "iptables that fails late",
        "iptables",
        &["iptables"],
        &script,
    ) else {
        return;
    };
    assert_eq!(
        said,
        "203.0.113.9 1\n1\n1\n203.0.113.9 2\n203.0.113.9 3 lock!\n1\n\
         1 locks are as they should be\n203.0.113.9 unlocked\n0\n",
        "{complained}"
    );
    assert!(
        complained.contains("whether that locked it is not known"),
        "{complained}"
    );
}

/// Only making the rule fails: iptables says that it is there, so it is reported.
#[test]
fn a_lock_that_is_in_force_after_a_failure_is_reported() {
    let script = "
        printf '#!/bin/sh\\n/usr/sbin/iptables \"$@\"; c=$?\\ncase \"$*\" in *-I*) exit 1;; esac; exit $c\\n' > BIN/iptables
        chmod 755 BIN/iptables
        event 203.0.113.9
        iptables -S INPUT | grep -c DROP
        swatch check";
    let Some((said, complained)) = run(
        "iptables that fails late",
        "iptables",
        &["iptables"],
        script,
    ) else {
        return;
    };
    assert_eq!(
        said, "203.0.113.9 1 lock!\n1\n1 locks are as they should be\n",
        "{complained}"
    );
    assert!(complained.contains("in force all the same"), "{complained}");
}

#[test]
fn nft_and_ipset_that_fail_after_their_work_leave_no_entry_that_nobody_knows() {
    for (firewall, program, entries) in [
        (
            "nftables",
            "nft",
            "nft list set inet swatch v4_32 | grep -c 203.0.113.9",
        ),
        ("ipset", "ipset", "ipset save swatch-v4 | grep -c '^add'"),
    ] {
        let script = format!(
            "{}
             event 203.0.113.9 || :
             {entries}
             swatch list | grep -c '{firewall}?'
             rm BIN/{program}
             swatch check; swatch unlock 203.0.113.9
             {entries} || :",
            failing(program)
        );
        let programs = [program, "iptables"];
        let Some((said, complained)) =
            run("a failure after the work", firewall, &programs, &script)
        else {
            return;
        };
        // ipset's set had no rule yet that matches it.
        let mended = if firewall == "ipset" {
            "was missing, put back"
        } else {
            "was interrupted before it was confirmed, confirmed"
        };
        assert_eq!(
            said.replace(mended, "was MENDED"),
            "203.0.113.9 1\n1\n1\n203.0.113.9 was MENDED\n\
             1 locks are as they should be\n203.0.113.9 unlocked\n0\n",
            "{firewall}: {complained}"
        );
    }
}

/// Each of these takes the effect from a lock; the next event of the address brings it back.
#[test]
fn an_event_of_a_locked_address_brings_the_lock_back() {
    let cases: [(&str, &[&str], &[&str]); 3] = [
        (
            "iptables",
            &["iptables"],
            &["iptables -F", "iptables -F INPUT"],
        ),
        (
            "ipset",
            &["ipset", "iptables"],
            &["iptables -F", "iptables -F; ipset destroy", "ipset flush"],
        ),
        (
            "nftables",
            &["nft"],
            &[
                "nft flush chain inet swatch input",
                "nft delete chain inet swatch input",
                "nft 'flush chain inet swatch input; delete chain inet swatch input; add chain inet swatch input'",
                "nft 'flush chain inet swatch input; delete chain inet swatch input; add chain inet swatch input { type filter hook input priority 7; }'",
                "nft 'add table inet swatch { flags dormant; }'",
                "nft flush ruleset",
                "nft flush ruleset; nft 'add table inet swatch { flags dormant; }'",
                "nft flush set inet swatch v4_32",
            ],
        ),
    ];
    for (firewall, programs, flushes) in cases {
        let mut script = format!("{NEIGHBOURS} event 203.0.113.9\n");
        for flush in flushes {
            script.push_str(&format!(
                "{flush}; reach attacker 4; event 203.0.113.9; reach attacker 4\n"
            ));
        }
        // The same for a new address: what the first lock made is not taken for granted.
        script.push_str(&format!(
            "swatch unlock 203.0.113.9 >/dev/null; event 203.0.113.77 >/dev/null; {}; event 203.0.113.9; reach attacker 4\n",
            flushes[0]
        ));
        let Some((said, complained)) = run("locks flushed by others", firewall, programs, &script)
        else {
            return;
        };
        let mut count = 1;
        let mut expected = String::from("203.0.113.9 1 lock!\n");
        for _ in flushes {
            count += 1;
            expected.push_str(&format!(
                "attacker 4 gets in\n203.0.113.9 {count} lock!\nattacker 4 is kept out\n"
            ));
        }
        expected.push_str(&format!(
            "203.0.113.9 {} lock!\nattacker 4 is kept out\n",
            count + 1
        ));
        assert_eq!(said, expected, "{firewall}: {complained}");
    }
}

#[test]
fn check_sees_chain_hook_and_place() {
    let script = "
        event 203.0.113.9 >/dev/null
        wrong() { swatch check --dry-run || echo \"code $?\"; swatch check; swatch check --dry-run; }
        nft 'flush chain inet swatch input; delete chain inet swatch input; add chain inet swatch input { type filter hook input priority 7; }'
        wrong
        nft 'add table inet swatch { flags dormant; }'
        wrong";
    let Some((said, complained)) = run("what check sees", "nftables", &["nft"], script) else {
        return;
    };
    let once = "203.0.113.9 is missing\n0 locks are as they should be\ncode 1\n\
                203.0.113.9 was missing, put back\n1 locks are as they should be\n\
                1 locks are as they should be\n";
    assert_eq!(said, once.repeat(2), "{complained}");
    assert!(
        complained.contains("is not at its hook") && complained.contains("is dormant"),
        "{complained}"
    );
}

#[test]
fn an_accept_above_the_locks_is_a_hint() {
    let script = "
        event 203.0.113.9 >/dev/null
        iptables -I INPUT -p tcp --dport 22 -j ACCEPT
        swatch check";
    let Some((said, complained)) = run("a hint", "iptables", &["iptables"], script) else {
        return;
    };
    assert_eq!(said, "1 locks are as they should be\n");
    assert!(
        complained.contains("hint: iptables: 1 locks in INPUT come after")
            && complained.contains("--dport 22 -j ACCEPT"),
        "{complained}"
    );
}

#[test]
fn copies_and_entries_of_others_are_seen_and_unlocked() {
    let script = "
        event 203.0.113.9 >/dev/null
        iptables -I INPUT -s 203.0.113.9 -j DROP; iptables -I INPUT -s 203.0.113.9 -j DROP
        swatch check
        iptables -S INPUT | grep -c 203.0.113.9
        iptables -I INPUT -s 203.0.113.9 -j DROP
        swatch unlock 203.0.113.9
        for n in 1 2 3; do iptables -I INPUT -s 203.0.113.8 -j DROP; done
        iptables -I INPUT -s 198.51.100.0/24 -j DROP
        swatch check
        swatch unlock 203.0.113.8; swatch unlock 203.0.113.8 2>&1 || echo \"code $?\"
        swatch unlock --all
        iptables -S INPUT";
    let Some((said, complained)) = run("copies of rules", "iptables", &["iptables"], script) else {
        return;
    };
    assert_eq!(
        said,
        "203.0.113.9 was in the firewall more than once, copies removed\n\
         1 locks are as they should be\n1\n203.0.113.9 unlocked\n\
         198.51.100.0/24 is dropped by iptables, but is not a lock of the state; if it should be free: `swatch-action unlock 198.51.100.0/24`\n\
         203.0.113.8 is dropped by iptables, but is not a lock of the state; if it should be free: `swatch-action unlock 203.0.113.8`\n\
         0 locks are as they should be\n203.0.113.8 unlocked (the state did not know of it)\n\
         swatch-action: 203.0.113.8 is not locked\ncode 1\n\
         -P INPUT ACCEPT\n-A INPUT -s 198.51.100.0/24 -j DROP\n",
        "{complained}"
    );
}

#[test]
fn entries_of_our_sets_that_the_state_does_not_know() {
    for (firewall, program, add, left) in [
        (
            "nftables",
            "nft",
            "nft add element inet swatch v4_32 \"{ $1 }\"",
            "nft -j list set inet swatch v4_32 | grep -c $1",
        ),
        (
            "ipset",
            "ipset",
            "ipset add swatch-v4 $1",
            "ipset save swatch-v4 | grep -c \"^add.*$1\"",
        ),
    ] {
        let script = format!(
            "add() {{ {add}; }}; left() {{ {left} || :; }}
             event 203.0.113.9 >/dev/null
             add 203.0.113.7; add 203.0.113.8
             swatch unlock 203.0.113.7; left 203.0.113.7
             swatch check
             swatch list --json | grep -c '\"until\": \"'
             swatch check
             swatch unlock --all | sort; left 203.0.113"
        );
        let programs = [program, "iptables"];
        let Some((said, complained)) = run("unknown entries", firewall, &programs, &script) else {
            return;
        };
        assert_eq!(
            said,
            "203.0.113.7 unlocked (the state did not know of it)\n0\n\
             203.0.113.8 was in the firewall but not in the state, noted with its end\n\
             2 locks are as they should be\n2\n2 locks are as they should be\n\
             203.0.113.8 unlocked\n203.0.113.9 unlocked\n0\n",
            "{firewall}: {complained}"
        );
    }
}

/// iptables-save says so with exit code 0; nothing may be concluded from what it leaves out.
#[test]
fn a_table_that_iptables_save_cannot_show_is_an_error() {
    let script = "
        event 203.0.113.9 >/dev/null
        nft add rule ip filter INPUT ct state established accept
        for n in 1 2 3; do swatch check || echo \"code $?\"; done
        nft list chain ip filter INPUT | grep -c 203.0.113.9";
    let Some((said, complained)) = run(
        "an incompatible table",
        "iptables",
        &["iptables", "nft"],
        script,
    ) else {
        return;
    };
    assert_eq!(said, "code 1\ncode 1\ncode 1\n1\n", "{complained}");
    assert!(
        complained.contains("cannot tell what is locked"),
        "{complained}"
    );
}

/// Without an answer about the sets that are there, their rules would be lost.
#[test]
fn a_question_to_nft_that_fails_stops_the_change() {
    let script = "
        swatch lock 198.51.100.0/24 >/dev/null
        printf '#!/bin/sh\\ncase $* in *list*) exit 1;; esac; exec /usr/sbin/nft \"$@\"\\n' > BIN/nft; chmod 755 BIN/nft
        echo 203.0.113.9 | swatch import - || echo \"code $?\"
        rm BIN/nft
        nft list chain inet swatch input | grep -c v4_24
        swatch check";
    let Some((said, complained)) = run("a question that fails", "nftables", &["nft"], script)
    else {
        return;
    };
    assert_eq!(
        said,
        "0 of 1 locked\ncode 1\n1\n203.0.113.9 was missing, put back\n2 locks are as they should be\n",
        "{complained}"
    );
}

/// One limit for all programs of an event: the first one that hangs uses it up.
#[test]
fn a_firewall_program_that_hangs_is_waited_for_once() {
    let sandbox = Sandbox::new();
    sandbox.set("time_limit = \"3s\"\nexpiry = \"expire\"\nmail = \"\"\n[whois]\nserver = \"\"\n");
    let own = sandbox.text("bin/iptables");
    sandbox.stand_in(
        "iptables",
        "#!/bin/sh\necho \"$*\" >> ${0%/*}/../hung\nexec sleep 100\n",
    );
    let output = sandbox.event("203.0.113.9", &["lock"]);
    assert!(!out(&output).contains("lock!"), "{}", out(&output));
    assert_eq!(sandbox.text("hung").lines().count(), 1, "{}", err(&output));
    sandbox.stand_in("iptables", &own);
    let output = sandbox.event("203.0.113.9", &["lock"]);
    assert!(out(&output).contains("lock!"), "{}", err(&output));
}

/// firewalld's client waits for the system bus as long as it may where firewalld does not run.
#[test]
fn auto_asks_a_firewalld_that_does_not_run_once() {
    let sandbox = Sandbox::new();
    sandbox.set("firewall = \"auto\"\nmail = \"\"\n[whois]\nserver = \"\"\n");
    sandbox.stand_in(
        "firewall-cmd",
        "#!/bin/sh\necho \"$*\" >> ${0%/*}/../hung\nexec sleep 100\n",
    );
    let begun = std::time::Instant::now();
    let output = sandbox.event("203.0.113.9", &["lock"]);
    let took = begun.elapsed();
    assert!(out(&output).ends_with(" lock!\n"), "{}", err(&output));
    assert_eq!(sandbox.text("hung"), "--state\n");
    // The limit of the settings is 10 s.
    assert!(took.as_secs() < 9, "{took:?}");
}
