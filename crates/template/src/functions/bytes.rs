//! Looking for texts in texts: by bytes, as Go does.

use memchr::memmem;

/// Splits into characters; a byte that is no UTF-8 is one of them.
pub(crate) fn runes(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.utf8_chunks().flat_map(|chunk| {
        let valid = chunk.valid();
        let chars = valid.char_indices().map(move |(at, c)| &valid.as_bytes()[at..at + c.len_utf8()]);
        chars.chain(chunk.invalid().chunks(1))
    })
}

/// Returns how often a text is in another; nothing is as often as there are characters.
pub(crate) fn count(text: &[u8], part: &[u8]) -> usize {
    if part.is_empty() { runes(text).count() } else { memmem::find_iter(text, part).count() }
}

/// Splits a text, into `most` parts if that is not negative; without a separator into characters.
pub(crate) fn split<'a>(text: &'a [u8], by: &[u8], most: i64) -> Vec<&'a [u8]> {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    if most == 0 {
        return Vec::new();
    }
    let ends: Vec<usize> = match by {
        [] => runes(text).scan(0, |at, rune| Some(std::mem::replace(at, *at + rune.len()))).skip(1).collect(),
        by => memmem::find_iter(text, by).collect(),
    };
    if by.is_empty() && text.is_empty() {
        return Vec::new();
    }
    let mut parts = Vec::new();
    let mut begin = 0;
    for end in ends.into_iter().take(most - 1) {
        parts.push(&text[begin..end]);
        begin = end + by.len();
    }
    parts.push(&text[begin..]);
    parts
}

/// Replaces each; nothing is found before each character and at the end.
pub(crate) fn replace(text: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    if old.is_empty() {
        let mut replaced = new.to_vec();
        runes(text).for_each(|rune| replaced.extend([rune, new].concat()));
        return replaced;
    }
    split(text, old, -1).join(new)
}

/// Removes white space around a text.
pub(crate) fn trim(text: &[u8]) -> &[u8] {
    let mut chunks = text.utf8_chunks();
    let first = chunks.next().map_or("", |chunk| chunk.valid());
    let text = &text[first.len() - first.trim_start().len()..];
    let last = text.utf8_chunks().last().filter(|chunk| chunk.invalid().is_empty());
    let last = last.map_or("", |chunk| chunk.valid());
    &text[..text.len() - (last.len() - last.trim_end().len())]
}
