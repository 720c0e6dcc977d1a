//! Times to text.

use std::fmt::{self, Write as _};

use super::{
    Parts, Time,
    layout::{Offset, Part, next_chunk},
};

/// Of the months.
pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
/// Of the week, from Sunday.
pub(super) const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

impl Time {
    /// Writes the time as `Time.Format` does.
    pub(crate) fn format(&self, layout: &str) -> String {
        let (offset, name) = self.zone.at(self.seconds);
        let writer = Writer { parts: self.parts(), nanoseconds: self.nanoseconds, offset, name: &name };
        let mut out = String::new();
        let mut rest = layout;
        loop {
            let chunk = next_chunk(rest);
            out.push_str(chunk.before);
            let Some((part, _)) = chunk.part else {
                return out;
            };
            // Writing to a string can't fail.
            let _ = writer.part(part, &mut out);
            rest = chunk.rest;
        }
    }
}

/// As `%v` shows it. Go adds what its monotonic clock says to times that are now.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.format("2006-01-02 15:04:05.999999999 -0700 MST"))
    }
}

struct Writer<'a> {
    parts: Parts,
    nanoseconds: u32,
    offset: i32,
    name: &'a str,
}

impl Writer<'_> {
    fn part(&self, part: Part, out: &mut String) -> fmt::Result {
        let (parts, date) = (self.parts, self.parts.date);
        let month = MONTHS[(date.month - 1) as usize];
        let day = DAYS[date.weekday() as usize];
        match part {
            Part::LongYear if date.year < 0 => write!(out, "-{:04}", -date.year),
            Part::LongYear => write!(out, "{:04}", date.year),
            Part::Year => write!(out, "{:02}", date.year.max(0) % 100),
            Part::LongMonth => out.write_str(month),
            Part::Month => out.write_str(&month[..3]),
            Part::NumMonth => write!(out, "{}", date.month),
            Part::ZeroMonth => write!(out, "{:02}", date.month),
            Part::LongWeekday => out.write_str(day),
            Part::Weekday => out.write_str(&day[..3]),
            Part::Day => write!(out, "{}", date.day),
            Part::UnderDay => write!(out, "{:2}", date.day),
            Part::ZeroDay => write!(out, "{:02}", date.day),
            Part::UnderYearDay => write!(out, "{:3}", date.year_day()),
            Part::ZeroYearDay => write!(out, "{:03}", date.year_day()),
            Part::Hour => write!(out, "{:02}", parts.hour()),
            Part::Hour12 => write!(out, "{}", hour12(parts.hour())),
            Part::ZeroHour12 => write!(out, "{:02}", hour12(parts.hour())),
            Part::Minute => write!(out, "{}", parts.minute()),
            Part::ZeroMinute => write!(out, "{:02}", parts.minute()),
            Part::Second => write!(out, "{}", parts.second()),
            Part::ZeroSecond => write!(out, "{:02}", parts.second()),
            Part::UpperNoon => out.write_str(if parts.hour() < 12 { "AM" } else { "PM" }),
            Part::LowerNoon => out.write_str(if parts.hour() < 12 { "am" } else { "pm" }),
            Part::ZoneName if !self.name.is_empty() => out.write_str(self.name),
            Part::ZoneName => self.offset(NAMELESS, out),
            Part::Offset(offset) => self.offset(offset, out),
            Part::Fraction { digits, separator } => self.fraction(digits, separator, out),
            Part::ShortFraction { digits, separator } => self.short_fraction(digits, separator, out),
        }
    }

    fn offset(&self, how: Offset, out: &mut String) -> fmt::Result {
        if how.zulu && self.offset == 0 {
            return out.write_char('Z');
        }
        // Less than a minute to the west has the sign of the east.
        let minutes = self.offset / 60;
        let (sign, size) = if minutes < 0 { ('-', -self.offset) } else { ('+', self.offset) };
        let colon = if how.colon { ":" } else { "" };
        write!(out, "{sign}{:02}", minutes.abs() / 60)?;
        if how.minutes {
            write!(out, "{colon}{:02}", minutes.abs() % 60)?;
        }
        if how.seconds {
            write!(out, "{colon}{:02}", size % 60)?;
        }
        Ok(())
    }

    fn fraction(&self, digits: usize, separator: char, out: &mut String) -> fmt::Result {
        let all = format!("{:09}", self.nanoseconds);
        write!(out, "{separator}{}", &all[..digits.min(9)])
    }

    fn short_fraction(&self, digits: usize, separator: char, out: &mut String) -> fmt::Result {
        let all = format!("{:09}", self.nanoseconds);
        match all[..digits.min(9)].trim_end_matches('0') {
            "" => Ok(()),
            shown => write!(out, "{separator}{shown}"),
        }
    }
}

/// How a zone without a name is shown in place of it.
const NAMELESS: Offset = Offset { zulu: false, colon: false, minutes: true, seconds: false };

fn hour12(hour: i64) -> i64 {
    match hour % 12 {
        0 => 12,
        hour => hour,
    }
}
