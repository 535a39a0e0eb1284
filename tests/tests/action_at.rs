//! Expiry of a lock through the real at(1) and atd(8), without any help from swatch-action.

use std::path::Path;

use swatch_tests::{
    action::{Sandbox, err, no_network, out},
    skip::skipped,
};

/// One lock of a minute and one of an hour that was renewed: atd ends the first, and the first job
/// of the second, made to run early, leaves it alone. swatch-action itself is not involved.
#[test]
fn atd_ends_a_lock_of_a_minute() {
    let what = "a real atd";
    if let Some(why) = no_network(&["iptables", "at", "atd"]) {
        return skipped(what, &why);
    }
    if !nix::unistd::geteuid().is_root() || !Path::new("/var/spool/cron/atjobs").exists() {
        return skipped(what, "at(1) and its spool are for root here");
    }
    let sandbox = Sandbox::real();
    for program in ["at", "atrm"] {
        std::fs::remove_file(sandbox.path("bin").join(program)).expect("a stand-in");
    }
    let output = sandbox.in_network(
        "owner=$(stat -c %U:%G /var/spool/cron/atjobs)
         mount -t tmpfs tmpfs /var/spool
         for d in atjobs atspool; do mkdir -p /var/spool/cron/$d; chmod 1770 /var/spool/cron/$d; chown $owner /var/spool/cron/$d; done
         touch /var/spool/cron/atjobs/.SEQ; chown $owner /var/spool/cron/atjobs/.SEQ; chmod 600 /var/spool/cron/atjobs/.SEQ
         atd -f & atd=$!
         trap 'kill $atd' EXIT
         n=0; until [ -s /run/atd.pid ] || [ $n = 100 ]; do n=$((n + 1)); sleep 0.1; done
         swatch lock 203.0.113.9 --for 1m
         swatch lock 203.0.113.10 --for 1h
         atq | wc -l
         echo '--- the job of a renewed lock'
         swatch lock 203.0.113.10 --for 2h
         atq | wc -l
         job=$(at -c $(atq | sort -n | tail -1 | cut -f 1) | sed -n '/^job()/,$p')
         sh -c \"$job\"
         iptables -S INPUT | grep -c DROP
         echo '--- and after its minute'
         begun=$(date +%s)
         while iptables -S INPUT | grep -q 203.0.113.9/32; do
           [ $(($(date +%s) - begun)) -lt 150 ] || { echo too late; break; }; sleep 1
         done
         iptables -S INPUT
         ls \"$(dirname $(grep -l . $STATE/until/203.0.113.10))\"
         swatch expire; swatch list"
            .replace("$STATE", &sandbox.path("state").to_string_lossy())
            .as_str(),
    );
    let (text, said) = (out(&output), err(&output));
    assert!(output.status.success(), "{text}{said}");
    assert!(!said.contains("swatch-action:"), "{said}");
    let after = text
        .split("--- the job of a renewed lock\n")
        .nth(1)
        .expect("the second part");
    // Renewed: the old job was cancelled, and the new one, run early, removes nothing.
    assert!(
        after.contains("now until") && after.contains("\n2\n2\n---"),
        "{text}"
    );
    let end = text
        .split("--- and after its minute\n")
        .nth(1)
        .expect("the third part");
    assert!(
        end.starts_with("-P INPUT ACCEPT\n-A INPUT -s 203.0.113.10/32 -j DROP\n203.0.113.10\n203.0.113.9 expired\n"),
        "{text}{said}"
    );
}
