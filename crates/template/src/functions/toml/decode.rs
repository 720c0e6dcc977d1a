//! TOML to values.

use super::{
    scalars,
    scan::{END, Scanner, Wrong, shown},
    tables::{Tables, Tree},
};
use crate::{list::List, map::Map, text::Str, types::Type, value::Value};

/// Values lie in each other no deeper than this.
const DEEPEST: usize = 400;

/// Reads a text; an error is Go's.
pub(super) fn decode(text: &[u8]) -> Result<Map, String> {
    let text = match text {
        [0xff, 0xfe, rest @ ..] | [0xfe, 0xff, rest @ ..] | [0xef, 0xbb, 0xbf, rest @ ..] => rest,
        text => text,
    };
    if text.iter().take(6).any(|byte| *byte == 0) {
        let problem = "files cannot contain NULL bytes; probably using UTF-16; TOML files must be UTF-8";
        return Err(format!("toml: line 1: {problem}"));
    }
    let mut reader = Reader { scanner: Scanner::new(text), tables: Tables::default(), depth: 0 };
    match reader.document() {
        Ok(()) => Ok(table(reader.tables.finish())),
        Err(Wrong { text, line }) => Err(match reader.tables.last_key() {
            key if key.is_empty() => format!("toml: line {line}: {text}"),
            key => format!("toml: line {line} (last key {}): {text}", sluice_yaml::quote(&key)),
        }),
    }
}

fn table(entries: Vec<(Str, Tree)>) -> Map {
    Map::new(entries.into_iter().map(|(key, tree)| (key, value(tree))).collect())
}

fn value(tree: Tree) -> Value {
    match tree {
        Tree::Value(value) => value,
        Tree::Table(entries) => Value::Map(table(entries.into_iter().collect())),
        Tree::Tables(tables) => {
            let maps = tables.into_iter().map(|entries| Value::Map(table(entries.into_iter().collect())));
            Value::List(List::typed(Type::Slice(&Type::MAP), maps.collect()))
        }
    }
}

struct Reader<'a> {
    scanner: Scanner<'a>,
    tables: Tables,
    depth: usize,
}

type Step = Result<(), Wrong>;

impl Reader<'_> {
    fn document(&mut self) -> Step {
        loop {
            self.scanner.skip(|c| matches!(c, ' ' | '\t' | '\r' | '\n'))?;
            match self.scanner.peek()? {
                END => return Ok(()),
                '#' => self.comment()?,
                '[' => self.header()?,
                _ => self.top_pair()?,
            }
        }
    }

    fn comment(&mut self) -> Step {
        self.scanner.skip(|c| !matches!(c, '\n' | '\r'))
    }

    fn top_pair(&mut self) -> Step {
        self.pair(false)?;
        self.line_end()
    }

    /// After a pair or header nothing but a comment may follow in its line.
    fn line_end(&mut self) -> Step {
        self.scanner.blank()?;
        match self.scanner.next()? {
            END | '\n' | '\r' => Ok(()),
            '#' => self.comment(),
            other => {
                let text = "expected a top-level item to end with a newline, comment, or EOF, but got";
                Err(self.scanner.wrong_after(other, format!("{text} {} instead", shown(other))))
            }
        }
    }

    fn header(&mut self) -> Step {
        self.scanner.next()?;
        let array = self.scanner.accept('[')?;
        let line = self.scanner.line;
        let name = self.header_name()?;
        if array {
            let found = self.scanner.next()?;
            if found != ']' {
                let text = "expected end of table array name delimiter ']', but got";
                return Err(self.scanner.wrong_after(found, format!("{text} {} instead", shown(found))));
            }
        }
        self.tables.line = line;
        self.tables.open(&name, array)?;
        self.line_end()
    }

    fn header_name(&mut self) -> Result<Vec<Str>, Wrong> {
        let mut name = Vec::new();
        loop {
            self.scanner.blank()?;
            match self.scanner.peek()? {
                ']' | END => {
                    return Err(self.scanner.wrong("unexpected end of table name (table names cannot be empty)"));
                }
                '.' => return Err(self.scanner.wrong("unexpected table separator (table names cannot be empty)")),
                _ => name.push(self.key_part()?),
            }
            self.scanner.blank()?;
            match self.scanner.next()? {
                '.' => {}
                ']' => return Ok(name),
                other => {
                    let text = format!("expected '.' or ']' to end table name, but got {} instead", shown(other));
                    return Err(self.scanner.wrong_after(other, text));
                }
            }
        }
    }

    /// Reads a part of a key; none at all is found out by what follows.
    fn key_part(&mut self) -> Result<Str, Wrong> {
        match self.scanner.peek()? {
            quote @ ('"' | '\'') => {
                self.scanner.next()?;
                scalars::line(&mut self.scanner, quote)
            }
            _ => {
                let start = self.scanner.at;
                self.scanner.skip(|c| c.is_ascii() && super::keys::is_bare(c as u8))?;
                Ok(Str::from(self.scanner.since(start)))
            }
        }
    }

    /// Reads a key up to the equals sign.
    fn key(&mut self) -> Result<Vec<Str>, Wrong> {
        match self.scanner.peek()? {
            '=' | END => return Err(self.scanner.wrong("unexpected '=': key name appears blank")),
            '.' => return Err(self.scanner.wrong("unexpected '.': keys cannot start with a '.'")),
            _ => {}
        }
        let mut key = Vec::new();
        loop {
            self.scanner.blank()?;
            match self.scanner.peek()? {
                '=' | END if !key.is_empty() => return Err(self.scanner.wrong("unexpected '='")),
                '.' => return Err(self.scanner.wrong("unexpected '.'")),
                _ => key.push(self.key_part()?),
            }
            if key.len() == 1 {
                self.tables.line = self.scanner.line;
            }
            self.scanner.blank()?;
            match self.scanner.next()? {
                '.' => {}
                '=' => return Ok(key),
                END => return Err(self.scanner.wrong("unexpected EOF; expected key separator '='")),
                '\n' => return Err(self.scanner.wrong_before("expected '.' or '=', but got '\\n' instead")),
                other => {
                    let text = format!("expected '.' or '=', but got {} instead", shown(other));
                    return Err(self.scanner.wrong(text));
                }
            }
        }
    }

    fn pair(&mut self, inline: bool) -> Result<(), Wrong> {
        let key = self.key()?;
        let before = self.tables.enter(key)?;
        let value = self.value(false)?;
        self.tables.set(value)?;
        self.tables.leave(before, inline);
        Ok(())
    }

    fn value(&mut self, in_list: bool) -> Result<Tree, Wrong> {
        self.scanner.blank()?;
        match self.scanner.peek()? {
            '[' => self.nested(|reader| reader.list()),
            '{' => self.nested(|reader| reader.inline_table(in_list)),
            _ => scalars::scalar(&mut self.scanner).map(Tree::Value),
        }
    }

    fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Wrong>) -> Result<T, Wrong> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.scanner.wrong(format!("values lie in each other more than {DEEPEST} times")));
        }
        let found = read(self);
        self.depth -= 1;
        found
    }

    fn list(&mut self) -> Result<Tree, Wrong> {
        self.scanner.next()?;
        self.tables.mark_list();
        let mut items = Vec::new();
        loop {
            self.spaces_and_comments()?;
            match self.scanner.peek()? {
                ',' => {
                    self.scanner.next()?;
                    return Err(self.scanner.wrong("unexpected comma"));
                }
                ']' => break,
                _ => items.push(value(self.value(true)?)),
            }
            self.spaces_and_comments()?;
            match self.scanner.peek()? {
                ',' => drop(self.scanner.next()?),
                ']' => break,
                other => {
                    return Err(self.unclosed(other, "expected a comma (',') or array terminator (']'), but got", ""));
                }
            }
        }
        self.scanner.next()?;
        Ok(Tree::Value(Value::list(items)))
    }

    fn unclosed(&mut self, found: char, expected: &str, end: &str) -> Wrong {
        let shown = if found == END { "end of file".into() } else { format!("'{found}'") };
        match self.scanner.next() {
            Ok(_) => self.scanner.wrong_after(found, format!("{expected} {shown}{end}")),
            Err(wrong) => wrong,
        }
    }

    fn inline_table(&mut self, in_list: bool) -> Result<Tree, Wrong> {
        self.scanner.next()?;
        let outer = self.tables.begin_inline(in_list)?;
        loop {
            self.spaces_and_comments()?;
            match self.scanner.peek()? {
                ',' => {
                    self.scanner.next()?;
                    return Err(self.scanner.wrong("unexpected comma"));
                }
                '}' => break,
                _ => self.pair(true)?,
            }
            self.spaces_and_comments()?;
            match self.scanner.peek()? {
                ',' => drop(self.scanner.next()?),
                '}' => break,
                other => {
                    let expected = "expected a comma or an inline table terminator '}', but got";
                    return Err(self.unclosed(other, expected, " instead"));
                }
            }
        }
        self.scanner.next()?;
        Ok(self.tables.end_inline(outer))
    }

    fn spaces_and_comments(&mut self) -> Step {
        loop {
            self.scanner.skip(|c| matches!(c, ' ' | '\t' | '\r' | '\n'))?;
            match self.scanner.peek()? {
                '#' => self.comment()?,
                _ => return Ok(()),
            }
        }
    }
}
