//! The journal as a source, with a journalctl of the test's own.

use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::Command;

use swatch_tests::live::{Site, script, wait_for};

/// A site whose `journalctl` runs a script. `entry CURSOR FIELDS… MESSAGE` writes an entry; the
/// arguments of each start are lines of the file `calls`.
fn site(journalctl: &str) -> Site {
    let site = Site::new();
    std::fs::create_dir(site.path("bin")).unwrap();
    let text = format!(
        r#"echo "$*" >> calls
calls=$(grep -c . calls)
entry() {{
  printf '__CURSOR=%s\n__REALTIME_TIMESTAMP=1767322985000000\n_HOSTNAME=gate\nSYSLOG_IDENTIFIER=app\n' "$1"
  shift
  while [ $# -gt 1 ]; do printf '%s\n' "$1"; shift; done
  printf 'MESSAGE=%s\n\n' "$1"
}}
{journalctl}
"#
    );
    script(&site.path("bin/journalctl"), &text);
    site.write(
        "conf",
        "watchfor /app.*: (.*)$/\n\texec sh -c \"echo '$1' >> got\"\n",
    );
    site
}

fn command(site: &Site, more: &[&str]) -> Command {
    let mut command = site.swatch(&["-c", "conf", "--journal"]);
    command.args(more);
    let path = format!("{}:/usr/bin:/bin", site.path("bin").display());
    command.env("PATH", path);
    command
}

fn got(site: &Site, text: &str) {
    wait_for(text, || site.count("got", text) == 1);
}

#[test]
fn the_entry_of_the_cursor_is_not_acted_on_again() {
    let site =
        site("case $calls in 1) entry c1 one ;; *) entry c1 one; entry c2 two ; sleep 60 ;; esac");
    let mut swatch = site.start_command(command(&site, &["--state-dir", "state"]));
    got(&site, "two");
    assert!(swatch.stop().success());
    assert_eq!(site.count("got", "one"), 1);
    assert!(!site.read("err").contains("no longer in the journal"));
    // The position of the last run.
    let mut swatch = site.start_command(command(&site, &["--state-dir", "state"]));
    wait_for("a third start", || site.count("calls", "--cursor=c2") == 1);
    assert!(swatch.stop().success());
}

#[test]
fn nothing_is_left_out_when_the_entry_of_the_cursor_is_gone() {
    let site = site(
        "case $calls in 1) entry c1 one ;; *) entry c3 three; entry c4 four; sleep 60 ;; esac",
    );
    let mut swatch = site.start_command(command(&site, &[]));
    got(&site, "three");
    got(&site, "four");
    let said = site.read("err");
    assert!(said.contains("no longer in the journal"), "{said}");
    assert!(swatch.stop().success());
}

#[test]
fn output_that_is_not_export_format_does_not_end_the_watch() {
    for garbage in [
        "echo 'Hint: you are not seeing messages from other users'; sleep 60",
        "printf 'MESSAGE\\n\\377\\377\\377\\377\\377\\377\\377\\177'; sleep 60",
        "printf '{\"__CURSOR\":\"c\"}\\n'; sleep 60",
        "exit 1",
    ] {
        let site = site(&format!(
            "case $calls in 1) {garbage} ;; *) entry c1 one; sleep 60 ;; esac"
        ));
        let mut swatch = site.start_command(command(&site, &[]));
        got(&site, "one");
        let said = site.read("err");
        assert!(
            said.contains("it will be started again in"),
            "{garbage}: {said}"
        );
        assert!(swatch.stop().success());
    }
}

#[test]
fn a_line_feed_at_the_end_of_a_message_is_dropped() {
    let site = site(
        "printf '__CURSOR=c1\\nSYSLOG_IDENTIFIER=app\\nMESSAGE\\n\\003\\000\\000\\000\\000\\000\\000\\000a\\n\\n\\n\\n'; sleep 60",
    );
    site.write("conf", "watchfor /: a$/\n\texec touch got\n");
    let mut swatch = site.start_command(command(&site, &[]));
    wait_for("the message", || site.path("got").exists());
    assert!(swatch.stop().success());
}

#[test]
fn entries_of_this_process_are_left_out() {
    let site = site("entry c1 _PID=$PPID own; entry c2 _PID=1 other; sleep 60");
    let mut swatch = site.start_command(command(&site, &["--from-start"]));
    got(&site, "other");
    assert!(swatch.stop().success());
    assert_eq!(site.count("got", "own"), 0);
}

#[test]
fn a_service_leaves_out_what_its_unit_writes() {
    let text = "entry c1 _SYSTEMD_INVOCATION_ID=abc own; entry c2 other; sleep 60";
    // The variables alone are inherited by every child of a service.
    for is_service in [true, false] {
        let site = site(text);
        let mut command = command(&site, &[]);
        let out = site.path("out").metadata().unwrap();
        let stream = match is_service {
            true => format!("{}:{}", out.dev(), out.ino()),
            false => "1:1".to_owned(),
        };
        command
            .env("INVOCATION_ID", "abc")
            .env("JOURNAL_STREAM", stream);
        let mut swatch = site.start_command(command);
        got(&site, "other");
        assert!(swatch.stop().success());
        assert_eq!(site.count("got", "own"), usize::from(!is_service));
    }
}

#[test]
fn entries_that_came_through_our_standard_output_are_left_out() {
    // As under systemd-cat(1): commands write to the stream under their own numbers.
    let site = site(
        "case \"$*\" in
*_TRANSPORT=stdout*) entry q1 _STREAM_ID=s1 'reading the journal' ;;
*) entry c1 _STREAM_ID=s1 _PID=77 own; entry c2 _STREAM_ID=s2 _PID=78 other; sleep 60 ;;
esac",
    );
    std::fs::create_dir(site.path("journal")).unwrap();
    let listener = UnixListener::bind(site.path("journal/stdout")).unwrap();
    let stream = UnixStream::connect(site.path("journal/stdout")).unwrap();
    let mut command = command(&site, &[]);
    command.stdout(OwnedFd::from(stream));
    let mut swatch = site.start_command(command);
    got(&site, "other");
    assert!(swatch.stop().success());
    assert_eq!(site.count("got", "own"), 0);
    drop(listener);
}
