use std::fs;
use std::time::Instant;

use super::*;

/// Far beyond what any of these programs needs.
const LONG: Duration = Duration::from_secs(60);

fn sh(script: &str) -> Command {
    let mut shell = command("/bin/sh");
    shell.args(["-c", script]);
    shell
}

fn limits() -> Limits<'static> {
    Limits {
        time: Some(LONG),
        ..Limits::default()
    }
}

/// Limits that are over soon, with a grace period that is not.
fn short() -> Limits<'static> {
    Limits {
        time: Some(Duration::from_millis(100)),
        grace: LONG,
        ..Limits::default()
    }
}

fn output(script: &str) -> String {
    let finished = run(&mut sh(script), Input::Null, &limits());
    assert!(finished.exit.is_success(), "{}", finished.exit);
    String::from_utf8(finished.stdout.bytes).unwrap()
}

/// True if a process has ended or is a zombie.
fn is_gone(pid: &str) -> bool {
    match fs::read_to_string(format!("/proc/{}/stat", pid.trim())) {
        Ok(stat) => stat.rsplit(')').next().unwrap().starts_with(" Z"),
        Err(_) => true,
    }
}

fn wait_until(what: &str, done: impl Fn() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < LONG, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn codes_signals_and_failures_to_start_are_told_apart() {
    let exit = |script| run(&mut sh(script), Input::Null, &limits()).exit;
    assert!(matches!(exit("exit 0"), Exit::Code(0)));
    assert_eq!(exit("exit 3").to_string(), "exited with code 3");
    assert_eq!(exit("kill -9 $$").to_string(), "was killed by SIGKILL");
    let missing = run(&mut command("/no/such/program"), Input::Null, &limits()).exit;
    assert!(matches!(missing, Exit::NotStarted(_)));
    assert!(
        missing
            .to_string()
            .starts_with("could not be started: No such file")
    );
}

#[test]
fn input_and_output_flow_at_the_same_time() {
    let input: Vec<u8> = (0..3_000_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    let wide = Limits {
        stdout: Output::Capture(usize::MAX),
        ..limits()
    };
    let finished = run(&mut command("/bin/cat"), Input::Bytes(&input), &wide);
    assert!(finished.exit.is_success());
    assert!(finished.stdout.bytes == input);
    assert_eq!((finished.stdout.dropped, finished.unread), (0, 0));
}

#[test]
fn input_that_is_not_read_does_no_harm() {
    let input = vec![b'x'; 1 << 20];
    let finished = run(&mut sh("exec <&-; exit 5"), Input::Bytes(&input), &limits());
    assert!(matches!(finished.exit, Exit::Code(5)));
    assert!(finished.unread > 0);
    assert_eq!(run(&mut sh("cat"), Input::Bytes(b""), &limits()).unread, 0);
}

#[test]
fn output_is_bounded_and_the_program_is_not_blocked_by_it() {
    let script = "head -c 5000000 /dev/zero; head -c 5000000 /dev/zero >&2; exit 7";
    let narrow = Limits {
        stdout: Output::Capture(1000),
        stderr: Output::Capture(10),
        ..limits()
    };
    let finished = run(&mut sh(script), Input::Null, &narrow);
    assert!(matches!(finished.exit, Exit::Code(7)));
    for (stream, kept) in [(finished.stdout, 1000), (finished.stderr, 10)] {
        assert_eq!(stream.bytes, vec![0; kept]);
        assert_eq!(stream.dropped, 5_000_000 - kept as u64);
    }
}

#[test]
fn a_flood_of_output_does_not_hold_up_the_deadline() {
    let finished = run(&mut command("yes"), Input::Null, &short());
    assert!(matches!(finished.exit, Exit::TimedOut(_)));
    assert_eq!(finished.stdout.bytes.len(), 64 << 10);
    let message = finished.exit.to_string();
    assert_eq!(message, "did not finish within 100 ms and was killed");
}

#[test]
fn term_comes_first() {
    let script = "trap 'echo bye; exit 0' TERM; while :; do sleep 0.01; done";
    let finished = run(&mut sh(script), Input::Null, &short());
    assert!(matches!(finished.exit, Exit::TimedOut(_)));
    assert_eq!(finished.stdout.bytes, b"bye\n");
}

#[test]
fn members_of_the_group_that_ignore_term_and_outlive_the_program_are_killed() {
    let dir = tempfile::tempdir().unwrap();
    // The member holds no stream of the program, so that nothing but the group leads to it.
    let script = format!(
        "trap '' TERM; sleep 1000 </dev/null >/dev/null 2>&1 & echo $! >{}/pid; trap - TERM; wait",
        dir.path().display()
    );
    let limits = Limits {
        grace: Duration::from_millis(50),
        ..short()
    };
    let finished = run(&mut sh(&script), Input::Null, &limits);
    assert!(matches!(finished.exit, Exit::TimedOut(_)));
    let member = fs::read_to_string(dir.path().join("pid")).unwrap();
    wait_until("the member is killed", || is_gone(&member));
}

#[test]
fn a_daemon_that_holds_the_streams_is_not_waited_for() {
    let finished = run(
        &mut sh("sleep 1000 & echo $!; exit 4"),
        Input::Null,
        &limits(),
    );
    assert!(matches!(finished.exit, Exit::Code(4)));
    let daemon = String::from_utf8(finished.stdout.bytes).unwrap();
    assert!(
        !is_gone(&daemon),
        "a program that ended in time is not killed"
    );
    let daemon = nix::unistd::Pid::from_raw(daemon.trim().parse().unwrap());
    nix::sys::signal::kill(daemon, nix::sys::signal::SIGKILL).unwrap();
}

#[test]
fn cancelling_ends_what_runs() {
    let cancel = Cancel::new().unwrap();
    let limits = Limits {
        time: None,
        cancel: Some(&cancel),
        ..limits()
    };
    std::thread::scope(|scope| {
        let running = scope.spawn(|| run(&mut command_sleep(), Input::Null, &limits).exit);
        cancel.within(Duration::from_millis(20));
        assert!(matches!(running.join().unwrap(), Exit::Cancelled));
    });
    // A program that starts later has no time left.
    let late = run(&mut command_sleep(), Input::Null, &limits).exit;
    assert!(matches!(late, Exit::Cancelled));
}

fn command_sleep() -> Command {
    let mut sleep = command("sleep");
    sleep.arg("1000");
    sleep
}

#[test]
fn programs_lead_a_group_of_their_own_with_no_signal_blocked() {
    // The shell blocks signals while it starts a program, so the last one takes its place.
    let text = output("echo $$; cut -d' ' -f5 /proc/$$/stat; exec grep SigBlk /proc/self/status");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], lines[1]);
    assert_eq!(lines[2], "SigBlk:\t0000000000000000");
}

#[test]
fn hazardous_variables_are_known() {
    for name in [
        "LD_PRELOAD",
        "LD_LIBRARY_PATH",
        "LD_AUDIT",
        "BASH_ENV",
        "ENV",
        "BASH_FUNC_ls%%",
    ] {
        assert!(is_hazardous(OsStr::new(name)), "{name}");
    }
    for name in [
        "PATH",
        "HOME",
        "TZ",
        "LANG",
        "ENVIRONMENT",
        "PERL5LIB",
        "OLD_ENV",
    ] {
        assert!(!is_hazardous(OsStr::new(name)), "{name}");
    }
}

/// This test runs itself, with variables that must not reach a child.
#[test]
fn hazardous_variables_do_not_reach_the_program() {
    if std::env::var_os("SWATCH_TEST_INNER").is_some() {
        let text = output("/usr/bin/env");
        assert!(text.contains("HARMLESS=kept"), "{text}");
        assert!(!text.contains("SECRET"), "{text}");
        return;
    }
    let own = std::env::current_exe().unwrap();
    let inner = Command::new(own)
        .args([
            "--exact",
            "process::tests::hazardous_variables_do_not_reach_the_program",
        ])
        .env("SWATCH_TEST_INNER", "1")
        .env("HARMLESS", "kept")
        .envs(
            [
                "BASH_ENV",
                "ENV",
                "PERL5OPT",
                "LD_LIBRARY_PATH",
                "BASH_FUNC_x%%",
            ]
            .map(|n| (n, "SECRET")),
        )
        .output()
        .unwrap();
    assert!(
        inner.status.success(),
        "{}",
        String::from_utf8_lossy(&inner.stdout)
    );
}

#[test]
fn an_isolated_program_sees_nothing_of_the_caller() {
    let mut env = isolated_command("/usr/bin/env", "/bin:/usr/bin");
    let finished = run(&mut env, Input::Null, &limits());
    let text = String::from_utf8(finished.stdout.bytes).unwrap();
    let names: Vec<&str> = text
        .lines()
        .filter_map(|line| line.split('=').next())
        .collect();
    assert!(
        names
            .iter()
            .all(|name| ["PATH", "LANG", "TZ"].contains(name)),
        "{text}"
    );
    assert!(text.contains("PATH=/bin:/usr/bin\n"));
}

#[test]
fn programs_are_found_in_absolute_directories_only() {
    let found = find("sh", "bin:.:/no/such:/bin").unwrap();
    assert_eq!(found, Path::new("/bin/sh"));
    for (program, path) in [
        ("sh", "bin:"),
        ("", "/bin"),
        ("no-such-program", "/bin"),
        ("/etc/passwd", "/bin"),
    ] {
        assert_eq!(find(program, path), None, "{program}");
    }
    assert!(find("/bin/sh", "").is_some());
}

#[test]
fn output_that_is_forwarded_is_bounded_too() {
    if std::env::var_os("SWATCH_TEST_INNER").is_some() {
        let limits = Limits {
            stdout: Output::Forward(3),
            ..limits()
        };
        let finished = run(&mut sh("echo abcdef"), Input::Null, &limits);
        assert_eq!(finished.stdout.dropped, 4);
        return;
    }
    let own = std::env::current_exe().unwrap();
    let inner = Command::new(own)
        .args([
            "--exact",
            "--nocapture",
            "process::tests::output_that_is_forwarded_is_bounded_too",
        ])
        .env("SWATCH_TEST_INNER", "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&inner.stdout);
    assert!(
        inner.status.success() && text.contains("abc") && !text.contains("abcd"),
        "{text}"
    );
}

#[test]
fn inherited_descriptors_do_not_reach_the_program() {
    if std::env::var_os("SWATCH_TEST_INNER").is_some() {
        assert!(output("ls /proc/self/fd").lines().any(|fd| fd == "9"));
        seal_descriptors();
        assert!(!output("ls /proc/self/fd").lines().any(|fd| fd == "9"));
        return;
    }
    let own = std::env::current_exe().unwrap();
    let inner = Command::new("/bin/sh")
        .args(["-c", "exec 9</dev/null; exec \"$0\" \"$@\""])
        .arg(own)
        .args([
            "--exact",
            "process::tests::inherited_descriptors_do_not_reach_the_program",
        ])
        .env("SWATCH_TEST_INNER", "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&inner.stdout);
    assert!(
        inner.status.success() && text.contains("1 passed"),
        "{text}"
    );
}
