//! The characters of a TOML text, and where errors are.

/// An error on its way to [`decode`](super::decode): what is wrong, and in which line.
#[derive(Debug)]
pub(super) struct Wrong {
    pub(super) text: String,
    pub(super) line: usize,
}

/// The end of the text, which is like no character that may be in one.
pub(super) const END: char = '\0';

/// Reads characters, and counts lines.
#[derive(Debug)]
pub(super) struct Scanner<'a> {
    text: &'a [u8],
    pub(super) at: usize,
    pub(super) line: usize,
}

impl<'a> Scanner<'a> {
    /// Begins a text.
    pub(super) fn new(text: &'a [u8]) -> Self {
        Self { text, at: 0, line: 1 }
    }

    /// Returns what was read from a place on.
    pub(super) fn since(&self, start: usize) -> &'a [u8] {
        &self.text[start..self.at]
    }

    /// Returns what stands between two places.
    pub(super) fn text(&self, start: usize, end: usize) -> &'a [u8] {
        &self.text[start..end]
    }

    /// Returns the next character and leaves it.
    pub(super) fn peek(&self) -> Result<char, Wrong> {
        Ok(self.decode()?.0)
    }

    /// Takes the next character.
    pub(super) fn next(&mut self) -> Result<char, Wrong> {
        let line = usize::from(self.text.get(self.at) == Some(&b'\n'));
        let (found, width) = self.decode()?;
        self.line += line;
        self.at += width;
        Ok(found)
    }

    /// Takes the next character, if it is that one.
    pub(super) fn accept(&mut self, wanted: char) -> Result<bool, Wrong> {
        let accepted = self.peek()? == wanted && !self.is_end();
        if accepted {
            self.next()?;
        }
        Ok(accepted)
    }

    /// Takes characters as long as they fit.
    pub(super) fn skip(&mut self, fits: impl Fn(char) -> bool) -> Result<(), Wrong> {
        while !self.is_end() && fits(self.peek()?) {
            self.next()?;
        }
        Ok(())
    }

    /// Takes spaces and tabs.
    pub(super) fn blank(&mut self) -> Result<(), Wrong> {
        self.skip(|c| matches!(c, ' ' | '\t'))
    }

    pub(super) fn is_end(&self) -> bool {
        self.at >= self.text.len()
    }

    /// Returns an error here; one at the end counts for the line before a last line break.
    pub(super) fn wrong(&self, text: impl Into<String>) -> Wrong {
        let broken = self.is_end() && self.at > 0 && self.text[self.at - 1] == b'\n';
        Wrong { text: text.into(), line: self.line - usize::from(broken) }
    }

    /// Returns an error about the character that was just taken; at the end, see [`Self::wrong`].
    pub(super) fn wrong_after(&self, found: char, text: impl Into<String>) -> Wrong {
        match found {
            END => self.wrong(text),
            _ => Wrong { text: text.into(), line: self.line },
        }
    }

    /// Returns an error that counts for the line before.
    pub(super) fn wrong_before(&self, text: impl Into<String>) -> Wrong {
        Wrong { text: text.into(), line: self.line.saturating_sub(1) }
    }

    fn decode(&self) -> Result<(char, usize), Wrong> {
        let rest = &self.text[self.at..];
        let Some(first) = rest.first() else {
            return Ok((END, 0));
        };
        // Go counts a line break before it looks at it.
        let line = self.line + usize::from(*first == b'\n');
        let wrong = |text: String| Err(Wrong { text, line });
        let window = &rest[..rest.len().min(4)];
        let chunk = window.utf8_chunks().next();
        let Some(found) = chunk.and_then(|chunk| chunk.valid().chars().next()) else {
            return wrong(format!("invalid UTF-8 byte: 0x{first:02x}"));
        };
        let control = found.is_ascii_control() && !matches!(found, '\t' | '\r' | '\n');
        if control || (found == '\r' && rest.get(1) != Some(&b'\n')) {
            return wrong(format!("TOML files cannot contain control characters: '0x{:02x}'", u32::from(found)));
        }
        Ok((found, found.len_utf8()))
    }
}

/// Writes a character as Go's `%q` does.
pub(super) fn shown(found: char) -> String {
    match found {
        '\'' => r"'\''".into(),
        '"' => "'\"'".into(),
        END => r"'\x00'".into(),
        _ => {
            let text = sluice_yaml::quote(&found.to_string());
            format!("'{}'", &text[1..text.len() - 1])
        }
    }
}
