//! Configuration files written for the test: which value wins, and what is wrong with them.

use std::path::Path;

use fail2ban_import::{FilterName, ImportError, Jails, import_filter, import_jail};
use tempfile::TempDir;

/// A configuration directory with these files.
fn directory(files: &[(&str, &str)]) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = directory.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    directory
}

fn import(files: &[(&str, &str)], name: &str) -> Result<String, ImportError> {
    let directory = directory(files);
    let filters = directory.path().join("filter.d");
    let name = FilterName::parse(name)?;
    let imported = import_filter(&filters, &name, "echo message={host}")?;
    Ok(imported
        .rules
        .iter()
        .map(|rule| rule.text.as_str())
        .collect())
}

/// The rules of a filter `f` in one file.
fn rules(text: &str) -> String {
    import(&[("filter.d/f.conf", text)], "f").unwrap()
}

/// The text that the option `word` of the filter has in the end.
fn word(files: &[(&str, &str)], name: &str) -> String {
    let rules = import(files, name).unwrap();
    let at = rules.find("word-").expect("the word is in the rule");
    rules[at + 5..].split(' ').next().unwrap().to_owned()
}

const USES: &str = "[Definition]\nfailregex = ^word-<word> from <ADDR>$\nword = definition\n";

#[test]
fn a_section_outweighs_a_file_and_brackets_outweigh_both() {
    let includes = "[INCLUDES]\nbefore = base.conf\n";
    let own = format!("{includes}{USES}[Init]\nword = init\n");
    let base = (
        "filter.d/base.conf",
        "[Init]\nword = base-init\n[Definition]\nword = base\n",
    );
    let local = ("filter.d/f.local", "[Definition]\nword = local\n");
    let files = [("filter.d/f.conf", own.as_str()), base, local];
    assert_eq!(word(&files, "f"), "init");
    assert_eq!(word(&files, "f[word=given]"), "given");
    let own = format!("{includes}{USES}");
    let files = [("filter.d/f.conf", own.as_str()), base, local];
    assert_eq!(word(&files, "f"), "base-init");
    assert_eq!(word(&[("filter.d/f.conf", USES), local], "f"), "local");
    assert_eq!(word(&[("filter.d/f.conf", USES)], "f"), "definition");
}

#[test]
fn references_are_resolved_from_the_inside_out() {
    let text = "[DEFAULT]\nkind = a\n[Definition]\nfailregex = ^word-<word-<kind>> from <ADDR>$\n\
                word-a = %(x)s%%\nx = 1\n";
    assert_eq!(word(&[("filter.d/f.conf", text)], "f"), "1%");
}

#[test]
fn known_is_the_weaker_value() {
    let files = [
        (
            "filter.d/f.conf",
            "[Definition]\nfailregex = ^one from <ADDR>$\n",
        ),
        (
            "filter.d/f.local",
            "[Definition]\nfailregex = %(known/failregex)s\n  ^two from <ADDR>$\n",
        ),
    ];
    let rules = import(&files, "f").unwrap();
    assert!(rules.contains("# f, f.conf:2"), "{rules}");
    assert!(rules.contains("# f, f.local:3"), "{rules}");
}

#[test]
fn an_unknown_tag_stays() {
    let rules = rules("[Definition]\nfailregex = ^<unknown> from <ADDR>$\n");
    assert!(rules.contains("<unknown> from"), "{rules}");
}

#[test]
fn comments_and_continuations_are_read_as_fail2ban_reads_them() {
    let rules = rules(
        "# first\n[Definition]\nfailregex = ^a;b <ADDR>$ ; comment\n\n  # comment\n  ^c <ADDR>$\n",
    );
    assert!(rules.contains("a;b "), "{rules}");
    assert!(!rules.contains("comment"), "{rules}");
    assert!(rules.contains("# f, f.conf:6"), "{rules}");
}

#[test]
fn mistakes_are_named_with_file_and_line() {
    let cases = [
        (
            "[Definition]\nfailregex = %(x)s <ADDR>\n",
            "f.conf:2: `%(x)s` is not defined",
        ),
        (
            "[Definition]\nfailregex = %(x)s\nx = %(y)s\ny = %(x)s\n",
            "f.conf:4: `x` refers to itself",
        ),
        (
            "[Definition]\nfailregex = 5% <ADDR>\n",
            "f.conf:2: `%` must be followed by",
        ),
        (
            "[Definition]\nthis is nothing\n",
            "f.conf:2: expected `[section]` or `option = value`",
        ),
        (
            "[INCLUDES]\nbefore = gone.conf\n",
            "f.conf:2: included file gone.conf does not exist",
        ),
        ("[INCLUDES]\nbefore = f.conf\n", "f.conf: includes itself"),
        (
            "[Definition]\nfailregex =\n",
            "filter f: no failregex is set",
        ),
    ];
    for (text, expected) in cases {
        let error = import(&[("filter.d/f.conf", text)], "f").unwrap_err();
        assert!(error.to_string().contains(expected), "{text:?}: {error}");
    }
    let error = import(&[], "f").unwrap_err();
    assert!(error.to_string().starts_with("no filter f"), "{error}");
    assert!(FilterName::parse("f[x").is_err());
}

#[test]
fn a_value_in_quotes_may_hold_brackets_and_commas() {
    let name = FilterName::parse(r#"f[a="x, y]", b=2]"#).unwrap();
    let expected = [("a".into(), "x, y]".into()), ("b".into(), "2".into())];
    assert_eq!(name.options, expected);
}

#[test]
fn an_address_has_octets_and_an_end() {
    let rules = rules("[Definition]\nfailregex = ^from <ADDR>\n");
    assert!(rules.contains("25[0-5]"), "{rules}");
    assert!(rules.contains(r"(?!\w|\.\w"), "{rules}");
}

#[test]
fn jails_are_read_in_the_order_of_fail2ban() {
    let directory = directory(&[
        (
            "jail.conf",
            "[DEFAULT]\nmaxretry = 1\nfilter = %(__name__)s[mode=%(mode)s]\nmode = normal\n\
             enabled = false\n[f]\nlogpath = /var/log/a\n          /var/log/b tail\n",
        ),
        ("jail.d/a.conf", "[f]\nenabled = true\nmaxretry = 2\n"),
        (
            "jail.local",
            "[f]\nmaxretry = 3\nbantime = 1h\nignoreip = 127.0.0.1/8 ::1 friend.example\n",
        ),
        (
            "filter.d/f.conf",
            "[Definition]\nfailregex = ^<mode> from <ADDR>$\n",
        ),
    ]);
    let jails = Jails::load(directory.path()).unwrap();
    assert_eq!(jails.enabled().unwrap(), ["f"]);
    let imported = import_jail(&jails, "f", None).unwrap();
    let text = imported.text();
    let logs = "# logfile /var/log/a\n# logfile /var/log/b\n";
    assert!(text.contains(logs), "{text}");
    assert!(text.contains("normal from"), "{text}");
    let command = "--log-dir /var/log/swatch/f --count 3 --window 600s --lock-time 3600s \
                   --ignore 127.0.0.1/8 --ignore ::1";
    assert!(text.contains(command), "{text}");
    let notes = imported.notes.join("\n");
    assert!(notes.contains("friend.example"), "{notes}");
}

/// The lengths of the first five bans that fail2ban 1.0.2 was seen to give with these options.
#[test]
fn bans_grow_as_those_of_fail2ban() {
    let options = |more: &str| {
        let jail = format!(
            "[f]\nenabled = true\nfilter = f\nbantime = 10m\nbantime.increment = true\n{more}\n"
        );
        let filter = "[Definition]\nfailregex = ^x <ADDR>$\n";
        let directory = directory(&[("jail.conf", &jail), ("filter.d/f.conf", filter)]);
        let jails = Jails::load(directory.path()).unwrap();
        let imported = import_jail(&jails, "f", None).unwrap();
        let text = imported.text();
        let at = text.find("--lock-time").expect("a lock time");
        let end = text[at..].find('"').expect("the end of the command");
        (text[at..at + end].to_owned(), imported.notes.join("\n"))
    };
    let doubling = "--lock-time 600s --growth 2";
    assert_eq!(options("").0, doubling);
    let bounded = format!("{doubling} --max-lock-time 7200s");
    assert_eq!(options("bantime.maxtime = 2h").0, bounded);
    let factor = options("bantime.factor = 2\nbantime.maxtime = 9600").0;
    assert_eq!(factor, "--lock-times 600s,2400s,4800s,9600s");
    let listed = options("bantime.multipliers = 1 5 5 20").0;
    assert_eq!(listed, "--lock-times 600s,3000s,3000s,12000s");
    let (formula, notes) = options("bantime.formula = ban.Time * 3");
    assert_eq!(formula, doubling);
    assert!(notes.contains("bantime.formula"), "{notes}");
    let (factor, notes) = options("bantime.factor = 2.0 / 3");
    assert_eq!(factor, doubling);
    assert!(notes.contains("bantime.factor"), "{notes}");
}

#[test]
fn a_missing_directory_is_an_error() {
    let error = Jails::load(Path::new("/nonexistent")).unwrap_err();
    let expected = "/nonexistent/jail.conf";
    assert!(error.to_string().contains(expected), "{error}");
}
