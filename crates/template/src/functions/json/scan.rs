//! JSON's grammar with the words of `encoding/json` for what breaks it.

/// Go refuses deeper nesting; so far a thread's stack reaches too.
const DEEPEST: usize = 10_000;

/// Returns what Go says of a text that is no JSON.
pub(super) fn check(text: &[u8]) -> Result<(), String> {
    let mut scanner = Scanner { text, at: 0, open: Vec::new() };
    scanner.value("looking for beginning of value")?;
    scanner.rest()
}

/// What the closing of a bracket or a comma leads back to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    List,
    Map,
}

struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
    open: Vec<Open>,
}

type Step = Result<(), String>;

impl Scanner<'_> {
    /// After a value: closes what ends, or reads the comma and the beginning of the next.
    fn rest(&mut self) -> Step {
        while let Some(open) = self.open.last().copied() {
            let (bracket, context) = match open {
                Open::List => (b']', "after array element"),
                Open::Map => (b'}', "after object key:value pair"),
            };
            match self.token()? {
                b',' if open == Open::List => self.value("looking for beginning of value")?,
                b',' => self.entry()?,
                byte if byte == bracket => drop(self.open.pop()),
                byte => return Err(invalid(byte, context)),
            }
        }
        self.blank();
        self.text.get(self.at).map_or(Ok(()), |byte| Err(invalid(*byte, "after top-level value")))
    }

    /// Reads the beginning of a value: all of it, unless it is a list or map with something in it.
    fn value(&mut self, context: &str) -> Step {
        loop {
            match self.token()? {
                b'[' => {
                    self.enter(Open::List)?;
                    if !self.closes(b']') {
                        continue;
                    }
                }
                b'{' => {
                    self.enter(Open::Map)?;
                    if !self.closes(b'}') {
                        self.key()?;
                        continue;
                    }
                }
                b'"' => self.string()?,
                b'-' => self.number("in numeric literal")?,
                byte @ b'0'..=b'9' => self.digits(byte)?,
                b't' => self.word("true")?,
                b'f' => self.word("false")?,
                b'n' => self.word("null")?,
                byte => return Err(invalid(byte, context)),
            }
            return Ok(());
        }
    }

    fn entry(&mut self) -> Step {
        self.key()?;
        self.value("looking for beginning of value")
    }

    fn key(&mut self) -> Step {
        match self.token()? {
            b'"' => self.string()?,
            byte => return Err(invalid(byte, "looking for beginning of object key string")),
        }
        match self.token()? {
            b':' => Ok(()),
            byte => Err(invalid(byte, "after object key")),
        }
    }

    fn enter(&mut self, open: Open) -> Step {
        self.open.push(open);
        if self.open.len() > DEEPEST { Err("exceeded max depth".into()) } else { Ok(()) }
    }

    /// Takes the bracket that closes what has just been opened.
    fn closes(&mut self, bracket: u8) -> bool {
        self.blank();
        let closed = self.text.get(self.at) == Some(&bracket);
        if closed {
            self.at += 1;
            self.open.pop();
        }
        closed
    }

    fn string(&mut self) -> Step {
        loop {
            match self.byte()? {
                b'"' => return Ok(()),
                b'\\' => self.escape()?,
                byte @ ..0x20 => return Err(invalid(byte, "in string literal")),
                _ => {}
            }
        }
    }

    fn escape(&mut self) -> Step {
        match self.byte_or_space() {
            b'b' | b'f' | b'n' | b'r' | b't' | b'\\' | b'/' | b'"' => Ok(()),
            b'u' => (0..4).try_for_each(|_| match self.byte_or_space() {
                byte if byte.is_ascii_hexdigit() => Ok(()),
                byte => Err(invalid(byte, "in \\u hexadecimal character escape")),
            }),
            byte => Err(invalid(byte, "in string escape code")),
        }
    }

    fn number(&mut self, context: &str) -> Step {
        match self.byte_or_space() {
            byte @ b'0'..=b'9' => self.digits(byte),
            byte => Err(invalid(byte, context)),
        }
    }

    /// Reads what follows a number's first digit.
    fn digits(&mut self, first: u8) -> Step {
        if first != b'0' {
            self.skip_digits();
        }
        if self.accepts(b".") {
            self.one_digit("after decimal point in numeric literal")?;
        }
        if self.accepts(b"eE") {
            self.accepts(b"+-");
            self.one_digit("in exponent of numeric literal")?;
        }
        Ok(())
    }

    fn one_digit(&mut self, context: &str) -> Step {
        match self.byte_or_space() {
            b'0'..=b'9' => self.skip_digits(),
            byte => return Err(invalid(byte, context)),
        }
        Ok(())
    }

    fn skip_digits(&mut self) {
        while self.accepts(b"0123456789") {}
    }

    fn accepts(&mut self, bytes: &[u8]) -> bool {
        let accepted = self.text.get(self.at).is_some_and(|byte| bytes.contains(byte));
        self.at += usize::from(accepted);
        accepted
    }

    fn word(&mut self, word: &str) -> Step {
        word.bytes().skip(1).try_for_each(|expected| match self.byte_or_space() {
            byte if byte == expected => Ok(()),
            byte => Err(invalid(byte, &format!("in literal {word} (expecting {})", quoted(expected)))),
        })
    }

    fn token(&mut self) -> Result<u8, String> {
        self.blank();
        self.byte()
    }

    fn blank(&mut self) {
        while self.accepts(b" \t\r\n") {}
    }

    /// At the end Go sees a space.
    fn byte_or_space(&mut self) -> u8 {
        self.byte().unwrap_or(b' ')
    }

    fn byte(&mut self) -> Result<u8, String> {
        let byte = self.text.get(self.at).copied().ok_or("unexpected end of JSON input")?;
        self.at += 1;
        Ok(byte)
    }
}

fn invalid(byte: u8, context: &str) -> String {
    format!("invalid character {} {context}", quoted(byte))
}

/// Go takes the byte for a character of Latin 1.
fn quoted(byte: u8) -> String {
    match byte {
        b'\'' => r"'\''".into(),
        b'"' => "'\"'".into(),
        _ => {
            let text = sluice_yaml::quote(&char::from(byte).to_string());
            format!("'{}'", text.trim_matches('"'))
        }
    }
}
