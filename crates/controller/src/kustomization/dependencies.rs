//! What must be ready before a Kustomization is applied.

use std::collections::HashSet;

use sluice_api::{kustomize::Kustomization, meta};
use sluice_cel::Program;
use sluice_object::{Object, ObjectId};
use sluice_reconcile::{Context, Index, Kind};

use super::{
    GROUP, Kustomizations, expressions,
    facts::{id, namespace, ready_condition, source_id},
};

/// Why dependencies hold a Kustomization up.
#[derive(Debug, Clone)]
pub(super) enum Blocked {
    /// It waits for itself, by way of others.
    Cycle(String),
    /// One of them is not ready.
    Dependency(String),
}

impl Kustomizations {
    /// Says why dependencies hold a Kustomization up, if they do. Expressions are evaluated where heavy work is done.
    pub(super) async fn blocked(
        &self,
        object: &Kustomization,
        revision: Option<String>,
        ready: Vec<Option<Program>>,
        cx: &Context,
    ) -> Option<Blocked> {
        let additive = self.policy.additive_ready_expr;
        if ready.iter().all(Option::is_none) {
            return blocked(object, revision.as_deref(), &Ready { programs: &ready, additive }, &cx.index);
        }
        let (object, index) = (object.clone(), cx.index.clone());
        let work = move || blocked(&object, revision.as_deref(), &Ready { programs: &ready, additive }, &index);
        let unknown = || Some(Blocked::Dependency("the look at dependencies ended unexpectedly".into()));
        cx.cpu(work).await.unwrap_or_else(unknown)
    }
}

/// The expressions that tell whether dependencies are ready.
struct Ready<'a> {
    /// In the order of the dependencies.
    programs: &'a [Option<Program>],
    /// Whether they come on top of the other rules, or instead of them.
    additive: bool,
}

/// Says which dependency is not ready.
fn blocked(object: &Kustomization, revision: Option<&str>, ready: &Ready<'_>, index: &Index) -> Option<Blocked> {
    if let Some(cycle) = cycle(object, index) {
        let message = format!("dependency cycle: {cycle}; remove one of these from `spec.dependsOn`");
        return Some(Blocked::Cycle(message));
    }
    awaited(object, revision, ready, index).map(Blocked::Dependency)
}

fn awaited(object: &Kustomization, revision: Option<&str>, ready: &Ready<'_>, index: &Index) -> Option<String> {
    let programs = ready.programs.iter().map(Option::as_ref).chain(std::iter::repeat(None));
    dependencies(object).zip(programs).find_map(|(id, program)| {
        let shown = format!("'{}/{}'", id.namespace, id.name);
        let Some(found) = index.get(&id) else { return Some(absent(&id)) };
        match program.map(|program| expressions::is_ready(program, object, &found)) {
            Some(Err(unanswered)) => Some(unanswered),
            Some(Ok(false)) => Some(format!("dependency {shown} is not ready according to readyExpr eval")),
            Some(Ok(true)) if !ready.additive => None,
            _ => not_met(object, &found, &shown, revision),
        }
    })
}

/// Says so as the API server would.
fn absent(id: &ObjectId) -> String {
    let ObjectId { namespace, name, .. } = id;
    format!("dependency '{namespace}/{name}' not found: kustomizations.{GROUP} \"{name}\" not found")
}

/// Flux: ready, generation observed, and at the source's revision if it is the same source.
fn not_met(object: &Kustomization, found: &Object, shown: &str, revision: Option<&str>) -> Option<String> {
    let status = &found.value()["status"];
    let observed = status["observedGeneration"].as_i64() == found.generation();
    if !observed || ready_condition(found).is_none_or(|(status, _)| status != "True") {
        return Some(format!("dependency {shown} is not ready"));
    }
    let same_source = Kustomizations::read(found).is_ok_and(|found| source_id(&found) == source_id(object));
    if same_source && revision.is_some() && status["lastAppliedRevision"].as_str() != revision {
        return Some(format!("dependency {shown} revision is not up to date"));
    }
    None
}

pub(super) fn dependencies(object: &Kustomization) -> impl Iterator<Item = ObjectId> {
    let dependency = |dependency: &meta::Dependency| {
        let namespace = dependency.namespace.clone().unwrap_or_else(|| namespace(object));
        ObjectId::new(&Kustomizations::gvk(), namespace, &dependency.name)
    };
    object.spec.depends_on.iter().map(dependency)
}

/// Follows dependencies until the object itself comes again.
fn cycle(object: &Kustomization, index: &Index) -> Option<String> {
    let start = id(object);
    let (mut seen, mut path) = (HashSet::new(), vec![dependencies(object).collect::<Vec<_>>()]);
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
            && let Ok(found) = Kustomizations::read(&found)
        {
            names.push(next.name);
            path.push(dependencies(&found).collect());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

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
        let ready = Ready { programs: &[], additive: false };
        let awaited = awaited(&kustomization("a", &["b"]), None, &ready, &Index::default());
        assert_eq!(
            awaited.as_deref(),
            Some("dependency 'ns/b' not found: kustomizations.kustomize.toolkit.fluxcd.io \"b\" not found")
        );
    }
}
