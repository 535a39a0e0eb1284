//! Patterns of the tags that stand for an address.

/// An octet of at most 255. fail2ban takes three digits, and bans `203.0.113.256` as a text.
const IPV4: &str =
    r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}";

/// All spellings, an IPv4 address in the last 32 bits included.
const IPV6: &str = concat!(
    r"(?:(?:[0-9A-Fa-f]{1,4}:){6}(?:[0-9A-Fa-f]{1,4}:[0-9A-Fa-f]{1,4}|\d+(?:\.\d+){3})",
    r"|(?:[0-9A-Fa-f]{1,4}(?::[0-9A-Fa-f]{1,4}){0,6})?::",
    r"(?:(?:[0-9A-Fa-f]{1,4}:){0,6}(?:\d+(?:\.\d+){3}|[0-9A-Fa-f]{1,4}))?)"
);

/// fail2ban takes the front of a longer text; this keeps `203.0.113.9.example.net`, which whoever
/// owns the address can choose as its name, from being read as an address.
const END_OF_IPV4: &str = r"(?!\w|\.\w|-[\w-]*\.\w)";
const END_OF_IPV6: &str = r"(?!\w|:[0-9A-Fa-f]|\.\w)";

/// The same for a pattern that itself continues with the separator of a port.
const END_BEFORE_PORT: &str = r"(?!\w|\.\w)";
const END_BEFORE_DOT: &str = r"(?!\w)";

/// The sign with which the pattern goes on after an address, if it is one that could also go on
/// within it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    Colon,
    Dot,
    Other,
}

/// A host name. It is matched so that a line with a name in the address's place is not read in
/// another way, in which an address elsewhere would be taken for the peer's.
const NAME: &str = r"[\w\-.^_]*\w";

fn v4(next: Next) -> String {
    let end = match next {
        Next::Dot => END_BEFORE_DOT,
        Next::Colon | Next::Other => END_OF_IPV4,
    };
    format!("{IPV4}{end}")
}

fn v6(next: Next) -> String {
    let end = match next {
        Next::Colon => END_BEFORE_PORT,
        Next::Dot => END_BEFORE_DOT,
        Next::Other => END_OF_IPV6,
    };
    format!("{IPV6}{end}")
}

/// The Python pattern of a tag without its angle brackets; `None` if the tag is not an address.
/// The address is caught in the group `group`, if there is one.
pub(crate) fn tag(tag: &str, group: Option<&str>, next: Next) -> Option<String> {
    let (v4, v6) = (v4(next), v6(next));
    let open = group.map_or("(?:".to_owned(), |name| format!("(?P<{name}>"));
    let mapped = "(?:::[fF]{4,6}:)?";
    Some(match tag {
        "HOST" => format!(r"{mapped}\[?{open}{v4}|{v6}|{NAME})\]?"),
        "ADDR" => format!(r"{mapped}\[?{open}{v4}|{v6})\]?"),
        "SUBNET" => format!(
            r"{mapped}\[?{open}{IPV4}(?:/\d{{1,2}})?{END_OF_IPV4}|{IPV6}(?:/\d{{1,3}})?{END_OF_IPV6})\]?"
        ),
        "IP4" => format!(r"{mapped}{open}{v4})"),
        "IP6" => format!(r"{open}{v6})"),
        "DNS" => format!(r"{open}{NAME})"),
        "CIDR" => r"\d{1,3}".to_owned(),
        _ => return None,
    })
}
