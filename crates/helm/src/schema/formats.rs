//! Formats that are checked in other words than those of our library, or not at all.

use std::{error::Error, net::Ipv6Addr};

use boon::Format;
use serde_json::Value as Json;

/// The formats.
pub(super) static FORMATS: [Format; 8] = [
    Format { name: "ipv4", func: |value| on_text(value, ipv4) },
    Format { name: "ipv6", func: |value| on_text(value, ipv6) },
    Format { name: "uuid", func: |value| on_text(value, uuid) },
    Format { name: "json-pointer", func: |value| on_text(value, json_pointer) },
    Format { name: "date", func: |value| on_text(value, date) },
    Format { name: "semver", func: |value| on_text(value, semver) },
    Format { name: "uri-reference", func: |value| on_text(value, reference) },
    Format { name: "iri-reference", func: |value| on_text(value, reference) },
];

type Checked = Result<(), String>;

fn on_text(value: &Json, check: fn(&str) -> Checked) -> Result<(), Box<dyn Error>> {
    Ok(value.as_str().map_or(Ok(()), check)?)
}

fn ensure(holds: bool, otherwise: impl Into<String>) -> Checked {
    if holds { Ok(()) } else { Err(otherwise.into()) }
}

fn ipv4(text: &str) -> Checked {
    ensure(text.split('.').count() == 4, "expected four decimals")?;
    text.split('.').try_for_each(|part| {
        ensure(part.len() <= 1 || !part.starts_with('0'), "leading zeros")?;
        let syntax = |_| format!("strconv.Atoi: parsing {}: invalid syntax", sluice_yaml::quote(part));
        let number: i64 = part.parse().map_err(syntax)?;
        ensure((0..=255).contains(&number), "decimal must be between 0 and 255")
    })
}

fn ipv6(text: &str) -> Checked {
    ensure(text.contains(':'), "missing colon")?;
    ensure(!text.contains('%'), "zone id is not a part of ipv6 address")?;
    ensure(text.parse::<Ipv6Addr>().is_ok(), format!("ParseAddr({}): unable to parse IP", sluice_yaml::quote(text)))
}

fn uuid(text: &str) -> Checked {
    const LENGTHS: [usize; 5] = [8, 4, 4, 4, 12];
    let parts: Vec<_> = text.split('-').collect();
    ensure(parts.len() == LENGTHS.len(), "must have 5 elements")?;
    for (index, (part, length)) in parts.into_iter().zip(LENGTHS).enumerate() {
        ensure(part.len() == length, format!("element {} must be {length} characters long", index + 1))?;
        let wrong = part.chars().find(|letter| !letter.is_ascii_hexdigit());
        ensure(wrong.is_none(), format!("non-hex character {:?}", wrong.unwrap_or_default()))?;
    }
    Ok(())
}

fn json_pointer(text: &str) -> Checked {
    ensure(text.is_empty() || text.starts_with('/'), "not starting with /")?;
    let escapes = text.split('~').skip(1);
    let escaped = |rest: &str| rest.starts_with(['0', '1']);
    ensure(escapes.into_iter().all(escaped), "~ must be followed by 0 or 1")
}

fn date(text: &str) -> Checked {
    let quoted = sluice_yaml::quote(text);
    let number = |range| text.get(range).filter(|part: &&str| part.bytes().all(|byte| byte.is_ascii_digit()));
    let parts = (number(0..4), text.get(4..5), number(5..7), text.get(7..8), number(8..10));
    let (Some(year), Some("-"), Some(month), Some("-"), Some(day)) = parts else {
        return Err(format!("parsing time {quoted} as \"2006-01-02\": cannot parse {quoted} as \"2006\""));
    };
    let (year, month, day) = (year.parse().unwrap_or(0), month.parse().unwrap_or(0), day.parse().unwrap_or(0));
    ensure(text.len() == 10, format!("parsing time {quoted}: extra text: {}", sluice_yaml::quote(&text[10..])))?;
    ensure((1..=12).contains(&month), format!("parsing time {quoted}: month out of range"))?;
    let last = jiff::civil::Date::new(year, month, 1).map_or(31, |first| first.days_in_month());
    ensure((1..=last).contains(&day), format!("parsing time {quoted}: day out of range"))
}

fn reference(text: &str) -> Checked {
    ensure(!text.contains('\\'), "contains \\")
}

fn semver(text: &str) -> Checked {
    let (rest, build) = text.split_once('+').map_or((text, None), |(rest, build)| (rest, Some(build)));
    let (core, prerelease) = rest.split_once('-').map_or((rest, None), |(core, rest)| (core, Some(rest)));
    if let Some(build) = build {
        ensure(!build.is_empty(), "build is empty")?;
        identifiers(build, "build")?;
    }
    if let Some(prerelease) = prerelease {
        identifiers(prerelease, "pre-release")?;
        let zero = |part: &str| part.len() > 1 && part.starts_with('0') && part.bytes().all(|b| b.is_ascii_digit());
        ensure(!prerelease.split('.').any(zero), "pre-release numeric identifier starts with zero")?;
    }
    let numbers: Vec<_> = core.split('.').collect();
    ensure(numbers.len() == 3, "versionCore must have 3 numbers separated by dot")?;
    for (number, name) in numbers.into_iter().zip(["major", "minor", "patch"]) {
        ensure(!number.is_empty(), format!("{name} is empty"))?;
        ensure(number == "0" || !number.starts_with('0'), format!("{name} starts with zero"))?;
        ensure(number.bytes().all(|byte| byte.is_ascii_digit()), format!("{name} contains non-digit"))?;
    }
    Ok(())
}

fn identifiers(text: &str, what: &str) -> Checked {
    for part in text.split('.') {
        ensure(!part.is_empty(), format!("{what} identifier is empty"))?;
        let wrong = part.chars().find(|letter| !letter.is_ascii_alphanumeric() && *letter != '-');
        let text = format!("invalid character {:?} in {what} identifier", wrong.unwrap_or_default());
        ensure(wrong.is_none(), text)?;
    }
    Ok(())
}
