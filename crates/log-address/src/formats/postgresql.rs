//! PostgreSQL. Its messages seldom name the peer; the administrator's `log_line_prefix` does, next
//! to the names of user, database and application, which strangers choose.

use crate::shape::{Positions, Readings, collect, parse};

/// A time stamp and its zone, as `%t` and `%m` write it.
const TIME: &str = "{n}-{n}-{n} {n}:{n}:{n}{|.{n}} {not: :[](),=\"'}";
const SEVERITY: &str = "{FATAL|ERROR|LOG|WARNING|NOTICE|INFO}:  ";

/// Prefixes with the peer before any text that strangers choose, or at their end. `{M}` is a
/// message about a login.
const PREFIXES: &[&str] = &[
    "{T}:{{peer}({n})|{peer;()}}:{any}@{any}:[{n}]:{M}",
    "{{peer}({n})|{peer;()}} {T} [{n}]{|:} {any}{M}",
    "{T} [{n}]:{| }user={any},db={any},app={any},client={{peer}({n})|{peer;()}} {M}",
    "{T} [{n}]:{| }user={any},db={any},client={{peer}({n})|{peer;()}} {M}",
];

/// Messages that name the peer themselves, after any prefix.
const MESSAGES: &[&str] = &[
    "{P}LOG:  connection received: host={peer}{| port={n}}",
    "{P}{any}FATAL:  no pg_hba.conf entry for {|replication connection from }host \"{peer}\", user \"{any}",
    "{P}{any}FATAL:  pg_hba.conf rejects {|replication }connection for host \"{peer}\", user \"{any}",
];

/// The prefix of a message that has no user yet.
const BEFORE_LOGIN: &str = "{|[{n}-{n}] }{|{T} [{n}]{|:} {|[unknown]@[unknown] |{not: \":} }}";

/// Messages about a user who is named in them.
const LOGIN: &[&str] = &[
    "{password|PAM|LDAP|RADIUS|Peer|peer|Ident|ident|MD5|SCRAM|certificate|GSSAPI|SSPI|OAuth bearer} authentication failed for user \"",
    "role \"",
];

pub(super) fn read(line: &[u8]) -> Readings {
    let mut readings = Readings::default();
    // A cheap look: every line has a severity.
    if memchr::memmem::find(line, b":  ").is_none() {
        return readings;
    }
    let login = format!("{SEVERITY}{{{}{{any}}|{}{{any}}}}", LOGIN[0], LOGIN[1]);
    for prefix in PREFIXES {
        apply(&prefix.replace("{M}", &login), line, &mut readings);
    }
    let mut named = Readings::default();
    for message in MESSAGES {
        apply(&message.replace("{P}", BEFORE_LOGIN), line, &mut named);
    }
    if !named.is_empty() && severities(line) > 1 {
        // One of the names imitates a message, and the real one may name no peer.
        named.merge(Readings::nobody());
    }
    readings.merge(named);
    after_process(line, &mut readings);
    readings
}

fn apply(shape: &str, line: &[u8], readings: &mut Readings) {
    let shape = shape.replace("{T}", TIME);
    for parts in parse(&shape).unwrap_or_default() {
        collect(&parts, &Positions::at(0), line, readings);
    }
}

/// The number of words in capitals with a colon and two spaces after them.
fn severities(line: &[u8]) -> usize {
    memchr::memmem::find_iter(line, b":  ")
        .filter(|&at| at > 0 && line[at - 1].is_ascii_uppercase())
        .count()
}

/// The prefix `%m [%p] %h %q%u@%d `. The usual `%m [%p] %q%u@%d ` looks the same for a user whose
/// name begins with an address and a space, but the message names the user again, so that the two
/// can be told apart.
fn after_process(line: &[u8], readings: &mut Readings) {
    let finder = memchr::memmem::Finder::new(b" authentication failed for user \"");
    let mut named = Readings::default();
    for at in finder.find_iter(line) {
        let user = line[at + finder.needle().len()..].strip_suffix(b"\"");
        let Some(user) = user.and_then(|user| std::str::from_utf8(user).ok()) else {
            continue;
        };
        // A brace would be read as a field of the shape.
        if user.contains(['{', '}']) {
            named.merge(Readings::nobody());
            break;
        }
        apply(
            &format!(
                "{{T}} [{{n}}]{{|:}} {{{{peer}}({{n}})|{{peer;()}}}} {user}@{{any}} FATAL:  {{any}} authentication failed for \
                 user \"{user}\""
            ),
            line,
            &mut named,
        );
        // The same line with a prefix that has no peer.
        apply(
            &format!(
                "{{T}} [{{n}}]{{|:}} {user}@{{any}} FATAL:  {{any}} authentication failed for user \"{user}\""
            ),
            line,
            &mut named,
        );
    }
    readings.merge(named);
}
