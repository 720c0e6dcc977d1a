//! Label selectors.

use sluice_object::Object;

use crate::ApiError;

use super::errors::bad_request;

/// A parsed label selector.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Selector(Vec<Requirement>);

#[derive(Debug, Clone, PartialEq)]
struct Requirement {
    key: String,
    test: Test,
}

#[derive(Debug, Clone, PartialEq)]
enum Test {
    In(Vec<String>),
    NotIn(Vec<String>),
    Exists,
    Missing,
}

impl Selector {
    /// Reads `a=b,c!=d,e in (f,g),h notin (i),j,!k`.
    pub(super) fn parse(text: &str) -> Result<Self, ApiError> {
        let parts = split(text).into_iter().map(str::trim).filter(|part| !part.is_empty());
        parts
            .map(requirement)
            .collect::<Option<_>>()
            .map(Self)
            .ok_or_else(|| bad_request(format!("unable to parse requirement: found '{text}'")))
    }

    /// Says whether an object's labels meet all requirements.
    pub(super) fn matches(&self, object: &Object) -> bool {
        self.0.iter().all(|requirement| match (&requirement.test, object.label(&requirement.key)) {
            (Test::In(values), Some(value)) => values.iter().any(|wanted| wanted == value),
            (Test::NotIn(values), Some(value)) => values.iter().all(|unwanted| unwanted != value),
            (Test::Exists, found) => found.is_some(),
            (Test::NotIn(_) | Test::Missing, None) => true,
            (Test::In(_), None) | (Test::Missing, Some(_)) => false,
        })
    }
}

/// Splits at commas outside parentheses.
fn split(text: &str) -> Vec<&str> {
    let mut depth = 0;
    text.split(|c| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        c == ',' && depth == 0
    })
    .collect()
}

fn requirement(text: &str) -> Option<Requirement> {
    let of = |key: &str, test: Test| {
        let key = key.trim();
        let plain = !key.is_empty() && !key.contains([' ', '(', ')', '=', '!']);
        plain.then(|| Requirement { key: key.into(), test })
    };
    let one = |value: &str| vec![value.trim().to_owned()];
    if let Some((key, values)) = text.split_once(" notin ") {
        return of(key, Test::NotIn(list(values)?));
    }
    if let Some((key, values)) = text.split_once(" in ") {
        return of(key, Test::In(list(values)?));
    }
    if let Some((key, value)) = text.split_once("!=") {
        return of(key, Test::NotIn(one(value)));
    }
    if let Some((key, value)) = text.split_once("==").or_else(|| text.split_once('=')) {
        return of(key, Test::In(one(value)));
    }
    match text.strip_prefix('!') {
        Some(key) => of(key, Test::Missing),
        None => of(text, Test::Exists),
    }
}

fn list(text: &str) -> Option<Vec<String>> {
    let inner = text.trim().strip_prefix('(')?.strip_suffix(')')?;
    Some(inner.split(',').map(|value| value.trim().to_owned()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    #[rstest]
    #[case("", true)]
    #[case("a=b", true)]
    #[case("a==b,c", true)]
    #[case("a!=b", false)]
    #[case("z!=b", true)]
    #[case("a in (x, b)", true)]
    #[case("a notin (x,b),c", false)]
    #[case("!c", false)]
    #[case("!z,c=", true)]
    fn selects_by_labels(#[case] selector: &str, #[case] expected: bool) {
        let labels = json!({ "a": "b", "c": "" });
        let object = json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "x", "labels": labels } });
        let object = Object::new(object).unwrap();
        assert_eq!(Selector::parse(selector).unwrap().matches(&object), expected);
    }

    #[test]
    fn nonsense_is_refused() {
        assert_eq!(Selector::parse("a in b").map_err(|error| error.code()), Err(400));
    }
}
