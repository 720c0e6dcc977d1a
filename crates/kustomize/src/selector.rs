//! Selects objects by regular expressions on their ids and by label selectors.

use regex::Regex;
use sluice_object::LabelSelector;

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
    labels: LabelSelector,
    annotations: LabelSelector,
}

impl Pattern {
    pub(crate) fn of(selector: &Selector) -> Result<Self, Problem> {
        Ok(Self {
            group: anchored("group", &selector.group)?,
            version: anchored("version", &selector.version)?,
            kind: anchored("kind", &selector.kind)?,
            name: anchored("name", &selector.name)?,
            namespace: anchored("namespace", &selector.namespace)?,
            labels: selector_of(&selector.labels)?,
            annotations: selector_of(&selector.annotations)?,
        })
    }

    /// Says whether kind, name and namespace fit, all of one id.
    pub(crate) fn fits_id(&self, id: &ResId) -> bool {
        self.fits_kind(&id.gvk) && fits(&self.name, &id.name) && fits(&self.namespace, &id.namespace)
    }

    pub(crate) fn fits_metadata(&self, resource: &Resource) -> bool {
        matches(&self.labels, &resource.metadata("labels"))
            && matches(&self.annotations, &resource.metadata("annotations"))
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

fn selector_of(text: &str) -> Result<LabelSelector, Problem> {
    LabelSelector::parse(text).map_err(|_| {
        Problem::invalid(format!("unable to parse the label selector `{text}`"))
            .hint("write it as in `app=web,tier!=cache,env in (a,b),!old`")
    })
}

fn matches(selector: &LabelSelector, pairs: &[(&str, &str)]) -> bool {
    selector.matches(|key| pairs.iter().find(|(name, _)| *name == key).map(|(_, value)| *value))
}
