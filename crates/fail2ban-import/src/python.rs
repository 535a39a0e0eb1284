//! Translates Python's regular expressions to Perl's, written between slashes.

/// Writes a Python pattern as a Perl pattern for use between slashes.
///
/// Group names, back references, conditions, `\Z`, `{,n}` and the signs that Perl would
/// interpolate are rewritten; everything else means the same in both.
pub(crate) fn to_perl(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut rest = pattern;
    while let Some(c) = rest.chars().next() {
        let taken = match c {
            '\\' => escape(rest, &mut out),
            '[' => class(rest, &mut out),
            '(' => group(rest, &mut out),
            '{' => brace(rest, &mut out),
            '/' => literal(r"\/", &mut out),
            '@' => literal(r"\@", &mut out),
            '$' if rest[1..]
                .starts_with(|c: char| c.is_alphanumeric() || "_{&`'+!".contains(c)) =>
            {
                literal("(?:$)", &mut out)
            }
            _ => {
                out.push(c);
                c.len_utf8()
            }
        };
        rest = &rest[taken..];
    }
    out
}

fn literal(text: &str, out: &mut String) -> usize {
    out.push_str(text);
    1
}

fn escape(rest: &str, out: &mut String) -> usize {
    let Some(next) = rest[1..].chars().next() else {
        out.push_str(r"\\");
        return 1;
    };
    match next {
        'Z' => out.push_str(r"\z"),
        '<' | '>' | '\'' | '"' | ' ' | ',' | ';' | ':' | '=' | '!' | '%' | '&' | '~' | '`'
        | '_' => out.push(next),
        _ => {
            out.push('\\');
            out.push(next);
        }
    }
    1 + next.len_utf8()
}

/// A class up to its `]`. In Perl `[` could start a POSIX class in it.
fn class(rest: &str, out: &mut String) -> usize {
    let mut taken = 1;
    out.push('[');
    if rest[taken..].starts_with('^') {
        out.push('^');
        taken += 1;
    }
    if rest[taken..].starts_with(']') {
        out.push_str(r"\]");
        taken += 1;
    }
    while let Some(c) = rest[taken..].chars().next() {
        match c {
            ']' => {
                out.push(']');
                return taken + 1;
            }
            '\\' => {
                taken += escape(&rest[taken..], out);
                continue;
            }
            '[' | '/' | '@' | '$' => {
                out.push('\\');
                out.push(c);
            }
            _ => out.push(c),
        }
        taken += c.len_utf8();
    }
    taken
}

fn group(rest: &str, out: &mut String) -> usize {
    for (python, perl) in [("(?P<", "(?<"), ("(?P=", r"\k<")] {
        let Some(after) = rest.strip_prefix(python) else {
            continue;
        };
        let close = if python == "(?P<" { '>' } else { ')' };
        if let Some((name, _)) = after.split_once(close) {
            out.push_str(perl);
            out.push_str(name);
            out.push('>');
            return python.len() + name.len() + 1;
        }
    }
    if let Some((name, _)) = rest.strip_prefix("(?(").and_then(|s| s.split_once(')')) {
        let number = name.bytes().all(|b| b.is_ascii_digit());
        out.push_str(&if number {
            format!("(?({name})")
        } else {
            format!("(?(<{name}>)")
        });
        return name.len() + 4;
    }
    // Python's flag for Unicode says what the bytes of a log never are.
    if let Some((flags, _)) = rest.strip_prefix("(?").and_then(|s| s.split_once(')'))
        && !flags.is_empty()
        && flags.bytes().all(|b| b"aiLmsux".contains(&b))
    {
        let kept: String = flags.chars().filter(|c| "imsx".contains(*c)).collect();
        if !kept.is_empty() {
            out.push_str(&format!("(?{kept})"));
        }
        return flags.len() + 3;
    }
    out.push('(');
    1
}

/// A quantifier or, in Python as in Perl, a brace that stands for itself.
fn brace(rest: &str, out: &mut String) -> usize {
    let inner = rest[1..].split_once('}').map_or("", |(inner, _)| inner);
    let valid = !inner.is_empty()
        && inner != ","
        && inner.bytes().all(|b| b.is_ascii_digit() || b == b',')
        && inner.matches(',').count() <= 1;
    if !valid {
        out.push_str(r"\{");
        return 1;
    }
    let low = if inner.starts_with(',') { "0" } else { "" };
    out.push_str(&format!("{{{low}{inner}}}"));
    inner.len() + 2
}
