//! Go's patterns in the syntax of the `regex` crate.
//!
//! Flags are resolved here: what is written means the same wherever it stands. So `(?i)a.` becomes `(?i:a)[^\n]`.

use super::{
    class::{self, escape, perl},
    flaw::{self, Flaw},
};

/// A pattern, and the names of its groups by index.
#[derive(Debug)]
pub(super) struct Translated {
    pub(super) pattern: String,
    pub(super) names: Vec<Option<String>>,
}

/// Repetitions inside repetitions may not multiply to more, and nothing be deeper.
const MOST: usize = 1000;

#[derive(Debug, Clone, Copy, Default)]
struct Flags {
    fold: bool,
    lines: bool,
    dot_all: bool,
    lazy: bool,
}

/// A part that a repetition can follow.
struct Item {
    text: String,
    /// Whether it ends in a repetition.
    repeated: bool,
    /// What its repetitions multiply to.
    weight: usize,
    depth: usize,
}

/// A group that is open, or the whole pattern.
#[derive(Default)]
struct Group {
    opens: &'static str,
    /// The flags that hold again after it.
    flags: Flags,
    alternatives: Vec<Item>,
    items: Vec<Item>,
}

struct Translator<'a> {
    text: &'a str,
    rest: &'a str,
    flags: Flags,
    groups: Vec<Group>,
    /// The innermost group.
    group: Group,
    names: Vec<Option<String>>,
    /// Where the repetition begins that was just read.
    repeat: Option<&'a str>,
}

/// Translates a pattern.
pub(super) fn translate(text: &str) -> Result<Translated, Flaw> {
    let (flags, group) = (Flags::default(), Group::default());
    let mut translator =
        Translator { text, rest: text, flags, groups: Vec::new(), group, names: vec![None], repeat: None };
    while let Some(c) = translator.rest.chars().next() {
        let before = translator.rest;
        let repeated = translator.step(c)?;
        translator.repeat = repeated.then_some(before);
    }
    if !translator.groups.is_empty() {
        return Err(Flaw::new(flaw::PAREN, text));
    }
    let whole = translator.group.close();
    if whole.depth > MOST {
        return Err(Flaw::new(flaw::DEPTH, text));
    }
    Ok(Translated { pattern: whole.text, names: translator.names })
}

impl<'a> Translator<'a> {
    /// Reads one thing, and says whether it was a repetition.
    fn step(&mut self, c: char) -> Result<bool, Flaw> {
        match c {
            '(' if self.rest.starts_with("(?") => self.flags_or_group()?,
            '(' => self.open("(", None, 1),
            ')' => self.close()?,
            '|' => {
                self.group.end_alternative();
                self.skip(1);
            }
            '^' => self.atom(if self.flags.lines { "(?m:^)" } else { "\\A" }.to_owned(), 1),
            '$' => self.atom(if self.flags.lines { "(?m:$)" } else { "\\z" }.to_owned(), 1),
            '.' => self.atom(if self.flags.dot_all { "(?s:.)" } else { "[^\\n]" }.to_owned(), 1),
            '[' => {
                let (text, rest) = class::read(self.rest)?;
                self.rest = rest;
                self.class(text);
            }
            '*' | '+' | '?' => {
                self.repetition(1, None)?;
                return Ok(true);
            }
            '{' => match counts(self.rest) {
                Some((length, least, most)) => {
                    self.repetition(length, Some((least, most)))?;
                    return Ok(true);
                }
                None => self.literal(c, 1),
            },
            '\\' => self.escape()?,
            c => self.literal(c, c.len_utf8()),
        }
        Ok(false)
    }

    fn skip(&mut self, length: usize) {
        self.rest = &self.rest[length..];
    }

    fn atom(&mut self, text: String, length: usize) {
        self.skip(length);
        self.group.items.push(Item { text, repeated: false, weight: 1, depth: 1 });
    }

    fn class(&mut self, text: String) {
        let text = if self.flags.fold { format!("(?i:{text})") } else { text };
        self.atom(text, 0);
    }

    fn literal(&mut self, c: char, length: usize) {
        let text = regex::escape(c.encode_utf8(&mut [0; 4]));
        self.skip(length);
        self.class(text);
    }

    fn escape(&mut self) -> Result<(), Flaw> {
        let simple = match self.rest.as_bytes().get(1) {
            Some(b'A') => "\\A",
            Some(b'z') => "\\z",
            Some(b'b') => "(?-u:\\b)",
            Some(b'B') => "(?-u:\\B)",
            Some(b'C') => return Err(Flaw::new(flaw::ESCAPE, &self.rest[..2])),
            Some(b'Q') => {
                self.quoted();
                return Ok(());
            }
            _ => return self.character(),
        };
        self.atom(simple.to_owned(), 2);
        Ok(())
    }

    /// What stands between `\Q` and `\E`, or the end, is text.
    fn quoted(&mut self) {
        let quoted = &self.rest[2..];
        let (text, rest) = quoted.split_once("\\E").unwrap_or((quoted, ""));
        self.rest = text;
        text.chars().for_each(|c| self.literal(c, c.len_utf8()));
        self.rest = rest;
    }

    fn character(&mut self) -> Result<(), Flaw> {
        let named = match class::unicode(self.rest)? {
            Some(found) => Some(found),
            None => perl(self.rest),
        };
        if let Some((text, rest)) = named {
            self.rest = rest;
            self.class(format!("[{text}]"));
            return Ok(());
        }
        let (code, rest) = escape(self.rest)?;
        self.rest = rest;
        self.class(format!("[{}]", class::code(code)));
        Ok(())
    }

    fn open(&mut self, opens: &'static str, name: Option<String>, length: usize) {
        self.skip(length);
        if opens == "(" {
            self.names.push(name);
        }
        let inner = Group { opens, flags: self.flags, ..Group::default() };
        self.groups.push(std::mem::replace(&mut self.group, inner));
    }

    fn close(&mut self) -> Result<(), Flaw> {
        let outer = self.groups.pop().ok_or_else(|| Flaw::new(flaw::UNEXPECTED, self.text))?;
        let closed = std::mem::replace(&mut self.group, outer);
        (self.flags, self.rest) = (closed.flags, &self.rest[1..]);
        self.group.items.push(closed.close());
        Ok(())
    }

    fn flags_or_group(&mut self) -> Result<(), Flaw> {
        let all = self.rest;
        let begins = ["(?P<", "(?<"].into_iter().find(|begins| all.starts_with(begins) && all.len() > begins.len());
        let Some(begins) = begins else { return self.flags() };
        let end = all.find('>').ok_or_else(|| Flaw::new(flaw::NAME, all))?;
        let name = &all[begins.len()..end];
        if name.is_empty() || !name.chars().all(|c| c == '_' || c.is_ascii_alphanumeric()) {
            return Err(Flaw::new(flaw::NAME, &all[..=end]));
        }
        self.open("(", Some(name.to_owned()), end + 1);
        Ok(())
    }

    fn flags(&mut self) -> Result<(), Flaw> {
        let (mut flags, mut on, mut seen) = (self.flags, true, false);
        for (at, c) in self.rest.char_indices().skip(2) {
            let end = at + c.len_utf8();
            match c {
                'i' => flags.fold = on,
                'm' => flags.lines = on,
                's' => flags.dot_all = on,
                'U' => flags.lazy = on,
                '-' if on => {
                    (on, seen) = (false, false);
                    continue;
                }
                ':' | ')' if on || seen => {
                    if c == ':' {
                        self.open("(?:", None, 0);
                    }
                    self.flags = flags;
                    self.skip(end);
                    return Ok(());
                }
                _ => return Err(Flaw::new(flaw::FLAGS, &self.rest[..end])),
            }
            seen = true;
        }
        Err(Flaw::new(flaw::FLAGS, self.rest))
    }

    /// A `?` after it means as few as possible.
    fn repetition(&mut self, length: usize, counts: Option<(i64, Option<i64>)>) -> Result<(), Flaw> {
        let before = self.rest;
        let (op, after) = before.split_at(length);
        let lazy = after.starts_with('?');
        let (whole, after) = before.split_at(length + usize::from(lazy));
        if let Some((least, most)) = counts
            && (least > MOST as i64 || most.is_some_and(|most| most > MOST as i64 || most < least))
        {
            return Err(Flaw::new(flaw::COUNT, op));
        }
        if let Some(first) = self.repeat {
            return Err(Flaw::new(flaw::NESTED, &first[..first.len() - after.len()]));
        }
        let item = self.group.items.last_mut().ok_or_else(|| Flaw::new(flaw::ARGUMENT, whole))?;
        if item.repeated {
            item.text = format!("(?:{})", item.text);
        }
        item.text.push_str(op);
        if lazy != self.flags.lazy {
            item.text.push('?');
        }
        (item.repeated, item.depth, self.rest) = (true, item.depth + 1, after);
        if let Some((least, most)) = counts {
            let times = usize::try_from(most.unwrap_or(least)).unwrap_or(MOST);
            item.weight = item.weight.saturating_mul(if most.is_none() { times.max(1) } else { times });
            if item.weight > MOST && (least >= 2 || most.is_some_and(|most| most >= 2)) {
                return Err(Flaw::new(flaw::COUNT, whole));
            }
        }
        Ok(())
    }
}

impl Group {
    fn end_alternative(&mut self) {
        let items = std::mem::take(&mut self.items);
        let deepest = items.iter().map(|item| item.depth).max().unwrap_or(0);
        self.alternatives.push(Item {
            weight: items.iter().map(|item| item.weight).max().unwrap_or(1),
            depth: deepest + usize::from(items.len() > 1),
            text: items.into_iter().map(|item| item.text).collect(),
            repeated: false,
        });
    }

    fn close(mut self) -> Item {
        self.end_alternative();
        let alternatives = self.alternatives;
        let deepest = alternatives.iter().map(|item| item.depth).max().unwrap_or(0);
        let text: Vec<_> = alternatives.iter().map(|item| item.text.as_str()).collect();
        let close = if self.opens.is_empty() { "" } else { ")" };
        Item {
            text: format!("{}{}{close}", self.opens, text.join("|")),
            repeated: false,
            weight: alternatives.iter().map(|item| item.weight).max().unwrap_or(1),
            depth: deepest + usize::from(alternatives.len() > 1) + usize::from(self.opens == "("),
        }
    }
}

/// Reads `{2}`, `{2,}`, `{2,3}`: the length, and the counts. What is none is text.
fn counts(text: &str) -> Option<(usize, i64, Option<i64>)> {
    let inside = &text[1..text.find('}')?];
    let (least, most) = match inside.split_once(',') {
        None => (count(inside)?, Some(count(inside)?)),
        Some((least, "")) => (count(least)?, None),
        Some((least, most)) => (count(least)?, Some(count(most)?)),
    };
    Some((inside.len() + 2, least, most))
}

/// A number without leading zeros; one that is too large is larger than what is allowed.
fn count(text: &str) -> Option<i64> {
    let fits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let fits = fits && (text == "0" || !text.starts_with('0'));
    fits.then(|| text.parse().unwrap_or(i64::MAX))
}
