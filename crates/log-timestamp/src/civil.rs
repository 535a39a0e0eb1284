//! Dates and times of day, and the second that they name.

use crate::Reference;
use crate::cursor::Cursor;

/// A day more than the reader's clock says is still taken for this year: clocks and zones differ.
const DAY: i64 = 86_400;

/// The content of a stamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StampValue {
    /// Seconds since 1970.
    Unix(i64),
    /// A date and a time of day.
    Civil(Date, Time, Option<i32>),
    /// Nothing that could be placed.
    Unknown,
}

/// A date; without a year where the format has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Date {
    pub(crate) year: Option<u32>,
    pub(crate) month: u32,
    pub(crate) day: u32,
}

/// A time of day, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Time {
    hour: u32,
    minute: u32,
    second: u32,
}

impl StampValue {
    pub(crate) fn unix_seconds(self, reference: Reference) -> Option<i64> {
        match self {
            Self::Unix(seconds) => Some(seconds),
            Self::Unknown => None,
            Self::Civil(date, time, offset) => {
                let offset = i64::from(offset.unwrap_or(reference.offset));
                let seconds = time.seconds()? - offset;
                let second_in = |year: i64| Some(date.days_in(year)? * DAY + seconds);
                match date.year {
                    Some(year) => second_in(i64::from(year)),
                    None => {
                        let latest = reference.now.saturating_add(DAY);
                        // A leap day is at most eight years ago.
                        let this = year_of(latest.saturating_add(offset));
                        (this - 8..=this)
                            .rev()
                            .find_map(|year| second_in(year).filter(|&at| at <= latest))
                    }
                }
            }
        }
    }
}

impl Date {
    /// Days from 1970-01-01 to this date in a year of the Gregorian calendar, if it is one.
    fn days_in(self, year: i64) -> Option<i64> {
        let (month, day) = (i64::from(self.month), i64::from(self.day));
        let valid = (1..=12).contains(&month) && (1..=length(year, month)).contains(&day);
        valid.then(|| days(year, month, day))
    }
}

impl Time {
    /// `12:00:00`: two digits each.
    pub(crate) fn read(cursor: &mut Cursor<'_>) -> Option<Self> {
        let hour = cursor.digits(2)?;
        cursor.eat(b':')?;
        let minute = cursor.digits(2)?;
        cursor.eat(b':')?;
        let second = cursor.digits(2)?;
        Some(Self {
            hour,
            minute,
            second,
        })
    }

    fn seconds(self) -> Option<i64> {
        let valid = self.hour < 24 && self.minute < 60 && self.second <= 60;
        valid.then(|| i64::from(self.hour * 3600 + self.minute * 60 + self.second))
    }
}

/// Days from 1970-01-01 to a date of the Gregorian calendar. A day beyond the end of its month
/// runs on into the next.
pub(crate) fn days(year: i64, month: i64, day: i64) -> i64 {
    // Years that begin in March put the leap day at their end.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn length(year: i64, month: i64) -> i64 {
    match month {
        12 => 31,
        _ => days(year, month + 1, 1) - days(year, month, 1),
    }
}

/// The year of a second since 1970.
pub(crate) fn year_of(seconds: i64) -> i64 {
    let today = seconds.div_euclid(DAY);
    // 400 years have 146,097 days. The guess is wrong by a year at most.
    let guess = 1970 + (today * 400).div_euclid(146_097);
    match today {
        _ if today < days(guess, 1, 1) => guess - 1,
        _ if today >= days(guess + 1, 1, 1) => guess + 1,
        _ => guess,
    }
}

/// An offset from UTC in seconds, by number or by the name of a known zone.
pub(crate) fn zone(cursor: &mut Cursor<'_>) -> Option<i32> {
    match cursor.peek()? {
        b'Z' | b'z' => {
            cursor.at += 1;
            Some(0)
        }
        sign @ (b'+' | b'-') => {
            cursor.at += 1;
            let hours = cursor.digits(2)?;
            let minutes = match cursor.peek() {
                Some(b':') => {
                    cursor.at += 1;
                    cursor.digits(2)?
                }
                Some(next) if next.is_ascii_digit() => cursor.digits(2)?,
                _ => 0,
            };
            if hours > 15 || minutes > 59 {
                return None;
            }
            let seconds = i32::try_from(hours * 3600 + minutes * 60).ok()?;
            Some(if sign == b'-' { -seconds } else { seconds })
        }
        _ => named_zone(cursor),
    }
}

/// Names of zones that are common in logs and mean one offset, in minutes. `IST` and the like are
/// left out because they mean several; RFC 5322 settles the American ones.
const ZONES: &[(&[u8], i32)] = &[
    (b"UTC", 0),
    (b"GMT", 0),
    (b"UT", 0),
    (b"WET", 0),
    (b"WEST", 60),
    (b"BST", 60),
    (b"CET", 60),
    (b"CEST", 120),
    (b"MET", 60),
    (b"MEST", 120),
    (b"EET", 120),
    (b"EEST", 180),
    (b"SAST", 120),
    (b"MSK", 180),
    (b"PKT", 300),
    (b"WIB", 420),
    (b"HKT", 480),
    (b"AWST", 480),
    (b"JST", 540),
    (b"KST", 540),
    (b"ACST", 570),
    (b"ACDT", 630),
    (b"AEST", 600),
    (b"AEDT", 660),
    (b"NZST", 720),
    (b"NZDT", 780),
    (b"NST", -210),
    (b"NDT", -150),
    (b"AST", -240),
    (b"ADT", -180),
    (b"EST", -300),
    (b"EDT", -240),
    (b"CST", -360),
    (b"CDT", -300),
    (b"MST", -420),
    (b"MDT", -360),
    (b"PST", -480),
    (b"PDT", -420),
    (b"AKST", -540),
    (b"AKDT", -480),
    (b"HST", -600),
];

fn named_zone(cursor: &mut Cursor<'_>) -> Option<i32> {
    let name = cursor.letters(5);
    let (_, minutes) = ZONES.iter().find(|(known, _)| *known == name)?;
    Some(minutes * 60)
}
