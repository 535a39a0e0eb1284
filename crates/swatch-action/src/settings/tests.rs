use super::*;

#[test]
fn the_defaults_are_the_scripts() {
    let settings = Settings::parse("").expect("an empty file");
    assert_eq!(settings, Settings::default());
    settings.check().expect("the defaults are valid");
    assert_eq!(settings.mail, "root");
    assert_eq!(settings.count, 3);
    assert_eq!(settings.lock_time, Span(86_400));
    assert_eq!(settings.firewall, Backend::Iptables);
}

#[test]
fn an_unknown_key_is_shown_with_its_line() {
    let error = Settings::parse("count = 5\nmial = \"root\"\n")
        .expect_err("mial is unknown")
        .to_string();
    assert!(
        error.contains("line 2") && error.contains("mial"),
        "{error}"
    );
}

#[test]
fn values_out_of_range_are_refused() {
    for text in [
        "count = 0",
        "mail = \"root\\nBcc: x\"",
        "log_dir = \"var/log\"",
        "chains = [\"INPUT; reboot\"]",
        "chains = []",
        "growth = 0.5",
        "ipv6_prefix = 129",
        "firewall = \"command\"",
        "aggregate = 32",
    ] {
        let settings = Settings::parse(text).expect(text);
        assert!(settings.check().is_err(), "{text}");
    }
    assert!(Settings::parse("[ignore]\nnetworks = [\"192.0.2.1/24\"]").is_err());
}

#[test]
fn settings_survive_the_way_to_the_notifying_process() {
    let text = "window = \"10m\"\n[ignore]\nnetworks = [\"192.0.2.0/24\"]\n";
    let settings = Settings::parse(text).expect("valid");
    let json = serde_json::to_string(&settings).expect("plain data");
    let back: Settings = serde_json::from_str(&json).expect("our own");
    assert_eq!(back, settings);
}
