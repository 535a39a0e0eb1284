//! Properties that hold for every line, shared by the property tests and the fuzz target.

use std::net::{IpAddr, Ipv6Addr};

use log_address::{Found, canonical, find, is_private};

/// The peer in every [`SPOOFS`] line.
const PEER: &str = "203.0.113.9";

/// The longest host name, in bytes (RFC 1035).
const LONGEST_NAME: usize = 255;

/// The text that a program lets a stranger put into its messages.
#[derive(Clone, Copy, PartialEq)]
enum Text {
    /// Anything on one line.
    Any,
    /// No space, bracket or parenthesis: a host name or a greeting that the program checked.
    Word,
}

/// A line with a stranger's text in the middle of it, and whether the peer must be found whatever
/// that text is (else the line may also be called ambiguous).
struct Spoof {
    before: &'static str,
    after: &'static str,
    text: Text,
    certain: bool,
}

const fn certain(before: &'static str, after: &'static str) -> Spoof {
    Spoof {
        before,
        after,
        text: Text::Any,
        certain: true,
    }
}

const fn perhaps(before: &'static str, after: &'static str) -> Spoof {
    Spoof {
        before,
        after,
        text: Text::Any,
        certain: false,
    }
}

const fn word(before: &'static str, after: &'static str) -> Spoof {
    Spoof {
        before,
        after,
        text: Text::Word,
        certain: true,
    }
}

const SPOOFS: &[Spoof] = &[
    certain(
        "Jun  1 12:00:00 h sshd[1]: Invalid user ",
        " from 203.0.113.9 port 4",
    ),
    certain(
        "Jun  1 12:00:00 h sshd[1]: Invalid user ",
        " from 203.0.113.9",
    ),
    certain(
        "2024-06-01T12:00:00Z h sshd-session[1]: Failed password for invalid user ",
        " from 203.0.113.9 port 4 ssh2",
    ),
    certain(
        "<34>1 2024-06-01T12:00:00Z h sshd 1 - - Failed none for invalid user ",
        " from 203.0.113.9 port 4 ssh2",
    ),
    certain(
        "Jun  1 12:00:00 h sshd[1]: Connection closed by invalid user ",
        " 203.0.113.9 port 4 [preauth]",
    ),
    certain(
        "Jun  1 12:00:00 h sshd[1]: Disconnected from authenticating user ",
        " 203.0.113.9 port 4",
    ),
    certain(
        "Jun  1 12:00:00 h sshd[1]: Received disconnect from 203.0.113.9 port 4:11: ",
        " [preauth]",
    ),
    certain(
        "Jun  1 12:00:00 h sshd[1]: Unable to negotiate with 203.0.113.9 port 4: no match. Their offer: ",
        " [preauth]",
    ),
    certain(
        "Jun  1 12:00:00 h sshd[1]: Bad protocol version identification '",
        "' from 203.0.113.9 port 4",
    ),
    perhaps(
        "Jun  1 12:00:00 h sshd[1]: Disconnecting invalid user ",
        " 203.0.113.9 port 4: Change of username [preauth]",
    ),
    certain(
        "Jun  1 12:00:00 h sshd[1]: pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= \
         rhost=203.0.113.9  user=",
        "",
    ),
    perhaps(
        "Jun  1 12:00:00 h vsftpd[1]: pam_unix(vsftpd:auth): authentication failure; logname= uid=0 euid=0 tty=ftp ruser=",
        " rhost=203.0.113.9",
    ),
    certain(
        "Jun  1 12:00:00 h named[1]: client @0x7f 203.0.113.9#53 (",
        "): query 'x/A/IN' denied",
    ),
    perhaps(
        "Sat Jun  1 12:00:00 2024 [pid 1] [",
        "] FAIL LOGIN: Client \"203.0.113.9\"",
    ),
    certain(
        "Sat Jun  1 12:00:00 2024 [pid 1] FTP command: Client \"203.0.113.9\", \"USER ",
        "\"",
    ),
    certain(
        "Jun  1 12:00:00 h proftpd[1]: h (x[203.0.113.9]) - USER ",
        ": no such user found",
    ),
    certain(
        "Jun  1 12:00:00 h pure-ftpd: (?@203.0.113.9) [WARNING] Authentication failed for user [",
        "]",
    ),
    certain(
        "Jun  1 12:00:00 h postfix/smtpd[1]: NOQUEUE: reject: RCPT from unknown[203.0.113.9]: 554 <",
        ">: denied",
    ),
    certain(
        "Jun  1 12:00:00 h postfix/smtpd[1]: warning: unknown[203.0.113.9]: SASL LOGIN authentication failed: ",
        "",
    ),
    word(
        "Jun  1 12:00:00 h postfix/smtpd[1]: connect from ",
        "[203.0.113.9]",
    ),
    certain(
        "Jun  1 12:00:00 h dovecot: imap-login: Disconnected (auth failed): user=<",
        ">, method=PLAIN, rip=203.0.113.9, lip=192.0.2.1, TLS, session=<abc>",
    ),
    perhaps(
        "Jun  1 12:00:00 h dovecot: auth: passwd-file(",
        ",203.0.113.9): unknown user",
    ),
    word(
        "2024-06-01 12:00:00 H=(",
        ") [203.0.113.9]:4 F=<a@b> rejected RCPT <c@d>: relay not permitted",
    ),
    perhaps(
        "2024-06-01 12:00:00 login authenticator failed for (u) [203.0.113.9]: 535 Incorrect (set_id=",
        ")",
    ),
    perhaps(
        "Jun  1 12:00:00 h sm-mta[1]: abc: ruleset=check_rcpt, arg1=<",
        ">, relay=[203.0.113.9], reject=550 5.7.1 x",
    ),
    certain(
        "Jun  1 12:00:00 h imapd: LOGIN FAILED, user=",
        ", ip=[203.0.113.9]",
    ),
    certain(
        "203.0.113.9 - - [01/Jun/2024:12:00:00 +0000] \"GET /",
        " HTTP/1.1\" 404 5",
    ),
    perhaps(
        "203.0.113.9 - ",
        " [01/Jun/2024:12:00:00 +0000] \"GET / HTTP/1.1\" 401 5",
    ),
    perhaps(
        "2024/06/01 12:00:00 [error] 1#1: *2 user \"",
        "\": password mismatch, client: 203.0.113.9, server: _",
    ),
    perhaps(
        "2024/06/01 12:00:00 [error] 1#1: *2 open() failed, client: 203.0.113.9, server: _, request: \"GET /",
        "\"",
    ),
    certain(
        "[Sat Jun 01 12:00:00.123456 2024] [auth_basic:error] [pid 1] [client 203.0.113.9:4] AH01618: user ",
        " not found",
    ),
    perhaps(
        "[2024-06-01 12:00:00] NOTICE[1] chan_sip.c: Registration from '",
        "' failed for '203.0.113.9:5060' - Wrong password",
    ),
    perhaps(
        "[01-Jun-2024 12:00:00 +0000]: <a> Failed login for ",
        " from 203.0.113.9 in session a (error: 0)",
    ),
    certain(
        "Jun  1 12:00:00 h phpMyAdmin[1]: user denied: ",
        " (mysql-denied) from 203.0.113.9",
    ),
    certain(
        "Jun  1 12:00:00 h webmin[1]: Invalid login as ",
        " from 203.0.113.9",
    ),
    certain(
        "Jun  1 12:00:00 h wordpress(x)[1]: Authentication attempt for unknown user ",
        " from 203.0.113.9",
    ),
    perhaps(
        "2024-06-01 12:00:00 8 [Warning] Access denied for user '",
        "'@'203.0.113.9' (using password: YES)",
    ),
    certain(
        "Jun  1 12:00:00 h dropbear[1]: Bad password attempt for '",
        "' from 203.0.113.9:4",
    ),
    certain(
        "[20240601-12:00:00] [INFO ] AUTHFAIL: user=",
        " ip=203.0.113.9 time=1717243200",
    ),
    perhaps(
        "Jun  1 12:00:00 h smbd[1]: Auth: [SMB2,(null)] user [W]\\[",
        "] workstation [PC] remote host [ipv4:203.0.113.9:4] mapped to [W]\\[x].",
    ),
    certain(
        "Jun  1 12:00:00 h login[1]: FAILED LOGIN (1) on '/dev/pts/0' from '203.0.113.9' FOR '",
        "', x",
    ),
    certain(
        "Jun  1 12:00:00 h pvedaemon[1]: authentication failure; rhost=203.0.113.9 user=",
        " msg=no such user",
    ),
];

/// Lines of programs and messages that are not known, or known to have no address: whatever a
/// stranger's text in them looks like, they have none.
const NOTHING: &[(&str, &str)] = &[
    ("2024-06-01 12:00:00 app: login of ", " failed"),
    ("2024-06-01 12:00:00,123 INFO [app] (main) user ", ""),
    ("2024/06/01 12:00:00 app.go:1: user ", ""),
    ("2024-06-01T12:00:00Z the user ", " failed"),
    ("Jun  1 12:00:00 h myapp[1]: user ", " failed"),
    ("Jun  1 12:00:00 h myapp: user ", ""),
    ("myapp[1]: user ", ""),
    ("app: ", ""),
    ("user ", ""),
    (
        "[Sat Jun 01 12:00:00.123456 2024] [core:error] [pid 1] AH00000: ",
        "",
    ),
    ("[Sat Jun 01 12:00:00 2024] [error] script said ", ""),
    ("[2024-06-01 12:00:00] app.ERROR: ", ""),
    ("[2024-06-01T12:00:00] [error] login ", ""),
    ("{\"msg\":\"", "\",\"level\":1}"),
    ("<34>1 2024-06-01T12:00:00Z h app 1 - - ", ""),
    (
        "Jun  1 12:00:00 h sshd[1]: input_userauth_request: invalid user ",
        " [preauth]",
    ),
    (
        "Jun  1 12:00:00 h sshd[1]: error: kex_exchange_identification: client sent invalid protocol identifier \"",
        "\"",
    ),
    ("Jun  1 12:00:00 h sshd[1]: Server said ", ""),
    ("Jun  1 12:00:00 h named[1]: zone ", ": loaded"),
    (
        "Jun  1 12:00:00 h sudo: ",
        " : 3 incorrect password attempts",
    ),
    (
        "Jun  1 12:00:00 h postfix/cleanup[1]: ABC123: warning: header Subject: ",
        " from local; from=<a@b>",
    ),
    (
        "Jun  1 12:00:00 h postfix/qmgr[1]: ABC123: from=<",
        ">, size=1, nrcpt=1 (queue active)",
    ),
    (
        "2024-06-01 12:00:00.123 UTC [1] FATAL:  password authentication failed for user \"",
        "\"",
    ),
    ("2024-06-01 12:00:00 8 [Note] Got an error reading ", ""),
    // The peer is a name, or a server that this host connected to.
    (
        "2024-06-01 12:00:00 8 [Warning] Access denied for user '",
        "'@'evil.host' (using password: YES)",
    ),
    (
        "Jun  1 12:00:00 h vsftpd[1]: pam_unix(vsftpd:auth): authentication failure; logname= uid=0 \
         euid=0 tty=ftp ruser=",
        " rhost=evil.host",
    ),
    (
        "Jun  1 12:00:00 h vsftpd[1]: pam_unix(vsftpd:auth): authentication failure; logname= uid=0 \
         euid=0 tty=ftp ruser=",
        " rhost=",
    ),
    (
        "Sat Jun  1 12:00:00 2024 [pid 1] [",
        "] FAIL LOGIN: Client \"evil.host\"",
    ),
    (
        "[2024-06-01 12:00:00] NOTICE[1] chan_sip.c: Registration from '",
        "' failed for 'evil.host' - Wrong password",
    ),
    (
        "[01-Jun-2024 12:00:00 +0000]: <a> Failed login for ",
        " from evil.host in session a (error: 0)",
    ),
    (
        "06/01/2024 12:00:00 [LOGIN_ERROR] ",
        " (example.com) from evil.host: Unknown user or password incorrect.",
    ),
    (
        "2024/06/01 12:00:00 auth.go:1:x() [W] Failed authentication attempt for ",
        " from evil.host: user does not exist",
    ),
    (
        "2024-06-01 12:00:00 H=(",
        ") [unknown]:4 F=<a@b> rejected RCPT <c@d>: relay not permitted",
    ),
    (
        "Jun  1 12:00:00 h sm-mta[1]: abc: to=<",
        ">, relay=mx.example. [192.0.2.1], dsn=5.1.1, stat=User unknown",
    ),
    (
        "2024-06-01 12:00:00 1sAbCd-000000-0A ** ",
        " R=dnslookup T=remote_smtp H=mx.example [192.0.2.1]: 550 no",
    ),
    (
        "Jun  1 12:00:00 h postfix/smtp[1]: ABC: host mx.example[192.0.2.1] said: 450 ",
        "",
    ),
    (
        "2024-06-01 12:00:00.123 UTC [1] x@",
        " FATAL:  password authentication failed for user \"x\"",
    ),
];

/// A stranger's text in a line without a place for an address finds none.
pub(crate) fn text_makes_no_place(choice: usize, text: &[u8]) {
    let (before, after) = NOTHING[choice % NOTHING.len()];
    let text: Vec<u8> = text.iter().copied().filter(|byte| *byte != b'\n').collect();
    let text = match before.starts_with('{') {
        // As a program writes it into JSON.
        true => serde_json::to_string(&String::from_utf8_lossy(&text))
            .map(|json| json[1..json.len() - 1].to_owned().into()),
        false => Ok(text),
    };
    let line = [
        before.as_bytes(),
        &text.expect("text is JSON"),
        after.as_bytes(),
    ]
    .concat();
    if let Ok(found) = find(&line) {
        panic!("{found:?} in {}", line.escape_ascii());
    }
}

/// A stranger's text never chooses the address: the peer is found, or nothing.
pub(crate) fn text_never_chooses(choice: usize, text: &[u8]) {
    let spoof = &SPOOFS[choice % SPOOFS.len()];
    let text: Vec<u8> = match spoof.text {
        Text::Any => text.iter().copied().filter(|byte| *byte != b'\n').collect(),
        Text::Word => {
            let fits = |byte: &u8| byte.is_ascii_graphic() && !b"[]()".contains(byte);
            text.iter()
                .copied()
                .filter(fits)
                .take(LONGEST_NAME)
                .collect()
        }
    };
    let line = [spoof.before.as_bytes(), &text, spoof.after.as_bytes()].concat();
    let peer: IpAddr = PEER.parse().expect("an address");
    match find(&line) {
        Ok(found) => assert_eq!(found.address, peer, "{}", line.escape_ascii()),
        Err(error) => assert!(!spoof.certain, "{error}: {}", line.escape_ascii()),
    }
}

/// Checks the invariants that hold for any line.
pub(crate) fn any_line(line: &[u8]) {
    match find(line) {
        Ok(found) => sound(&found, line),
        Err(error) => {
            let text = error.to_string();
            assert!(!text.contains(char::is_control), "{text:?}");
            assert!(text.len() < 1500, "{} bytes of message", text.len());
        }
    }
}

/// The address is in the line, and is not called lockable where it must not be.
fn sound(found: &Found, line: &[u8]) {
    assert!(
        written_in(found.address, line),
        "{} is not in {}",
        found.address,
        line.escape_ascii()
    );
    assert_eq!(
        found.address,
        canonical(found.address),
        "a mapped address comes as IPv4"
    );
    if let IpAddr::V4(v4) = found.address {
        let [a, b, ..] = v4.octets();
        let private = matches!(
            (a, b),
            (0 | 10 | 127 | 224..=239, _) | (172, 16..=31) | (192, 168) | (169, 254)
        );
        let broadcast = u32::from(v4) == u32::MAX;
        assert_eq!(is_private(found.address), private || broadcast, "{v4}");
    }
}

/// True if `text` contains the address, in any notation.
fn written_in(ip: IpAddr, text: &[u8]) -> bool {
    let dotted = ip.to_string();
    if ip.is_ipv4()
        && text
            .windows(dotted.len())
            .any(|window| window == dotted.as_bytes())
    {
        return true;
    }
    let hex = |byte: &u8| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.');
    (0..text.len()).filter(|at| hex(&text[*at])).any(|start| {
        let run = text[start..]
            .iter()
            .take(45)
            .take_while(|byte| hex(byte))
            .count();
        (2..=run).any(|length| {
            let part = std::str::from_utf8(&text[start..start + length]).unwrap_or_default();
            part.parse::<Ipv6Addr>()
                .is_ok_and(|v6| canonical(v6.into()) == ip)
        })
    })
}
