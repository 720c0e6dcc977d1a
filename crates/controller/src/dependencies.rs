//! What must be ready before an object is applied: `spec.dependsOn`.

use std::collections::BTreeSet;

use serde::Serialize;
use sluice_api::meta;
use sluice_cel::Program;
use sluice_object::{Object, ObjectId};
use sluice_reconcile::{Context, Index};

use crate::expressions;

/// Why dependencies hold an object up.
#[derive(Debug, Clone)]
pub(crate) enum Blocked {
    /// It waits for itself, by way of others.
    Cycle(String),
    /// One of them is not ready.
    Dependency(String),
}

/// A kind whose objects wait for others of the same kind.
pub(crate) trait Depends: Clone + Serialize + Send + Sync + 'static {
    /// Returns what names the object.
    fn id(&self) -> ObjectId;
    /// Returns `spec.dependsOn`.
    fn depends_on(&self) -> &[meta::Dependency];
    /// Reads another object of the kind.
    fn of(object: &Object) -> Option<Self>;
    /// Says that a dependency is not there, in the words of the upstream controller.
    fn absent(id: &ObjectId) -> String;
    /// Says what a dependency that is ready lacks besides, for an object that is about to apply a revision.
    fn lacks(&self, _found: &Object, _shown: &str, _revision: Option<&str>) -> Option<String> {
        None
    }
}

/// Condenses an object to what its dependents care about: readiness, the observed generation and some fields of the
/// status; expressions ask for labels, annotations and other conditions too. What else they ask for is seen when they
/// are looked at again.
pub(crate) fn signal(object: &Object, fields: &[&str]) -> String {
    let (metadata, status) = (&object.value()["metadata"], &object.value()["status"]);
    let conditions = status["conditions"].as_array().into_iter().flatten();
    let conditions: Vec<_> = conditions.map(|one| [&one["type"], &one["status"], &one["reason"]]).collect();
    let fields: Vec<_> = fields.iter().map(|field| &status[*field]).collect();
    let generations = [&metadata["generation"], &status["observedGeneration"]];
    format!("{conditions:?} {fields:?} {generations:?} {} {}", metadata["labels"], metadata["annotations"])
}

/// What tells whether dependencies are ready.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ready {
    /// Expressions, in the order of the dependencies.
    pub(crate) programs: Vec<Option<Program>>,
    /// Whether they come on top of the other rules, or instead of them.
    pub(crate) additive: bool,
    /// What the object is about to apply.
    pub(crate) revision: Option<String>,
}

/// Says why dependencies hold an object up, if they do. Expressions are evaluated where heavy work is done.
pub(crate) async fn blocked<D: Depends>(object: &D, ready: Ready, cx: &Context) -> Option<Blocked> {
    if ready.programs.iter().all(Option::is_none) {
        return held_up(object, &ready, &cx.index);
    }
    let (object, index) = (object.clone(), cx.index.clone());
    let unknown = || Some(Blocked::Dependency("the look at dependencies ended unexpectedly".into()));
    cx.cpu(move || held_up(&object, &ready, &index)).await.unwrap_or_else(unknown)
}

/// Returns the objects that are waited for.
pub(crate) fn dependencies<D: Depends>(object: &D) -> impl Iterator<Item = ObjectId> {
    let own = object.id();
    object.depends_on().iter().map(move |dependency| ObjectId {
        namespace: dependency.namespace.clone().unwrap_or_else(|| own.namespace.clone()),
        name: dependency.name.clone(),
        ..own.clone()
    })
}

fn held_up<D: Depends>(object: &D, ready: &Ready, index: &Index) -> Option<Blocked> {
    if let Some(cycle) = cycle(object, index) {
        let message = format!("dependency cycle: {cycle}; remove one of these from `spec.dependsOn`");
        return Some(Blocked::Cycle(message));
    }
    awaited(object, ready, index).map(Blocked::Dependency)
}

fn awaited<D: Depends>(object: &D, ready: &Ready, index: &Index) -> Option<String> {
    let programs = ready.programs.iter().map(Option::as_ref).chain(std::iter::repeat(None));
    dependencies(object).zip(programs).find_map(|(id, program)| {
        let shown = format!("'{}/{}'", id.namespace, id.name);
        let Some(found) = index.get(&id) else { return Some(D::absent(&id)) };
        match program.map(|program| expressions::is_ready(program, object, &found)) {
            Some(Err(unanswered)) => Some(unanswered),
            Some(Ok(false)) => Some(format!("dependency {shown} is not ready according to readyExpr eval")),
            Some(Ok(true)) if !ready.additive => None,
            _ => not_met(object, &found, &shown, ready.revision.as_deref()),
        }
    })
}

/// Flux: ready, and generation observed.
fn not_met<D: Depends>(object: &D, found: &Object, shown: &str, revision: Option<&str>) -> Option<String> {
    let observed = found.value()["status"]["observedGeneration"].as_i64() == found.generation();
    if !observed || ready_condition(found).is_none_or(|(status, _)| status != "True") {
        return Some(format!("dependency {shown} is not ready"));
    }
    object.lacks(found, shown, revision)
}

/// Returns status and message of the condition Ready.
pub(crate) fn ready_condition(object: &Object) -> Option<(&str, &str)> {
    let conditions = object.value().pointer("/status/conditions")?.as_array()?;
    let ready = conditions.iter().find(|condition| condition["type"] == sluice_api::conditions::READY)?;
    Some((ready["status"].as_str()?, ready["message"].as_str().unwrap_or_default()))
}

/// Follows dependencies until the object itself comes again.
fn cycle<D: Depends>(object: &D, index: &Index) -> Option<String> {
    let start = object.id();
    let (mut seen, mut path) = (BTreeSet::new(), vec![dependencies(object).collect::<Vec<_>>()]);
    let mut names = vec![start.name.clone()];
    while let Some(level) = path.last_mut() {
        let Some(next) = level.pop() else {
            path.pop();
            names.pop();
            continue;
        };
        if next == start {
            names.push(start.name);
            return Some(names.join(" → "));
        }
        if seen.insert(next.clone())
            && let Some(found) = index.get(&next)
            && let Some(found) = D::of(&found)
        {
            names.push(next.name);
            path.push(dependencies(&found).collect());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use sluice_api::kustomize::Kustomization;

    use super::*;

    fn kustomization(name: &str, depends_on: &[&str]) -> Kustomization {
        let depends_on: Vec<_> = depends_on.iter().map(|name| json!({"name": name})).collect();
        serde_json::from_value(json!({
            "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
            "metadata": {"name": name, "namespace": "ns"},
            "spec": {"interval": "1m", "prune": true, "sourceRef": {"kind": "GitRepository", "name": "s"}, "dependsOn": depends_on},
        }))
        .unwrap()
    }

    #[test]
    fn a_dependency_on_itself_is_a_cycle() {
        assert_eq!(cycle(&kustomization("a", &["a"]), &Index::default()).as_deref(), Some("a → a"));
        assert_eq!(cycle(&kustomization("a", &["b"]), &Index::default()), None);
    }

    #[test]
    fn a_missing_dependency_is_named() {
        let awaited = awaited(&kustomization("a", &["b"]), &Ready::default(), &Index::default());
        assert_eq!(
            awaited.as_deref(),
            Some("dependency 'ns/b' not found: kustomizations.kustomize.toolkit.fluxcd.io \"b\" not found")
        );
    }
}
