//! "Did you mean …?"

/// The known name that a misspelt one was probably meant to be, ignoring case in `name`.
///
/// Up to one edit for every three letters is allowed, at least one and at most three: `mial` is
/// `mail`, but `hello` is not `bell`. Two neighbouring letters that changed places count as one
/// edit. Of several candidates at the same distance the first is taken.
#[must_use]
pub fn nearest<'n>(name: &str, known: &[&'n str]) -> Option<&'n str> {
    let name = name.to_ascii_lowercase();
    let letters = name.chars().count();
    let limit = (letters / 3).clamp(1, 3);
    known
        .iter()
        // The distance is at least the difference of the lengths; this also keeps the cost of
        // a long line that was taken for a name linear.
        .filter(|candidate| candidate.len().abs_diff(letters) <= limit)
        .map(|candidate| (strsim::osa_distance(&name, candidate), *candidate))
        .filter(|&(distance, candidate)| distance <= limit && distance < candidate.len())
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_recognised() {
        let known = [
            "echo", "mail", "bell", "exec", "pipe", "throttle", "continue",
        ];
        for (name, meant) in [
            ("mial", Some("mail")),
            ("MAIL", Some("mail")),
            ("trhottle", Some("throttle")),
            ("continu", Some("continue")),
            ("hello", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(nearest(name, &known), meant, "{name}");
        }
        assert_eq!(nearest(&"x".repeat(100_000), &known), None);
    }

    #[test]
    fn the_nearest_wins() {
        assert_eq!(nearest("counts", &["count_by", "count"]), Some("count"));
    }
}
