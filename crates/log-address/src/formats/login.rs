//! What any program may write: PAM, libwrap (tcp_wrappers), and the programs that let people in.

use crate::notation::parse;

use super::scan::{Place, digits, every, leading, split, split_last, word};

/// `pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=ADDRESS  user=NAME`.
///
/// `ruser` is a stranger's text in vsftpd and others, `user` is in all: a place counts if the message could end there,
/// or go on with the user.
///
/// Before 2006 the module stood in the tag (`sshd(pam_unix)[123]: authentication failure; …`) or in parentheses; sshd and
/// the modules sum up with `2 more authentication failures; …`.
pub(super) fn pam(message: &[u8]) -> Option<Place> {
    let message = match message.strip_prefix(b"pam_") {
        Some(rest) => {
            // unix(sshd:auth): or, long ago, unix:
            let (module, rest) = split(rest, b": ")?;
            if module.contains(&b' ') {
                return None;
            }
            rest
        }
        None => message
            .strip_prefix(b"(pam_unix) ")
            .or_else(|| message.strip_prefix(b"PAM "))
            .unwrap_or(message),
    };
    let message = match digits(message) {
        Some(rest) => rest
            .strip_prefix(b" more authentication failures; logname=")
            .or_else(|| rest.strip_prefix(b" more authentication failure; logname="))?,
        None => message.strip_prefix(b"authentication failure; logname=")?,
    };
    // sshd leaves ruser empty; then nothing but PAM's own words is before the first rhost.
    let (before, behind) = split(message, b" ruser=")?;
    let of_sshd = before.ends_with(b" tty=ssh") || before.ends_with(b" tty=NODEVssh");
    if let Some(rest) = behind.strip_prefix(b" rhost=").filter(|_| of_sshd) {
        return Some(parse(word(rest).0).into());
    }
    Some(every(message, b" rhost=", |rest| {
        let (address, rest) = leading(rest, b" ")?;
        let rest = rest.trim_ascii_start();
        (rest.is_empty() || rest.starts_with(b"user=")).then_some(address)
    }))
}

/// Proxmox: `authentication failure; rhost=ADDRESS user=NAME msg=TEXT`.
pub(super) fn proxmox(message: &[u8]) -> Option<Place> {
    let rest = message.strip_prefix(b"authentication failure; rhost=")?;
    Some(leading(rest, b" ").map(|(address, _)| address).into())
}

/// libwrap: `refused connect from HOST (ADDRESS)` or `refused connect from ADDRESS`, also `… connect from … refused`.
pub(super) fn libwrap(message: &[u8]) -> Option<Place> {
    let message = message.strip_prefix(b"warning: ").unwrap_or(message);
    message.strip_prefix(b"refused connect from ").map(refused)
}

/// What follows `refused connect from `. The host is a name that its owner chose, so the end counts.
pub(super) fn refused(rest: &[u8]) -> Place {
    match rest
        .strip_suffix(b")")
        .and_then(|rest| split_last(rest, b" ("))
    {
        Some((_, address)) => parse(address).into(),
        // rpcbind goes on with `to getport(…)`. USER@HOST, where ident answered, is no address.
        None => {
            let (client, behind) = word(rest);
            let alone = behind.is_empty() || behind.starts_with(b"to ");
            alone.then(|| parse(client)).flatten().into()
        }
    }
}

/// xinetd: `START: telnet pid=12 from=ADDRESS`, `FAIL: telnet address from=ADDRESS`, `EXIT: …`.
pub(super) fn xinetd(message: &[u8]) -> Option<Place> {
    if ![&b"START: "[..], b"FAIL: ", b"EXIT: "]
        .iter()
        .any(|head| message.starts_with(head))
    {
        return None;
    }
    let (_, address) = split_last(message, b" from=")?;
    Some(parse(address).into())
}

/// login: `FAILED LOGIN (1) on '/dev/pts/0' from 'ADDRESS' FOR 'NAME', …`, `FAILED LOGIN 1 FROM ADDRESS FOR NAME, …`; at a
/// console there is no address.
pub(super) fn login(message: &[u8]) -> Option<Place> {
    let rest = message
        .strip_prefix(b"FAILED LOGIN ")
        .or_else(|| message.strip_prefix(b"TOO MANY LOGIN TRIES "))?;
    // The name stands behind the address, or without one, so each step goes on where the last one ended.
    let (rest, stops) = match rest.strip_prefix(b"(") {
        Some(rest) => {
            let (_count, rest) = split(rest, b") on '")?;
            let (_terminal, rest) = split(rest, b"'")?;
            (rest.strip_prefix(b" from '"), &b"'"[..])
        }
        None => (digits(rest)?.strip_prefix(b" FROM "), &b" ,"[..]),
    };
    Some(
        rest.and_then(|rest| leading(rest, stops))
            .map(|(address, _)| address)
            .into(),
    )
}

/// The kernel's packet log: `[UFW BLOCK] IN=eth0 OUT= MAC=… SRC=ADDRESS DST=… PROTO=TCP …`. The prefix before `IN=` is
/// the administrator's, the rest the kernel's.
pub(super) fn netfilter(message: &[u8]) -> Option<Place> {
    let (_, rest) = split(message, b"IN=")?;
    let (before, rest) = split(rest, b" SRC=")?;
    split(before, b" OUT=")?;
    Some(leading(rest, b" ").map(|(address, _)| address).into())
}
