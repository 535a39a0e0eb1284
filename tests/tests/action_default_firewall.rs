//! The firewall without a settings file: the script's programs where they are there, else the best
//! that works, in a network namespace with programs hidden by mounts.

use swatch_tests::{
    action::{Sandbox, err, no_network, out},
    program,
    skip::skipped,
};

/// The helper under an old name, without a settings file, and with its usual directories empty.
/// `hide PROGRAM` takes a program away.
const NO_SETTINGS: &str = r#"
for folder in /var/lib /var/log /var/spool/cron /etc/swatch; do
    [ ! -d $folder ] || mount -t tmpfs tmpfs $folder
done
mount -t tmpfs tmpfs /mnt
ln -s "$HELPER" /mnt/swatch_action.sh
hide() { mount --bind /dev/null "$(readlink -f "$(command -v "$1")")"; }
lock() { echo "Nov 22 20:00:00 box sshd[7]: Invalid user bob from $1 port 4711" | /mnt/swatch_action.sh 10 lock --no-mail --no-whois 2>&1; }
nfts() { nft list ruleset | grep -c "$1" || true; }
rules() { iptables-save | grep -c -- "-s $1/32 -j DROP" || true; }
"#;

fn run(what: &str, programs: &[&str], script: &str) -> Option<String> {
    let needed = [programs, &["nft", "iptables", "ipset", "at"]].concat();
    if let Some(why) = no_network(&needed) {
        skipped(what, &why);
        return None;
    }
    let helper = program::swatch_action();
    let script = format!("HELPER={}\n{NO_SETTINGS}\n{script}", helper.display());
    let output = Sandbox::real().in_network(&script);
    let text = out(&output);
    assert!(output.status.success(), "{text}{}", err(&output));
    Some(text)
}

#[test]
fn iptables_with_at_needs_no_choice() {
    let Some(text) = run(
        "the script's firewall",
        &[],
        "# Without atd the job waits, and a warning says so.
         lock 203.0.113.9 || true
         echo \"rules $(rules 203.0.113.9) sets $(nfts 203.0.113.9)\"
         ls /var/lib/swatch",
    ) else {
        return;
    };
    assert!(text.contains("rules 1"), "{text}");
    assert!(!text.contains("default-firewall"), "{text}");
    assert!(!text.contains("firewall iptables:"), "{text}");
}

#[test]
fn without_at_and_iptables_it_is_nftables_said_once() {
    let Some(text) = run(
        "a choice of nftables",
        &[],
        "hide at; hide iptables
         lock 203.0.113.9; echo then; lock 203.0.113.10
         nft list table inet swatch | grep -c '203.0.113.9.*203.0.113.10'
         cat /var/lib/swatch/default-firewall",
    ) else {
        return;
    };
    let (first, then) = text.split_once("then\n").expect("two locks");
    assert!(first.contains("firewall nftables: "), "{text}");
    assert!(first.contains("install iptables and at"), "{text}");
    assert!(!then.contains("firewall nftables: "), "{text}");
    assert!(then.ends_with("1\nnftables\n"), "{text}");
}

#[test]
fn without_at_and_nftables_it_is_ipset() {
    let Some(text) = run(
        "a choice of ipset",
        &[],
        "hide at; hide nft
         lock 203.0.113.9
         ipset list -n | sort
         cat /var/lib/swatch/default-firewall",
    ) else {
        return;
    };
    assert!(text.contains("firewall ipset: "), "{text}");
    assert!(text.contains("install at"), "{text}");
    assert!(text.contains("swatch-v4\n"), "{text}");
    assert!(text.ends_with("\nipset\n"), "{text}");
}

#[test]
fn iptables_alone_leaves_the_end_to_expire() {
    let Some(text) = run(
        "a choice of iptables with expire",
        &[],
        "hide at; hide nft; hide ipset
         lock 203.0.113.9
         echo \"rules $(rules 203.0.113.9)\"
         \"$HELPER\" lock 203.0.113.10 --for 1s --no-mail --no-whois 2>&1
         until \"$HELPER\" expire 2>&1 | grep 'expired'; do :; done
         echo \"rules $(rules 203.0.113.9) $(rules 203.0.113.10)\"",
    ) else {
        return;
    };
    assert!(text.contains("swatch-action-expire.timer"), "{text}");
    assert!(text.contains("rules 1\n"), "{text}");
    assert!(text.contains("203.0.113.10 expired"), "{text}");
    assert!(text.contains("rules 1 0\n"), "{text}");
}

#[test]
fn without_any_firewall_it_says_what_to_install() {
    let Some(text) = run(
        "no firewall at all",
        &[],
        "hide at; hide nft; hide ipset; hide iptables
         lock 203.0.113.9 || echo \"status $?\"
         ls /var/lib/swatch",
    ) else {
        return;
    };
    assert!(text.contains("no firewall works here"), "{text}");
    assert!(text.contains("install nftables"), "{text}");
    assert!(text.contains("status 1"), "{text}");
    assert!(!text.contains("default-firewall"), "{text}");
}

#[test]
fn what_a_settings_file_names_is_not_looked_for() {
    let Some(text) = run(
        "a named firewall",
        &[],
        "hide at
         mkdir -p /etc/swatch
         echo 'firewall = \"nftables\"' > /mnt/action.toml
         \"$HELPER\" lock 203.0.113.9 --config /mnt/action.toml --no-mail --no-whois 2>&1
         echo \"sets $(nfts 203.0.113.9)\"
         ls /var/lib/swatch",
    ) else {
        return;
    };
    assert!(text.contains("sets 1"), "{text}");
    assert!(!text.contains("default"), "{text}");
}
