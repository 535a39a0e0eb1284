use super::*;

fn runner(seconds: u64) -> Runner {
    Runner::new("/bin:/usr/bin", Duration::from_secs(seconds))
}

#[test]
fn input_output_and_an_empty_environment() {
    let big = vec![b'x'; 1 << 20];
    let output = runner(10).run(&["cat"], &big).expect("cat");
    assert_eq!(output.stdout, big);
    let output = runner(10).run(&["env"], b"").expect("env");
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(shown.contains("PATH=/bin:/usr/bin\n"));
    assert!(!shown.contains("HOME="));
}

#[test]
fn a_failure_names_command_code_and_complaint() {
    let error = runner(10)
        .run(
            &["sh", "-c", "echo no; echo 'bad\u{1b} thing' >&2; exit 3"],
            b"",
        )
        .expect_err("it exits with 3")
        .to_string();
    assert!(
        error.contains("exited with code 3: bad\\x1b thing"),
        "{error}"
    );
    let error = runner(10)
        .run(&["no-such-program"], b"")
        .expect_err("it is missing");
    assert!(matches!(error, ProgramError::Missing { .. }), "{error}");
}

#[test]
fn a_program_that_hangs_is_killed_with_its_children() {
    let begun = Instant::now();
    let error = runner(1)
        .run(&["sh", "-c", "sleep 100 & sleep 100"], b"")
        .expect_err("it hangs");
    assert!(error.is_timeout(), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(20));
}

#[test]
fn a_daemon_left_behind_does_not_hold_us() {
    let begun = Instant::now();
    runner(30)
        .run(&["sh", "-c", "sleep 20 & exit 0"], b"never read")
        .expect("the shell ends at once");
    assert!(begun.elapsed() < Duration::from_secs(15));
}

#[test]
fn a_dry_run_runs_nothing() {
    let dry = Runner::dry("/bin");
    dry.run(&["touch", "/tmp/with blank"], b"").expect("noted");
    dry.run(&["at", "now+24hour"], b"iptables -D\n")
        .expect("noted");
    assert_eq!(
        dry.notes(),
        [
            "touch '/tmp/with blank'",
            "echo 'iptables -D' | at now+24hour"
        ]
    );
}

#[test]
fn the_programs_of_an_event_share_one_limit() {
    let begun = Instant::now();
    let runner = Runner::for_event("/bin:/usr/bin", Duration::from_millis(300));
    let hang = ["sleep", "100"];
    assert!(runner.run(&hang, b"").expect_err("it hangs").is_timeout());
    for _ in 0..100 {
        let error = runner.run(&hang, b"").expect_err("no time is left");
        assert!(
            matches!(error, ProgramError::NoTime { .. }) && error.never_ran(),
            "{error}"
        );
    }
    assert!(begun.elapsed() < Duration::from_secs(20));
}

#[test]
fn endless_error_messages_are_bounded_in_memory_and_time() {
    let error = runner(1)
        .run(&["sh", "-c", "yes bad >&2"], b"")
        .expect_err("it never ends");
    assert!(error.is_timeout(), "{error}");
    let error = runner(30)
        .run(
            &["sh", "-c", "head -c 100000000 /dev/zero >&2; exit 1"],
            b"",
        )
        .expect_err("it fails");
    assert!(error.to_string().len() < 4000);
}
