//! Signals, exit codes, and what commands inherit.

use std::io::Read;
use std::process::{Command, Stdio};

use nix::sys::signal::Signal;
use nix::unistd::Pid;
use swatch_tests::live::{Site, alive, script, wait_for};

fn site(rules: &str) -> Site {
    let site = Site::new();
    site.write("conf", rules);
    site.write("log", "");
    site
}

/// A number in a file that a command of the test writes.
fn number(site: &Site, name: &str) -> i32 {
    let mut number = None;
    wait_for(name, || {
        number = site.read(name).trim().parse().ok();
        number.is_some()
    });
    number.unwrap()
}

#[test]
fn commands_start_with_no_signal_blocked_or_ignored() {
    let site = site("watchfor /x/\n\texec \"grep -E ^Sig /proc/self/status > mask\"\n");
    // Started as by a parent that blocks and ignores what it can.
    let mut command = Command::new("env");
    command.args([
        "--block-signal=TERM,HUP,USR1",
        "--ignore-signal=HUP,INT,CHLD",
    ]);
    command.arg(swatch_tests::program::swatch_rs());
    command.args(["-c", "conf", "-t", "log"]);
    site.prepare(&mut command);
    let mut swatch = site.start_command(command);
    site.append("log", "x");
    wait_for("the mask", || site.count("mask", "SigIgn") == 1);
    for name in ["SigBlk", "SigIgn"] {
        let mask = site.read("mask");
        let line = mask.lines().find_map(|l| l.strip_prefix(name)).unwrap();
        let signals = u64::from_str_radix(line[1..].trim(), 16).unwrap();
        // Of the real-time signals the C library keeps two to itself.
        assert_eq!(signals & 0x7fff_ffff, 0, "{mask}");
    }
    assert!(swatch.stop().success());
}

#[test]
fn at_the_time_limit_the_whole_group_goes() {
    let site = site(
        "watchfor /x/\n\texec sh -c '(trap \"\" TERM; echo $$ > /dev/null; sleep 3600 & wait) & (trap \"\" TERM; exec sleep 3600) & echo $! > stubborn; sleep 3600'\nwatchfor /alive/\n\techo normal\n",
    );
    let mut swatch = site.start(&["-c", "conf", "-t", "log", "--action-timeout", "1"]);
    site.append("log", "x");
    let stubborn = number(&site, "stubborn");
    wait_for("the end of a process that ignores TERM", || {
        !alive(stubborn)
    });
    site.append("log", "alive");
    wait_for("the next line", || site.count("out", "alive") == 1);
    assert!(swatch.stop().success());
}

#[test]
fn a_kept_command_that_ignores_term_goes_with_its_group() {
    let site = site(
        "watchfor /x/\n\tpipe \"sh -c 'trap : TERM; (trap \\\"\\\" TERM; exec sleep 3600) & echo $! > stubborn; sleep 3600'\",keep_open\n",
    );
    let mut swatch = site.start(&["-c", "conf", "-t", "log", "--action-timeout", "1"]);
    site.append("log", "x");
    let stubborn = number(&site, "stubborn");
    assert!(swatch.stop().success());
    wait_for("its end", || !alive(stubborn));
}

#[test]
fn the_program_of_a_source_goes_with_its_group() {
    let site = site("watchfor /x/\n\techo normal\n");
    let command =
        "(trap '' TERM; exec sleep 3600 >/dev/null) & echo $! > stubborn; exec sleep 3600";
    let mut swatch = site.start(&["-c", "conf", "-p", command]);
    let stubborn = number(&site, "stubborn");
    assert!(swatch.stop().success());
    wait_for("its end", || !alive(stubborn));
}

#[test]
fn signals_without_a_meaning_end_nothing() {
    let site = site("watchfor /beta/\n\techo normal\n");
    let mut swatch = site.start(&["-c", "conf", "-t", "log"]);
    for signal in [
        Signal::SIGUSR2,
        Signal::SIGVTALRM,
        Signal::SIGPROF,
        Signal::SIGIO,
        Signal::SIGPWR,
        Signal::SIGSTKFLT,
    ] {
        swatch.signal(signal);
    }
    site.append("log", "beta");
    wait_for("the line", || site.count("out", "beta") == 1);
    assert!(swatch.stop().success());
}

#[test]
fn an_interrupted_pass_says_so_in_its_exit_status() {
    for (signal, code) in [(Signal::SIGINT, 130), (Signal::SIGTERM, 143)] {
        let site = site("watchfor /x/\n\techo normal\n");
        nix::unistd::mkfifo(&site.path("fifo"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        // Somebody writes, so that it can be opened, and never ends.
        let writer = std::fs::OpenOptions::new()
            .read(true)
            .write(true)
            .open(site.path("fifo"))
            .unwrap();
        let mut swatch = site.start(&["-c", "conf", "-f", "fifo"]);
        swatch.signal(signal);
        assert_eq!(swatch.ended().code(), Some(code));
        drop(writer);
    }
}

#[test]
fn a_watch_in_the_foreground_ends_with_the_reader_of_its_output() {
    let site = site("watchfor /beta/\n\techo normal\n");
    let mut command = site.swatch(&["-c", "conf", "-t", "log"]);
    let (mut reader, writer) = std::io::pipe().unwrap();
    command.stdout(writer);
    let mut swatch = site.start_command(command);
    // The writing end of this process.
    drop(std::mem::replace(&mut reader, std::io::pipe().unwrap().0));
    assert!(swatch.ended().success());
    let said = site.read("err");
    assert!(said.contains("the reader of standard output"), "{said}");
    assert!(!said.contains("Broken pipe"), "{said}");
}

#[test]
fn a_tail_program_that_ends_well_ends_the_watch_well() {
    let site = site("watchfor /beta/\n\techo normal\n");
    site.write("log", "beta 1\nbeta 2\nbeta 3\n");
    let status = |args: &[&str]| {
        let all = [&["-c", "conf", "-t", "log"], args].concat();
        site.swatch(&all).status().unwrap().code()
    };
    assert_eq!(status(&["--tail-args=-n 2"]), Some(0));
    assert_eq!(site.read("out"), "beta 2\nbeta 3\n");
    script(&site.path("well"), "exit 0");
    script(&site.path("badly"), "exit 3");
    assert_eq!(status(&["--tail-program-name", "./well"]), Some(0));
    assert_eq!(status(&["--tail-program-name", "./badly"]), Some(1));
    assert!(site.read("err").contains("./badly has ended"));
}

#[test]
fn commands_inherit_no_descriptor_and_no_variable_that_loads_code() {
    let site = site("watchfor /x/\n\texec \"ls /proc/self/fd > fds; env > env; touch done\"\n");
    let mut command = Command::new("bash");
    let run = format!(
        "exec 7</dev/null 9>/dev/null; exec {} -c conf -t log",
        swatch_tests::program::swatch_rs().display()
    );
    command.args(["-c", &run]);
    site.prepare(&mut command);
    site.write("evil", "touch loaded\n");
    command
        .env("BASH_ENV", site.path("evil"))
        .env("ENV", site.path("evil"))
        .env("LD_PRELOAD", "")
        .env("PERL5OPT", "-d");
    let mut swatch = site.start_command(command);
    let _ = std::fs::remove_file(site.path("loaded"));
    site.append("log", "x");
    wait_for("the environment", || site.path("done").exists());
    // 3 is the directory that ls reads.
    assert_eq!(site.read("fds"), "0\n1\n2\n3\n");
    for name in ["BASH_ENV=", "\nENV=", "LD_PRELOAD=", "PERL5OPT="] {
        assert!(!site.read("env").contains(name), "{name}");
    }
    assert!(!site.path("loaded").exists());
    assert!(swatch.stop().success());
}

#[test]
fn a_descriptor_that_the_command_line_names_stays_open() {
    let site = site("watchfor /beta/\n\techo normal\n");
    let mut command = Command::new("bash");
    let run = format!(
        "{} -c conf -f <(echo beta)",
        swatch_tests::program::swatch_rs().display()
    );
    command.args(["-c", &run]);
    site.prepare(&mut command);
    assert!(command.status().unwrap().success());
    assert_eq!(site.read("out"), "beta\n");
}

#[test]
fn the_output_of_a_command_is_bounded() {
    let site = site("watchfor /x/\n\texec yes\nwatchfor /alive/\n\techo normal\n");
    let mut swatch = site.start(&["-c", "conf", "-t", "log", "--action-timeout", "1"]);
    site.append("log", "x");
    site.append("log", "alive");
    wait_for("the next line", || site.read("out").ends_with("alive\n"));
    let size = site.read("out").len();
    assert!(size < 20 << 20, "{size}");
    let said = site.read("err");
    assert!(said.contains("wrote more than 16 MiB"), "{said}");
    assert!(swatch.stop().success());
}

#[test]
fn a_program_left_in_the_background_may_go_on_writing() {
    let site = site(
        "watchfor /x/\n\texec \"(until [ -e go ]; do sleep 0.02; done; echo late; echo later; touch done) &\"\n",
    );
    let mut swatch = site.start(&["-c", "conf", "-t", "log"]);
    site.append("log", "x\nx");
    site.write("go", "");
    wait_for("its end", || site.path("done").exists());
    wait_for("its output", || site.count("out", "late") == 4);
    assert!(swatch.stop().success());
}

#[test]
fn a_kept_command_that_ends_gets_a_successor_for_what_it_has_not_read() {
    // Reads one line byte by byte, and ends.
    let site = site("watchfor /line/\n\tpipe \"read x; echo $x >> got\",keep_open\n");
    let mut swatch = site.start(&["-c", "conf", "-t", "log"]);
    // A burst is written before the first one has ended, and nothing comes after it.
    let lines: Vec<String> = (0..8).map(|n| format!("line {n}")).collect();
    site.append("log", &lines.join("\n"));
    wait_for("all lines", || site.read("got").lines().count() == 8);
    assert_eq!(site.read("got").trim_end(), lines.join("\n"));
    assert!(swatch.stop().success());
}

#[test]
fn lines_that_a_kept_command_never_reads_are_reported() {
    let site = site("watchfor /line/\n\tpipe true,keep_open\n");
    let mut swatch = site.start(&["-c", "conf", "-t", "log"]);
    site.append("log", "line 1\nline 2");
    wait_for("the report", || site.read("err").contains("lost"));
    assert!(swatch.stop().success());
}

#[test]
fn a_daemon_goes_on_without_a_reader_of_its_output() {
    let site = site("watchfor /beta/\n\techo normal\n\texec sh -c 'echo $0 >> got'\n");
    let mut command = site.swatch(&[
        "-c",
        "conf",
        "-t",
        "log",
        "--daemon",
        "--no-state",
        "--pid-file",
        "pid",
    ]);
    command.stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    assert!(child.wait().unwrap().success());
    let mut stdout = child.stdout.take().unwrap();
    let pid = number(&site, "pid");
    site.append("log", "beta 1");
    stdout.read_exact(&mut [0; 7]).unwrap();
    drop(stdout);
    for n in 2..4 {
        site.append("log", &format!("beta {n}"));
        wait_for("the command", || {
            site.count("got", &format!("beta {n}")) == 1
        });
    }
    nix::sys::signal::kill(Pid::from_raw(pid), Signal::SIGTERM).unwrap();
    wait_for("its end", || !alive(pid));
}
