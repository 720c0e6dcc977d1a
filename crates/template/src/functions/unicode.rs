//! Characters as Go's `unicode` sees them: by general category, and mapped one to one.

use std::sync::LazyLock;

use regex::Regex;

/// One pattern for each category.
struct Categories {
    upper: Option<Regex>,
    lower: Option<Regex>,
    title: Option<Regex>,
    letter: Option<Regex>,
    digit: Option<Regex>,
    number: Option<Regex>,
    punctuation: Option<Regex>,
}

static CATEGORIES: LazyLock<Categories> = LazyLock::new(|| Categories {
    upper: Regex::new(r"\p{Lu}").ok(),
    lower: Regex::new(r"\p{Ll}").ok(),
    title: Regex::new(r"\p{Lt}").ok(),
    letter: Regex::new(r"\p{L}").ok(),
    digit: Regex::new(r"\p{Nd}").ok(),
    number: Regex::new(r"\p{N}").ok(),
    punctuation: Regex::new(r"\p{P}").ok(),
});

fn is(c: char, category: Option<&Regex>) -> bool {
    category.is_some_and(|category| category.is_match(c.encode_utf8(&mut [0; 4])))
}

/// Says whether it is an upper case letter.
pub(crate) fn is_upper(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_uppercase() } else { is(c, CATEGORIES.upper.as_ref()) }
}

/// Says whether it is a lower case letter.
pub(crate) fn is_lower(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_lowercase() } else { is(c, CATEGORIES.lower.as_ref()) }
}

/// Says whether it is a title case letter, as `ǅ`.
pub(crate) fn is_title(c: char) -> bool {
    !c.is_ascii() && is(c, CATEGORIES.title.as_ref())
}

/// Says whether it is a letter.
pub(crate) fn is_letter(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_alphabetic() } else { is(c, CATEGORIES.letter.as_ref()) }
}

/// Says whether it is a decimal digit.
pub(crate) fn is_digit(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_digit() } else { is(c, CATEGORIES.digit.as_ref()) }
}

/// Says whether it is a number of any kind.
pub(crate) fn is_number(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_digit() } else { is(c, CATEGORIES.number.as_ref()) }
}

/// Says whether it is punctuation; `$`, `+`, `<`, `=`, `>`, `^`, `` ` ``, `|`, `~` are symbols.
pub(crate) fn is_punctuation(c: char) -> bool {
    is(c, CATEGORIES.punctuation.as_ref())
}

/// Returns the upper case letter. Where it would be two characters Go has one, or leaves it.
pub(crate) fn upper(c: char) -> char {
    match u32::from(c) {
        at @ (0x1f80..=0x1f87 | 0x1f90..=0x1f97 | 0x1fa0..=0x1fa7) => char::from_u32(at + 8).unwrap_or(c),
        at @ (0x1fb3 | 0x1fc3 | 0x1ff3) => char::from_u32(at + 9).unwrap_or(c),
        _ => single(c.to_uppercase(), c),
    }
}

/// Returns the lower case letter.
pub(crate) fn lower(c: char) -> char {
    if c == 'İ' { 'i' } else { single(c.to_lowercase(), c) }
}

/// Returns the letter that begins a word.
pub(crate) fn title(c: char) -> char {
    match c {
        'Ǆ'..='ǆ' => 'ǅ',
        'Ǉ'..='ǉ' => 'ǈ',
        'Ǌ'..='ǌ' => 'ǋ',
        'Ǳ'..='ǳ' => 'ǲ',
        'ა'..='ჿ' => c,
        c => upper(c),
    }
}

fn single(mut mapped: impl ExactSizeIterator<Item = char>, c: char) -> char {
    match mapped.len() {
        1 => mapped.next().unwrap_or(c),
        _ => c,
    }
}
