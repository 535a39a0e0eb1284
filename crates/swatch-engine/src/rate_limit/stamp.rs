//! Time stamps at the start of a record: where they end, and which second they name.
//!
//! KnownMatches are the classic one of syslog (`Jan  2 03:04:05 `, as swatchdog removes it from a throttle
//! key) and those of RFC 3339 and ISO 8601 (`2024-01-02T03:04:05.678901+02:00 `, with a blank
//! instead of `T`, a comma before the fraction, `Z`, an offset or none), the latter also behind the
//! priority and version of RFC 5424 (`<34>1 `).

use crate::fields::is_blank;

/// A time stamp that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// Offset behind the stamp and the blanks after it.
    pub(crate) end: usize,
    /// Seconds since the epoch. A stamp without an offset counts as UTC; one without a year takes
    /// the year that brings it nearest to the given moment from below.
    pub(crate) seconds: Option<i64>,
}

/// The time stamp that a record starts with. `wall` (seconds since the epoch) gives the year.
pub(crate) fn find(text: &[u8], wall: i64) -> Option<Stamp> {
    let mut s = Scan { text, at: 0 };
    s.priority();
    let seconds = if text.get(s.at).is_some_and(u8::is_ascii_digit) {
        s.iso()?
    } else {
        // The original leaves a priority before a classic stamp where it is.
        s.at = 0;
        s.classic(wall)?
    };
    // Without a blank after it, it is not a stamp but the start of something else.
    let blanks = s.blanks();
    (blanks > 0).then_some(Stamp { end: s.at, seconds })
}

struct Scan<'t> {
    text: &'t [u8],
    at: usize,
}

impl Scan<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn eat(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    fn blanks(&mut self) -> usize {
        let run = self.text[self.at..].iter().take_while(|b| is_blank(**b));
        let n = run.count();
        self.at += n;
        n
    }

    fn digits(&mut self, least: usize, most: usize) -> Option<i64> {
        let run = self.text[self.at..].iter().take(most);
        let n = run.take_while(|b| b.is_ascii_digit()).count();
        let digits = &self.text[self.at..self.at + n];
        if n < least {
            return None;
        }
        self.at += n;
        Some(digits.iter().fold(0, |v, d| v * 10 + i64::from(d - b'0')))
    }

    /// `<34>`, and a version and a blank after it.
    fn priority(&mut self) {
        let start = self.at;
        let found = self.eat(b'<').and_then(|()| {
            self.digits(1, 3)?;
            self.eat(b'>')?;
            let version = self.at;
            if self.digits(1, 2).is_none() || self.eat(b' ').is_none() {
                self.at = version;
            }
            Some(())
        });
        if found.is_none() {
            self.at = start;
        }
    }

    /// `03:04:05`, in seconds.
    fn time(&mut self) -> Option<i64> {
        let hour = self.digits(2, 2)?;
        self.eat(b':')?;
        let minute = self.digits(2, 2)?;
        self.eat(b':')?;
        Some(hour * 3600 + minute * 60 + self.digits(2, 2)?)
    }

    /// As the original has it: three word characters, one or two digits, the time. Any three are
    /// removed; only English names of months give a date.
    fn classic(&mut self, wall: i64) -> Option<Option<i64>> {
        let name = self.text.get(self.at..self.at + 3)?;
        if !name.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_') {
            return None;
        }
        self.at += 3;
        if self.blanks() == 0 {
            return None;
        }
        let day = self.digits(1, 2)?;
        if self.blanks() == 0 {
            return None;
        }
        let time = self.time()?;
        const MONTHS: &[u8] = b"janfebmaraprmayjunjulaugsepoctnovdec";
        let month = MONTHS.chunks(3).position(|m| m.eq_ignore_ascii_case(name));
        Some(month.map(|m| {
            let year = year_of(wall);
            let at = |y| days(y, m as i64 + 1, day) * 86_400 + time;
            // A clock may be a day ahead; beyond that the stamp is last year's.
            if at(year) > wall + 86_400 {
                at(year - 1)
            } else {
                at(year)
            }
        }))
    }

    fn iso(&mut self) -> Option<Option<i64>> {
        let year = self.digits(4, 4)?;
        self.eat(b'-')?;
        let month = self.digits(2, 2)?;
        self.eat(b'-')?;
        let day = self.digits(2, 2)?;
        if !matches!(self.peek()?, b'T' | b't' | b' ') {
            return None;
        }
        self.at += 1;
        let time = self.time()?;
        if matches!(self.peek(), Some(b'.' | b',')) {
            self.at += 1;
            self.digits(1, 9)?;
        }
        let offset = self.offset()?;
        let valid = (1..=12).contains(&month) && (1..=31).contains(&day);
        Some(valid.then(|| days(year, month, day) * 86_400 + time - offset))
    }

    /// `Z`, `+02:00`, `+0200`, `+02`, nothing. In seconds.
    fn offset(&mut self) -> Option<i64> {
        match self.peek() {
            Some(b'Z' | b'z') => {
                self.at += 1;
                Some(0)
            }
            Some(sign @ (b'+' | b'-')) => {
                self.at += 1;
                let hours = self.digits(2, 2)?;
                let minutes = match self.peek() {
                    Some(b':') => {
                        self.at += 1;
                        self.digits(2, 2)?
                    }
                    Some(b) if b.is_ascii_digit() => self.digits(2, 2)?,
                    _ => 0,
                };
                let seconds = hours * 3600 + minutes * 60;
                Some(if sign == b'-' { -seconds } else { seconds })
            }
            _ => Some(0),
        }
    }
}

/// Days from the epoch to a date of the Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> i64 {
    // Years that begin in March put the leap day at their end.
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let of_era = y.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The year of a second since the epoch.
fn year_of(seconds: i64) -> i64 {
    let today = seconds.div_euclid(86_400);
    let guess = 1970 + today.div_euclid(366);
    (guess..)
        .find(|y| days(y + 1, 1, 1) > today)
        .expect("years do not end")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-22 18:00:00 UTC.
    const NOW: i64 = 1_795_370_400;

    fn rest(text: &str) -> Option<&str> {
        find(text.as_bytes(), NOW).map(|s| &text[s.end..])
    }

    #[test]
    fn stamps_of_every_kind_are_cut() {
        for text in [
            "Jan  2 03:04:05 m",
            "Xyz 9 03:04:05   m",
            "2024-01-02T03:04:05 m",
            "2024-01-02 03:04:05 m",
            "2024-01-02 03:04:05,123 m",
            "2024-01-02T03:04:05.678901+02:00 m",
            "2024-01-02T03:04:05+0200 m",
            "2024-01-02T03:04:05Z m",
            "<34>1 2003-10-11T22:14:15.003Z m",
        ] {
            assert_eq!(rest(text), Some("m"), "{text}");
        }
    }

    #[test]
    fn what_is_no_stamp_stays() {
        for text in [
            "Jan 2 2024 03:04:05 D",
            "Mon Jan  2 03:04:05 E",
            " Jan  2 03:04:05 F",
            "Jan  2 3:04:05 G",
            "Jan  2 03:04:05H",
            "<13>Jan  2 03:04:05 I",
            "2024-01-02T03:04:05",
            "2024-01-02",
            "20240102 03:04:05 x",
            "",
            "<34>",
        ] {
            assert_eq!(rest(text), None, "{text}");
        }
    }

    #[test]
    fn stamps_name_their_second() {
        let at = |t: &str| find(t.as_bytes(), NOW).and_then(|s| s.seconds);
        assert_eq!(at("1970-01-01T00:00:00Z x"), Some(0));
        assert_eq!(at("2024-02-29T12:00:00+02:00 x"), Some(1_709_200_800));
        assert_eq!(at("2026-11-22 18:00:00 x"), Some(NOW));
        assert_eq!(at("Nov 22 18:00:00 x"), Some(NOW));
        // December lies ahead in November: it is last year's.
        assert_eq!(
            at("Dec 31 23:59:59 x"),
            Some(days(2025, 12, 31) * 86_400 + 86_399)
        );
        assert_eq!(at("Xyz 22 18:00:00 x"), None);
        assert_eq!(year_of(days(2024, 12, 31) * 86_400), 2024);
        assert_eq!(year_of(days(2025, 1, 1) * 86_400), 2025);
        assert_eq!(year_of(-1), 1969);
    }
}
