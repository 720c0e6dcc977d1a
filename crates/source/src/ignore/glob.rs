//! One part of a path against one part of a pattern: `*`, `?`, `[a-z]`, `[^a-z]`, `\x`.

/// A pattern for one part of a path, as Go's `path.Match` reads it; `[!a]` means `[^a]`, as in Git.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Glob(Vec<Token>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Any,
    One,
    Literal(char),
    Class { negated: bool, ranges: Vec<(char, char)> },
}

impl Glob {
    /// Reads a pattern; a malformed one gives `None`, which matches nothing.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut rest = text.chars().peekable();
        let mut tokens = Vec::new();
        while let Some(char) = rest.next() {
            tokens.push(match char {
                '*' => Token::Any,
                '?' => Token::One,
                '[' => class(&mut rest)?,
                '\\' => Token::Literal(rest.next()?),
                char => Token::Literal(char),
            });
        }
        Some(Self(tokens))
    }

    /// Says whether the whole text matches. After a mismatch only the last `*` is tried again, so this takes at most
    /// pattern × text steps.
    pub(super) fn matches(&self, text: &str) -> bool {
        let text: Vec<char> = text.chars().collect();
        let (mut token, mut at) = (0, 0);
        let mut star: Option<(usize, usize)> = None;
        while at < text.len() {
            match self.0.get(token) {
                Some(Token::Any) => {
                    star = Some((token, at));
                    token += 1;
                }
                Some(found) if found.matches(text[at]) => (token, at) = (token + 1, at + 1),
                _ => match &mut star {
                    None => return false,
                    Some((after, from)) => {
                        *from += 1;
                        (token, at) = (*after + 1, *from);
                    }
                },
            }
        }
        self.0[token..].iter().all(|rest| *rest == Token::Any)
    }
}

impl Token {
    fn matches(&self, char: char) -> bool {
        match self {
            Self::Any | Self::One => true,
            Self::Literal(literal) => *literal == char,
            Self::Class { negated, ranges } => {
                ranges.iter().any(|(low, high)| (*low..=*high).contains(&char)) != *negated
            }
        }
    }
}

type Chars<'a> = std::iter::Peekable<std::str::Chars<'a>>;

fn class(rest: &mut Chars) -> Option<Token> {
    let negated = rest.next_if(|char| matches!(char, '^' | '!')).is_some();
    let mut ranges = Vec::new();
    while ranges.is_empty() || rest.next_if_eq(&']').is_none() {
        let low = class_char(rest)?;
        let high = if rest.next_if_eq(&'-').is_some() { class_char(rest)? } else { low };
        ranges.push((low, high));
    }
    Some(Token::Class { negated, ranges })
}

fn class_char(rest: &mut Chars) -> Option<char> {
    match rest.next()? {
        '-' | ']' => None,
        '\\' => rest.next(),
        char => Some(char),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("*.md", "a.md", true)]
    #[case("*.md", "a.mdx", false)]
    #[case("a*b*c", "aXbYbZc", true)]
    #[case("a*b*c", "aXbYbZ", false)]
    #[case("*", "", true)]
    #[case("?", "é", true)]
    #[case("?", "", false)]
    #[case("[a-c]x", "bx", true)]
    #[case("[^a-c]x", "bx", false)]
    #[case("[!a-c]x", "dx", true)]
    #[case("\\*", "*", true)]
    #[case("\\*", "a", false)]
    #[case("[\\]]", "]", true)]
    fn a_pattern_covers_the_whole_part(#[case] pattern: &str, #[case] text: &str, #[case] expected: bool) {
        assert_eq!(Glob::parse(pattern).unwrap().matches(text), expected);
    }

    #[rstest]
    #[case("[")]
    #[case("[]")]
    #[case("[a")]
    #[case("[-a]")]
    #[case("[a-]")]
    #[case("a\\")]
    fn a_malformed_pattern_is_refused(#[case] pattern: &str) {
        assert_eq!(Glob::parse(pattern), None);
    }

    #[test]
    fn many_stars_take_no_exponential_time() {
        let pattern = Glob::parse(&"*a".repeat(200)).unwrap();
        assert!(!pattern.matches(&format!("{}b", "a".repeat(4000))));
    }
}
