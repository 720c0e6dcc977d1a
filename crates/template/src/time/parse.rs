//! Text to times.

use std::fmt::Write as _;

use super::{
    Time, Zone,
    civil::{Date, days_in, is_leap},
    format::{DAYS, MONTHS},
    layout::{Offset, Part, next_chunk},
};

/// Reads a time as `time.ParseInLocation` does; a text without a zone is in the one given.
pub(crate) fn parse(layout: &str, text: &str, zone: &Zone) -> Result<Time, String> {
    let mut fields = Fields::default();
    let (mut layout_rest, mut rest) = (layout, text);
    loop {
        let chunk = next_chunk(layout_rest);
        rest = skip(rest, chunk.before).map_err(|at| unreadable(text, layout, at, chunk.before))?;
        let Some((part, shown)) = chunk.part else {
            break;
        };
        layout_rest = chunk.rest;
        let mut reader = Reader { rest, fields: &mut fields };
        match reader.part(part, layout_rest) {
            Ok(()) => rest = reader.rest,
            Err(Wrong::Text) => return Err(unreadable(text, layout, rest, shown)),
            Err(Wrong::Range(what)) => return Err(outside(text, what)),
        }
    }
    match rest {
        "" => fields.time(zone).map_err(|what| format!("parsing time {}: {what}", quote(text))),
        extra => Err(format!("parsing time {}: extra text: {}", quote(text), quote(extra))),
    }
}

fn unreadable(text: &str, layout: &str, at: &str, part: &str) -> String {
    let [text, layout, at, part] = [text, layout, at, part].map(quote);
    format!("parsing time {text} as {layout}: cannot parse {at} as {part}")
}

fn outside(text: &str, what: &str) -> String {
    format!("parsing time {}: {what} out of range", quote(text))
}

/// Quotes as Go's `time` does: what is not ASCII is written by its bytes.
pub(super) fn quote(text: &str) -> String {
    let mut out = String::from('"');
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => out.extend(['\\', char::from(byte)]),
            b' '..=0x7f => out.push(char::from(byte)),
            _ => {
                // Writing to a string can't fail.
                let _ = write!(out, "\\x{byte:02x}");
            }
        }
    }
    out + "\""
}

/// Leaves out what a layout has between its parts; any number of spaces is like any other.
fn skip<'a>(mut text: &'a str, mut prefix: &str) -> Result<&'a str, &'a str> {
    while let Some(first) = prefix.chars().next() {
        if first == ' ' {
            if !text.is_empty() && !text.starts_with(' ') {
                return Err(text);
            }
            (prefix, text) = (prefix.trim_start_matches(' '), text.trim_start_matches(' '));
            continue;
        }
        text = text.strip_prefix(first).ok_or(text)?;
        prefix = &prefix[first.len_utf8()..];
    }
    Ok(text)
}

#[derive(Debug, Default)]
struct Fields {
    year: i64,
    month: Option<i64>,
    day: Option<i64>,
    year_day: Option<i64>,
    hour: i64,
    minute: i64,
    second: i64,
    nanoseconds: u32,
    noon: Option<Noon>,
    zone: Option<Zone>,
    offset: Option<i32>,
    zone_name: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Noon {
    Before,
    After,
}

impl Fields {
    fn time(mut self, default: &Zone) -> Result<Time, &'static str> {
        match self.noon {
            Some(Noon::After) if self.hour < 12 => self.hour += 12,
            Some(Noon::Before) if self.hour == 12 => self.hour = 0,
            _ => {}
        }
        let (month, day) = self.month_and_day()?;
        if day < 1 || day > days_in(self.year, month) {
            return Err("day out of range");
        }
        let clock = self.hour * 3600 + self.minute * 60 + self.second;
        let local = Date::of(self.year, month, day).days * 86_400 + clock;
        let nanoseconds = self.nanoseconds;
        let (seconds, zone) = self.placed(local, default);
        Ok(Time { seconds, nanoseconds, zone })
    }

    fn month_and_day(&self) -> Result<(i64, i64), &'static str> {
        let Some(year_day) = self.year_day else {
            return Ok((self.month.unwrap_or(1), self.day.unwrap_or(1)));
        };
        if year_day < 1 || year_day > 365 + i64::from(is_leap(self.year)) {
            return Err("day-of-year out of range");
        }
        let date = Date::of(self.year, 1, year_day);
        match (self.month, self.day) {
            (Some(month), _) if month != date.month => Err("day-of-year does not match month"),
            (_, Some(day)) if day != date.day => Err("day-of-year does not match day"),
            _ => Ok((date.month, date.day)),
        }
    }

    /// Returns the moment, and the zone it is shown in. An offset of none is UTC's, which is the local zone.
    fn placed(self, local: i64, default: &Zone) -> (i64, Zone) {
        let name = self.zone_name.unwrap_or_default();
        match (self.zone, self.offset) {
            (Some(zone), _) => (local, zone),
            (None, Some(0)) if name.is_empty() => (local, Zone::Utc),
            (None, Some(offset)) => (local - i64::from(offset), Zone::Fixed { name, offset }),
            (None, None) if !name.is_empty() => {
                let hours = name.strip_prefix("GMT").and_then(|hours| hours.parse::<i32>().ok()).unwrap_or(0);
                let offset = if name.len() > 3 { hours * 3600 } else { 0 };
                (local, Zone::Fixed { name, offset })
            }
            (None, None) => (default.moment_of(local), default.clone()),
        }
    }
}

enum Wrong {
    Text,
    Range(&'static str),
}

struct Reader<'a, 'f> {
    rest: &'a str,
    fields: &'f mut Fields,
}

type Step = Result<(), Wrong>;

impl<'a> Reader<'a, '_> {
    fn part(&mut self, part: Part, layout_rest: &str) -> Step {
        match part {
            Part::Year => {
                let year: i64 = self.take(2)?.parse().map_err(|_| Wrong::Text)?;
                self.fields.year = if year >= 69 { year + 1900 } else { year + 2000 };
            }
            Part::LongYear => {
                let digits = self.take(4)?;
                let first = digits.starts_with(|c: char| c.is_ascii_digit());
                self.fields.year = digits.parse().ok().filter(|_| first).ok_or(Wrong::Text)?;
            }
            Part::Month => self.fields.month = Some(self.name(&MONTHS, Some(3))? + 1),
            Part::LongMonth => self.fields.month = Some(self.name(&MONTHS, None)? + 1),
            Part::Weekday => drop(self.name(&DAYS, Some(3))?),
            Part::LongWeekday => drop(self.name(&DAYS, None)?),
            Part::NumMonth | Part::ZeroMonth => {
                let month = self.number(part == Part::ZeroMonth)?;
                self.fields.month = Some(in_range(month, 1..=12, "month")?);
            }
            Part::Day | Part::UnderDay | Part::ZeroDay => {
                self.spaces(usize::from(part == Part::UnderDay));
                self.fields.day = Some(self.number(part == Part::ZeroDay)?);
            }
            Part::UnderYearDay | Part::ZeroYearDay => self.year_day(part == Part::ZeroYearDay)?,
            Part::Hour => self.fields.hour = in_range(self.number(false)?, 0..=23, "hour")?,
            Part::Hour12 | Part::ZeroHour12 => {
                let hour = self.number(part == Part::ZeroHour12)?;
                self.fields.hour = in_range(hour, 0..=12, "hour")?;
            }
            Part::Minute | Part::ZeroMinute => {
                let minute = self.number(part == Part::ZeroMinute)?;
                self.fields.minute = in_range(minute, 0..=59, "minute")?;
            }
            Part::Second | Part::ZeroSecond => self.second(part == Part::ZeroSecond, layout_rest)?,
            Part::UpperNoon => self.noon("AM", "PM")?,
            Part::LowerNoon => self.noon("am", "pm")?,
            Part::ZoneName => self.zone_name()?,
            Part::Offset(how) => self.offset(how)?,
            Part::Fraction { digits, .. } => {
                let text = self.take(1 + digits)?;
                self.fields.nanoseconds = nanoseconds(text)?;
            }
            Part::ShortFraction { .. } => self.fraction()?,
        }
        Ok(())
    }

    fn take(&mut self, length: usize) -> Result<&'a str, Wrong> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(Wrong::Text)?;
        self.rest = rest;
        Ok(taken)
    }

    /// One digit or two; two only where a zero would be written.
    fn number(&mut self, fixed: bool) -> Result<i64, Wrong> {
        let count = self.rest.bytes().take(2).take_while(u8::is_ascii_digit).count();
        match count {
            0 => Err(Wrong::Text),
            1 if fixed => Err(Wrong::Text),
            count => self.take(count)?.parse().map_err(|_| Wrong::Text),
        }
    }

    fn year_day(&mut self, fixed: bool) -> Step {
        self.spaces(if fixed { 0 } else { 2 });
        let count = self.rest.bytes().take(3).take_while(u8::is_ascii_digit).count();
        if count == 0 || (fixed && count != 3) {
            return Err(Wrong::Text);
        }
        self.fields.year_day = Some(self.take(count)?.parse().map_err(|_| Wrong::Text)?);
        Ok(())
    }

    fn spaces(&mut self, most: usize) {
        let count = self.rest.bytes().take(most).take_while(|byte| *byte == b' ').count();
        self.rest = &self.rest[count..];
    }

    /// Case does not count.
    fn name(&mut self, names: &[&str], length: Option<usize>) -> Result<i64, Wrong> {
        let shown = |name: &&str| length.unwrap_or(name.len());
        let fits = |name: &&str| {
            self.rest.get(..shown(name)).is_some_and(|text| text.eq_ignore_ascii_case(&name[..shown(name)]))
        };
        let index = names.iter().position(fits).ok_or(Wrong::Text)?;
        self.take(shown(&names[index]))?;
        Ok(index as i64)
    }

    /// A fraction may follow, whether the layout has one or not.
    fn second(&mut self, fixed: bool, layout_rest: &str) -> Step {
        self.fields.second = in_range(self.number(fixed)?, 0..=59, "second")?;
        let next = next_chunk(layout_rest).part;
        match next {
            Some((Part::Fraction { .. } | Part::ShortFraction { .. }, _)) => Ok(()),
            _ => self.fraction(),
        }
    }

    fn fraction(&mut self) -> Step {
        let digits = self.rest.bytes().skip(1).take_while(u8::is_ascii_digit).count();
        if digits > 0 && self.rest.starts_with(['.', ',']) {
            let text = self.take(1 + digits)?;
            self.fields.nanoseconds = nanoseconds(text)?;
        }
        Ok(())
    }

    fn noon(&mut self, before: &str, after: &str) -> Step {
        self.fields.noon = Some(match self.take(2)? {
            text if text == before => Noon::Before,
            text if text == after => Noon::After,
            _ => return Err(Wrong::Text),
        });
        Ok(())
    }

    fn offset(&mut self, how: Offset) -> Step {
        if how.zulu && self.rest.starts_with('Z') {
            self.rest = &self.rest[1..];
            self.fields.zone = Some(Zone::Utc);
            return Ok(());
        }
        let gap = usize::from(how.colon);
        let parts = 1 + usize::from(how.minutes) + usize::from(how.seconds);
        let text = self.take(1 + 2 * parts + gap * (parts - 1))?.as_bytes();
        if how.colon && (1..parts).any(|part| text[3 * part] != b':') {
            return Err(Wrong::Text);
        }
        // What follows something else than digits counts as nothing, but what is before it may be out of range.
        let number = |part: usize| two_digits(&text[1 + part * (2 + gap)..]);
        let found: Vec<i64> = (0..parts).map_while(number).collect();
        let [hours, minutes, seconds] = [0, 1, 2].map(|part| found.get(part).copied().unwrap_or(0));
        in_range(seconds, 0..=60, "time zone offset second")?;
        in_range(minutes, 0..=60, "time zone offset minute")?;
        in_range(hours, 0..=24, "time zone offset hour")?;
        let offset = (hours * 60 + minutes) * 60 + seconds;
        self.fields.offset = Some(match text[0] {
            _ if found.len() < parts => return Err(Wrong::Text),
            b'+' => offset as i32,
            b'-' => -offset as i32,
            _ => return Err(Wrong::Text),
        });
        Ok(())
    }

    fn zone_name(&mut self) -> Step {
        if let Some(rest) = self.rest.strip_prefix("UTC") {
            self.rest = rest;
            self.fields.zone = Some(Zone::Utc);
            return Ok(());
        }
        let length = zone_length(self.rest).ok_or(Wrong::Text)?;
        self.fields.zone_name = Some(self.take(length)?.to_owned());
        Ok(())
    }
}

fn two_digits(text: &[u8]) -> Option<i64> {
    match text {
        [tens @ b'0'..=b'9', ones @ b'0'..=b'9', ..] => Some(i64::from(tens - b'0') * 10 + i64::from(ones - b'0')),
        _ => None,
    }
}

fn in_range(number: i64, range: std::ops::RangeInclusive<i64>, what: &'static str) -> Result<i64, Wrong> {
    if range.contains(&number) { Ok(number) } else { Err(Wrong::Range(what)) }
}

/// Nine digits count.
fn nanoseconds(text: &str) -> Result<u32, Wrong> {
    let digits = text.strip_prefix(['.', ',']).ok_or(Wrong::Text)?;
    let digits = &digits[..digits.len().min(9)];
    format!("{digits:0<9}").parse().map_err(|_| Wrong::Text)
}

/// Returns how much of a text looks like the name of a zone.
fn zone_length(text: &str) -> Option<usize> {
    if text.starts_with("ChST") || text.starts_with("MeST") {
        return Some(4);
    }
    if let Some(offset) = text.strip_prefix("GMT") {
        return Some(3 + signed_offset(offset).unwrap_or(0));
    }
    if text.len() >= 3 && text.starts_with(['+', '-']) {
        return signed_offset(text);
    }
    let capitals = text.bytes().take(6).take_while(u8::is_ascii_uppercase).count();
    let bytes = text.as_bytes();
    match capitals {
        3 => Some(3),
        4 if bytes[3] == b'T' || text.starts_with("WITA") => Some(4),
        5 if bytes[4] == b'T' => Some(5),
        _ => None,
    }
}

/// Returns the length of `+3` or `-11`: at most 23 hours.
fn signed_offset(text: &str) -> Option<usize> {
    let digits = text.strip_prefix(['+', '-'])?;
    let count = digits.bytes().take_while(u8::is_ascii_digit).count();
    let hours: u64 = digits[..count].parse().ok()?;
    (hours <= 23).then_some(1 + count)
}
