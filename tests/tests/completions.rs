//! The completions are loaded and asked in real shells.

use std::process::Command;

use swatch_tests::deployment::make;
use swatch_tests::skip::skipped;

/// Output of a shell; none, with a remark, if it is not installed.
fn shell(name: &str, arguments: &[&str]) -> Option<String> {
    let output = match Command::new(name)
        .args(arguments)
        .env("TERM", "dumb")
        .output()
    {
        Ok(output) => output,
        Err(_) => {
            skipped("completions", &format!("no {name} on this machine"));
            return None;
        }
    };
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{name}: {said}");
    Some(String::from_utf8(output.stdout).expect("UTF-8"))
}

#[test]
fn shells_complete_commands_and_options() {
    let root = tempfile::tempdir().expect("a folder");
    make("install", root.path());
    let share = root.path().join("usr/local/share");
    let share = share.to_str().expect("UTF-8");
    for (program, begin, whole) in [
        ("swatch-rs", "--config-d", "--config-dir"),
        ("swatch-rs", "sta", "status"),
        ("swatch-action", "unl", "unlock"),
        ("swatch-action", "--separ", "--separator"),
    ] {
        // Bash calls the function that the script names for the program.
        let ask = format!(
            ". {share}/bash-completion/completions/{program}
             function=$(complete -p {program} | sed 's/.*-F \\([^ ]*\\).*/\\1/')
             COMP_WORDS=({program} {begin}); COMP_CWORD=1; COMP_LINE='{program} {begin}'
             $function {program} {begin} {program}
             echo \"${{COMPREPLY[*]}}\""
        );
        if let Some(reply) = shell("bash", &["--norc", "-c", &ask]) {
            assert!(
                reply.split_whitespace().any(|word| word == whole),
                "bash: {reply:?}"
            );
        }
        let ask = format!(
            "source {share}/fish/vendor_completions.d/{program}.fish; complete -C '{program} {begin}'"
        );
        if let Some(reply) = shell("fish", &["--no-config", "-c", &ask]) {
            assert!(
                reply
                    .lines()
                    .any(|line| line.split('\t').next() == Some(whole)),
                "fish: {reply:?}"
            );
        }
        // Zsh completes in its editor only: here the function is found by its name and parsed whole.
        let ask = format!(
            "fpath=({share}/zsh/site-functions $fpath); autoload -Uz compinit; compinit -u -D
             echo ${{_comps[{program}]}}; autoload +X _{program}; which _{program}"
        );
        if let Some(reply) = shell("zsh", &["-f", "-c", &ask]) {
            assert!(
                reply.starts_with(&format!("_{program}\n")),
                "zsh: {reply:?}"
            );
            assert!(reply.contains(whole), "zsh: {whole} is not completed");
        }
    }
}
