//! Expressions that match two lines with other lines between them (`<SKIPLINES>`).

/// The two lines of an expression.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Parts {
    pub(crate) first: String,
    pub(crate) second: String,
    /// Groups that hold the same text in both lines.
    pub(crate) keys: Vec<String>,
}

/// Divides an expression at its one `<SKIPLINES>`. A reference in the second part to a group of
/// the first becomes a copy of that group.
pub(crate) fn split(expression: &str) -> Option<Parts> {
    let (first, second) = expression.split_once("<SKIPLINES>")?;
    let mut out = String::from("^");
    let mut keys = Vec::new();
    let mut rest = second;
    while let Some(at) = rest.find("(?P=") {
        let (before, reference) = rest.split_at(at);
        let (name, after) = reference["(?P=".len()..].split_once(')')?;
        out.push_str(before);
        match group(first, name) {
            Some(text) => {
                out.push_str(text);
                keys.push(name.to_owned());
            }
            None => out.push_str(&reference[..reference.len() - after.len()]),
        }
        rest = after;
    }
    out.push_str(rest);
    Some(Parts {
        first: first.to_owned(),
        second: out,
        keys,
    })
}

/// The text of a named group, with its parentheses.
fn group<'t>(pattern: &'t str, name: &str) -> Option<&'t str> {
    let text = &pattern[pattern.find(&format!("(?P<{name}>"))?..];
    let mut depth = 0;
    let mut escaped = false;
    let mut class = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '[' => class = true,
            ']' => class = false,
            '(' if !class => depth += 1,
            ')' if !class => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(&text[..=at]);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_becomes_a_copy_of_its_group() {
        let parts = split(r"^c(?P<id>[(\d]+) bad<SKIPLINES>\s*c(?P=id) end <HOST>");
        let expected = Parts {
            first: r"^c(?P<id>[(\d]+) bad".into(),
            second: r"^\s*c(?P<id>[(\d]+) end <HOST>".into(),
            keys: vec!["id".into()],
        };
        assert_eq!(parts, Some(expected));
    }
}
