//! `swatch-rs --test`: the samples in comments of rules.

use std::process::Command;

use serde_json::Value;
use swatch_tests::live::Site;

/// Runs `--test`; gives the exit status, standard output and standard error.
fn test(site: &Site, args: &[&str]) -> (i32, String, String) {
    let mut command: Command = site.swatch(&[]);
    command.args(args);
    for file in ["out", "err"] {
        site.write(file, "");
    }
    let status = command.status().unwrap();
    (status.code().unwrap(), site.read("out"), site.read("err"))
}

const GOOD: &str = "# match: a 1\n# no match: b\nwatchfor /a (\\d)/\n    throttle 10:00,key=$1\n    exec touch acted\n";

#[test]
fn good_samples_end_well_and_nothing_is_performed() {
    let site = Site::new();
    site.write("t.conf", GOOD);
    for args in [
        &["--test", "t.conf"][..],
        &["--test=t.conf"],
        &["--config-file", "t.conf", "--test"],
        &["--test", "."],
        &["--config-dir", ".", "--test"],
    ] {
        let (status, out, err) = test(&site, args);
        assert_eq!((status, err.as_str()), (0, ""), "{args:?}");
        assert!(
            out.ends_with("t.conf: 1 rule, 2 samples: ok\n"),
            "{args:?} {out}"
        );
    }
    assert!(!site.path("acted").exists());
}

#[test]
fn a_contradicting_sample_is_shown_with_its_place() {
    let site = Site::new();
    let text = "# match: a\n# no match: b c\nwatchfor /b/\n    echo\n# match: d\nignore /d/\n";
    site.write("t.conf", text);
    let (status, out, err) = test(&site, &["--test", "t.conf"]);
    assert_eq!(status, 1);
    assert_eq!(out, "t.conf: 2 rules, 3 samples: 2 faults\n");
    assert!(err.contains("t.conf:1:10"), "{err}");
    assert!(err.contains("no rule takes this line"), "{err}");
    assert!(err.contains("t.conf:2:13"), "{err}");
    assert!(
        err.contains("`watchfor` at t.conf:3 takes this line"),
        "{err}"
    );
}

#[test]
fn the_first_rule_that_takes_the_line_counts() {
    let site = Site::new();
    let rules = |then: &str| {
        format!(
            "# match: a\nwatchfor /a/\n    echo\n{then}# match: a b\n# match: b\nwatchfor /b/\n    echo\n"
        )
    };
    site.write("t.conf", rules(""));
    let (status, _, err) = test(&site, &["--test", "t.conf"]);
    assert_eq!(status, 1);
    assert!(err.contains("t.conf:4:10"), "{err}");
    assert!(
        err.contains("`watchfor` at t.conf:2 takes this line"),
        "{err}"
    );
    assert!(err.contains("put the expected rule above"), "{err}");
    site.write("t.conf", rules("    continue\n"));
    assert_eq!(test(&site, &["--test", "t.conf"]).0, 0);
}

#[test]
fn a_rule_that_is_never_reached_is_reported_once() {
    let site = Site::new();
    let text = "# match: a\nwatchfor /[ab]/\n    echo\n# match: b 1\n# match: b 2\nwatchfor /b \\d/\n    echo\n";
    site.write("t.conf", text);
    let (status, out, err) = test(&site, &["--test", "t.conf", "--json"]);
    assert_eq!((status, err.as_str()), (1, ""));
    let all: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(all["ok"], false);
    let [found] = &all["diagnostics"].as_array().unwrap()[..] else {
        panic!("{out}");
    };
    assert_eq!(found["kind"], "unreachable");
    assert_eq!(
        found["text"],
        "`watchfor` at t.conf:2 takes all samples of this rule"
    );
    assert_eq!((&found["line"], &found["column"]), (&6.into(), &10.into()));
    assert_eq!(all["configurations"][0]["samples"], 3);
}

#[test]
fn rules_without_samples_are_told_and_are_no_failure() {
    let site = Site::new();
    site.write(
        "t.conf",
        "watchfor /a/\n    echo\n# no match: c\nignore /b/\n",
    );
    let (status, out, err) = test(&site, &["--test", "t.conf"]);
    assert_eq!(status, 0, "{err}");
    assert_eq!(
        out,
        "t.conf: 2 rules, 1 sample, 2 rules without samples: ok\n"
    );
    assert!(err.contains("this rule has no samples"), "{err}");
    assert!(err.contains("no sample that it should take"), "{err}");
}

#[test]
fn a_sample_without_a_rule_is_a_fault() {
    let site = Site::new();
    site.write("t.conf", format!("# match: a\n\n{GOOD}"));
    let (status, _, err) = test(&site, &["--test", "t.conf"]);
    assert_eq!(status, 1);
    assert!(err.contains("this sample belongs to no rule"), "{err}");
}

#[test]
fn a_refused_file_does_not_hide_the_others() {
    let site = Site::new();
    site.write("a.conf", "watchfor /(/\n    echo\n");
    site.write("b.conf", GOOD);
    let (status, out, err) = test(&site, &["--test", "."]);
    assert_eq!(status, 2);
    assert!(err.contains("a.conf"), "{err}");
    assert!(out.contains("b.conf: 1 rule, 2 samples: ok"), "{out}");
    let (status, out, _) = test(&site, &["--test", "b.conf", "b.conf"]);
    assert_eq!((status, out.lines().count()), (0, 2));
    assert_eq!(test(&site, &["--test", "absent.conf"]).0, 2);
    assert_eq!(test(&site, &["--test", "b.conf", "--check"]).0, 2);
}

#[test]
fn rules_in_perl_are_tested_in_perl() {
    let site = Site::new();
    let text = "# match: abc\n# no match: abcd\nwatchfor length($_) == 3\n    exec touch acted\n# match: abcd\nignore /b/\n";
    site.write("t.conf", text);
    let (status, out, err) = test(&site, &["--test", "t.conf"]);
    assert_eq!(status, 0, "{err}");
    assert_eq!(out, "t.conf: 2 rules, 3 samples: ok\n");
    assert!(!site.path("acted").exists());
    site.write("t.conf", text.replace("match: abc\n", "match: ab\n"));
    let (status, _, err) = test(&site, &["--test", "t.conf"]);
    assert_eq!(status, 1);
    assert!(
        err.contains("`ignore` at t.conf:6 takes this line"),
        "{err}"
    );
}
