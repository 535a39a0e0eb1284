#!/bin/bash
# PCRE2 10.45 with JIT finds no `b?a[-/]{0,2}` in "a"; its interpreter does.
#
# Versions:  crates pcre2 0.2.11 and pcre2-sys 0.2.10, whose bundled library is PCRE2 10.45.
# Behaviour: an optional byte, a required byte, and a class repeated {0,2} at the end. Compiled
#            with JIT, a subject in which the optional byte is missing does not match; when it is
#            there ("ba") the match is found. Without JIT, or with (*NO_START_OPT) in front of the
#            pattern, both are found. Perl and Debian 12's PCRE2 10.42 find both as well.
#            Nothing raises an error: the JIT answer is simply "no match".
# Output:    jit=false a:yes ba:yes / jit=true a:no ba:yes / (*NO_START_OPT) jit=true a:yes ba:yes
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
mkdir src
cat > Cargo.toml <<'EOF'
[package]
name = "probe"
version = "0.0.0"
edition = "2021"

[dependencies]
pcre2 = "=0.2.11"
pcre2-sys = "=0.2.10"
EOF
cat > src/main.rs <<'EOF'
use pcre2::bytes::RegexBuilder;

fn main() {
    let (major, minor) = pcre2::version();
    println!("PCRE2 {major}.{minor}");
    for start in ["", "(*NO_START_OPT)"] {
        for jit in [false, true] {
            let pattern = format!("{start}b?a[-/]{{0,2}}");
            let regex = RegexBuilder::new().jit(jit).build(&pattern).expect("compiles");
            let found = |subject: &str| match regex.is_match(subject.as_bytes()) {
                Ok(true) => "yes",
                Ok(false) => "no",
                Err(_) => "error",
            };
            println!("{start} jit={jit} a:{} ba:{}", found("a"), found("ba"));
        }
    }
}
EOF
unset CARGO_TARGET_DIR
PCRE2_SYS_STATIC=1 cargo run -q > seen
cat seen
cat > expected <<'EOF'
PCRE2 10.45
 jit=false a:yes ba:yes
 jit=true a:no ba:yes
(*NO_START_OPT) jit=false a:yes ba:yes
(*NO_START_OPT) jit=true a:yes ba:yes
EOF
cmp -s expected seen || { echo "changed"; exit 1; }
