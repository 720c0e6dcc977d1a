//! Shell patterns as `${name#pattern}` takes them: `*` is any text, slashes too.
//!
//! ```text
//! pattern = { "*" | "?" | "[" [ "^" ] range { range } "]" | "\" c | c }
//! range   = c [ "-" c ]
//! ```

/// Says whether a pattern matches a whole text. A malformed pattern matches nothing.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let Some(pattern) = read(pattern) else { return false };
    let text: Vec<char> = text.chars().collect();
    // What the pattern read so far may have matched: each place in the text, in one sweep for each element.
    let mut reached = vec![false; text.len() + 1];
    reached[0] = true;
    for element in &pattern {
        reached = after(element, &text, &reached);
    }
    reached[text.len()]
}

enum Element {
    Any,
    One,
    Char(char),
    Class { negated: bool, ranges: Vec<(char, char)> },
}

fn after(element: &Element, text: &[char], before: &[bool]) -> Vec<bool> {
    let mut reached = vec![false; before.len()];
    for (at, from) in before.iter().enumerate() {
        match element {
            Element::Any => reached[at] = *from || (at > 0 && reached[at - 1]),
            _ if *from && text.get(at).is_some_and(|c| element.fits(*c)) => reached[at + 1] = true,
            _ => {}
        }
    }
    reached
}

impl Element {
    fn fits(&self, c: char) -> bool {
        match self {
            Self::Any | Self::One => true,
            Self::Char(wanted) => *wanted == c,
            Self::Class { negated, ranges } => ranges.iter().any(|(low, high)| (*low..=*high).contains(&c)) != *negated,
        }
    }
}

fn read(pattern: &str) -> Option<Vec<Element>> {
    let mut rest = pattern.chars().peekable();
    let mut elements = Vec::new();
    while let Some(c) = rest.next() {
        elements.push(match c {
            '*' => Element::Any,
            '?' => Element::One,
            '\\' => Element::Char(rest.next()?),
            '[' => class(&mut rest)?,
            c => Element::Char(c),
        });
    }
    Some(elements)
}

fn class(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<Element> {
    let negated = rest.next_if_eq(&'^').is_some();
    let mut ranges = Vec::new();
    while ranges.is_empty() || rest.next_if_eq(&']').is_none() {
        let low = bound(rest)?;
        let high = if rest.next_if_eq(&'-').is_some() { bound(rest)? } else { low };
        ranges.push((low, high));
    }
    Some(Element::Class { negated, ranges })
}

fn bound(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<char> {
    match rest.next()? {
        '-' | ']' => None,
        '\\' => rest.next(),
        c => Some(c),
    }
}
