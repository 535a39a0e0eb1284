//! The documents keep up with the program: the commented settings file, the manual page.

use std::{path::Path, process::Command};

use swatch_action::settings::{Settings, WebService};

fn document(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn the_example_settings_are_the_defaults_and_all_of_them() {
    let text = document("examples/action.toml");
    let settings = Settings::parse(&text).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(settings, Settings::default());
    let json = serde_json::to_value(Settings::default()).expect("plain data");
    for (key, value) in json.as_object().expect("an object") {
        let inner = value
            .as_object()
            .map(|table| table.keys().cloned().collect::<Vec<_>>());
        for name in inner.unwrap_or_else(|| vec![key.clone()]) {
            let named = text.lines().any(|line| {
                let line = line.trim_start_matches('#');
                line.split(" = ").next() == Some(name.as_str()) || line == format!("[[{name}]]")
            });
            assert!(named, "{key}: {name} is not in the example");
        }
    }
}

/// The file that packages install sets nothing, and still shows every setting.
#[test]
fn the_packaged_settings_set_nothing() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let example = std::fs::File::open(root.join("examples/action.toml")).expect("the example");
    let output = Command::new(root.join("packaging/settings.sh"))
        .stdin(example)
        .output()
        .expect("it runs");
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let set: Vec<&str> = text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with(['#', '[']))
        .collect();
    assert!(set.is_empty(), "{set:?}");
    assert_eq!(
        Settings::parse(&text).expect("settings"),
        Settings::default()
    );
    assert!(text.contains("\n#firewall = "));
}

#[test]
fn the_example_explains_every_setting_of_a_web_service() {
    let text = document("examples/action.toml");
    let json = serde_json::to_value(WebService::default()).expect("plain data");
    for key in json.as_object().expect("an object").keys() {
        let explained = text.lines().any(|line| {
            let words = line.strip_prefix("# ").map(str::split_whitespace);
            words.is_some_and(|mut words| words.next() == Some(key))
        });
        // `url_file` is explained beside `url`.
        assert!(explained || key == "url_file", "{key}");
    }
}

/// Each value in a comment would be accepted in the place of the default beside it.
#[test]
fn the_examples_in_the_comments_are_valid() {
    let text = document("examples/action.toml");
    let is_example = |line: &str| {
        let key = line
            .strip_prefix('#')
            .and_then(|rest| rest.split_once(" = "));
        key.is_some_and(|(key, _)| !key.is_empty() && !key.contains(' '))
    };
    let examples = text.lines().filter(|line| is_example(line)).count();
    assert!(examples >= 10, "{examples}");
    let mut kept: Vec<String> = Vec::new();
    for line in text.lines() {
        if is_example(line) {
            let line = &line[1..];
            let key = line.split(" = ").next().unwrap_or_default();
            // Only in the same table.
            let table = kept.iter().rposition(|old| old.starts_with('['));
            let mut here = kept.split_off(table.unwrap_or(0));
            // `lock_times` takes the place of `growth`.
            let replaced = if key == "lock_times" { "growth" } else { key };
            here.retain(|old| old.split(" = ").next() != Some(replaced));
            kept.append(&mut here);
            kept.push(line.to_owned());
        } else if line.starts_with("#[[") {
            kept.push(line[1..].to_owned());
        } else {
            kept.push(line.to_owned());
        }
    }
    let settings = Settings::parse(&kept.join("\n")).unwrap_or_else(|error| panic!("{error}"));
    settings.check().unwrap_or_else(|error| panic!("{error}"));
    assert_ne!(settings, Settings::default());
    assert_eq!(settings.notify.len(), 5);
}

/// Every flag that `--help` names, of the program and of its commands, is in the manual page, and
/// every command is.
#[test]
fn the_manual_page_names_every_flag_and_command() {
    let page = document("docs/man/swatch-action.8").replace("\\-", "-");
    let help = |words: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_swatch-action"))
            .args(words)
            .arg("--help")
            .output()
            .expect("the program of this crate");
        assert!(output.status.success(), "{words:?}");
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    let commands = [
        "address", "list", "show", "stats", "lock", "unlock", "import", "report", "restore",
        "check", "expire", "follow", "metrics",
    ];
    let mut texts = vec![help(&[])];
    for command in commands {
        assert!(
            page.contains(&format!(".It Cm {command}")),
            "{command} is not in the manual page"
        );
        texts.push(help(&[command]));
    }
    for text in texts {
        for word in text.split_whitespace() {
            let flag = word.trim_end_matches([',', '.']);
            let Some(name) = flag.strip_prefix("--") else {
                continue;
            };
            if name.is_empty() || ["help", "version"].contains(&name) || name.contains('`') {
                continue;
            }
            assert!(
                page.contains(&format!("Fl -{name}")),
                "--{name} is not in the manual page"
            );
        }
    }
}
