//! Mail servers other than Postfix.

use std::net::IpAddr;

use super::scan::{Place, every, leading, name_and_address, split, timed, word};

/// Exim: `login authenticator failed for HOST (HELO) [ADDRESS]:PORT …`, `H=HOST (HELO) [ADDRESS] rejected …`.
///
/// The greeting is a stranger's, and `[198.51.100.7]` is a proper one; a blank in it is not.
pub(super) fn exim(message: &[u8]) -> Option<Place> {
    let mut rest = message;
    if let Some(behind) = rest.strip_prefix(b"[").and_then(super::scan::digits) {
        // A process number, where log_selector has +pid.
        rest = behind.strip_prefix(b"] ")?;
    }
    if let Some(address) = rest.strip_prefix(b"no host name found for IP address ") {
        return Some(leading(address, b" ").map(|(address, _)| address).into());
    }
    let (first, behind) = word(rest);
    // 1abcde-000001-AB: the message's number.
    let numbered = first.len() >= 16
        && first
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
        && first.iter().filter(|byte| **byte == b'-').count() == 2;
    let rest = if numbered { behind } else { rest };
    if let Some((own, rest)) = split(rest, b" authenticator failed for ") {
        return (!own.contains(&b' ')).then(|| host(rest).into());
    }
    if let Some(behind) = rest.strip_prefix(b"no IP address found for host ") {
        // HOST (during SMTP connection from [ADDRESS])
        let (_, rest) = split(behind, b"(during SMTP connection from ")?;
        return Some(host(rest).into());
    }
    if rest.starts_with(b"F=") || rest.starts_with(b"SMTP protocol error in ") {
        // A sender or a command comes before the host.
        return Some(every(rest, b" H=", host));
    }
    let heads: [&[u8]; 10] = [
        b"H=",
        b"no MAIL in SMTP connection from ",
        b"SMTP call from ",
        b"SMTP connection from ",
        b"rejected EHLO from ",
        b"rejected HELO from ",
        b"rejected connection from ",
        b"refused connection from ",
        b"unexpected disconnection while reading SMTP command from ",
        b"SMTP protocol synchronization error ",
    ];
    let head = heads.iter().find(|head| rest.starts_with(head))?;
    let rest = &rest[head.len()..];
    if head.starts_with(b"SMTP protocol") {
        // (input sent without waiting for greeting): rejected connection from H=[ADDRESS] input="…"
        let (_, rest) = split(rest, b" H=")?;
        return Some(host(rest).into());
    }
    Some(host(rest.strip_prefix(b"H=").unwrap_or(rest)).into())
}

/// Exim's own log: a time and the message.
pub(super) fn exim_log(line: &[u8]) -> Option<Place> {
    exim(timed(line)?)
}

/// `HOST (HELO) [ADDRESS]`, the first two each there or not.
fn host(rest: &[u8]) -> Option<IpAddr> {
    let mut rest = rest;
    for _ in 0..3 {
        if rest.starts_with(b"[") {
            return name_and_address(rest).and_then(|(address, _)| address);
        }
        if rest.starts_with(b"(") && !word(rest).0.ends_with(b")") {
            // helo_accept_junk_hosts lets anything through, such as `x [198.51.100.7]`: every place where the greeting
            // may have ended counts, and Exim's own is among them.
            let after = |rest: &[u8]| leading(rest, b"]").map(|(address, _)| address);
            return every(rest, b") [", after).address();
        }
        rest = word(rest).1;
    }
    None
}

/// Sendmail: `…, relay=HOST [ADDRESS], reject=…`, `HOST [ADDRESS] did not issue MAIL/EXPN/VRFY/ETRN during connection`,
/// `HOST [ADDRESS]: possible SMTP attack: …`. Addresses of mail stand on both sides of the relay.
pub(super) fn sendmail(message: &[u8]) -> Option<Place> {
    let relay = |rest: &[u8]| {
        let rest = if rest.starts_with(b"[") {
            rest
        } else {
            word(rest).1
        };
        let (address, rest) = name_and_address(rest)?;
        let ends =
            rest.is_empty() || rest.starts_with(b", ") || rest.starts_with(b" (may be forged)");
        address.filter(|_| ends)
    };
    if split(message, b" relay=").is_some() {
        return Some(every(message, b" relay=", relay));
    }
    let (id, rest) = word(message);
    if !id.ends_with(b":") {
        return None;
    }
    let (rejecting, rest) = match rest.strip_prefix(b"rejecting commands from ") {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let rest = if rest.starts_with(b"[") {
        rest
    } else {
        word(rest).1
    };
    let (address, rest) = name_and_address(rest)?;
    let rest = rest.strip_prefix(b" (may be forged)").unwrap_or(rest);
    let heads: [&[u8]; 5] = [
        b" did not issue ",
        b": possible SMTP attack: ",
        b": expn ",
        b": vrfy ",
        b": etrn ",
    ];
    let begins = |head: &[u8]| {
        rest.get(..head.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(head))
    };
    let own = if rejecting {
        rest.starts_with(b" due to ")
    } else {
        heads.into_iter().any(begins)
    };
    own.then_some(address.into())
}

/// OpenSMTPD: `ID smtp connected address=ADDRESS host=NAME`, before 6.4 `smtp-in: New session ID from host NAME
/// [ADDRESS]`.
pub(super) fn opensmtpd(message: &[u8]) -> Option<Place> {
    let (id, rest) = word(message);
    if let Some(rest) = rest.strip_prefix(b"smtp connected address=") {
        return id
            .iter()
            .all(u8::is_ascii_hexdigit)
            .then(|| leading(rest, b" ").map(|(address, _)| address).into());
    }
    if let Some(rest) = rest.strip_prefix(b"smtp event=failed-command address=") {
        return Some(leading(rest, b" ").map(|(address, _)| address).into());
    }
    let rest = message.strip_prefix(b"smtp-in: New session ")?;
    let rest = word(rest).1.strip_prefix(b"from host ")?;
    Some(
        name_and_address(word(rest).1)
            .and_then(|(address, _)| address)
            .into(),
    )
}
