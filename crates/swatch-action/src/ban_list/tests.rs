//! Lists as the programs write them.

use std::path::Path;

use rusqlite::Connection;

use super::{Ban, BanListError, Format, read};

fn write(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    file
}

fn texts(bans: &[Ban]) -> Vec<(&str, Option<i64>)> {
    bans.iter()
        .map(|ban| (ban.text.as_str(), ban.left))
        .collect()
}

#[test]
fn a_list_has_one_entry_a_line() {
    let file = write("# comment\n203.0.113.9 # him\n\n198.51.100.0/24\n");
    let bans = read(Format::Lines, file.path(), 0).unwrap();
    assert_eq!(
        texts(&bans),
        [("203.0.113.9", None), ("198.51.100.0/24", None)]
    );
    assert!(bans[1].place.ends_with(":4"), "{}", bans[1].place);
}

#[test]
fn bans_in_force_are_read_from_fail2bans_database() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let database = Connection::open(file.path()).unwrap();
    database
        .execute_batch(
            "CREATE TABLE bips(ip TEXT NOT NULL, jail TEXT NOT NULL, timeofban INTEGER NOT NULL,
                 bantime INTEGER NOT NULL, bancount INTEGER NOT NULL default 1, data JSON);
             INSERT INTO bips(ip, jail, timeofban, bantime) VALUES
                 ('203.0.113.9', 'sshd', 1000, 600),
                 ('203.0.113.10', 'sshd', 100, 600),
                 ('2001:db8::9', 'nginx', 10, -1);",
        )
        .unwrap();
    let bans = read(Format::Fail2ban, file.path(), 1100).unwrap();
    assert_eq!(
        texts(&bans),
        [("2001:db8::9", None), ("203.0.113.9", Some(500))]
    );
    assert_eq!(bans[1].reason, "banned by fail2ban, jail sshd");
}

#[test]
fn another_database_is_refused() {
    let file = write("no database at all, but long enough to be one");
    let error = read(Format::Fail2ban, file.path(), 0).unwrap_err();
    assert!(matches!(error, BanListError::Database { .. }), "{error}");
    let error = read(Format::Fail2ban, Path::new("/nonexistent"), 0).unwrap_err();
    assert!(error.to_string().contains("/nonexistent"), "{error}");
}

#[test]
fn sshguards_blacklist_is_read() {
    let file = write("1611000000|100|4|203.0.113.9\n1611000001|110|6|2001:db8::9\n");
    let bans = read(Format::Sshguard, file.path(), 0).unwrap();
    assert_eq!(texts(&bans), [("203.0.113.9", None), ("2001:db8::9", None)]);
}

#[test]
fn crowdsecs_bans_of_addresses_are_read() {
    let file = write(
        r#"[{"id": 1, "decisions": [
            {"duration": "3h59m21.5s", "origin": "crowdsec", "scenario": "crowdsecurity/ssh-bf",
             "scope": "Ip", "type": "ban", "value": "203.0.113.9"},
            {"duration": "1h", "origin": "cscli", "scenario": "manual", "scope": "Range",
             "type": "ban", "value": "198.51.100.0/24"},
            {"duration": "1h", "origin": "cscli", "scenario": "manual", "scope": "Country",
             "type": "ban", "value": "XX"},
            {"duration": "1h", "origin": "cscli", "scenario": "manual", "scope": "Ip",
             "type": "captcha", "value": "203.0.113.10"}]}]"#,
    );
    let bans = read(Format::Crowdsec, file.path(), 0).unwrap();
    let expected = [
        ("203.0.113.9", Some(14361)),
        ("198.51.100.0/24", Some(3600)),
    ];
    assert_eq!(texts(&bans), expected);
    assert_eq!(bans[0].reason, "banned by CrowdSec, crowdsecurity/ssh-bf");
}

#[test]
fn no_decisions_are_an_empty_list() {
    let file = write("null");
    assert_eq!(read(Format::Crowdsec, file.path(), 0).unwrap(), []);
    let file = write("{");
    let error = read(Format::Crowdsec, file.path(), 0).unwrap_err();
    assert!(matches!(error, BanListError::Json { .. }), "{error}");
}
