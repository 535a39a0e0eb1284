//! Perl scalars in conditions: truth, strings as numbers, numbers as strings.

use std::borrow::Cow;
use std::cmp::Ordering;

use swatch_config::ast::{CompareOp, Number};

/// A value in a condition.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Scalar<'a> {
    /// A number.
    Number(Number),
    /// A string; an undefined value is the empty one.
    Bytes(Cow<'a, [u8]>),
}

impl Scalar<'_> {
    /// The result of Perl's logical operators and matches.
    pub(crate) fn bool(value: bool) -> Self {
        if value {
            Scalar::Number(Number::Integer(1))
        } else {
            Scalar::Bytes(Cow::Borrowed(b""))
        }
    }

    /// Perl's truth: everything except `0`, `"0"` and the empty string.
    pub(crate) fn truth(&self) -> bool {
        match self {
            Scalar::Number(n) => n.as_f64() != 0.0,
            Scalar::Bytes(b) => !matches!(&**b, b"" | b"0"),
        }
    }

    /// The number that a string starts with, else 0.
    pub(crate) fn number(&self) -> Number {
        match self {
            Scalar::Number(n) => *n,
            Scalar::Bytes(b) => leading_number(b),
        }
    }
}

impl<'a> Scalar<'a> {
    /// The string; a number as Perl prints it.
    pub(crate) fn into_bytes(self) -> Cow<'a, [u8]> {
        match self {
            Scalar::Bytes(b) => b,
            Scalar::Number(n) => Cow::Owned(number_text(n).into_bytes()),
        }
    }
}

/// One of Perl's comparisons. A NaN compares false, except with `!=`.
pub(crate) fn compare(op: CompareOp, left: Scalar<'_>, right: Scalar<'_>) -> bool {
    use CompareOp::*;
    let wanted = |o: Option<Ordering>| match op {
        NumEq | StrEq => o == Some(Ordering::Equal),
        NumNe | StrNe => o != Some(Ordering::Equal),
        NumLt | StrLt => o == Some(Ordering::Less),
        NumLe | StrLe => matches!(o, Some(Ordering::Less | Ordering::Equal)),
        NumGt | StrGt => o == Some(Ordering::Greater),
        NumGe | StrGe => matches!(o, Some(Ordering::Greater | Ordering::Equal)),
    };
    match op {
        NumEq | NumNe | NumLt | NumLe | NumGt | NumGe => {
            wanted(compare_numbers(left.number(), right.number()))
        }
        StrEq | StrNe | StrLt | StrLe | StrGt | StrGe => {
            wanted(Some(left.into_bytes().cmp(&right.into_bytes())))
        }
    }
}

/// Whole numbers are compared exactly, everything else as floating-point numbers.
fn compare_numbers(left: Number, right: Number) -> Option<Ordering> {
    match (left.as_integer(), right.as_integer()) {
        (Some(left), Some(right)) => Some(left.cmp(&right)),
        _ => left.as_f64().partial_cmp(&right.as_f64()),
    }
}

/// Perl's numeric value of a string: after leading spaces, the longest decimal number.
fn leading_number(text: &[u8]) -> Number {
    let start = text
        .iter()
        .position(|&b| !crate::fields::is_blank(b))
        .unwrap_or(text.len());
    let text = &text[start..];
    let signed = usize::from(matches!(text.first(), Some(b'+' | b'-')));
    let sign = if text.first() == Some(&b'-') {
        -1.0
    } else {
        1.0
    };
    let rest = &text[signed..];
    let starts = |word: &[u8]| rest.len() >= 3 && rest[..3].eq_ignore_ascii_case(word);
    if starts(b"inf") {
        return Number::Float(sign * f64::INFINITY);
    }
    if starts(b"nan") {
        return Number::Float(f64::NAN);
    }
    let digits = |from: usize| {
        rest[from..]
            .iter()
            .take_while(|b| b.is_ascii_digit())
            .count()
    };
    let whole = digits(0);
    let mut end = whole;
    if rest.get(end) == Some(&b'.') {
        let fraction = digits(end + 1);
        if whole + fraction == 0 {
            return Number::Integer(0);
        }
        end += 1 + fraction;
    } else if whole == 0 {
        return Number::Integer(0);
    }
    if matches!(rest.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(rest.get(end + 1), Some(b'+' | b'-')));
        let exponent = digits((end + 1 + sign).min(rest.len()));
        if exponent > 0 {
            end += 1 + sign + exponent;
        }
    }
    let text = std::str::from_utf8(&rest[..end]).expect("digits, a point and an exponent");
    match text.parse::<u64>() {
        Ok(value) if sign < 0.0 => Number::from_integer(-i128::from(value)),
        Ok(value) => Number::from_integer(value.into()),
        Err(_) => Number::Float(sign * text.parse::<f64>().unwrap_or(0.0)),
    }
}

/// Perl's text of a number: all digits of a whole one, else `%.15g`.
fn number_text(n: Number) -> String {
    let n = match n {
        Number::Float(n) => n,
        n => return n.to_string(),
    };
    if n.is_nan() {
        return "NaN".into();
    }
    if n.is_infinite() {
        return if n > 0.0 { "Inf" } else { "-Inf" }.into();
    }
    if n == 0.0 {
        return "0".into();
    }
    let scientific = format!("{n:.14e}");
    let (mantissa, exponent) = scientific.split_once('e').expect("Rust writes an exponent");
    let exponent: i32 = exponent.parse().expect("Rust writes a decimal exponent");
    let trim = |s: &str| {
        if s.contains('.') {
            s.trim_end_matches('0').trim_end_matches('.').to_owned()
        } else {
            s.to_owned()
        }
    };
    if !(-4..15).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{}e{sign}{:02}", trim(mantissa), exponent.abs());
    }
    let decimals = usize::try_from(14 - exponent).unwrap_or(0);
    trim(&format!("{n:.decimals$}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(s: &str) -> Scalar<'_> {
        Scalar::Bytes(Cow::Borrowed(s.as_bytes()))
    }

    #[test]
    fn strings_count_as_the_number_they_start_with() {
        for (s, n) in [
            ("3abc", 3.0),
            (" \t12", 12.0),
            ("-4.5x", -4.5),
            ("1e3", 1000.0),
            ("1e", 1.0),
            ("1e+", 1.0),
            (".5", 0.5),
            ("5.", 5.0),
            (".", 0.0),
            ("0x10", 0.0),
            ("1_000", 1.0),
            ("abc", 0.0),
            ("", 0.0),
            ("+7", 7.0),
        ] {
            assert_eq!(text(s).number().as_f64(), n, "{s:?}");
        }
        assert_eq!(text("infinity").number().as_f64(), f64::INFINITY);
        assert!(text("nanny").number().as_f64().is_nan());
    }

    #[test]
    fn truth_is_perls() {
        for (s, t) in [
            ("", false),
            ("0", false),
            ("0.0", true),
            ("00", true),
            (" ", true),
        ] {
            assert_eq!(text(s).truth(), t, "{s:?}");
        }
        assert!(!Scalar::Number(Number::Float(0.0)).truth());
        assert!(Scalar::Number(Number::Integer(-1)).truth());
    }

    #[test]
    fn numbers_print_like_perls() {
        for (n, s) in [
            (1.0, "1"),
            (0.1, "0.1"),
            (1e15, "1e+15"),
            (1e14, "100000000000000"),
            (-2.5, "-2.5"),
            (1.0 / 3.0, "0.333333333333333"),
            (1e-5, "1e-05"),
            (0.0001, "0.0001"),
        ] {
            assert_eq!(number_text(Number::Float(n)), s);
        }
    }

    #[test]
    fn comparisons_choose_between_numbers_and_strings() {
        assert!(compare(
            CompareOp::NumEq,
            text("3abc"),
            Scalar::Number(Number::Integer(3))
        ));
        assert!(compare(CompareOp::NumLt, text("9"), text("10")));
        assert!(compare(CompareOp::StrGt, text("9"), text("10")));
        assert!(compare(
            CompareOp::StrEq,
            Scalar::Number(Number::Integer(5)),
            text("5")
        ));
        assert!(!compare(CompareOp::NumEq, text("nan"), text("nan")));
        assert!(compare(CompareOp::NumNe, text("nan"), text("nan")));
    }

    #[test]
    fn whole_numbers_of_64_bits_are_compared_exactly() {
        for (left, right, equal) in [
            ("9007199254740993", "9007199254740992", false),
            ("9007199254740993abc", "9007199254740993", true),
            ("9007199254740993.0", "9007199254740992", true),
            ("9007199254740993e0", "9007199254740992", true),
            ("18446744073709551615", "18446744073709551614", false),
            ("18446744073709551616", "18446744073709551617", true),
            ("-9223372036854775808", "-9223372036854775807", false),
            ("-9223372036854775809", "-9223372036854775808", true),
            ("+7", "7", true),
        ] {
            let (left, right) = (text(left), text(right));
            assert_eq!(compare(CompareOp::NumEq, left, right), equal);
        }
        assert!(compare(
            CompareOp::NumLt,
            text("-1"),
            text("18446744073709551615")
        ));
        assert_eq!(
            number_text(Number::Integer(9007199254740993)),
            "9007199254740993"
        );
    }
}
