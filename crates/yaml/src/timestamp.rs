//! The dates and times go-yaml takes for `!!timestamp`.

/// A date and time as Go's `time.Parse` reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Timestamp {
    year: u32,
    month: u32,
    day: u32,
    clock: [u32; 3],
    nanoseconds: u32,
    /// Minutes east of Greenwich.
    offset: i32,
}

impl Timestamp {
    /// Reads the four forms go-yaml knows: a date, or a date and time after `T`, `t` (both with
    /// a zone) or a space (without).
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut rest = Reader(text.as_bytes());
        let year = rest.year()?;
        let month = rest.short_number().filter(|month| (1..=12).contains(month))?;
        rest.literal(b'-')?;
        let day = rest.short_number()?;
        (1..=days(year, month)).contains(&day).then_some(())?;
        let mut time = Self { year, month, day, clock: [0; 3], nanoseconds: 0, offset: 0 };
        match rest.0.first() {
            None => return Some(time),
            Some(b' ') => rest.spaces(),
            Some(b'T' | b't') => rest.0 = &rest.0[1..],
            Some(_) => return None,
        }
        let zoned = text.bytes().any(|b| matches!(b, b'T' | b't'));
        time.clock = rest.clock()?;
        time.nanoseconds = rest.fraction();
        time.offset = if zoned { rest.zone()? } else { 0 };
        rest.0.is_empty().then_some(time)
    }

    /// Writes the time as RFC 3339 with as many decimals as needed; `None` where Go's JSON
    /// encoder refuses the zone.
    pub(crate) fn rfc3339(&self) -> Option<String> {
        let Self { year, month, day, clock: [hour, minute, second], .. } = self;
        let zone = zone_text(self.offset)?;
        let fraction = match self.nanoseconds {
            0 => String::new(),
            nanoseconds => format!(".{nanoseconds:09}").trim_end_matches('0').to_owned(),
        };
        Some(format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}{zone}"))
    }
}

fn zone_text(offset: i32) -> Option<String> {
    let (hours, minutes) = (offset.abs() / 60, offset.abs() % 60);
    match offset {
        0 => Some("Z".into()),
        _ if hours > 23 => None,
        1.. => Some(format!("+{hours:02}:{minutes:02}")),
        _ => Some(format!("-{hours:02}:{minutes:02}")),
    }
}

fn days(year: u32, month: u32) -> u32 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn year(&mut self) -> Option<u32> {
        let (year, rest) = self.0.split_at_checked(4)?;
        self.0 = rest;
        self.literal(b'-')?;
        number(year)
    }

    fn literal(&mut self, byte: u8) -> Option<()> {
        self.0 = self.0.strip_prefix(&[byte])?;
        Some(())
    }

    fn spaces(&mut self) {
        while let Some(rest) = self.0.strip_prefix(b" ") {
            self.0 = rest;
        }
    }

    /// One or two digits.
    fn short_number(&mut self) -> Option<u32> {
        let count = self.0.iter().take(2).take_while(|b| b.is_ascii_digit()).count();
        let (digits, rest) = self.0.split_at(count);
        self.0 = rest;
        number(digits)
    }

    fn clock(&mut self) -> Option<[u32; 3]> {
        let hour = self.short_number().filter(|hour| *hour < 24)?;
        self.literal(b':')?;
        let minute = self.short_number().filter(|minute| *minute < 60)?;
        self.literal(b':')?;
        let second = self.short_number().filter(|second| *second < 60)?;
        Some([hour, minute, second])
    }

    /// A point or comma and any number of digits, of which nine count.
    fn fraction(&mut self) -> u32 {
        let [b'.' | b',', rest @ ..] = self.0 else {
            return 0;
        };
        let count = rest.iter().take_while(|b| b.is_ascii_digit()).count();
        let (digits, rest) = rest.split_at(count);
        if digits.is_empty() {
            return 0;
        }
        self.0 = rest;
        let padded = digits.iter().chain(std::iter::repeat(&b'0'));
        padded.take(9).fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0'))
    }

    fn zone(&mut self) -> Option<i32> {
        if self.literal(b'Z').is_some() {
            return Some(0);
        }
        let &[sign @ (b'+' | b'-'), h1, h2, b':', m1, m2, ref rest @ ..] = self.0 else {
            return None;
        };
        self.0 = rest;
        // Go lets an offset be 24:60.
        let hours = number(&[h1, h2]).filter(|hours| *hours <= 24)?;
        let minutes = number(&[m1, m2]).filter(|minutes| *minutes <= 60)?;
        let offset = (hours * 60 + minutes) as i32;
        Some(if sign == b'-' { -offset } else { offset })
    }
}

fn number(digits: &[u8]) -> Option<u32> {
    let valid = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    valid.then(|| digits.iter().fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0')))
}
