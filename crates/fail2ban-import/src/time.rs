//! Durations as fail2ban writes them.

/// Seconds of `600`, `10m`, `1h 30m`, `1d`, `1w`, `1mo` or `1y`; -1 stands for ever. `None` for
/// anything else.
pub(crate) fn seconds(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(number) = text.parse::<i64>() {
        return Some(number);
    }
    let mut total = 0_i64;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, after) = rest.split_at(digits);
        let after = after.trim_start();
        let letters = after.len()
            - after
                .trim_start_matches(|c: char| c.is_ascii_alphabetic())
                .len();
        let (unit, after) = after.split_at(letters);
        let scale = match unit {
            "" | "s" | "ss" | "sec" | "secs" | "second" | "seconds" => 1,
            "m" | "mm" | "min" | "mins" | "minute" | "minutes" => 60,
            "h" | "hh" | "hour" | "hours" => 3600,
            "d" | "dd" | "day" | "days" => 86_400,
            "w" | "week" | "weeks" => 7 * 86_400,
            // Julian years and their twelfth part.
            "mo" | "mon" | "month" | "months" => 31_557_600 / 12,
            "y" | "yy" | "year" | "years" => 31_557_600,
            _ => return None,
        };
        let part = number.parse::<i64>().ok()?.checked_mul(scale)?;
        total = total.checked_add(part)?;
        rest = after.trim_start();
    }
    (!text.is_empty()).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn units_are_added_up() {
        assert_eq!(seconds("600"), Some(600));
        assert_eq!(seconds("10m"), Some(600));
        assert_eq!(seconds("1h 30m"), Some(5400));
        assert_eq!(seconds("1w"), Some(604_800));
        assert_eq!(seconds("-1"), Some(-1));
        assert_eq!(seconds("soon"), None);
        assert_eq!(seconds(""), None);
    }
}
