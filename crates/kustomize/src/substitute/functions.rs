//! What an expression does with the value of its variable.

use super::{glob, template::Error};

/// The longest value that is matched with a pattern: each of its prefixes may be tried.
const LONGEST_FOR_PATTERN: usize = 4096;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    /// The value.
    Value,
    /// Its length in bytes.
    Length,
    /// The arguments where the value is empty or missing.
    Default,
    /// From an offset, up to a length.
    Substring,
    Lower {
        first: bool,
    },
    Upper {
        first: bool,
    },
    /// Without what a pattern matches at an end.
    Trim {
        suffix: bool,
        longest: bool,
    },
    Replace {
        at: Where,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Where {
    First,
    Everywhere,
    Prefix,
    Suffix,
}

/// Returns the operator that a text begins with: its length, none for a variable alone, and what it means.
pub(super) fn operator(text: &str) -> (usize, Function) {
    const OPERATORS: [(&str, Function); 20] = [
        (":=", Function::Default),
        (":-", Function::Default),
        (":?", Function::Default),
        (":+", Function::Default),
        ("=", Function::Default),
        (":", Function::Substring),
        (",,", Function::Lower { first: false }),
        // Taken together, the two mean nothing.
        (",^", Function::Value),
        (",", Function::Lower { first: true }),
        ("^^", Function::Upper { first: false }),
        ("^,", Function::Value),
        ("^", Function::Upper { first: true }),
        ("##", Function::Trim { suffix: false, longest: true }),
        ("#", Function::Trim { suffix: false, longest: false }),
        ("%%", Function::Trim { suffix: true, longest: true }),
        ("%", Function::Trim { suffix: true, longest: false }),
        ("//", Function::Replace { at: Where::Everywhere }),
        ("/#", Function::Replace { at: Where::Prefix }),
        ("/%", Function::Replace { at: Where::Suffix }),
        ("/", Function::Replace { at: Where::First }),
    ];
    let found = OPERATORS.iter().find(|(operator, _)| text.starts_with(operator));
    found.map_or((0, Function::Value), |(operator, function)| (operator.len(), *function))
}

/// Applies a function to the value of a variable.
pub(super) fn apply(function: Function, name: &str, value: &str, arguments: &[String]) -> Result<String, Error> {
    Ok(match function {
        Function::Value => value.to_owned(),
        Function::Length => value.len().to_string(),
        Function::Default if value.is_empty() => arguments.concat(),
        Function::Default => value.to_owned(),
        Function::Substring => substring(value, arguments).ok_or_else(|| Error::BadRange(name.into()))?,
        Function::Lower { first } => cased(value, first, |c| single(c, c.to_lowercase())),
        Function::Upper { first } => cased(value, first, |c| single(c, c.to_uppercase())),
        Function::Trim { .. } if value.len() > LONGEST_FOR_PATTERN => {
            return Err(Error::LongForPattern(name.into()));
        }
        Function::Trim { suffix, longest } => trimmed(value, suffix, longest, &arguments.concat()),
        Function::Replace { at } => replaced(value, at, arguments),
    })
}

/// A character that has no counterpart of one character stays, as in Go.
fn single(c: char, mut mapped: impl Iterator<Item = char>) -> char {
    match (mapped.next(), mapped.next()) {
        (Some(mapped), None) => mapped,
        _ => c,
    }
}

fn cased(value: &str, first: bool, map: impl Fn(char) -> char) -> String {
    value.char_indices().map(|(at, c)| if first && at > 0 { c } else { map(c) }).collect()
}

/// An offset or a length that is no number leaves the value as it is, as in bash.
fn substring(value: &str, arguments: &[String]) -> Option<String> {
    let number = |index: usize| arguments.get(index).map(|text| text.parse::<i64>());
    let length = i64::try_from(value.len()).ok()?;
    let Some(Ok(offset)) = number(0) else { return Some(value.to_owned()) };
    let offset = if offset < 0 { length.saturating_add(offset).max(0) } else { offset };
    let end = match number(1) {
        None => length,
        Some(Err(_)) => return Some(value.to_owned()),
        Some(Ok(count)) => offset.saturating_add(count).min(length),
    };
    if offset >= length && end >= length {
        return Some(String::new());
    }
    let (from, to) = (usize::try_from(offset).ok()?, usize::try_from(end).ok()?);
    value.get(from..to).map(str::to_owned)
}

/// A suffix is looked for backwards, with the pattern backwards too.
fn trimmed(value: &str, suffix: bool, longest: bool, pattern: &str) -> String {
    let turned = |text: &str| if suffix { text.chars().rev().collect() } else { text.to_owned() };
    let (text, pattern) = (turned(value), turned(pattern));
    let ends: Vec<usize> = text.char_indices().map(|(at, c)| at + c.len_utf8()).collect();
    let fits = |end: &&usize| glob::matches(&pattern, &text[..**end]);
    let found = if longest { ends.iter().rev().find(fits) } else { ends.iter().find(fits) };
    turned(&text[found.copied().unwrap_or(0)..])
}

fn replaced(value: &str, at: Where, arguments: &[String]) -> String {
    let (old, new) = (arguments.first().map_or("", String::as_str), arguments.get(1).map_or("", String::as_str));
    match at {
        Where::First => value.replacen(old, new, 1),
        Where::Everywhere => value.replace(old, new),
        // Without a replacement these two do nothing.
        Where::Prefix | Where::Suffix if arguments.len() < 2 => value.to_owned(),
        Where::Prefix => value.strip_prefix(old).map_or_else(|| value.to_owned(), |rest| format!("{new}{rest}")),
        Where::Suffix => value.strip_suffix(old).map_or_else(|| value.to_owned(), |rest| format!("{rest}{new}")),
    }
}
