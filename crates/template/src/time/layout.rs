//! Go's layouts: an example of how the second of January 2006 is written.

/// A part of a layout that stands for something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// `2006`
    LongYear,
    /// `06`
    Year,
    /// `January`
    LongMonth,
    /// `Jan`
    Month,
    /// `1`
    NumMonth,
    /// `01`
    ZeroMonth,
    /// `Monday`
    LongWeekday,
    /// `Mon`
    Weekday,
    /// `2`
    Day,
    /// `_2`
    UnderDay,
    /// `02`
    ZeroDay,
    /// `__2`
    UnderYearDay,
    /// `002`
    ZeroYearDay,
    /// `15`
    Hour,
    /// `3`
    Hour12,
    /// `03`
    ZeroHour12,
    /// `4`
    Minute,
    /// `04`
    ZeroMinute,
    /// `5`
    Second,
    /// `05`
    ZeroSecond,
    /// `PM`
    UpperNoon,
    /// `pm`
    LowerNoon,
    /// `MST`
    ZoneName,
    /// `-07:00`, `Z0700` and the like.
    Offset(Offset),
    /// `.000`
    Fraction { digits: usize, separator: char },
    /// `.999`: without zeros at the end.
    ShortFraction { digits: usize, separator: char },
}

/// How an offset is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Offset {
    /// Whether none is written as `Z`.
    pub(super) zulu: bool,
    /// Whether there are colons.
    pub(super) colon: bool,
    /// Whether there are minutes.
    pub(super) minutes: bool,
    /// Whether there are seconds.
    pub(super) seconds: bool,
}

/// What a layout begins with: text, then a part, then the rest of it.
pub(super) struct Chunk<'a> {
    pub(super) before: &'a str,
    pub(super) part: Option<(Part, &'a str)>,
    pub(super) rest: &'a str,
}

/// Splits at the first part that stands for something.
pub(super) fn next_chunk(layout: &str) -> Chunk<'_> {
    for (at, _) in layout.char_indices() {
        if let Some((skip, part, length)) = part(&layout[at..]) {
            let (from, to) = (at + skip, at + skip + length);
            return Chunk { before: &layout[..from], part: Some((part, &layout[from..to])), rest: &layout[to..] };
        }
    }
    Chunk { before: layout, part: None, rest: "" }
}

/// Returns the part at the beginning, after how many bytes it begins, and its length.
fn part(text: &str) -> Option<(usize, Part, usize)> {
    if let Some(rest) = text.strip_prefix("_2006") {
        return Some((1, Part::LongYear, text.len() - rest.len() - 1));
    }
    let found = fraction(text).or_else(|| word(text)).or_else(|| known(text));
    found.map(|(part, length)| (0, part, length))
}

/// Names, which end where small letters don't go on.
fn word(text: &str) -> Option<(Part, usize)> {
    const WORDS: [(&str, Part, bool); 4] = [
        ("January", Part::LongMonth, false),
        ("Jan", Part::Month, true),
        ("Monday", Part::LongWeekday, false),
        ("Mon", Part::Weekday, true),
    ];
    WORDS.iter().find_map(|(word, part, ends)| {
        let rest = text.strip_prefix(word)?;
        let goes_on = *ends && rest.starts_with(|c: char| c.is_ascii_lowercase());
        (!goes_on).then_some((*part, word.len()))
    })
}

/// The first that fits counts, so that longer ones come first.
fn known(text: &str) -> Option<(Part, usize)> {
    const KNOWN: [(&str, Part); 29] = [
        ("MST", Part::ZoneName),
        ("002", Part::ZeroYearDay),
        ("01", Part::ZeroMonth),
        ("02", Part::ZeroDay),
        ("03", Part::ZeroHour12),
        ("04", Part::ZeroMinute),
        ("05", Part::ZeroSecond),
        ("06", Part::Year),
        ("15", Part::Hour),
        ("1", Part::NumMonth),
        ("2006", Part::LongYear),
        ("2", Part::Day),
        ("__2", Part::UnderYearDay),
        ("_2", Part::UnderDay),
        ("3", Part::Hour12),
        ("4", Part::Minute),
        ("5", Part::Second),
        ("PM", Part::UpperNoon),
        ("pm", Part::LowerNoon),
        ("-070000", offset(false, false, true, true)),
        ("-07:00:00", offset(false, true, true, true)),
        ("-0700", offset(false, false, true, false)),
        ("-07:00", offset(false, true, true, false)),
        ("-07", offset(false, false, false, false)),
        ("Z070000", offset(true, false, true, true)),
        ("Z07:00:00", offset(true, true, true, true)),
        ("Z0700", offset(true, false, true, false)),
        ("Z07:00", offset(true, true, true, false)),
        ("Z07", offset(true, false, false, false)),
    ];
    KNOWN.iter().find(|(example, _)| text.starts_with(example)).map(|(example, part)| (*part, example.len()))
}

const fn offset(zulu: bool, colon: bool, minutes: bool, seconds: bool) -> Part {
    Part::Offset(Offset { zulu, colon, minutes, seconds })
}

/// A point or comma with zeros or nines, and no other digit behind them.
fn fraction(text: &str) -> Option<(Part, usize)> {
    let separator = text.chars().next().filter(|c| matches!(c, '.' | ','))?;
    let digit = text[1..].chars().next().filter(|c| matches!(c, '0' | '9'))?;
    let digits = text[1..].chars().take_while(|c| *c == digit).count();
    if text[1 + digits..].starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let part = match digit {
        '0' => Part::Fraction { digits, separator },
        _ => Part::ShortFraction { digits, separator },
    };
    Some((part, 1 + digits))
}
