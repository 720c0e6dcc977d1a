//! Selects objects by regular expressions on their ids and by label selectors.

use regex::Regex;

use crate::{
    error::Problem,
    id::{Gvk, ResId},
    kustomization::Selector,
    resource::Resource,
    resources::Resources,
};

/// A selector that is ready to use.
#[derive(Debug)]
pub(crate) struct Pattern {
    group: Option<Regex>,
    version: Option<Regex>,
    kind: Option<Regex>,
    name: Option<Regex>,
    namespace: Option<Regex>,
    labels: Vec<Requirement>,
    annotations: Vec<Requirement>,
}

impl Pattern {
    pub(crate) fn of(selector: &Selector) -> Result<Self, Problem> {
        Ok(Self {
            group: anchored("group", &selector.group)?,
            version: anchored("version", &selector.version)?,
            kind: anchored("kind", &selector.kind)?,
            name: anchored("name", &selector.name)?,
            namespace: anchored("namespace", &selector.namespace)?,
            labels: requirements(&selector.labels)?,
            annotations: requirements(&selector.annotations)?,
        })
    }

    /// Says whether kind, name and namespace fit, all of one id.
    pub(crate) fn fits_id(&self, id: &ResId) -> bool {
        self.fits_kind(&id.gvk) && fits(&self.name, &id.name) && fits(&self.namespace, &id.namespace)
    }

    pub(crate) fn fits_metadata(&self, resource: &Resource) -> bool {
        all_met(&self.labels, &resource.metadata("labels"))
            && all_met(&self.annotations, &resource.metadata("annotations"))
    }

    pub(crate) fn names_metadata(&self) -> bool {
        !self.labels.is_empty() || !self.annotations.is_empty()
    }

    pub(crate) fn names_id(&self) -> bool {
        [&self.group, &self.version, &self.kind, &self.name, &self.namespace].iter().any(|part| part.is_some())
    }

    fn fits_kind(&self, gvk: &Gvk) -> bool {
        fits(&self.kind, &gvk.kind) && fits(&self.group, &gvk.group) && fits(&self.version, &gvk.version)
    }

    /// Names and namespaces may be the present or the first ones, the kind is the present one.
    fn selects(&self, resource: &Resource) -> bool {
        if !self.fits_kind(&resource.gvk()) {
            return false;
        }
        let (now, first) = (resource.id(), resource.original_id());
        let either = |part: &Option<Regex>, a: &str, b: &str| fits(part, a) || fits(part, b);
        either(&self.namespace, first.effective_namespace(), now.effective_namespace())
            && either(&self.name, &first.name, &now.name)
            && self.fits_metadata(resource)
    }
}

/// Returns the objects that a selector selects.
pub(crate) fn select(resources: &Resources, selector: &Selector) -> Result<Vec<usize>, Problem> {
    let pattern = Pattern::of(selector)?;
    let selected = resources.iter().enumerate().filter(|(_, resource)| pattern.selects(resource));
    Ok(selected.map(|(index, _)| index).collect())
}

fn fits(part: &Option<Regex>, text: &str) -> bool {
    part.as_ref().is_none_or(|regex| regex.is_match(text))
}

fn anchored(field: &str, pattern: &str) -> Result<Option<Regex>, Problem> {
    if pattern.is_empty() {
        return Ok(None);
    }
    match Regex::new(&format!("^(?:{pattern})$")) {
        Ok(regex) => Ok(Some(regex)),
        Err(_) => Err(Problem::invalid(format!("`{field}: {pattern}` is not a regular expression"))),
    }
}

/// One condition of a label selector.
#[derive(Debug, Clone, PartialEq)]
enum Requirement {
    Exists(String),
    Missing(String),
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    Greater(String, i64),
    Less(String, i64),
}

fn all_met(requirements: &[Requirement], pairs: &[(&str, &str)]) -> bool {
    requirements.iter().all(|requirement| requirement.is_met(pairs))
}

impl Requirement {
    fn is_met(&self, pairs: &[(&str, &str)]) -> bool {
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

/// Reads `a=b,c!=d,e in (x,y),!f`.
fn requirements(text: &str) -> Result<Vec<Requirement>, Problem> {
    let wrong = || {
        Problem::invalid(format!("unable to parse the label selector `{text}`"))
            .hint("write it as in `app=web,tier!=cache,env in (a,b),!old`")
    };
    let parts = split_outside_parentheses(text);
    parts.iter().filter(|part| !part.is_empty()).map(|part| requirement(part).ok_or_else(wrong)).collect()
}

fn split_outside_parentheses(text: &str) -> Vec<&str> {
    let mut depth = 0;
    let separator = |letter: char| {
        match letter {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
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
    #[case("app=web", true)]
    #[case("app==web,tier!=x", true)]
    #[case("app in (db, web),!gone", true)]
    #[case("app notin (web)", false)]
    #[case("missing", false)]
    #[case("size>3", true)]
    fn label_selectors_follow_kubernetes(#[case] text: &str, #[case] expected: bool) {
        let met = all_met(&requirements(text).unwrap(), &[("app", "web"), ("size", "4")]);
        assert_eq!(met, expected);
    }

    #[rstest]
    #[case("a b")]
    #[case("a in b")]
    #[case("=x")]
    fn broken_label_selectors_are_refused(#[case] text: &str) {
        assert!(requirements(text).is_err());
    }
}
