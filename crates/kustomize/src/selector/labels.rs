//! Label selectors, in the grammar of Kubernetes: `app=web,tier!=cache,env in (a,b),!old,size>3`.

use std::iter::Peekable;

use crate::error::Problem;

/// One condition of a label selector.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Requirement {
    Exists(String),
    Missing(String),
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    Greater(String, i64),
    Less(String, i64),
}

impl Requirement {
    /// Says whether labels meet the condition.
    pub(super) fn is_met(&self, pairs: &[(&str, &str)]) -> bool {
        let value = |key: &str| pairs.iter().find(|(name, _)| *name == key).map(|(_, value)| *value);
        let number = |key: &str| value(key).and_then(|text| text.parse::<i64>().ok());
        match self {
            Self::Exists(key) => value(key).is_some(),
            Self::Missing(key) => value(key).is_none(),
            Self::In(key, values) => value(key).is_some_and(|value| values.iter().any(|wanted| wanted == value)),
            Self::NotIn(key, values) => value(key).is_none_or(|value| values.iter().all(|wanted| wanted != value)),
            Self::Greater(key, limit) => number(key).is_some_and(|number| number > *limit),
            Self::Less(key, limit) => number(key).is_some_and(|number| number < *limit),
        }
    }
}

/// Reads a label selector.
pub(super) fn parse(text: &str) -> Result<Vec<Requirement>, Problem> {
    let mut tokens = tokens(text).into_iter().peekable();
    requirements(&mut tokens).ok_or_else(|| {
        Problem::invalid(format!("unable to parse the label selector `{text}`"))
            .hint("write it as in `app=web,tier!=cache,env in (a,b),!old`")
    })
}

/// What a selector is made of: signs, and words between them.
#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Sign(&'static str),
}

/// Longer signs come first.
const SIGNS: [&str; 9] = ["==", "!=", "=", "!", "(", ")", ",", ">", "<"];

fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start_matches(is_space);
    while !rest.is_empty() {
        let token = match SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            Some(sign) => Token::Sign(sign),
            None => Token::Word(rest.chars().take_while(|letter| is_word(*letter)).collect()),
        };
        let length = match &token {
            Token::Word(word) => word.len(),
            Token::Sign(sign) => sign.len(),
        };
        rest = rest[length..].trim_start_matches(is_space);
        tokens.push(token);
    }
    tokens
}

fn is_space(letter: char) -> bool {
    matches!(letter, ' ' | '\t' | '\r' | '\n')
}

fn is_word(letter: char) -> bool {
    !is_space(letter) && !"=!(),><".contains(letter)
}

type Tokens = Peekable<std::vec::IntoIter<Token>>;

fn requirements(tokens: &mut Tokens) -> Option<Vec<Requirement>> {
    let mut found = Vec::new();
    if tokens.peek().is_none() {
        return Some(found);
    }
    loop {
        found.push(requirement(tokens)?);
        match tokens.next() {
            None => return Some(found),
            Some(Token::Sign(",")) => {}
            Some(_) => return None,
        }
    }
}

fn requirement(tokens: &mut Tokens) -> Option<Requirement> {
    if tokens.next_if_eq(&Token::Sign("!")).is_some() {
        return Some(Requirement::Missing(key(tokens)?));
    }
    let key = key(tokens)?;
    if matches!(tokens.peek(), None | Some(Token::Sign(","))) {
        return Some(Requirement::Exists(key));
    }
    match tokens.next()? {
        Token::Sign("=" | "==") => Some(Requirement::In(key, vec![exact(tokens)?])),
        Token::Sign("!=") => Some(Requirement::NotIn(key, vec![exact(tokens)?])),
        Token::Sign(">") => Some(Requirement::Greater(key, exact(tokens)?.parse().ok()?)),
        Token::Sign("<") => Some(Requirement::Less(key, exact(tokens)?.parse().ok()?)),
        Token::Word(word) if word == "in" => Some(Requirement::In(key, set(tokens)?)),
        Token::Word(word) if word == "notin" => Some(Requirement::NotIn(key, set(tokens)?)),
        _ => None,
    }
}

fn key(tokens: &mut Tokens) -> Option<String> {
    match tokens.next()? {
        Token::Word(word) if is_key(&word) => Some(word),
        _ => None,
    }
}

/// Reads a value, which may be empty.
fn exact(tokens: &mut Tokens) -> Option<String> {
    match tokens.peek() {
        None | Some(Token::Sign(",")) => Some(String::new()),
        Some(Token::Word(_)) => word(tokens),
        Some(Token::Sign(_)) => None,
    }
}

fn word(tokens: &mut Tokens) -> Option<String> {
    match tokens.next()? {
        Token::Word(word) if is_value(&word) => Some(word),
        _ => None,
    }
}

/// Reads `(a,b)`. A value is empty where there is only a comma; kustomize lets there be none at all.
fn set(tokens: &mut Tokens) -> Option<Vec<String>> {
    tokens.next_if_eq(&Token::Sign("("))?;
    if tokens.next_if_eq(&Token::Sign(")")).is_some() {
        return Some(Vec::new());
    }
    let mut values = Vec::new();
    loop {
        values.push(match tokens.peek()? {
            Token::Sign("," | ")") => String::new(),
            _ => word(tokens)?,
        });
        match tokens.next()? {
            Token::Sign(")") => return Some(values),
            Token::Sign(",") => {}
            _ => return None,
        }
    }
}

fn is_key(text: &str) -> bool {
    match text.split('/').collect::<Vec<_>>()[..] {
        [name] => !name.is_empty() && is_value(name),
        [prefix, name] => is_domain(prefix) && !name.is_empty() && is_value(name),
        _ => false,
    }
}

fn is_domain(text: &str) -> bool {
    let legal = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    let part =
        |part: &str| !part.is_empty() && part.chars().all(legal) && !part.starts_with('-') && !part.ends_with('-');
    text.len() <= 253 && text.split('.').all(part)
}

/// Values of labels, and names in keys: up to 63 letters, that begin and end with a letter or digit.
fn is_value(text: &str) -> bool {
    let edge = |letter: Option<char>| letter.is_none_or(|letter| letter.is_ascii_alphanumeric());
    let legal = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    text.len() <= 63 && text.chars().all(legal) && edge(text.chars().next()) && edge(text.chars().last())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("app=web", true)]
    #[case("app==web,tier!=x", true)]
    #[case("app in (db, web),!gone", true)]
    #[case("app notin (web)", false)]
    #[case("app notin (,db)", true)]
    #[case("app in ()", false)]
    #[case("missing", false)]
    #[case("size>3", true)]
    #[case("! app", false)]
    #[case("in in (x)", false)]
    #[case("app=", false)]
    #[case("", true)]
    fn label_selectors_follow_kubernetes(#[case] text: &str, #[case] expected: bool) {
        let met = parse(text).unwrap().iter().all(|requirement| requirement.is_met(&[("app", "web"), ("size", "4")]));
        assert_eq!(met, expected);
    }

    #[rstest]
    #[case("a b")]
    #[case("a in b")]
    #[case("=x")]
    #[case("a=b c")]
    #[case(",a")]
    #[case("a,")]
    #[case("a=-x")]
    #[case("a/b/c")]
    #[case("!a=b")]
    #[case("a>x")]
    fn broken_label_selectors_are_refused(#[case] text: &str) {
        assert!(parse(text).is_err());
    }
}
