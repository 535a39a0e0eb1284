use std::os::unix::fs::PermissionsExt;

use super::*;

#[test]
fn the_defaults_are_the_scripts() {
    let settings = Settings::parse("").expect("an empty file");
    assert_eq!(settings, Settings::default());
    settings.check().expect("the defaults are valid");
    assert_eq!(settings.mail, "root");
    assert_eq!(settings.count, 3);
    assert_eq!(settings.lock_time, Seconds(86_400));
    assert_eq!(settings.firewall, Backend::Default);
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
        "growth = 2.0\nlock_times = [\"1h\"]",
        "lock_times = [\"1h\", \"0s\"]",
        "ipv6_prefix = 129",
        "firewall = \"command\"",
        "aggregate = 32",
    ] {
        let settings = Settings::parse(text).expect(text);
        assert!(settings.check().is_err(), "{text}");
    }
    for wrong in ["192.0.2.x", "office.example.net", "192.0.2.1-"] {
        let text = format!("[ignore]\nnetworks = [\"{wrong}\"]");
        assert!(Settings::parse(&text).is_err(), "{wrong}");
    }
    let wider = Settings::parse("[ignore]\nnetworks = [\"192.0.2.1/24\"]").expect("read");
    assert!(
        wider.ignore.networks[0]
            .note()
            .is_some_and(|note| note.contains("192.0.2.0/24"))
    );
}

#[test]
fn a_length_of_time_needs_its_unit() {
    for text in [
        "lock_time = 24",
        "window = 10",
        "time_limit = \"10\"",
        "max_lock_time = 30",
        "[ignore]\nhosts_keep = 5",
        "[whois]\ntimeout = 5",
        "[whois]\nkeep = 1",
        "[notice]\ndigest = 15",
    ] {
        let error = Settings::parse(text).expect_err(text).to_string();
        assert!(error.contains("has no unit: write"), "{text}: {error}");
    }
}

#[test]
fn a_file_that_another_user_could_change_is_not_obeyed() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = |name: &str| dir.path().join(name);
    let mode = |path: &Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("chmod");
    };
    let here = dir.path().display();
    for name in ["hook", "friends", "script"] {
        std::fs::write(path(name), "").expect("a file");
        mode(&path(name), 0o755);
    }
    std::fs::write(
        path("action.toml"),
        format!(
            "mailer = [\"/bin/sh\", \"{here}/script\"]\n[ignore]\nfiles = [\"{here}/friends\"]\n\
             [notice]\nwebhook = [\"{here}/hook\", \"/dev/null\"]\n"
        ),
    )
    .expect("settings");
    mode(&path("action.toml"), 0o644);
    let load = || Settings::load(Some(&path("action.toml")));
    load().expect("nobody else can change these");
    for (name, what) in [
        ("action.toml", "the settings file: "),
        ("hook", "setting `notice.webhook`: "),
        ("friends", "setting `ignore.files`: "),
        ("script", "setting `mailer`: "),
    ] {
        for bad in [0o664, 0o757, 0o777] {
            mode(&path(name), bad);
            let error = load().expect_err(name).to_string();
            let place = path(name).display().to_string();
            assert!(
                error.starts_with(what) && error.contains("fix: chmod") && error.contains(&place),
                "{error}"
            );
        }
        mode(&path(name), 0o755);
    }
    mode(dir.path(), 0o777);
    let error = load().expect_err("the directory is open").to_string();
    assert!(error.contains("is writable by everybody"), "{error}");
    mode(dir.path(), 0o700);
    load().expect("as before");
}

#[test]
fn settings_survive_the_way_to_the_notifying_process() {
    let text = "window = \"10m\"\n[ignore]\nnetworks = [\"192.0.2.0/24\"]\n";
    let settings = Settings::parse(text).expect("valid");
    let json = serde_json::to_string(&settings).expect("plain data");
    let back: Settings = serde_json::from_str(&json).expect("our own");
    assert_eq!(back, settings);
}
