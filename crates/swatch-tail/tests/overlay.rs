//! A log in a lower layer of overlayfs, as in a container's image: the first write copies it up.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The path at which cargo has put the example beside this test.
fn example() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let profile = test.parent().and_then(Path::parent).unwrap();
    profile.join("examples/follow")
}

/// The script waits for each step, so nothing depends on time.
const SCRIPT: &str = r#"
mount -t tmpfs tmpfs "$1" && cd "$1" && mkdir l u w m && printf 'old 1\nold 2\n' > l/log || exit 77
mount -t overlay overlay -o lowerdir=l,upperdir=u,workdir=w m || exit 77
birth() { stat -c %W-%w m/log; }
before=$(birth)
wait_for() { n=0; until grep -qx "$1" "$2"; do n=$((n + 1)); [ $n -lt 1500 ] || { cat out err; exit 1; }; sleep 0.02; done; }
run() { "$follow" --interval 50 --state state m/log >> out 2> err & pid=$!; wait_for following err; }
run
echo "new 1" >> m/log
[ "$before" != "$(birth)" ] || exit 77
wait_for "new 1" out
kill -9 $pid; wait $pid 2>/dev/null
echo "new 2" >> m/log
run
wait_for "new 2" out
kill -9 $pid; wait $pid 2>/dev/null
cat out
"#;

fn check(script: &str) {
    let dir = tempfile::tempdir().unwrap();
    let output = Command::new("unshare")
        .args(["-m", "sh", "-c", script, "sh"])
        .arg(dir.path())
        .env("follow", example())
        .output();
    let Ok(output) = output else {
        println!("skipped: unshare is not installed");
        return;
    };
    let text = String::from_utf8_lossy(&output.stdout);
    if [Some(77), Some(1)].contains(&output.status.code()) && text.is_empty() {
        println!("skipped: mounting an overlay needs root, and a kernel that has it");
        return;
    }
    assert!(output.status.success(), "{text}");
    assert_eq!(text, "new 1\nnew 2\n");
}

#[test]
fn a_log_that_is_copied_up_is_still_the_same() {
    check(SCRIPT);
}

#[test]
fn a_log_that_was_copied_up_while_down_is_still_the_same() {
    let write = "echo \"new 1\" >> m/log\n";
    let stop = "kill -9 $pid; wait $pid 2>/dev/null\n";
    assert!(SCRIPT.contains(write));
    let down = format!("{stop}echo 'new 1' >> m/log\nrun\n");
    check(&SCRIPT.replace(write, &down));
}
