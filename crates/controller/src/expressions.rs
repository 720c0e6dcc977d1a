//! What a Kustomization or HelmRelease says in expressions: the health of kinds, and when a dependency counts as ready.

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value};
use sluice_api::{
    conditions::reasons,
    meta::{Dependency, HealthCheckExpr},
};
use sluice_apply::health::{Check, Expressions};
use sluice_cel::Program;
use sluice_object::Object;

use crate::source::Trouble;

/// The expressions of an object, ready to be used.
#[derive(Debug, Clone, Default)]
pub(crate) struct Compiled {
    /// `spec.healthCheckExprs`.
    pub(crate) health: Arc<Expressions>,
    /// `readyExpr` of each dependency, in their order.
    pub(crate) ready: Vec<Option<Program>>,
}

/// Reads all expressions. Flux reads those of dependencies later, and stalls in the same words.
pub(crate) fn compile(checks: &[HealthCheckExpr], depends_on: &[Dependency]) -> Result<Compiled, Trouble> {
    let checks: Vec<_> = checks.iter().map(check).collect();
    let health = Expressions::read(&checks).map_err(|error| invalid(&error.to_string()))?;
    Ok(Compiled { health: Arc::new(health), ready: ready(depends_on)? })
}

fn invalid(error: &str) -> Trouble {
    let message = format!("Reconciliation failed terminally due to configuration error: {error}");
    Trouble { reason: reasons::INVALID_CEL_EXPRESSION.into(), message }
}

fn check(check: &HealthCheckExpr) -> Check {
    Check {
        api_version: check.api_version.clone(),
        kind: check.kind.clone().unwrap_or_default(),
        in_progress: check.in_progress.clone().unwrap_or_default(),
        failed: check.failed.clone().unwrap_or_default(),
        current: check.current.clone(),
    }
}

const SELF: &str = "self";
const DEPENDENCY: &str = "dep";

fn ready(depends_on: &[Dependency]) -> Result<Vec<Option<Program>>, Trouble> {
    let mut programs = Vec::new();
    for dependency in depends_on {
        let text = dependency.ready_expr.as_deref().filter(|text| !text.is_empty());
        let program = text.map(|text| Program::condition(text, &[SELF, DEPENDENCY])).transpose();
        programs.push(program.map_err(|error| {
            invalid(&format!("terminal error: failed to evaluate dependency {}: {error}", dependency.name))
        })?);
    }
    Ok(programs)
}

/// Says whether a dependency is ready, or why that cannot be said.
pub(crate) fn is_ready(program: &Program, object: &impl Serialize, dependency: &Object) -> Result<bool, String> {
    let itself = serde_json::to_value(object).map_err(|error| error.to_string())?;
    let variables = [(SELF, itself), (DEPENDENCY, dependency.value().clone())];
    let variables: Map<_, _> = variables.into_iter().map(|(name, value)| (name.into(), with_status(value))).collect();
    program.holds(&variables).map_err(|unanswered| unanswered.to_string())
}

/// Flux: an object always has a status, though it may be empty.
fn with_status(mut object: Value) -> Value {
    if let Some(fields) = object.as_object_mut() {
        fields.entry("status").or_insert_with(|| Value::Object(Map::new()));
    }
    object
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;
    use sluice_api::kustomize::Kustomization;

    use super::*;

    fn kustomization(name: &str) -> Value {
        json!({
            "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
            "metadata": {"name": name, "namespace": "ns", "labels": {"tier": "1"}},
            "spec": {"interval": "1m", "prune": true, "sourceRef": {"kind": "GitRepository", "name": "s"}},
        })
    }

    #[rstest]
    #[case("dep.metadata.name == 'b' && self.metadata.name == 'a'", Ok(true))]
    #[case("self.metadata.labels.tier == dep.metadata.labels.tier", Ok(true))]
    #[case("self.spec.interval == '1m0s' || self.spec.interval == '1m'", Ok(true))]
    #[case("has(dep.status.lastAppliedRevision)", Ok(false))]
    #[case("has(self.status.conditions)", Ok(false))]
    #[case("dep.status.phase == 'x'", Err("no such key: phase"))]
    #[case("dep.metadata.labels.tier == 1 || dep.spec.path > 1", Err("no such key: path"))]
    fn a_dependency_is_judged_beside_who_depends_on_it(#[case] text: &str, #[case] wanted: Result<bool, &str>) {
        let object: Kustomization = serde_json::from_value(kustomization("a")).unwrap();
        let program = Program::condition(text, &[SELF, DEPENDENCY]).unwrap();
        let found = is_ready(&program, &object, &Object::new(kustomization("b")).unwrap());
        let told = |why: &str| format!("failed to evaluate the CEL expression '{text}': {why}");
        assert_eq!(found, wanted.map_err(told));
    }
}
