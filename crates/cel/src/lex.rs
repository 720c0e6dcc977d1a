//! Text into tokens.

use std::sync::Arc;

use crate::error::Flaw;

/// A piece of an expression.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Token {
    Name(Arc<str>),
    /// Digits of a whole number, not yet with its sign.
    Int(u64),
    Uint(u64),
    Double(f64),
    String(Arc<str>),
    Bytes(Arc<[u8]>),
    Sign(&'static str),
    End,
}

/// A token with the byte at which it begins.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Located {
    pub(crate) token: Token,
    pub(crate) at: usize,
}

/// Longer signs come before their beginnings.
const SIGNS: [&str; 26] = [
    "&&", "||", "==", "!=", "<=", ">=", "<", ">", "+", "-", "*", "/", "%", "!", "?", ":", ".", ",", "(", ")", "[", "]",
    "{", "}", "=", "`",
];

/// Splits an expression; the last token is [`Token::End`].
pub(crate) fn tokens(text: &str) -> Result<Vec<Located>, Flaw> {
    let mut lexer = Lexer { text, at: 0 };
    let mut tokens = Vec::new();
    loop {
        lexer.skip_blanks();
        let at = lexer.at;
        let token = lexer.token()?;
        let end = token == Token::End;
        tokens.push(Located { token, at });
        if end {
            return Ok(tokens);
        }
    }
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn skip_blanks(&mut self) {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start_matches([' ', '\t', '\n', '\r', '\x0c']);
            self.at += rest.len() - trimmed.len();
            if !trimmed.starts_with("//") {
                return;
            }
            self.at += trimmed.find('\n').unwrap_or(trimmed.len());
        }
    }

    fn token(&mut self) -> Result<Token, Flaw> {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return Ok(Token::End) };
        if let Some(quoted) = self.quoted()? {
            return Ok(quoted);
        }
        let digit = |at: usize| rest.as_bytes().get(at).is_some_and(u8::is_ascii_digit);
        if digit(0) || (first == '.' && digit(1)) {
            return self.number();
        }
        if first.is_ascii_alphabetic() || first == '_' {
            let name = self.take(|c| c.is_ascii_alphanumeric() || c == '_');
            return Ok(if name == "in" { Token::Sign("in") } else { Token::Name(name.into()) });
        }
        let sign = SIGNS.into_iter().find(|sign| rest.starts_with(sign));
        let sign = sign.ok_or_else(|| Flaw::new(self.at, format!("`{first}` means nothing here")))?;
        self.at += sign.len();
        Ok(Token::Sign(sign))
    }

    fn take(&mut self, belongs: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let taken = &rest[..rest.find(|c| !belongs(c)).unwrap_or(rest.len())];
        self.at += taken.len();
        taken
    }

    fn number(&mut self) -> Result<Token, Flaw> {
        let begin = self.at;
        if let Some(digits) = self.rest().strip_prefix("0x")
            && digits.starts_with(|c: char| c.is_ascii_hexdigit())
        {
            self.at += 2;
            let digits = self.take(|c| c.is_ascii_hexdigit());
            return self.whole(begin, u64::from_str_radix(digits, 16).ok());
        }
        let digits = self.take(|c| c.is_ascii_digit()).parse().ok();
        if self.fraction() | self.exponent() {
            let value = self.text[begin..self.at].parse::<f64>().ok().filter(|value| value.is_finite());
            return value.map(Token::Double).ok_or_else(|| Flaw::new(begin, "the number is too large"));
        }
        self.whole(begin, digits)
    }

    fn fraction(&mut self) -> bool {
        let fraction = self.rest().strip_prefix('.').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        if fraction {
            self.at += 1;
            self.take(|c| c.is_ascii_digit());
        }
        fraction
    }

    fn exponent(&mut self) -> bool {
        let Some(rest) = self.rest().strip_prefix(['e', 'E']) else { return false };
        let digits = rest.strip_prefix(['+', '-']).unwrap_or(rest);
        let exponent = digits.starts_with(|c: char| c.is_ascii_digit());
        if exponent {
            self.at += 1 + rest.len() - digits.len();
            self.take(|c| c.is_ascii_digit());
        }
        exponent
    }

    fn whole(&mut self, begin: usize, digits: Option<u64>) -> Result<Token, Flaw> {
        let digits = digits.ok_or_else(|| Flaw::new(begin, "the number is too large"))?;
        if self.rest().starts_with(['u', 'U']) {
            self.at += 1;
            return Ok(Token::Uint(digits));
        }
        Ok(Token::Int(digits))
    }

    /// Reads a text or bytes, if one begins here.
    fn quoted(&mut self) -> Result<Option<Token>, Flaw> {
        let rest = self.rest();
        let bytes = rest.strip_prefix(['b', 'B']);
        let unmarked = bytes.unwrap_or(rest);
        let raw = unmarked.strip_prefix(['r', 'R']);
        let body = raw.unwrap_or(unmarked);
        let Some(quote) = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quote| body.starts_with(quote)) else {
            return Ok(None);
        };
        let begin = self.at;
        self.at += rest.len() - body.len() + quote.len();
        let inner = self.body(begin, quote, raw.is_some())?;
        let unescape = Unescape { rest: inner, bytes: bytes.is_some() };
        let read = if raw.is_some() { Ok(inner.as_bytes().to_vec()) } else { unescape.read() };
        let read = read.map_err(|reason| Flaw::new(begin, reason))?;
        Ok(Some(match bytes {
            Some(_) => Token::Bytes(read.into()),
            None => Token::String(String::from_utf8_lossy(&read).into()),
        }))
    }

    /// Returns what is between quotes, and passes over the closing one.
    fn body(&mut self, begin: usize, quote: &str, raw: bool) -> Result<&'a str, Flaw> {
        let rest = self.rest();
        let mut escaped = false;
        for (at, c) in rest.char_indices() {
            match c {
                _ if escaped => escaped = false,
                '\\' if !raw => escaped = true,
                '\n' | '\r' if quote.len() == 1 => break,
                _ if rest[at..].starts_with(quote) => {
                    self.at += at + quote.len();
                    return Ok(&rest[..at]);
                }
                _ => {}
            }
        }
        Err(Flaw::new(begin, "the text has no closing quote"))
    }
}

/// The inside of quotes, with its escapes.
struct Unescape<'a> {
    rest: &'a str,
    bytes: bool,
}

impl Unescape<'_> {
    fn read(mut self) -> Result<Vec<u8>, String> {
        let mut read = Vec::with_capacity(self.rest.len());
        while let Some(c) = self.next() {
            let mut buffer = [0; 4];
            match c {
                '\\' => self.escape(&mut read)?,
                c => read.extend(c.encode_utf8(&mut buffer).as_bytes()),
            }
        }
        Ok(read)
    }

    fn next(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = &self.rest[c.len_utf8()..];
        Some(c)
    }

    fn escape(&mut self, read: &mut Vec<u8>) -> Result<(), String> {
        if self.rest.starts_with(['0', '1', '2', '3']) {
            return self.code(3, 8, read);
        }
        let c = self.next().unwrap_or(' ');
        let plain = match c {
            'a' => 7,
            'b' => 8,
            'f' => 12,
            'n' => 10,
            'r' => 13,
            't' => 9,
            'v' => 11,
            '\\' | '\'' | '"' | '`' | '?' => c as u32,
            'x' | 'X' => return self.code(2, 16, read),
            'u' if !self.bytes => return self.code(4, 16, read),
            'U' if !self.bytes => return self.code(8, 16, read),
            _ => return Err(format!("`\\{c}` is no escape; hint: write `\\\\` for a backslash")),
        };
        read.push(u8::try_from(plain).unwrap_or(b'?'));
        Ok(())
    }

    fn code(&mut self, digits: usize, radix: u32, read: &mut Vec<u8>) -> Result<(), String> {
        let wrong = || format!("an escape wants {digits} digits of a character");
        let text = self.rest.get(..digits).ok_or_else(wrong)?;
        let code = u32::from_str_radix(text, radix).ok().filter(|_| !text.starts_with('+')).ok_or_else(wrong)?;
        self.rest = &self.rest[digits..];
        if self.bytes {
            read.push(u8::try_from(code).map_err(|_| wrong())?);
            return Ok(());
        }
        let mut buffer = [0; 4];
        let c = char::from_u32(code).ok_or_else(wrong)?;
        read.extend(c.encode_utf8(&mut buffer).as_bytes());
        Ok(())
    }
}
