//! Follows renamed objects: writes their present names into the fields that refer to them.
//!
//! Names are looked up in an index of former names, so that the work grows with the number of references.

use std::collections::{HashMap, HashSet};

use sluice_yaml::{Node, Value};

use crate::{
    config::{FieldSpec, NameReference},
    error::Problem,
    fields::{self, Make},
    id::{Gvk, ResId, selects},
    resource::{Resource, raw_text, set_plain, string, text_at},
    resources::Resources,
};

/// Fixes all references.
pub(crate) fn apply(resources: &mut Resources, references: &[NameReference]) -> Result<(), Problem> {
    let candidates: Vec<Candidate> = resources.iter().map(Candidate::of).collect();
    let index = Index::of(&candidates);
    let mut rules = Rules { references, known: HashMap::new() };
    for (position, candidate) in candidates.iter().enumerate() {
        let applicable = rules.of(&candidate.original);
        if applicable.is_empty() {
            continue;
        }
        let resource = resources.contents_mut(position);
        let referrer = Referrer::of(resource, candidate);
        for (target, spec) in applicable.iter() {
            let rule = Rule { target, spec, referrer: &referrer, index: &index };
            rule.fix(resource)?;
        }
    }
    Ok(())
}

/// The rules for each kind of referrer, found once.
struct Rules<'a> {
    references: &'a [NameReference],
    known: HashMap<Gvk, Applicable<'a>>,
}

type Applicable<'a> = std::rc::Rc<Vec<(&'a Gvk, &'a FieldSpec)>>;

impl<'a> Rules<'a> {
    fn of(&mut self, gvk: &Gvk) -> Applicable<'a> {
        if let Some(known) = self.known.get(gvk) {
            return known.clone();
        }
        let all = self
            .references
            .iter()
            .flat_map(|reference| reference.referrers.iter().map(move |spec| (&reference.target, spec)));
        let applicable: Applicable<'a> = all.filter(|(_, spec)| selects(&spec.gvk, gvk)).collect::<Vec<_>>().into();
        self.known.insert(gvk.clone(), applicable.clone());
        applicable
    }
}

/// What is known of an object that may be referred to.
struct Candidate {
    id: ResId,
    original: Gvk,
    original_namespace: String,
    former: Vec<ResId>,
    prefixes: Vec<String>,
    suffixes: Vec<String>,
}

impl Candidate {
    fn of(resource: &Resource) -> Self {
        let original = resource.original_id();
        Self {
            id: resource.id(),
            original_namespace: original.effective_namespace().to_owned(),
            original: original.gvk,
            former: resource.former_ids().collect(),
            prefixes: resource.prefixes.clone(),
            suffixes: resource.suffixes.clone(),
        }
    }

    fn was(&self, gvk: &Gvk) -> bool {
        self.former.iter().any(|id| selects(gvk, &id.gvk))
    }
}

/// Objects by the names they had, and by the namespaces they were in first.
struct Index<'a> {
    candidates: &'a [Candidate],
    by_former_name: HashMap<&'a str, Vec<usize>>,
    by_original_namespace: HashMap<&'a str, Vec<usize>>,
}

impl<'a> Index<'a> {
    fn of(candidates: &'a [Candidate]) -> Self {
        let mut by_former_name: HashMap<&str, Vec<usize>> = HashMap::new();
        let mut by_original_namespace: HashMap<&str, Vec<usize>> = HashMap::new();
        for (position, candidate) in candidates.iter().enumerate() {
            by_original_namespace.entry(&candidate.original_namespace).or_default().push(position);
            for id in &candidate.former {
                let positions = by_former_name.entry(&id.name).or_default();
                if positions.last() != Some(&position) {
                    positions.push(position);
                }
            }
        }
        Self { candidates, by_former_name, by_original_namespace }
    }

    fn named(&self, name: &str) -> impl Iterator<Item = &'a Candidate> {
        let positions = self.by_former_name.get(name).map(Vec::as_slice).unwrap_or_default();
        positions.iter().map(|position| &self.candidates[*position])
    }

    fn first_in(&self, namespace: &str) -> impl Iterator<Item = &'a Candidate> {
        let positions = self.by_original_namespace.get(namespace).map(Vec::as_slice).unwrap_or_default();
        positions.iter().map(|position| &self.candidates[*position])
    }
}

/// What is known of the object that refers to others.
struct Referrer<'a> {
    candidate: &'a Candidate,
    /// The namespaces of the service accounts that a RoleBinding names.
    account_namespaces: HashSet<String>,
    /// What `roleRef` says of the kind, if it says it all.
    role: Option<Gvk>,
}

impl<'a> Referrer<'a> {
    fn of(resource: &Resource, candidate: &'a Candidate) -> Self {
        Self { candidate, account_namespaces: account_namespaces(resource), role: role(resource) }
    }

    fn is_cluster_scoped(&self) -> bool {
        self.candidate.id.is_cluster_scoped()
    }

    /// Says whether the referrer could mean an object at all.
    fn reaches(&self, other: &ResId) -> bool {
        self.is_cluster_scoped()
            || other.is_cluster_scoped()
            || other.effective_namespace() == self.candidate.id.effective_namespace()
            || self.account_namespaces.contains(&other.namespace)
    }

    /// Says whether an object is near enough: only accounts may be in another namespace.
    fn is_near(&self, other: &ResId) -> bool {
        self.is_cluster_scoped()
            || other.is_cluster_scoped()
            || other.gvk.kind == "ServiceAccount"
            || other.effective_namespace() == self.candidate.id.effective_namespace()
    }

    /// Says whether both were named in the same kustomizations.
    fn same_affixes(&self, other: &Candidate, empty_fits: bool) -> bool {
        let fits = |mine: &[String], theirs: &[String]| {
            empty_fits && (mine.is_empty() || theirs.is_empty()) || same_ending(mine, theirs)
        };
        fits(&self.candidate.prefixes, &other.prefixes) && fits(&self.candidate.suffixes, &other.suffixes)
    }
}

/// Says whether the shorter list ends the longer one; an empty list ends only an empty one.
fn same_ending(a: &[String], b: &[String]) -> bool {
    let (long, short) = if a.len() > b.len() { (a, b) } else { (b, a) };
    long.is_empty() || !short.is_empty() && long.ends_with(short)
}

fn account_namespaces(resource: &Resource) -> HashSet<String> {
    if resource.kind() != "RoleBinding" {
        return HashSet::new();
    }
    let subjects = resource.node.get("subjects").and_then(Node::as_sequence).unwrap_or_default();
    let accounts = subjects.iter().filter(|subject| text_at(subject, &["kind"]) == "ServiceAccount");
    accounts.filter_map(|subject| subject.get("namespace")?.as_scalar()).map(str::to_owned).collect()
}

fn role(resource: &Resource) -> Option<Gvk> {
    let role = resource.node.get("roleRef")?;
    Some(Gvk::new(raw_text(role.get("apiGroup")?), "", raw_text(role.get("kind")?)))
}

/// One field of one referrer.
struct Rule<'a> {
    target: &'a Gvk,
    spec: &'a FieldSpec,
    referrer: &'a Referrer<'a>,
    index: &'a Index<'a>,
}

impl<'a> Rule<'a> {
    fn fix(&self, resource: &mut Resource) -> Result<(), Problem> {
        fields::walk(&mut resource.node, &self.spec.parts, Make::Nothing, &mut |node| self.set(node)).map_err(
            |problem| {
                let (path, id) = (&self.spec.path, &self.referrer.candidate.id);
                problem.within(format!(
                    "updating name reference in '{path}' field of '{id}': considering field '{path}' of object {id}"
                ))
            },
        )
    }

    fn set(&self, node: &mut Node) -> Result<(), Problem> {
        match &mut node.value {
            _ if node.tag == sluice_yaml::Tag::Null => Ok(()),
            Value::Scalar(_) => self.set_scalar(node),
            Value::Mapping(_) => self.set_mapping(node),
            Value::Sequence(items) => items.iter_mut().try_for_each(|item| match &item.value {
                Value::Scalar(_) => self.set_scalar(item),
                Value::Mapping(_) => self.set_mapping(item),
                Value::Sequence(_) => Err(Problem::new("node must be a scalar or a mapping")),
            }),
        }
    }

    fn set_scalar(&self, node: &mut Node) -> Result<(), Problem> {
        let old = raw_text(node);
        let found = self.select(old, self.index.named(old).collect(), false)?;
        if let Some(found) = found.filter(|found| found.id.name != old) {
            set_plain(node, &found.id.name);
        }
        Ok(())
    }

    /// A mapping has a `name`, and maybe a `namespace` that helps to choose.
    fn set_mapping(&self, node: &mut Node) -> Result<(), Problem> {
        let Some(name) = node.get("name") else {
            return Err(Problem::new("path config error; no 'name' field in node"));
        };
        let old = raw_text(name).to_owned();
        let candidates = self.in_namespace(&old, node.get("namespace").map(raw_text));
        let Some(found) = self.select(&old, candidates, true)? else { return Ok(()) };
        if found.id.name == old && found.id.namespace.is_empty() {
            return Ok(());
        }
        write(node, "name", &found.id.name);
        if !found.id.namespace.is_empty() {
            write(node, "namespace", &found.id.namespace);
        }
        Ok(())
    }

    /// Returns the objects of the name that were in a namespace, or else those that are in it.
    fn in_namespace(&self, name: &str, namespace: Option<&str>) -> Vec<&'a Candidate> {
        let named = || self.index.named(name);
        let Some(namespace) = namespace else { return named().collect() };
        if self.index.first_in(namespace).any(|candidate| self.referrer.reaches(&candidate.id)) {
            return named().filter(|candidate| candidate.original_namespace == namespace).collect();
        }
        named().filter(|candidate| candidate.id.effective_namespace() == namespace).collect()
    }

    /// Chooses the object that is meant.
    fn select(
        &self,
        old: &str,
        mut candidates: Vec<&'a Candidate>,
        with_namespace: bool,
    ) -> Result<Option<&'a Candidate>, Problem> {
        candidates.retain(|candidate| self.fits(candidate));
        if candidates.len() > 1 || candidates.is_empty() {
            candidates.retain(|candidate| self.referrer.same_affixes(candidate, true));
        }
        if candidates.len() > 1 {
            candidates.retain(|candidate| self.referrer.same_affixes(candidate, false));
        }
        let [first, rest @ ..] = &candidates[..] else { return Ok(None) };
        let same = |other: &&Candidate| {
            other.id.name == first.id.name && (!with_namespace || other.id.namespace == first.id.namespace)
        };
        if rest.iter().all(same) { Ok(Some(first)) } else { Err(ambiguous(old, &candidates)) }
    }

    fn fits(&self, candidate: &Candidate) -> bool {
        self.referrer.reaches(&candidate.id)
            && candidate.was(self.target)
            && self.fits_role(candidate)
            && self.referrer.is_near(&candidate.id)
    }

    fn fits_role(&self, candidate: &Candidate) -> bool {
        match &self.referrer.role {
            Some(role) if self.spec.path.ends_with("roleRef/name") => candidate.was(role),
            _ => true,
        }
    }
}

fn write(node: &mut Node, field: &str, text: &str) {
    let Some(mapping) = node.as_mapping_mut() else { return };
    match mapping.get_mut(field) {
        Some(value) => set_plain(value, text),
        None => {
            mapping.insert(field, string(text));
        }
    }
}

fn ambiguous(name: &str, candidates: &[&Candidate]) -> Problem {
    let ids: Vec<String> = candidates.iter().map(|candidate| candidate.id.to_string()).collect();
    Problem::target(format!("found multiple possible referrals: {}", ids.join(", ")))
        .hint(format!("`{name}` could mean any of them; give one another name"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(&[], &[], true)]
    #[case(&["a", "b"], &["b"], true)]
    #[case(&["a", "b"], &["a"], false)]
    #[case(&["a"], &[], false)]
    fn lists_of_affixes_are_compared_from_the_end(#[case] a: &[&str], #[case] b: &[&str], #[case] expected: bool) {
        let owned = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        assert_eq!(same_ending(&owned(a), &owned(b)), expected);
    }
}
