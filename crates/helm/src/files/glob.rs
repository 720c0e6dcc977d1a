//! The patterns of `.Files.Glob`.
//!
//! `*` and `?` stay within a folder, `**` does not; `[a-z]`, `[!abc]` and `{one,other}` are there, `\` takes a
//! character as it is. The rules are those of the library that Helm has; a pattern that it does not read takes all.

use regex::Regex;

/// A pattern of paths.
pub(super) struct Glob(Option<Regex>);

/// A pattern that cannot be read.
struct Unreadable;

impl Glob {
    /// Reads a pattern.
    pub(super) fn new(pattern: &str) -> Self {
        let regex = Reader { rest: pattern, depth: 0 }.read();
        Self(regex.ok().and_then(|regex| Regex::new(&regex).ok()))
    }

    /// Says whether a path fits.
    pub(super) fn matches(&self, path: &str) -> bool {
        self.0.as_ref().is_none_or(|regex| regex.is_match(path))
    }
}

/// Reads a pattern from the front.
struct Reader<'a> {
    rest: &'a str,
    depth: usize,
}

impl Reader<'_> {
    fn read(mut self) -> Result<String, Unreadable> {
        let mut regex = String::from("(?s)^(?:");
        while let Some(next) = self.next() {
            let piece = self.piece(next)?;
            regex.push_str(&piece);
        }
        // A group that is still open ends with the pattern.
        regex.push_str(&")".repeat(self.depth));
        Ok(regex + ")$")
    }

    fn next(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        // To the library, the null character is the end.
        let next = chars.next().filter(|next| *next != '\0')?;
        self.rest = chars.as_str();
        Some(next)
    }

    fn piece(&mut self, next: char) -> Result<String, Unreadable> {
        Ok(match next {
            '{' => {
                self.depth += 1;
                "(?:".to_owned()
            }
            ',' if self.depth > 0 => "|".to_owned(),
            '}' if self.depth > 0 => {
                self.depth -= 1;
                ")".to_owned()
            }
            '[' => self.class()?,
            '?' => "[^/]".to_owned(),
            '*' => match self.rest.strip_prefix('*') {
                Some(rest) => {
                    self.rest = rest;
                    ".*".to_owned()
                }
                None => "[^/]*".to_owned(),
            },
            '\\' => self.next().map(|taken| regex::escape(&taken.to_string())).unwrap_or_default(),
            other => regex::escape(&other.to_string()),
        })
    }

    /// Reads `[a-z]`, one range and nothing else, or `[abc]`.
    fn class(&mut self) -> Result<String, Unreadable> {
        let not = if self.skip('!') { "^" } else { "" };
        let mut chars = self.rest.chars();
        if let (Some(low), Some('-')) = (chars.next(), chars.next()) {
            let high = chars.next().ok_or(Unreadable)?;
            self.rest = chars.as_str();
            let is_range = self.skip(']') && low <= high;
            let escaped = |one: char| regex::escape(&one.to_string());
            return if is_range { Ok(format!("[{not}{}-{}]", escaped(low), escaped(high))) } else { Err(Unreadable) };
        }
        let listed = self.listed()?;
        Ok(format!("[{not}{}]", regex::escape(&listed)))
    }

    fn skip(&mut self, wanted: char) -> bool {
        let rest = self.rest.strip_prefix(wanted);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn listed(&mut self) -> Result<String, Unreadable> {
        let mut listed = String::new();
        loop {
            match self.next().ok_or(Unreadable)? {
                ']' if listed.is_empty() => return Err(Unreadable),
                ']' => return Ok(listed),
                '\\' => listed.push(self.next().ok_or(Unreadable)?),
                other => listed.push(other),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("*", &["a.txt"])]
    #[case("**", &["a.txt", "d/b.txt", "d/e/c.yaml", "d/x-y"])]
    #[case("*.txt", &["a.txt"])]
    #[case("d/*", &["d/b.txt", "d/x-y"])]
    #[case("d/**", &["d/b.txt", "d/e/c.yaml", "d/x-y"])]
    #[case("**.yaml", &["d/e/c.yaml"])]
    #[case("d/?.txt", &["d/b.txt"])]
    #[case("d?b.txt", &[])]
    #[case("{a,d/b}.txt", &["a.txt", "d/b.txt"])]
    #[case("{a,{d,e}/b}.txt", &["a.txt", "d/b.txt"])]
    #[case("[a-c].txt", &["a.txt"])]
    #[case("d/[!a].txt", &["d/b.txt"])]
    #[case("d/[xb].txt", &["d/b.txt"])]
    #[case("[a-cx].txt", &["a.txt", "d/b.txt", "d/e/c.yaml", "d/x-y"])]
    #[case("[", &["a.txt", "d/b.txt", "d/e/c.yaml", "d/x-y"])]
    #[case("[]", &["a.txt", "d/b.txt", "d/e/c.yaml", "d/x-y"])]
    #[case("d/x\\-y", &["d/x-y"])]
    #[case("\\*", &[])]
    #[case("a.tx", &[])]
    #[case("{a.txt,b", &["a.txt"])]
    #[case("", &[])]
    fn patterns_choose_files(#[case] pattern: &str, #[case] expected: &[&str]) {
        let glob = Glob::new(pattern);
        let found: Vec<_> =
            ["a.txt", "d/b.txt", "d/e/c.yaml", "d/x-y"].into_iter().filter(|path| glob.matches(path)).collect();
        assert_eq!(found, expected);
    }
}
