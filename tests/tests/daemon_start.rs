//! Starting: one process at a time, what is refused, and what `--check` says of it.

use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use swatch_tests::live::{Site, script, wait_for};
use swatch_tests::program::{swatch_action, swatch_rs};
use swatch_tests::skip::skipped;

const ECHO: &str = "watchfor /beta/\n\techo normal\n";

/// Runs to the end; gives the exit code and what was said on standard error.
fn run(site: &Site, args: &[&str]) -> (Option<i32>, String) {
    site.write("err", "");
    let status = site.swatch(args).status().unwrap();
    (status.code(), site.read("err"))
}

fn site() -> Site {
    let site = Site::new();
    site.write("conf", ECHO);
    site.write("log", "");
    site
}

#[test]
fn a_second_process_with_the_same_pid_file_is_refused() {
    let site = site();
    let args = ["-c", "conf", "-t", "log", "--pid-file", "pid"];
    let mut first = site.start(&args);
    for daemon in [&[][..], &["--daemon", "--no-state"]] {
        let (code, said) = run(&site, &[&args, daemon].concat());
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains(&format!("process {}", first.pid())), "{said}");
    }
    assert_eq!(site.read("pid"), format!("{}\n", first.pid()));
    site.append("log", "beta");
    wait_for("the line", || site.count("out", "beta") == 1);
    assert!(first.stop().success());
    assert!(!site.path("pid").exists());
}

#[test]
fn a_process_that_was_killed_leaves_a_pid_file_that_is_taken_over() {
    let site = site();
    let args = ["-c", "conf", "-t", "log", "--pid-file", "pid"];
    let mut first = site.start(&args);
    first.signal(nix::sys::signal::Signal::SIGKILL);
    first.ended();
    let mut second = site.start(&args);
    assert_eq!(site.read("pid"), format!("{}\n", second.pid()));
    assert!(second.stop().success());
}

#[test]
fn a_pid_file_that_is_no_file_is_refused_at_once() {
    let site = site();
    nix::unistd::mkfifo(&site.path("pid"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    let (code, said) = run(&site, &["-c", "conf", "-t", "log", "--pid-file", "pid"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("not a regular file"), "{said}");
}

#[test]
fn a_log_that_is_our_own_output_is_refused() {
    let site = site();
    for args in [
        &["-c", "conf", "-t", "out"][..],
        &["-c", "conf", "-t", "err"],
        &["-c", "conf", "-t", "*ut"],
        &["-c", "conf", "-f", "out"],
    ] {
        let (code, said) = run(&site, args);
        assert_eq!(code, Some(1), "{args:?}: {said}");
        assert!(said.contains("own standard"), "{said}");
    }
}

#[test]
fn a_match_of_the_journal_that_cannot_hold_is_refused() {
    let site = site();
    let with = |name: &str, text: &str| site.write(name, format!("{text}\n{ECHO}"));
    with("unit.conf", "# journal _SYSTEMD_UNIT=ssh");
    for args in [
        &["-c", "conf", "--journal=ssh"][..],
        &["-c", "conf", "--journal=_SYSTEMD_UNIT=ssh"],
        &["-c", "unit.conf"],
        &["-c", "unit.conf", "--check"],
    ] {
        let (code, said) = run(&site, args);
        assert_eq!(code, Some(2), "{args:?}: {said}");
        assert!(said.contains("_SYSTEMD_UNIT=ssh.service"), "{said}");
    }
}

#[test]
fn a_directory_has_no_default_log() {
    let site = Site::new();
    std::fs::create_dir(site.path("rules")).unwrap();
    site.write("rules/a.conf", ECHO);
    for more in [&[][..], &["--check"]] {
        let (code, said) = run(&site, &[&["--config-dir", "rules"], more].concat());
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains("a.conf: no log is named"), "{said}");
    }
}

#[test]
fn check_fails_where_the_start_would() {
    let site = site();
    std::fs::create_dir(site.path("dir")).unwrap();
    for input in [
        &["-f", "nowhere"][..],
        &["-f", "dir"],
        &["-t", "dir"],
        &["-t", "log", "--tail-program-name", "no-such-tail"],
    ] {
        let args = [&["-c", "conf", "--check"], input].concat();
        let (code, said) = run(&site, &args);
        assert_eq!(code, Some(2), "{input:?}: {said}");
        assert!(said.contains("error"), "{said}");
    }
    assert_eq!(
        run(&site, &["-c", "conf", "--check", "-t", "log"]).0,
        Some(0)
    );
}

#[test]
fn check_warns_of_programs_that_do_not_exist() {
    let site = site();
    script(&site.path("there"), "");
    site.write("plain", "");
    let there = site.path("there").display().to_string();
    let plain = site.path("plain").display().to_string();
    site.write(
        "conf",
        format!(
            "watchfor /x/\n\texec no-such-program $1\n\texec /nowhere/program\n\texec {plain} x\n\
             \tpipe \"no-such-shell-program | cat\"\n\
             \texec {there} $0\n\texec \"cd /tmp && ls\"\n\tpipe cat\n\texec \"X=1 cat\"\n"
        ),
    );
    let (code, said) = run(&site, &["-c", "conf", "--check", "-t", "log"]);
    assert_eq!(code, Some(0), "{said}");
    for program in [
        "no-such-program",
        "/nowhere/program",
        "no-such-shell-program",
        &plain,
    ] {
        let text = format!("the program {program} cannot be run");
        assert!(said.contains(&text), "{said}");
    }
    assert_eq!(said.matches("cannot be run").count(), 4, "{said}");
}

#[test]
fn a_script_that_others_can_change_is_refused_to_root() {
    if !nix::unistd::geteuid().is_root() {
        skipped(
            "a_script_that_others_can_change_is_refused_to_root",
            "needs root",
        );
        return;
    }
    let site = site();
    script(&site.path("act"), "touch acted");
    std::fs::set_permissions(site.path("act"), std::fs::Permissions::from_mode(0o777)).unwrap();
    let act = site.path("act").display().to_string();
    for action in [
        format!("exec {act} $0"),
        format!("exec \"{act} $0 | cat\""),
        format!("pipe {act}"),
        format!("exec sh {act}"),
        format!("exec /usr/bin/nice {act} $0"),
        format!("mail mailer={act}"),
    ] {
        site.write("conf", format!("watchfor /x/\n\t{action}\n"));
        site.write("log", "x\n");
        for check in [&[][..], &["--check"]] {
            let (code, said) = run(&site, &[&["-c", "conf", "-f", "log"], check].concat());
            assert_eq!(code, Some(2), "{action}: {said}");
            assert!(said.contains("chmod o-w"), "{said}");
        }
        assert!(!site.path("acted").exists());
    }
    let (code, said) = run(&site, &["-c", "conf", "-f", "log", "--check", "--insecure"]);
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn a_compressed_log_is_examined() {
    let site = site();
    site.write("plain", "alpha\nbeta 1\nbeta 2\n");
    for (tool, suffix) in [
        ("gzip", "gz"),
        ("xz", "xz"),
        ("zstd", "zst"),
        ("bzip2", "bz2"),
    ] {
        let Ok(output) = std::process::Command::new(tool)
            .arg("-c")
            .stdin(std::fs::File::open(site.path("plain")).unwrap())
            .stdout(Stdio::piped())
            .output()
        else {
            skipped(
                "a_compressed_log_is_examined",
                &format!("there is no {tool}"),
            );
            continue;
        };
        let name = format!("log.{suffix}");
        site.write(&name, output.stdout);
        site.write("out", "");
        let (code, said) = run(&site, &["-c", "conf", "-f", &name]);
        assert_eq!(code, Some(0), "{said}");
        assert_eq!(site.read("out"), "beta 1\nbeta 2\n", "{name}");
    }
}

#[test]
fn a_damaged_compressed_log_is_an_error() {
    let site = site();
    site.write("log.gz", b"\x1f\x8b\x08\x00not really");
    let (code, said) = run(&site, &["-c", "conf", "-f", "log.gz"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("log.gz"), "{said}");
}

#[test]
fn the_banner_is_for_those_who_know_the_old_name() {
    let site = site();
    site.write("log", "beta\n");
    assert_eq!(run(&site, &["-c", "conf", "-f", "log"]).0, Some(0));
    assert_eq!(site.read("out"), "beta\n");
    site.write("out", "");
    std::os::unix::fs::symlink(swatch_tests::program::swatch_rs(), site.path("swatchdog")).unwrap();
    let mut command = std::process::Command::new(site.path("swatchdog"));
    site.prepare(&mut command);
    assert!(
        command
            .args(["-c", "conf", "-f", "log"])
            .status()
            .unwrap()
            .success()
    );
    let out = site.read("out");
    assert!(
        out.starts_with("\n*** swatchdog version 3.2.4 (pid:"),
        "{out}"
    );
}

#[test]
fn words_that_are_left_over_are_said() {
    let site = site();
    let (code, said) = run(
        &site,
        &["+config", "conf", "-f", "log", "extra", "--debug=-1"],
    );
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("ignored: extra"), "{said}");
}

#[test]
fn messages_keep_their_own_line_breaks() {
    let site = site();
    for args in [
        &["--bogus"][..],
        &["-c", "conf", "--jobs", "x"],
        &["--a\x1bb"],
    ] {
        let (code, said) = run(&site, args);
        assert_eq!(code, Some(2));
        assert!(said.contains("\nsee swatch-rs --help\n"), "{said}");
        assert!(!said.contains("^J") && !said.contains('\x1b'), "{said}");
    }
}

#[test]
fn short_help_fits_a_screen() {
    for program in [swatch_rs(), swatch_action()] {
        let help = |option: &str| {
            let mut command = Command::new(&program);
            let output = command.arg(option).env("COLUMNS", "80").output().unwrap();
            assert_eq!(output.status.code(), Some(0));
            String::from_utf8(output.stdout).unwrap()
        };
        let short = help("-h");
        assert!(short.lines().all(|line| line.len() <= 80), "{short}");
        let lines = short.lines().count();
        assert!((10..=24).contains(&lines), "{lines} lines: {short}");
        assert!(help("--help").lines().count() > 2 * lines);
    }
}
