//! Figures drawn with characters: bars, sparklines, and text that fits a width.

use std::io::{self, IsTerminal};

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The width of a text that goes into a file or a pipe, in columns.
const DEFAULT_COLUMNS: usize = 80;

/// Below this width nothing can be laid out; a narrower terminal wraps the lines.
const LEAST_COLUMNS: usize = 40;

/// The place that a text is laid out for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Screen {
    /// The width in columns.
    pub columns: usize,
    /// True if it shows the block elements of Unicode; otherwise bars are made of `#`.
    pub blocks: bool,
}

impl Screen {
    /// Standard output: the width of the terminal, else `COLUMNS`, else 80; block elements where
    /// the locale is UTF-8.
    #[must_use]
    pub fn of_stdout() -> Self {
        let terminal = io::stdout()
            .is_terminal()
            .then(terminal_size::terminal_size)
            .flatten()
            .map(|(width, _)| usize::from(width.0));
        let named = || std::env::var("COLUMNS").ok()?.parse().ok();
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
            .iter()
            .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
        let locale = locale.unwrap_or_default().to_ascii_lowercase();
        Self {
            columns: terminal
                .or_else(named)
                .unwrap_or(DEFAULT_COLUMNS)
                .max(LEAST_COLUMNS),
            blocks: locale.contains("utf-8") || locale.contains("utf8"),
        }
    }

    /// A bar for a value, where `most` fills `width` columns. Anything above zero is visible.
    #[must_use]
    pub fn bar(self, value: u64, most: u64, width: usize) -> String {
        if value == 0 || most == 0 || width == 0 {
            return String::new();
        }
        let steps = if self.blocks { 8 } else { 1 };
        let all = width as u64 * steps;
        let filled = scaled(value, most, all).clamp(1, all);
        let whole = usize::try_from(filled / steps).unwrap_or(width);
        if !self.blocks {
            return "#".repeat(whole);
        }
        let mut bar = "█".repeat(whole);
        let rest = filled % steps;
        if rest > 0 {
            bar.extend(
                "▏▎▍▌▋▊▉"
                    .chars()
                    .nth(usize::try_from(rest - 1).unwrap_or(0)),
            );
        }
        bar
    }

    /// A line of one character for each value, as high as the value.
    #[must_use]
    pub fn sparkline(self, values: &[u64]) -> String {
        let most = values.iter().copied().max().unwrap_or(0);
        let levels: Vec<char> = if self.blocks {
            "▁▂▃▄▅▆▇█".chars().collect()
        } else {
            "_.:-=+*#".chars().collect()
        };
        let none = if self.blocks { '·' } else { ' ' };
        let last = levels.len() as u64 - 1;
        values
            .iter()
            .map(|&value| match value {
                0 => none,
                value => {
                    let level = scaled(value, most, last);
                    levels[usize::try_from(level).unwrap_or(0)]
                }
            })
            .collect()
    }
}

/// `value / most * all`, rounded.
fn scaled(value: u64, most: u64, all: u64) -> u64 {
    let scaled =
        (u128::from(value) * u128::from(all) + u128::from(most) / 2) / u128::from(most.max(1));
    u64::try_from(scaled).unwrap_or(all).min(all)
}

/// The start of a text that fits into so many columns; an ellipsis stands for what was cut off.
/// The text must be free of control characters: see [`sanitize`](crate::sanitize).
#[must_use]
pub fn fit(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.replace('\t', " ");
    }
    let mut fitted = String::new();
    let mut used = 0;
    for c in text.chars() {
        let width = c.width().unwrap_or(1);
        if used + width + 1 > columns {
            break;
        }
        used += width;
        fitted.push(if c == '\t' { ' ' } else { c });
    }
    if columns > 0 {
        fitted.push('…');
    }
    fitted
}

/// [`fit`], filled up with spaces.
#[must_use]
pub fn pad(text: &str, columns: usize) -> String {
    let mut padded = fit(text, columns);
    let left = columns.saturating_sub(padded.width());
    padded.extend(std::iter::repeat_n(' ', left));
    padded
}

/// A number with commas between its thousands.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLOCKS: Screen = Screen {
        columns: 80,
        blocks: true,
    };
    const PLAIN: Screen = Screen {
        columns: 80,
        blocks: false,
    };

    #[test]
    fn bars_have_the_length_of_their_value() {
        assert_eq!(BLOCKS.bar(8, 8, 4), "████");
        assert_eq!(BLOCKS.bar(4, 8, 4), "██");
        assert_eq!(BLOCKS.bar(1, 1_000_000, 4), "▏");
        assert_eq!(BLOCKS.bar(5, 32, 4), "▋");
        assert_eq!(BLOCKS.bar(0, 8, 4), "");
        assert_eq!(BLOCKS.bar(3, 0, 4), "");
        assert_eq!(PLAIN.bar(4, 8, 4), "##");
        assert_eq!(PLAIN.bar(u64::MAX, u64::MAX, 4), "####");
    }

    #[test]
    fn sparklines_show_zero_apart_from_little() {
        assert_eq!(BLOCKS.sparkline(&[0, 1, 500, 1000]), "·▁▅█");
        assert_eq!(PLAIN.sparkline(&[0, 1, 500, 1000]), " _=#");
        assert_eq!(BLOCKS.sparkline(&[]), "");
        assert_eq!(BLOCKS.sparkline(&[0, 0]), "··");
    }

    #[test]
    fn text_fits_by_what_a_terminal_shows() {
        assert_eq!(fit("short", 5), "short");
        assert_eq!(fit("longer", 5), "long…");
        assert_eq!(fit("日本語", 5), "日本…");
        assert_eq!(fit("日本語", 6), "日本語");
        assert_eq!(pad("日本語", 8), "日本語  ");
        assert_eq!(pad("é", 3), "é  ");
        assert_eq!(fit("x", 0), "");
    }

    #[test]
    fn numbers_are_grouped() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (1234567, "1,234,567"),
        ] {
            assert_eq!(grouped(number), text);
        }
    }
}
