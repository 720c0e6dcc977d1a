//! Patterns for names, as Go's `filepath.Match` has them.

/// A pattern that Helm does not accept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// A class without an end, or a `\` at the end.
    #[error("syntax error in pattern")]
    Syntax,
    /// `**`, which other tools know.
    #[error("double-star (**) syntax is not supported")]
    DoubleStar,
}

/// A pattern: stretches of single letters, each perhaps after a star. `None` is a stretch that is no pattern, which
/// counts only where a name comes that far.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pattern(Vec<(bool, Option<Vec<Letter>>)>);

/// What one letter of a name is compared with.
#[derive(Debug, Clone, PartialEq)]
enum Letter {
    /// Itself, a byte.
    Byte(u8),
    /// `?`
    Any,
    /// `[a-z]`
    Class { negated: bool, ranges: Vec<(char, char)> },
}

impl Pattern {
    pub(super) fn parse(text: &str) -> Self {
        let mut chunks = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let after = rest.trim_start_matches('*');
            let star = after.len() < rest.len();
            let (chunk, next) = after.split_at(chunk_end(after));
            chunks.push((star, letters(chunk)));
            rest = next;
        }
        Self(chunks)
    }

    /// Says whether a whole name fits.
    ///
    /// # Errors
    /// When the name comes to a stretch that is no pattern.
    pub(super) fn matches(&self, name: &str) -> Result<bool, PatternError> {
        let mut name = name.as_bytes();
        for (index, (star, letters)) in self.0.iter().enumerate() {
            let letters = letters.as_deref().ok_or(PatternError::Syntax)?;
            let last = index + 1 == self.0.len();
            if *star && letters.is_empty() {
                return Ok(!name.contains(&b'/'));
            }
            match find(letters, name, *star, last) {
                Some(rest) => name = rest,
                None => return Ok(false),
            }
        }
        Ok(name.is_empty())
    }
}

/// Returns what is left of a name after a stretch; after a star the stretch may begin later, before the next `/`.
fn find<'a>(letters: &[Letter], name: &'a [u8], star: bool, last: bool) -> Option<&'a [u8]> {
    let reach = if star { name.iter().position(|byte| *byte == b'/').unwrap_or(name.len()) } else { 0 };
    (0..=reach).filter_map(|start| take(letters, &name[start..])).find(|rest| !last || rest.is_empty())
}

/// Returns what is left of a name that begins with a stretch.
fn take<'a>(letters: &[Letter], mut name: &'a [u8]) -> Option<&'a [u8]> {
    for letter in letters {
        let first = *name.first()?;
        let (rune, length) = rune(name);
        let (fits, taken) = match letter {
            Letter::Byte(byte) => (*byte == first, 1),
            Letter::Any => (first != b'/', length),
            Letter::Class { negated, ranges } => {
                (ranges.iter().any(|(low, high)| (*low..=*high).contains(&rune)) != *negated, length)
            }
        };
        name = fits.then(|| &name[taken..])?;
    }
    Some(name)
}

fn rune(bytes: &[u8]) -> (char, usize) {
    let valid = bytes.utf8_chunks().next().and_then(|chunk| chunk.valid().chars().next());
    valid.map_or((char::REPLACEMENT_CHARACTER, 1), |found| (found, found.len_utf8()))
}

/// Returns where the next star is that stands in no class.
fn chunk_end(text: &str) -> usize {
    let (mut in_class, mut escaped) = (false, false);
    for (index, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'[' => in_class = true,
            b']' => in_class = false,
            b'*' if !in_class => return index,
            _ => {}
        }
    }
    text.len()
}

fn letters(chunk: &str) -> Option<Vec<Letter>> {
    let mut found = Vec::new();
    let mut rest = chunk;
    while let Some(first) = rest.chars().next() {
        rest = &rest[first.len_utf8()..];
        match first {
            '?' => found.push(Letter::Any),
            '[' => found.push(class(&mut rest)?),
            '\\' => {
                let escaped = rest.chars().next()?;
                rest = &rest[escaped.len_utf8()..];
                found.extend(bytes(escaped));
            }
            plain => found.extend(bytes(plain)),
        }
    }
    Some(found)
}

fn bytes(letter: char) -> Vec<Letter> {
    letter.encode_utf8(&mut [0; 4]).bytes().map(Letter::Byte).collect()
}

fn class(rest: &mut &str) -> Option<Letter> {
    let negated = rest.starts_with('^');
    *rest = &rest[usize::from(negated)..];
    let mut ranges = Vec::new();
    while ranges.is_empty() || !rest.starts_with(']') {
        let low = class_letter(rest)?;
        let high = match rest.strip_prefix('-') {
            Some(after) => {
                *rest = after;
                class_letter(rest)?
            }
            None => low,
        };
        ranges.push((low, high));
    }
    *rest = &rest[1..];
    Some(Letter::Class { negated, ranges })
}

/// Takes one letter of a class. Something must be left after it, if only the end of the class.
fn class_letter(rest: &mut &str) -> Option<char> {
    if rest.starts_with(['-', ']']) {
        return None;
    }
    let letters = rest.strip_prefix('\\').unwrap_or(rest);
    let first = letters.chars().next()?;
    *rest = &letters[first.len_utf8()..];
    (!rest.is_empty()).then_some(first)
}
