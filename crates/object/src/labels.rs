//! Label selectors in their text form. Source: apimachinery's `labels.Parse`.

use thiserror::Error;

/// A label selector: `app=web,tier!=cache,env in (a,b),size>3,!old`. An empty one selects everything.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LabelSelector(Vec<Requirement>);

/// A text that is no label selector.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("unable to parse the label selector `{0}`; hint: write it as in `app=web,tier!=cache,env in (a,b),!old`")]
pub struct InvalidSelector(String);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Requirement {
    Exists(String),
    Missing(String),
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    Greater(String, i64),
    Less(String, i64),
}

impl LabelSelector {
    /// Reads a selector.
    ///
    /// # Errors
    /// When a part of it is no condition.
    pub fn parse(text: &str) -> Result<Self, InvalidSelector> {
        let parts = split_outside_parentheses(text);
        let read = |part: &str| requirement(part).ok_or_else(|| InvalidSelector(text.to_owned()));
        parts.into_iter().filter(|part| !part.is_empty()).map(read).collect::<Result<_, _>>().map(Self)
    }

    /// Says whether all conditions hold for labels, which are looked up by key.
    pub fn matches<'a>(&self, label: impl Fn(&str) -> Option<&'a str>) -> bool {
        self.0.iter().all(|requirement| requirement.is_met(&label))
    }
}

impl Requirement {
    fn is_met<'a>(&self, label: &impl Fn(&str) -> Option<&'a str>) -> bool {
        let number = |key: &str| label(key).and_then(|text| text.parse::<i64>().ok());
        match self {
            Self::Exists(key) => label(key).is_some(),
            Self::Missing(key) => label(key).is_none(),
            Self::In(key, values) => label(key).is_some_and(|value| values.iter().any(|wanted| wanted == value)),
            Self::NotIn(key, values) => label(key).is_none_or(|value| values.iter().all(|wanted| wanted != value)),
            Self::Greater(key, limit) => number(key).is_some_and(|number| number > *limit),
            Self::Less(key, limit) => number(key).is_some_and(|number| number < *limit),
        }
    }
}

fn split_outside_parentheses(text: &str) -> Vec<&str> {
    let mut depth = 0;
    let separator = |letter: char| {
        depth += i32::from(letter == '(') - i32::from(letter == ')');
        letter == ',' && depth == 0
    };
    text.split(separator).map(str::trim).collect()
}

fn requirement(part: &str) -> Option<Requirement> {
    if let Some(key) = part.strip_prefix('!') {
        return Some(Requirement::Missing(key_of(key)?));
    }
    for (operator, negated) in [("!=", true), ("==", false), ("=", false)] {
        if let Some((key, value)) = part.split_once(operator) {
            let (key, values) = (key_of(key)?, vec![value.trim().to_owned()]);
            return Some(if negated { Requirement::NotIn(key, values) } else { Requirement::In(key, values) });
        }
    }
    for (operator, greater) in [('>', true), ('<', false)] {
        if let Some((key, value)) = part.split_once(operator) {
            let (key, limit) = (key_of(key)?, value.trim().parse().ok()?);
            return Some(if greater { Requirement::Greater(key, limit) } else { Requirement::Less(key, limit) });
        }
    }
    set_requirement(part)
}

fn set_requirement(part: &str) -> Option<Requirement> {
    let Some((before, values)) = part.split_once('(') else { return Some(Requirement::Exists(key_of(part)?)) };
    let values = values.strip_suffix(')')?.split(',').map(|value| value.trim().to_owned()).collect();
    match before.split_whitespace().collect::<Vec<_>>()[..] {
        [key, "in"] => Some(Requirement::In(key_of(key)?, values)),
        [key, "notin"] => Some(Requirement::NotIn(key_of(key)?, values)),
        _ => None,
    }
}

fn key_of(text: &str) -> Option<String> {
    let key = text.trim();
    let legal = |letter: char| letter.is_ascii_alphanumeric() || "-_./".contains(letter);
    (!key.is_empty() && key.chars().all(legal)).then(|| key.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("", true)]
    #[case("app=web", true)]
    #[case("app==web,tier!=x", true)]
    #[case("app!=web", false)]
    #[case("app in (db, web),!gone", true)]
    #[case("app notin (web),size", false)]
    #[case("missing", false)]
    #[case("!size", false)]
    #[case("empty=,app", true)]
    #[case("size>3,size<5", true)]
    #[case("size>4", false)]
    fn selects_as_kubernetes_does(#[case] text: &str, #[case] expected: bool) {
        let labels = [("app", "web"), ("size", "4"), ("empty", "")];
        let label = |key: &str| labels.iter().find(|(name, _)| *name == key).map(|(_, value)| *value);
        assert_eq!(LabelSelector::parse(text).unwrap().matches(label), expected);
    }

    #[rstest]
    #[case("a b")]
    #[case("a in b")]
    #[case("=x")]
    #[case("a>b")]
    fn nonsense_is_refused(#[case] text: &str) {
        assert!(LabelSelector::parse(text).unwrap_err().to_string().contains(&format!("`{text}`")));
    }
}
