//! The cost of one pattern: to compile it, and to match with it.

use divan::{Bencher, black_box};
use perl_pattern::{Captures, Limits, Matcher, Modifiers};

fn main() {
    divan::main();
}

const LITERAL: &str = r"tcp_wrappers denial";
const GROUPS: &str = r"Failed password for (?:invalid user )?(\S+) from ([0-9.]+) port (\d+)";
const CASELESS: &str = r"(?i)out of memory.*(kill|sacrifice)";
/// For PCRE2.
const LOOK_BEHIND: &str = r"(?<!invalid )user (\S+) from (?!192\.0\.2\.)";

const MISS: &[u8] =
    b"Jan  2 03:04:05 host CRON[1234]: pam_unix(cron:session): session opened for user root";
const HIT: &[u8] = b"Jan  2 03:04:05 host sshd[1234]: Failed password for invalid user admin from 203.0.113.9 port 4242 ssh2";

fn matcher(pattern: &str) -> Matcher {
    let (modifiers, limits) = (Modifiers::default(), Limits::default());
    Matcher::compile(pattern.as_bytes(), &modifiers, &limits).expect("a pattern")
}

#[divan::bench(args = [LITERAL, GROUPS, CASELESS, LOOK_BEHIND])]
fn compile(pattern: &str) -> Matcher {
    matcher(black_box(pattern))
}

#[divan::bench(args = [LITERAL, GROUPS, CASELESS, LOOK_BEHIND])]
fn no_match(bencher: Bencher<'_, '_>, pattern: &str) {
    let matcher = matcher(pattern);
    bencher.bench_local(|| matcher.is_match(black_box(MISS)));
}

#[divan::bench(args = [GROUPS, LOOK_BEHIND])]
fn groups(bencher: Bencher<'_, '_>, pattern: &str) {
    let matcher = matcher(pattern);
    let mut captures = Captures::new();
    bencher.bench_local(|| matcher.captures_into(black_box(HIT), &mut captures));
}
