//! The Perl engine as a process: started, killed, started again, absent.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use swatch_config::{Config, Diagnostic};
use swatch_engine::{ClockReading, Effect, Invocation, RuleTrace, State};
use swatch_rs::perl::{PerlError, PerlOptions, PerlWatch};

fn perl_is_missing() -> bool {
    let missing = Command::new("perl").arg("-v").output().is_err();
    if missing {
        println!("skipped: no perl on this machine");
    }
    missing
}

fn config(text: &str) -> Config {
    let options = swatch_config::Options::default();
    let parsed = swatch_config::parse_str(text.as_bytes(), Path::new("conf"), &options);
    assert!(!parsed.has_errors(), "{:?}", parsed.diagnostics);
    parsed.config
}

const NOW: ClockReading = ClockReading {
    seconds: 0,
    wall: 1_795_370_400,
    weekday: 0,
    hour: 0,
};

struct Bench {
    watch: PerlWatch,
    state: State,
    done: Vec<String>,
    faults: Vec<String>,
}

impl Bench {
    fn new(text: &str) -> Self {
        let watch = PerlWatch::start(&config(text), &PerlOptions::default());
        let watch = watch.unwrap_or_else(|e| panic!("{e}: {e:?}"));
        let state = State::new(watch.program());
        Self {
            watch,
            state,
            done: Vec::new(),
            faults: Vec::new(),
        }
    }

    fn decide(&mut self, record: &str) -> bool {
        let done = &mut self.done;
        let decided = self
            .watch
            .decide(&mut self.state, record.as_bytes(), &NOW, &mut |effect| {
                if let Effect::Exec(Invocation::Direct(argv)) = effect {
                    let words = argv.iter().map(|w| String::from_utf8_lossy(w).into_owned());
                    done.push(words.collect::<Vec<_>>().join(" "));
                }
            })
            .expect("perl can be started");
        self.faults.extend(decided.faults);
        decided.quit
    }
}

#[test]
fn a_perl_that_dies_is_started_again_and_the_record_is_not_lost() {
    if perl_is_missing() {
        return;
    }
    let dir = tempfile::tempdir().expect("a folder");
    let once = dir.path().join("once");
    std::fs::write(&once, "").expect("a file");
    let mut bench = Bench::new(&format!(
        "watchfor /./\nthrottle threshold=2\nexec rec before $_\nperlcode 3 kill 9, $$ if unlink '{}';\nexec rec after $_\n",
        once.display()
    ));
    assert!(!bench.decide("m"));
    assert!(!bench.decide("m"));
    assert_eq!(
        bench.done,
        ["rec before m", "rec after m", "rec before m", "rec after m"]
    );
    assert_eq!(bench.faults.len(), 1);
    assert!(bench.faults[0].contains("signal: 9"), "{:?}", bench.faults);
    assert_eq!(bench.state.counters()[0].matched, 2);
}

#[test]
fn a_record_that_ends_every_perl_is_given_up_and_the_next_is_decided() {
    if perl_is_missing() {
        return;
    }
    let mut bench = Bench::new(
        "watchfor /./\nexec rec $_\nperlcode 3 kill 9, $$ if /poison/;\nexec rec after\n",
    );
    bench.decide("poison");
    bench.decide("good");
    assert_eq!(bench.done, ["rec poison", "rec good", "rec after"]);
    assert_eq!(bench.faults.len(), 3);
    assert!(bench.faults[2].contains("given up"), "{:?}", bench.faults);
}

#[test]
fn exit_in_user_code_ends_the_watch_and_die_does_not() {
    if perl_is_missing() {
        return;
    }
    let mut bench =
        Bench::new("watchfor /die/\nperlcode 3 die 'no';\nwatchfor /exit/\nperlcode 3 exit 0;\n");
    assert!(!bench.decide("die"));
    for _ in 0..20 {
        bench.decide("die");
    }
    assert_eq!(
        bench.faults,
        [
            "Perl code died: no at conf line 2.",
            "Perl code died, 10 times so far: no at conf line 2."
        ]
    );
    assert!(bench.decide("exit"));
}

#[test]
fn code_that_hangs_is_ended_with_the_watch() {
    if perl_is_missing() {
        return;
    }
    let mut bench = Bench::new("watchfor /./\nexec rec $_\nperlcode 3 sleep 1 while 1;\n");
    let stop = Arc::new(AtomicBool::new(false));
    bench.watch.stop_on(Arc::clone(&stop));
    let mut perform = |_: Effect| stop.store(true, Ordering::Release);
    let decided = bench
        .watch
        .decide(&mut bench.state, b"m", &NOW, &mut perform);
    assert!(matches!(decided, Err(PerlError::Stopped)), "{decided:?}");
}

/// A process that user code forked holds the socket, too: the end of perl must be seen all the
/// same.
#[test]
fn a_perl_that_leaves_a_process_behind_is_started_again() {
    if perl_is_missing() {
        return;
    }
    let dir = tempfile::tempdir().expect("a directory");
    let once = dir.path().join("once");
    std::fs::write(&once, "").expect("a file");
    let mut bench = Bench::new(&format!(
        "watchfor /./\nexec rec before\n\
         perlcode 3 if (unlink '{}') {{ if (!fork) {{ close STDOUT; close STDERR; sleep 20; exit }} kill 9, $$ }}\nexec rec after\n",
        once.display()
    ));
    bench.decide("m");
    assert_eq!(bench.done, ["rec before", "rec after"]);
    assert!(bench.faults[0].contains("signal: 9"), "{:?}", bench.faults);
}

#[test]
fn a_forked_process_that_goes_on_is_ended_and_reported() {
    if perl_is_missing() {
        return;
    }
    let mut bench = Bench::new("perlcode fork;\nwatchfor /./\nexec rec $_\n");
    let records: Vec<String> = (1..=40).map(|n| n.to_string()).collect();
    for record in &records {
        bench.decide(record);
    }
    let expected: Vec<String> = (1..=40).map(|n| format!("rec {n}")).collect();
    assert_eq!(bench.done, expected);
    assert!(bench.faults[0].contains("forked"), "{:?}", bench.faults);
    assert!(bench.faults.len() <= 2, "{:?}", bench.faults);
}

fn refused(error: PerlError) -> Vec<Diagnostic> {
    match error {
        PerlError::Refused(found) => found,
        other => panic!("{other}"),
    }
}

#[test]
fn without_perl_the_line_that_needs_it_is_named() {
    let text = "watchfor /x/\necho normal\nwatchfor length($_) > 3\necho normal\n";
    let config = config(text);
    let options = PerlOptions {
        perl: PathBuf::from("/nonexistent/perl"),
        ..PerlOptions::default()
    };
    for error in [
        PerlWatch::start(&config, &options).map(|_| ()).unwrap_err(),
        PerlWatch::check(&config, &options).unwrap_err(),
    ] {
        let found = refused(error);
        assert!(
            found[0].message.contains("no /nonexistent/perl"),
            "{found:?}"
        );
        let (line, _) = config.sources.line_column(found[0].span.expect("a place"));
        assert_eq!(line, 3);
    }
}

#[test]
fn a_check_finds_errors_and_runs_nothing() {
    if perl_is_missing() {
        return;
    }
    let dir = tempfile::tempdir().expect("a folder");
    let mark = dir.path().join("ran");
    let good = format!(
        "perlcode 0 open(my $f, '>', '{}');\nwatchfor /x/\necho normal\n",
        mark.display()
    );
    PerlWatch::check(&config(&good), &PerlOptions::default()).expect("it compiles");
    assert!(!mark.exists());
    let bad = "perlcode 0 my %h;\nwatchfor $h{a} and $nowhere > 1\necho normal\n";
    let found = refused(PerlWatch::check(&config(bad), &PerlOptions::default()).unwrap_err());
    assert!(found[0].label.contains("$nowhere"), "{found:?}");
}

#[test]
fn no_perl_outlives_its_watch() {
    if perl_is_missing() {
        return;
    }
    let dir = tempfile::tempdir().expect("a folder");
    let pid_file = dir.path().join("pid");
    let bench = Bench::new(&format!(
        "perlcode 0 open(my $f, '>', '{}'); print $f $$; close $f;\nwatchfor /x/\necho normal\n",
        pid_file.display()
    ));
    let pid = std::fs::read_to_string(&pid_file).expect("the pid was written");
    let process = PathBuf::from("/proc").join(pid);
    assert!(process.exists());
    drop(bench);
    assert!(!process.exists());
}

#[test]
fn an_explanation_shows_the_captures_also_when_perl_died_in_between() {
    if perl_is_missing() {
        return;
    }
    let dir = tempfile::tempdir().expect("a folder");
    let once = dir.path().join("once");
    std::fs::write(&once, "").expect("a file");
    let text = format!(
        "perlcode 0 my %seen;\n\
         ignore /quiet (\\w+)/\n\
         watchfor /(?<user>\\w+) from (\\S+)(:\\d+)?/ && !/never/\n\
         exec rec $1\n\
         perlcode 3 kill 9, $$ if unlink '{}';\n\
         exec rec $2\n\
         continue\n\
         watchfor !/nobody/\n\
         echo normal\n",
        once.display()
    );
    let mut bench = Bench::new(&text);
    let mut explain = |record: &[u8]| {
        let explained = bench
            .watch
            .explain(&mut bench.state, record, &NOW, &mut |_| {})
            .expect("perl can be started");
        explained.traces
    };
    let traces = explain(b"x joe from 192.0.2.7");
    assert!(!once.exists(), "perl has died once");
    let shown = |trace: &RuleTrace| -> Vec<Option<String>> {
        let texts = trace.captures.iter().map(|c| c.text.as_deref());
        texts
            .map(|t| t.map(|t| String::from_utf8_lossy(t).into_owned()))
            .collect()
    };
    let text = |t: &str| Some(t.to_owned());
    assert_eq!(traces.len(), 2, "{traces:?}");
    assert_eq!(
        shown(&traces[0]),
        [
            text("joe from 192.0.2.7"),
            text("joe"),
            text("192.0.2.7"),
            None
        ]
    );
    assert_eq!(traces[0].named, [(b"user".to_vec(), Some(b"joe".to_vec()))]);
    assert_eq!(traces[0].effects.len(), 2, "{traces:?}");
    let quiet = explain(b"quiet please");
    assert_eq!(shown(&quiet[0]), [text("quiet please"), text("please")]);
}

#[test]
fn the_option_explain_prints_captures_from_perl() {
    if perl_is_missing() {
        return;
    }
    let dir = tempfile::tempdir().expect("a folder");
    let conf =
        "perlcode 0 my %seen;\nwatchfor /(?<user>\\w+) from (\\S+)( port)?/\n  exec rec $2\n";
    std::fs::write(dir.path().join("conf"), conf).expect("a file");
    std::fs::write(dir.path().join("log"), "joe from a\x1bb\n").expect("a file");
    let output = Command::new(env!("CARGO_BIN_EXE_swatch-rs"))
        .args(["--explain", "--insecure", "-c", "conf", "-f", "log"])
        .current_dir(dir.path())
        .output()
        .expect("it runs");
    let printed = String::from_utf8_lossy(&output.stdout);
    for line in [
        "    $1 = \"joe\"\n",
        "    $3 = took no part\n",
        "    $+{user} = \"joe\"\n",
        "    exec [rec] [",
    ] {
        assert!(printed.contains(line), "{line} in\n{printed}");
    }
    assert!(!printed.contains('\x1b'), "{printed:?}");
}
