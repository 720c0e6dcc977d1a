//! Kinds with a short rule: claims, Services, CustomResourceDefinitions.

use serde_json::Value;

use super::{Health, conditions::Condition, fields::text};

pub(super) fn claim(value: &Value) -> Health {
    match text(value, "/status/phase") {
        "Bound" => Health::current("PVC is Bound"),
        phase => {
            let phase = if phase.is_empty() { "unknown" } else { phase };
            Health::in_progress("NotBound", format!("PVC is not Bound. phase: {phase}"))
        }
    }
}

/// Addresses of the load balancer are not awaited, as in kstatus.
pub(super) fn service(value: &Value) -> Health {
    let type_ = text(value, "/spec/type");
    if type_ == "LoadBalancer" && text(value, "/spec/clusterIP").is_empty() {
        return Health::in_progress("NoIPAssigned", format!("ClusterIP not set. Service type: {type_}"));
    }
    Health::current("Service is ready")
}

pub(super) fn definition(conditions: &[Condition<'_>]) -> Health {
    let decide = |condition: &Condition<'_>| match (condition.type_, condition.status) {
        ("NamesAccepted", "False") => Some(Health::failed(condition.reason, condition.message)),
        ("Established", "False") if condition.reason != "Installing" => {
            Some(Health::failed(condition.reason, condition.message))
        }
        ("Established", "True") => Some(Health::current("CRD is established")),
        _ => None,
    };
    conditions.iter().find_map(decide).unwrap_or_else(|| Health::in_progress("Installing", "Install in progress"))
}
