//! Entries of a fleet that are not applied, and who may take part.

use swatch_tests::fleet::run;

/// Somebody who can write to the engine, and a host that has gone wrong: each of their entries is
/// refused, counted and reported; the good one between them is applied.
#[test]
fn entries_that_no_key_has_signed_or_that_come_again_are_refused() {
    let script = r#"
        common='lock_time = "1h"'
        engine
        host 0 'locks_per_minute = 4'; host 1 'locks_per_minute = 4'
        printf '[ignore]\nnetworks = ["203.0.113.66"]\n' >> BASE/h1/action.toml
        follow 1; until_true ready 1
        add() { cli xadd 'swatch:{default}:stream' '*' s $(cli incr 'swatch:{default}:seq') m "$1" b "$2" > /dev/null; }
        field() { cli --raw xrange 'swatch:{default}:stream' - + count 1 | sed -n "/^$1\$/{n;p;q}"; }
        knock1() { echo "x $1" | on 0 2 lock | sed 's/^.* 203/203/'; }
        refused() { on 1 stats --fleet | grep -q "1  refused $1 of $2\$"; }

        knock1 203.0.113.1; until_true has 1 203.0.113.1
        m=$(field m); b=$(field b)
        on 1 unlock 203.0.113.1
        add $m "$b"; until_true refused replayed h0
        add $m "$(echo "$b" | sed s/113.1/113.2/)"; until_true refused signature unknown
        cli xadd 'swatch:{default}:stream' '*' nonsense 1 > /dev/null
        cli hset 'swatch:{default}:locks' 203.0.113.3 "L 9 99999999999999 1 00 $m $b" > /dev/null
        on 0 lock 198.51.100.0/22 --fleet > /dev/null; until_true refused 'too wide' h0
        knock1 203.0.113.66; until_true refused protected h0
        faketime -f -3d SWATCH --ip 203.0.113.67 lock --config BASE/h0/action.toml > /dev/null; until_true refused stale h0
        faketime -f +3d SWATCH --ip 203.0.113.68 lock --config BASE/h0/action.toml > /dev/null; until_true refused future h0
        # Within one minute of the engine's clock.
        early() { [ $(date +%S) -lt 55 ]; }
        until_true early
        for n in 1 2 3 4 5; do echo 203.0.113.10$n; done > BASE/list
        on 0 import BASE/list --fleet
        hosts() { on 1 stats --fleet | grep -Eq '[1-4]  refused host limit of h0'; }
        until_true hosts
        for a in 1 2 3 66 67 68; do lacks 1 203.0.113.$a; done
        until_true has 1 203.0.113.101; lacks 1 203.0.113.105
        on 0 list --fleet > /dev/null || echo "status $?"
    "#;
    let Some((said, complained)) = run("refused entries", script) else {
        return;
    };
    assert_eq!(
        said,
        "203.0.113.1 1 lock!\n203.0.113.1 unlocked\n203.0.113.66 1 lock!\n5 locked\n5 published to the fleet\nstatus 1\n",
        "{complained}"
    );
    for what in [
        "203.0.113.1 of h0 refused: it was applied before",
        "of an unknown host refused: its signature is not of the fleet's key (1 so far)",
        "198.51.100.0/22 of h0 refused: its network is wider",
        "203.0.113.66 of h0 is not locked here: 203.0.113.66 is ignored by the settings",
        "203.0.113.67 of h0 refused: it is over",
        "203.0.113.68 of h0 refused: it is from the future",
        "the other hosts take at most 4 locks a minute from one host",
        "of h0 refused: its host sends more than `locks_per_minute`",
        "1 entries are not signed with the fleet's key and not shown",
    ] {
        assert!(complained.contains(what), "{what}: {complained}");
    }
}

/// A host is expelled by a new key: first all accept both, then all sign with the new one, then
/// the old one is gone.
#[test]
fn the_key_is_changed_while_the_fleet_runs() {
    let script = r#"
        engine
        for n in 0 1 2; do host $n; cp -p BASE/key BASE/key$n; sed -i "s|BASE/key|&$n|" BASE/h$n/action.toml; done
        follow 1; until_true ready 1
        lock() { echo "x $2" | on $1 2 lock | sed 's/^.* 203/203/'; }
        keys() { umask 077; cat "$2" "$3" > BASE/new; umask 022; mv BASE/new BASE/key$1; }
        reread() { [ $(grep -c 'key was read again' BASE/h1/err) = $1 ]; }
        (umask 077; openssl rand -hex 32 > BASE/fresh)
        keys 0 BASE/key BASE/fresh; keys 1 BASE/key BASE/fresh; until_true reread 1
        lock 0 203.0.113.1; until_true has 1 203.0.113.1
        keys 0 BASE/fresh BASE/key
        lock 0 203.0.113.2; until_true has 1 203.0.113.2
        lock 2 203.0.113.3; until_true has 1 203.0.113.3
        keys 0 BASE/fresh /dev/null; keys 1 BASE/fresh /dev/null; until_true reread 2
        lock 0 203.0.113.4; lock 2 203.0.113.5; lock 0 203.0.113.6
        until_true has 1 203.0.113.6; has 1 203.0.113.4; lacks 1 203.0.113.5
        chmod 644 BASE/key0; lock 0 203.0.113.7; has 0 203.0.113.7
        on 0 stats --fleet > /dev/null || echo "status $?""#;
    let Some((said, complained)) = run("a key that is changed", script) else {
        return;
    };
    let locks: String = (1..8).map(|n| format!("203.0.113.{n} 1 lock!\n")).collect();
    assert_eq!(said, format!("{locks}status 1\n"), "{complained}");
    assert!(
        complained.contains("others than its owner may read it"),
        "{complained}"
    );
}

/// Votes, groups, and hosts that only listen or only speak.
#[test]
fn hosts_take_the_part_that_their_settings_give_them() {
    let script = r#"
        engine
        for n in 0 1 2; do host $n 'votes = 2'; done
        host 3 'group = "web"'; host 4 'role = "listen"'; host 5 'role = "speak"'
        for n in 1 3 4 5; do follow $n; done
        for n in 1 3 4; do until_true ready $n; done
        # Seen by one host: locked there only.
        for n in 1 2 3; do knock 0 203.0.113.1; done
        has 0 203.0.113.1; cli exists 'swatch:{default}:stream'
        # Seen by a second one.
        knock 2 203.0.113.1; until_true has 1 203.0.113.1; until_true has 4 203.0.113.1
        lacks 3 203.0.113.1; lacks 5 203.0.113.1
        for n in 4 4 4 3 3 3 5 5 5; do knock $n 203.0.113.2; done
        has 4 203.0.113.2; has 3 203.0.113.2; has 5 203.0.113.2
        until_true has 1 203.0.113.2
        cli xlen 'swatch:{default}:stream'; cli xlen 'swatch:{web}:stream'
        on 4 lock 203.0.113.3 --fleet || echo "status $?"
        cli zrange 'swatch:{default}:hosts:203.0.113.2' 0 -1"#;
    let Some((said, complained)) = run("parts in a fleet", script) else {
        return;
    };
    let counts = |address: &str, to: u32| -> String {
        (1..=to)
            .map(|n| {
                let lock = if n >= 3 { " lock!" } else { "" };
                format!("203.0.113.{address} {n}{lock}\n")
            })
            .collect()
    };
    let said: Vec<&str> = said
        .lines()
        .filter(|line| !line.contains("by hand"))
        .collect();
    let expected = format!(
        "{}0\n203.0.113.1 4 lock!\n{}{}{}2\n1\n",
        counts("1", 3),
        counts("2", 3),
        counts("2", 3),
        counts("2", 3)
    );
    let said = said.join("\n");
    assert!(said.starts_with(&expected), "{said}\n{complained}");
    assert!(said.ends_with("status 1\nh5"), "{said}\n{complained}");
    assert!(
        complained.contains("this host only listens"),
        "{complained}"
    );
}

/// Clocks that differ neither lengthen nor shorten a lock: its length is sent, and the engine's
/// clock says how long ago that was.
#[test]
fn clocks_that_differ_do_not_change_a_lock() {
    let script = r#"
        common='lock_time = "10m"'
        engine; host 0; host 1; host 2
        follow 1; until_true ready 1
        for skew in -5h +5h; do
          faketime -f $skew SWATCH --ip 203.0.113.1 lock --config BASE/h0/action.toml > /dev/null
          until_true has 1 203.0.113.1
          ip netns exec h1 nft list set inet swatch v4_32 | grep -oE 'timeout (10m|9m5[0-9]s) expires (10m|9m[0-9]+s)' | sed 's/ expires.*//; s/9m5.s/10m/'
          on 0 unlock 203.0.113.1 > /dev/null
          on 1 unlock 203.0.113.1 --fleet > /dev/null
        done
        # A snapshot counts from the same time.
        faketime -f +5h SWATCH --ip 203.0.113.2 lock --config BASE/h0/action.toml > /dev/null; until_true none_queued 0
        ip netns exec h2 faketime -f -5h SWATCH follow --once --config BASE/h2/action.toml 2> BASE/h2/err | sed 's/.*203/203/; s/ until.* for/ for/'
        ip netns exec h2 nft list set inet swatch v4_32 | grep -oE 'timeout (10m|9m5[0-9]s)' | sed 's/9m5.s/10m/'"#;
    let Some((said, complained)) = run("clocks that differ", script) else {
        return;
    };
    assert_eq!(
        said, "timeout 10m\ntimeout 10m\n203.0.113.2 locked for h0: --ip\ntimeout 10m\n",
        "{complained}"
    );
}
