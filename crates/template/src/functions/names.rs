//! Names of many words: `FirstName`, `first_name`, `first-name`. What a word is, is huandu/xstrings' rule.

use crate::{
    functions::{
        bytes::runes,
        unicode::{is_letter, is_number, is_punctuation, is_upper, lower, upper},
    },
    text::Str,
};

/// Says whether it parts words.
fn connects(c: char) -> bool {
    c == '-' || c == '_' || c.is_whitespace()
}

/// Writes words together, each with a capital. Connectors at the begin stay, and of several between words all but one.
pub(crate) fn pascal(text: &str) -> String {
    let mut chars = text.chars();
    let mut out: String = chars.by_ref().take_while(|c| connects(*c)).collect();
    let Some(first) = text[out.len()..].chars().next() else {
        // A connector at the end is written twice, if there is nothing else.
        out.extend(text.chars().last());
        return out;
    };
    let (mut capitals, mut before) = (is_upper(first), upper(first));
    for mut c in chars {
        match (connects(before), connects(c)) {
            (true, true) => out.push(before),
            (true, false) => {
                capitals = is_upper(c);
                c = upper(c);
            }
            (false, _) => {
                capitals = capitals && is_upper(c);
                c = if capitals { lower(c) } else { c };
                out.push(before);
            }
        }
        before = c;
    }
    out.push(before);
    out
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// There is none.
    Nothing,
    Number,
    /// Begins with a capital.
    Upper,
    /// Letters, but no capitals.
    Letters,
    Connector,
    Punctuation,
    Other,
}

/// A character, and its bytes with those before it that are no characters.
type Unit<'a> = (char, &'a [u8]);

/// The words that are still to be read, and the current one.
struct Words<'a> {
    rest: &'a [Unit<'a>],
    word: &'a [Unit<'a>],
    kind: Kind,
}

/// Writes words in lower case with a connector between. A number belongs to the word before it, but for one that is
/// followed by small letters: `http_2xx`, `bld4_floor_3rd`.
pub(crate) fn delimited(text: &[u8], connector: char) -> Vec<u8> {
    let units = units(text);
    let mut words = Words { rest: &units, word: &[], kind: Kind::Nothing };
    let mut out = Vec::with_capacity(text.len() + 8);
    words.advance();
    while !words.rest.is_empty() {
        let (kind, word) = (words.kind, words.word);
        write(&mut out, kind, word, connector);
        words.advance();
        match kind {
            Kind::Number => {
                words.alphanumerics(&mut out, connector);
                words.connect(&mut out, connector);
            }
            Kind::Connector | Kind::Punctuation => {}
            _ if words.kind == Kind::Number => words.number(&mut out, connector),
            _ => words.connect(&mut out, connector),
        }
    }
    write(&mut out, words.kind, words.word, connector);
    out
}

/// What is no character belongs to the next one; at the end it is as the one before.
fn units(text: &[u8]) -> Vec<Unit<'_>> {
    let (mut units, mut begin, mut end) = (Vec::new(), 0, 0);
    for rune in runes(text) {
        end += rune.len();
        let c = std::str::from_utf8(rune).ok().and_then(|rune| rune.chars().next());
        if let Some(c) = c.filter(|c| *c != char::REPLACEMENT_CHARACTER) {
            units.push((c, &text[begin..end]));
            begin = end;
        }
    }
    if begin < text.len() {
        let last = units.last().map_or(char::REPLACEMENT_CHARACTER, |(c, _)| *c);
        units.push((last, &text[begin..]));
    }
    units
}

fn write(out: &mut Vec<u8>, kind: Kind, word: &[Unit<'_>], connector: char) {
    for (_, bytes) in word {
        match kind {
            Kind::Connector | Kind::Upper => {
                let each = |c| if connects(c) { connector } else { lower(c) };
                out.extend(Str::from(*bytes).to_text().chars().map(each).collect::<String>().into_bytes());
            }
            _ => out.extend_from_slice(bytes),
        }
    }
}

fn push(out: &mut Vec<u8>, connector: char) {
    out.extend_from_slice(connector.encode_utf8(&mut [0; 4]).as_bytes());
}

impl Words<'_> {
    fn advance(&mut self) {
        let (kind, length) = next(self.rest);
        (self.word, self.rest) = self.rest.split_at(length);
        self.kind = kind;
    }

    fn connect(&self, out: &mut Vec<u8>, connector: char) {
        if !matches!(self.kind, Kind::Nothing | Kind::Connector | Kind::Punctuation) {
            push(out, connector);
        }
    }

    /// A number that follows a word.
    fn number(&mut self, out: &mut Vec<u8>, connector: char) {
        if self.rest.is_empty() {
            return;
        }
        let number = self.word;
        self.advance();
        if self.kind != Kind::Letters {
            write(out, Kind::Number, number, connector);
            return self.connect(out, connector);
        }
        push(out, connector);
        write(out, Kind::Number, number, connector);
        self.alphanumerics(out, connector);
        self.connect(out, connector);
    }

    fn alphanumerics(&mut self, out: &mut Vec<u8>, connector: char) {
        while matches!(self.kind, Kind::Letters | Kind::Number) {
            write(out, self.kind, self.word, connector);
            self.advance();
        }
    }
}

/// Returns the kind and the length of the first word.
fn next(text: &[Unit<'_>]) -> (Kind, usize) {
    let Some((first, _)) = text.first().copied() else { return (Kind::Nothing, 0) };
    let run = |belongs: fn(char) -> bool| text.iter().skip(1).take_while(|(c, _)| belongs(*c)).count() + 1;
    if connects(first) {
        (Kind::Connector, run(connects))
    } else if is_punctuation(first) {
        (Kind::Punctuation, run(is_punctuation))
    } else if is_upper(first) {
        (Kind::Upper, capitals(text, run(is_upper), run(is_small)))
    } else if is_spelled(first) {
        (Kind::Letters, run(is_small))
    } else if is_number(first) {
        (Kind::Number, run(is_number))
    } else {
        (Kind::Other, run(|c| !connects(c) && !is_spelled(c) && !is_number(c) && !is_punctuation(c)))
    }
}

/// `HTTPStatus` is two words: the last capital belongs to what follows.
fn capitals(text: &[Unit<'_>], upper: usize, small: usize) -> usize {
    match text.get(upper) {
        Some((c, _)) if upper > 1 && is_spelled(*c) => upper - 1,
        _ if upper > 1 => upper,
        _ => small,
    }
}

fn is_small(c: char) -> bool {
    is_spelled(c) && !is_upper(c)
}

/// Says whether it is a letter, and none of Chinese.
fn is_spelled(c: char) -> bool {
    is_letter(c) && !matches!(c, '\u{3400}'..='\u{4d85}' | '\u{4e00}'..='\u{9fcc}' | '\u{20000}'..='\u{2b81d}')
}
