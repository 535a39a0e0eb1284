//! Chains run by a real Perl. The tests are skipped with a message if there is none.

mod both_engines;

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::{Outcome, PerlChain, PerlModules, RUNTIME, Replay, StartError};
use crate::effect::{Effect, Invocation};
use crate::program::Options;
use crate::state::State;
use crate::testing::at;

const IN3: &[&str] = &["alpha one", "beta two", "gamma three"];

pub(super) fn perl_is_missing() -> bool {
    let missing = Command::new("perl").arg("-v").output().is_err();
    if missing {
        println!("skipped: no perl on this machine");
    }
    missing
}

fn chain(text: &str, modules: &PerlModules) -> PerlChain {
    let options = swatch_config::Options {
        modules: !modules.modules.is_empty(),
        env: [(b"FOO".to_vec(), b"beta".to_vec())].into(),
        ..Default::default()
    };
    let parsed = swatch_config::parse_str(text.as_bytes(), Path::new("conf"), &options);
    assert!(!parsed.has_errors(), "{text}: {:?}", parsed.diagnostics);
    PerlChain::compile(&parsed.config, &Options::default(), modules).expect("it compiles")
}

pub(super) struct Perl {
    child: Child,
    pub(super) channel: UnixStream,
}

impl Perl {
    pub(super) fn new() -> Self {
        let (ours, theirs) = UnixStream::pair().expect("a socket pair");
        let child = Command::new("perl")
            .args(["-e", RUNTIME])
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("perl starts");
        Self {
            child,
            channel: ours,
        }
    }

    /// The output of user code, after the end.
    fn printed(self) -> String {
        drop(self.channel);
        let output = self.child.wait_with_output().expect("perl ends");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn effect_text(effect: &Effect) -> String {
    match effect {
        Effect::Echo { text, .. } => shown(text),
        Effect::Exec(Invocation::Direct(argv)) => {
            let words: Vec<_> = argv.iter().map(|w| format!("[{}]", shown(w))).collect();
            words.join("")
        }
        Effect::Exec(Invocation::Shell(text)) => format!("sh: {}", shown(text)),
        Effect::Mail { to, subject, .. } => {
            format!(
                "mail {} {}",
                shown(to.as_deref().unwrap_or_default()),
                shown(subject)
            )
        }
        other => format!("{other:?}"),
    }
}

/// The effects and the output.
fn run_with(text: &str, modules: &PerlModules, records: &[&str]) -> (Vec<String>, String) {
    let chain = chain(text, modules);
    let mut perl = Perl::new();
    chain
        .start(&mut perl.channel)
        .unwrap_or_else(|e| panic!("{text}: {e:?}\n{}", shown(chain.script())));
    let mut state = State::new(chain.program());
    let mut done = Vec::new();
    for (second, record) in (0..).zip(records) {
        let mut perform = |e: Effect| done.push(effect_text(&e));
        let mut replay = Replay::new(second as u64 + 1);
        let outcome = chain
            .decide(
                &mut perl.channel,
                &mut state,
                record.as_bytes(),
                &at(second),
                &mut replay,
                &mut perform,
            )
            .unwrap_or_else(|e| panic!("{text}: {e}"));
        let Outcome {
            quit,
            ended,
            faults,
            strays: _,
        } = outcome;
        done.extend(faults.into_iter().map(|f| format!("DIED {f}")));
        done.extend(ended.map(|status| format!("ENDED {status}")));
        if quit {
            done.push("QUIT".into());
            break;
        }
    }
    (done, perl.printed())
}

fn run(text: &str, records: &[&str]) -> (Vec<String>, String) {
    run_with(text, &PerlModules::default(), records)
}

/// Configuration, records, effects and output, as of swatchdog 3.2.4.
type Case<'c> = (&'c str, &'c [&'c str], &'c [&'c str], &'c str);

#[test]
fn code_of_every_depth_does_what_the_original_does() {
    if perl_is_missing() {
        return;
    }
    let cases: &[Case<'_>] = &[
        (
            "watchfor length($_) > 9 and /e/\necho normal",
            &["short e", "a longer line e"],
            &["a longer line e"],
            "",
        ),
        ("watchfor s/beta/BETA/\necho normal", IN3, &["BETA two"], ""),
        (
            "watchfor $_ =~ qr/BETA/i\necho normal",
            IN3,
            &["beta two"],
            "",
        ),
        (
            "watchfor /$ENV{FOO}/\necho normal\nperlcode 3 1;",
            &["x beta", "yy"],
            &["x beta"],
            "",
        ),
        (
            "perlcode 0 my @hosts = (\"alpha\", \"beta\");\nwatchfor grep { $_[0] eq $_ } @hosts\nexec rec $_[0]",
            IN3,
            &["[rec][alpha]", "[rec][beta]"],
            "",
        ),
        (
            "perlcode 0 my $n = 0;\nperlcode $n++;\nwatchfor /./\nexec rec $n $0",
            IN3,
            &[
                "[rec][1][alpha][one]",
                "[rec][2][beta][two]",
                "[rec][3][gamma][three]",
            ],
            "",
        ),
        (
            "perlcode next if /beta/;\nwatchfor /./\nexec rec $0",
            IN3,
            &["[rec][alpha][one]", "[rec][gamma][three]"],
            "",
        ),
        (
            "watchfor /alpha/\nexec rec a\nperlcode $_ .= \" changed\";\nwatchfor /changed/\necho normal\nexec rec x$0",
            IN3,
            &[
                "[rec][a]",
                "beta two changed",
                "[rec][xbeta][two]",
                "gamma three changed",
                "[rec][xgamma][three]",
            ],
            "",
        ),
        (
            "watchfor /(\\w+) two/\nperlcode 2 my $u = uc $1;\nexec rec $u\nmail addresses=$u,subject=s $u",
            IN3,
            &["[rec][BETA]", "mail BETA s BETA"],
            "",
        ),
        (
            "watchfor /(beta)/\nexec rec $u\nperlcode 2 my $u = uc $1;",
            IN3,
            &["[rec][BETA]"],
            "",
        ),
        (
            "ignore /beta/\nperlcode 2 print \"x\\n\";\nwatchfor /./\nexec rec $0",
            IN3,
            &["[rec][alpha][one]", "[rec][gamma][three]"],
            "",
        ),
        (
            "watchfor /(\\w+) (\\w+)/\nperlcode 2 my $a1 = $1; my $b1 = $2;\nperlcode 2 my $c1 = \"$b1 $a1\";\nexec rec \"$c1\"",
            IN3,
            &[
                "sh: rec \"one alpha\"",
                "sh: rec \"two beta\"",
                "sh: rec \"three gamma\"",
            ],
            "",
        ),
        (
            "watchfor /./\nperlcode 2 print \"d2\\n\";\nthrottle 5:00\nperlcode 3 print \"d3\\n\";\nexec rec x",
            &["m", "m"],
            &["[rec][x]"],
            "d2\nd3\nd2\n",
        ),
        (
            "watchfor /(beta) (two)/\nperlcode 3 \"zz\" =~ /(z)/;\nexec rec $1 $2",
            IN3,
            &["[rec][z]"],
            "",
        ),
        (
            "perlcode 0 my %seen;\nwatchfor /^(\\w+)/ and !$seen{$1}++\nexec rec $1",
            &["a 1", "b 2", "a 3"],
            &["[rec][a]", "[rec][b]"],
            "",
        ),
        (
            "perlcode my @f = split;\nwatchfor $f[1] eq \"two\"\nexec rec $f[0]",
            IN3,
            &["[rec][beta]"],
            "",
        ),
        (
            "perlcode 0 sub act { my %a = @_; print \"act:$a{MESSAGE}:$a{FOO}\\n\" }\nwatchfor /beta/\nact foo=bar",
            IN3,
            &[],
            "act:beta two:bar\n",
        ),
        (
            "watchfor /beta/\nthrottle 5:00\nact plain value,x=$1\nperlcode 0 sub act { my %a = @_; print join('|', map { \"$_=$a{$_}\" } sort keys %a), \"\\n\" }",
            IN3,
            &[],
            "=plain value|MESSAGE=beta two|X=\n",
        ),
        (
            "watchfor /beta/\nperlcode 3 my $x = 1;\nquit",
            IN3,
            &["QUIT"],
            "",
        ),
        (
            "watchfor /beta/\nperlcode 3 last LOOP;",
            IN3,
            &["ENDED 0", "QUIT"],
            "",
        ),
        (
            "watchfor /beta/\nperlcode 3 exit 3;",
            IN3,
            &["ENDED 3", "QUIT"],
            "",
        ),
        (
            "watchfor /a/ and (/(b)/ or //) and not /zz/ xor /it's \\'x/\nperlcode 3 1;\nexec rec $1",
            IN3,
            &["[rec]", "[rec][b]", "[rec]"],
            "",
        ),
        (
            "watchfor //\nperlcode 3 1;\nexec rec x",
            &["", "y"],
            &["[rec][x]", "[rec][x]"],
            "",
        ),
    ];
    for (text, records, effects, printed) in cases {
        let (done, out) = run(text, records);
        assert_eq!(done, *effects, "{text}");
        assert_eq!(out, *printed, "{text}");
    }
}

#[test]
fn code_that_dies_is_reported_with_its_line_and_the_next_record_is_decided() {
    if perl_is_missing() {
        return;
    }
    let text = "watchfor /./\nexec rec 1\nperlcode 3 die \"no $_\" if /beta/;\nexec rec 2";
    let (done, _) = run(text, IN3);
    assert_eq!(done[..2], ["[rec][1]", "[rec][2]"]);
    assert_eq!(done[2], "[rec][1]");
    assert_eq!(done[3], "DIED no beta two at conf line 3.");
    assert_eq!(done[4..], ["[rec][1]", "[rec][2]"]);
}

fn refusal(text: &str) -> Vec<swatch_config::Diagnostic> {
    let chain = chain(text, &PerlModules::default());
    let mut perl = Perl::new();
    let error = chain.start(&mut perl.channel).expect_err("it is refused");
    let mut perl = Perl::new();
    match (error, chain.check(&mut perl.channel)) {
        (StartError::Refused(found), _) => found,
        (other, _) => panic!("{other:?}"),
    }
}

#[test]
fn perls_errors_are_findings_at_their_lines() {
    if perl_is_missing() {
        return;
    }
    let found = refusal("watchfor /x/\necho normal\nperlcode 3 my @re = (1;\nexec rec x");
    assert_eq!(found[0].label, "syntax error");
    let span = found[0].span.expect("a place");
    assert_eq!(span.start, "watchfor /x/\necho normal\n".len());
    let found = refusal("perlcode 0 my %h;\nwatchfor $h{x} and $undeclared > 1\necho normal");
    assert!(found[0].label.contains("$undeclared"), "{found:?}");
    let found =
        refusal("perlcode 0 sub other { }\nperlcode 0 use POSIX;\nwatchfor /x/\nnosuchfunction a");
    assert!(found[0].message.contains("nosuchfunction"), "{found:?}");
    let found = refusal("perlcode 0 die \"at the start\";\nwatchfor /x/\necho normal");
    assert!(found[0].label.contains("at the start"), "{found:?}");
}

#[test]
fn nothing_of_depth_0_runs_for_a_check() {
    if perl_is_missing() {
        return;
    }
    let chain = chain(
        "perlcode 0 print \"ran\";\nwatchfor /x/\necho normal",
        &PerlModules::default(),
    );
    let mut perl = Perl::new();
    chain.check(&mut perl.channel).expect("it compiles");
    assert_eq!(perl.printed(), "");
}

#[test]
fn modules_bring_functions() {
    if perl_is_missing() {
        return;
    }
    let dir = tempfile::tempdir().expect("a folder");
    let module = "package Notify; use Exporter 'import'; our @EXPORT = ('tell_me'); sub tell_me { my %a = @_; print \"$a{MESSAGE} $a{TO}\\n\" } 1;\n";
    std::fs::write(dir.path().join("Notify.pm"), module).expect("a module");
    let modules = PerlModules {
        modules: vec![b"Notify".to_vec()],
        include_dirs: vec![dir.path().as_os_str().as_encoded_bytes().to_vec()],
    };
    let (_, printed) = run_with("watchfor /(beta)/\ntell_me to=$1", &modules, IN3);
    assert_eq!(printed, "beta two beta\n");
}

#[test]
fn a_record_that_is_tried_again_repeats_no_effect() {
    if perl_is_missing() {
        return;
    }
    let text = "perlcode 0 my $n = 0;\nwatchfor /./\nthrottle 5:00\nexec rec 1\nperlcode 3 kill 9, $$ if -e \"DIR/die\";\nexec rec 2";
    let dir = tempfile::tempdir().expect("a folder");
    let text = text.replace("DIR", &dir.path().to_string_lossy());
    std::fs::write(dir.path().join("die"), "").expect("a file");
    let chain = chain(&text, &PerlModules::default());
    let mut state = State::new(chain.program());
    let mut done = Vec::new();
    let mut replay = Replay::new(1);
    let mut perl = Perl::new();
    chain.start(&mut perl.channel).expect("it starts");
    let first = chain.decide(
        &mut perl.channel,
        &mut state,
        b"m",
        &at(0),
        &mut replay,
        &mut |e| {
            done.push(effect_text(&e));
        },
    );
    first.expect_err("perl has killed itself");
    std::fs::remove_file(dir.path().join("die")).expect("the file goes");
    replay.rewind();
    let mut perl = Perl::new();
    chain.start(&mut perl.channel).expect("it starts");
    chain
        .decide(
            &mut perl.channel,
            &mut state,
            b"m",
            &at(0),
            &mut replay,
            &mut |e| {
                done.push(effect_text(&e));
            },
        )
        .expect("this time it lives");
    assert_eq!(done, ["[rec][1]", "[rec][2]"]);
    assert_eq!(state.counters()[0].matched, 1);
}

#[test]
fn records_are_numbered_as_lines_that_are_read() {
    let records = ["a", "b", "start", "", "e", "f", "g", "h", "i", "j"];
    for (condition, expected) in [
        ("$. == 3", "start"),
        ("2 .. 4", "b start "),
        ("/start/ .. 6", "start  e f"),
        ("/start/ ... /./", "start  e"),
        ("eof", ""),
    ] {
        let config = format!("watchfor {condition}\necho\n");
        let (effects, _) = run(&config, &records);
        assert_eq!(effects.join(" "), expected, "{condition}");
    }
    // A file that user code reads has a count of its own.
    let reads =
        "perlcode open(my $f, '<', '/proc/self/status'); my @l = <$f>;\nwatchfor $. == 2\necho\n";
    let (effects, _) = run(&format!("watchfor $. == 2\necho\n{reads}"), &records);
    assert_eq!(effects, ["b"]);
}

#[test]
fn warnings_of_perl_are_about_user_code_alone() {
    let config = "perlcode 0 use warnings; $SIG{__WARN__} = sub { print \"WARN @_\" };\n\
                  perlcode next if /skip/;\n\
                  watchfor /a/\necho\ncontinue\n\
                  perlcode die 'oh' if /b/;\n\
                  watchfor /./\necho\n";
    let (effects, printed) = run(config, &["a", "skip", "b", "c"]);
    assert_eq!(printed, "");
    assert_eq!(effects.len(), 4, "{effects:?}");
    assert!(effects[2].starts_with("DIED oh"), "{effects:?}");
}

/// A process that user code forks shares the socket. It must not read its parent's records.
#[test]
fn a_forked_process_decides_no_records() {
    let chain = chain(
        "perlcode fork if /f/;\nwatchfor /./\necho\n",
        &PerlModules::default(),
    );
    let mut perl = Perl::new();
    chain.start(&mut perl.channel).expect("it starts");
    let mut state = State::new(chain.program());
    let (mut echoed, mut strays) = (Vec::new(), 0);
    for number in 1..=200u64 {
        let record = format!("{}{number}", if number % 10 == 1 { "f" } else { "x" });
        let mut perform = |e: Effect| echoed.push(effect_text(&e));
        let outcome = chain.decide(
            &mut perl.channel,
            &mut state,
            record.as_bytes(),
            &at(0),
            &mut Replay::new(number),
            &mut perform,
        );
        strays += outcome.expect("it answers").strays;
    }
    assert_eq!(echoed.len(), 200);
    assert!(strays > 0);
}
