//! Reloading: what HUP does, what it says, and that it never ends the program.

use nix::sys::signal::Signal;
use swatch_tests::live::{Running, Site, wait_for};

fn rules(site: &Site, log: &str, word: &str) -> String {
    format!(
        "# logfile {}\nwatchfor /{word}/\n\techo normal\n",
        site.path(log).display()
    )
}

/// A directory with two configurations, `a.conf` and `b.conf`, each with a log.
fn site() -> Site {
    let site = Site::new();
    std::fs::create_dir(site.path("rules")).unwrap();
    for name in ["a", "b"] {
        let log = format!("{name}.log");
        site.write(&log, "");
        site.write(&format!("rules/{name}.conf"), rules(&site, &log, "beta"));
    }
    site
}

fn hup(swatch: &mut Running) {
    swatch.signal(Signal::SIGHUP);
    swatch.wait_told("RELOADING=1");
    swatch.wait_told("READY=1");
    assert!(swatch.runs());
}

/// The rules of a log are in force.
fn works(site: &Site, log: &str, text: &str) {
    site.append(log, text);
    wait_for(text, || site.count("out", text) == 1);
}

#[test]
fn a_success_is_confirmed() {
    let site = site();
    let mut swatch = site.start(&["--config-dir", "rules"]);
    site.write("rules/a.conf", rules(&site, "a.log", "gamma"));
    hup(&mut swatch);
    let said = site.read("err");
    assert!(
        said.contains("a.conf: the new rules are in force"),
        "{said}"
    );
    assert!(
        said.contains("b.conf: the new rules are in force"),
        "{said}"
    );
    works(&site, "a.log", "gamma 1");
    assert!(swatch.stop().success());
}

#[test]
fn configurations_that_are_gone_for_a_moment_end_nothing() {
    let site = site();
    let mut swatch = site.start(&["--config-dir", "rules"]);
    std::fs::rename(site.path("rules"), site.path("away")).unwrap();
    hup(&mut swatch);
    std::fs::create_dir(site.path("rules")).unwrap();
    hup(&mut swatch);
    works(&site, "a.log", "beta without files");
    // One of them comes back, and the other one's watch ends.
    site.write("rules/a.conf", rules(&site, "a.log", "gamma"));
    hup(&mut swatch);
    works(&site, "a.log", "gamma again");
    assert!(swatch.stop().success());
}

#[test]
fn the_last_watch_stays_when_its_successor_is_refused() {
    let site = site();
    std::fs::remove_file(site.path("rules/b.conf")).unwrap();
    let mut swatch = site.start(&["--config-dir", "rules"]);
    std::fs::remove_file(site.path("rules/a.conf")).unwrap();
    site.write("rules/c.conf", "watchfor /(/\n");
    hup(&mut swatch);
    works(&site, "a.log", "beta with the old rules");
    let said = site.read("err");
    assert!(said.contains("c.conf: it is not watched"), "{said}");
    assert!(swatch.stop().success());
}

#[test]
fn a_new_log_that_cannot_be_followed_leaves_the_old_one() {
    let site = site();
    std::fs::create_dir(site.path("directory")).unwrap();
    let mut swatch = site.start(&["-c", "rules/a.conf"]);
    site.write("rules/a.conf", rules(&site, "directory", "beta"));
    hup(&mut swatch);
    works(&site, "a.log", "beta of the old log");
    let said = site.read("err");
    assert!(said.contains("previous rules stay in force"), "{said}");
    site.write("rules/a.conf", rules(&site, "b.log", "beta"));
    hup(&mut swatch);
    works(&site, "b.log", "beta of the new log");
    site.append("a.log", "beta left alone");
    works(&site, "b.log", "beta last");
    assert_eq!(site.count("out", "left alone"), 0);
    assert!(swatch.stop().success());
}

#[test]
fn a_new_configuration_without_a_log_has_no_rules_that_stay_in_force() {
    let site = site();
    let mut swatch = site.start(&["--config-dir", "rules"]);
    site.write("rules/c.conf", "watchfor /beta/\n\techo normal\n");
    hup(&mut swatch);
    let said = site.read("err");
    assert!(said.contains("c.conf: no log is named"), "{said}");
    assert!(said.contains("c.conf: it is not watched"), "{said}");
    assert!(!said.contains("stay in force"), "{said}");
    assert!(swatch.stop().success());
}

#[test]
fn a_configuration_that_is_not_watched_is_named_at_the_start() {
    let site = site();
    site.write("rules/b.conf", "watchfor /(/\n");
    let mut swatch = site.start(&["--config-dir", "rules"]);
    let said = site.read("err");
    assert!(
        said.contains("watching 1 of 2; b.conf is not watched"),
        "{said}"
    );
    assert!(swatch.stop().success());
}
