//! Bans of fail2ban, taken over into a real firewall with the time that is left of them.

use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::Connection;
use swatch_tests::{
    action::{Sandbox, err, no_network, out},
    skip::skipped,
};

#[test]
fn bans_of_fail2ban_become_locks_for_what_is_left_of_them() {
    if let Some(why) = no_network(&["nft", "bash"]) {
        return skipped("the import of fail2ban's bans", &why);
    }
    let sandbox = Sandbox::real();
    sandbox.set("firewall = \"nftables\"\nmail = \"\"\n[whois]\nserver = \"\"\n");
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("fail2ban.sqlite3");
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let database = Connection::open(&path).unwrap();
    database
        .execute_batch(&format!(
            "CREATE TABLE bips(ip TEXT NOT NULL, jail TEXT NOT NULL, timeofban INTEGER NOT NULL,
                 bantime INTEGER NOT NULL, bancount INTEGER NOT NULL DEFAULT 1, data JSON);
             INSERT INTO bips(ip, jail, timeofban, bantime) VALUES
                 ('203.0.113.9', 'sshd', {}, 7200), ('198.51.100.0/24', 'sshd', {now}, -1),
                 ('203.0.113.10', 'sshd', {}, 600), ('127.0.0.1', 'sshd', {now}, 600),
                 ('not an address', 'sshd', {now}, 600);",
            now - 3600,
            now - 3600,
        ))
        .unwrap();
    drop(database);
    let path = path.display();
    let output = sandbox.in_network(&format!(
        "swatch import --fail2ban {path} || echo warned; nft list ruleset
         echo again; swatch import --fail2ban {path} 2>/dev/null || true; swatch list"
    ));
    let (text, errors) = (out(&output), err(&output));
    assert!(text.starts_with("2 locked\n"), "{text}{errors}");
    assert!(errors.contains("jail sshd: not locked: "), "{errors}");
    assert!(errors.contains("not an address"), "{errors}");
    // One hour of its two is left, counted from some seconds ago.
    assert!(text.contains("203.0.113.9 timeout 1h expires"), "{text}");
    assert!(!text.contains("203.0.113.10"), "{text}");
    let again = text.split("again\n").nth(1).unwrap();
    assert!(again.starts_with("0 locked\n"), "{again}");
    assert!(again.contains("banned by fail2ban, jail sshd"), "{again}");
}
