//! The requests that put a release back, and what is told when one fails.

use serde_json::Value;
use sluice_cluster::{ApiError, Request, Target};
use sluice_object::ObjectId;

use super::{Difference, Found};
use crate::{Action, order};

/// Returns the requests that correct what was found: first what is created, then what is patched, each in the order of
/// application. One that fails keeps none of the others from being made.
pub fn corrections(differences: &[Difference], manager: &str) -> Vec<(ObjectId, Action, Request)> {
    let made = differences.iter().filter_map(|difference| correction(difference, manager));
    let mut corrections: Vec<_> = made.collect();
    corrections.sort_by(|(a, ..), (b, ..)| order::compare(a, b));
    corrections.sort_by_key(|(_, action, _)| *action != Action::Created);
    corrections
}

fn correction(difference: &Difference, manager: &str) -> Option<(ObjectId, Action, Request)> {
    let (object, manager) = (&difference.object, manager.to_owned());
    let (action, request) = match &difference.found {
        Found::Same | Found::Excluded => return None,
        Found::Missing => (Action::Created, Request::Create { object: object.clone(), manager }),
        Found::Changed { patch } => {
            let (target, patch) = (Target::of(object), Value::Array(patch.clone()));
            (Action::Configured, Request::JsonPatch { target, patch, manager })
        }
    };
    Some((object.id(), action, request))
}

/// Returns what a failed correction is told as.
pub fn correction_error(id: &ObjectId, action: Action, error: &ApiError) -> String {
    let act = if action == Action::Created { "creation" } else { "patch" };
    format!("{id} {act} failure: {}", harmless(id, error))
}

/// The server repeats an invalid value before it says what is wrong with it; that of a Secret is not for people.
fn harmless<'a>(id: &ObjectId, error: &'a ApiError) -> &'a str {
    let told = &error.message;
    let repeats = id.kind == "Secret" && error.reason == "Invalid";
    told.rsplit_once(':').filter(|_| repeats).map_or(told, |(_, cause)| cause.trim())
}

#[cfg(test)]
mod tests {
    use std::slice::from_ref;

    use rstest::rstest;
    use serde_json::json;
    use sluice_object::{Gvk, Object};

    use super::*;

    fn difference(kind: &str, name: &str, found: Found) -> Difference {
        let metadata = json!({"name": name, "namespace": "ns"});
        let object = Object::new(json!({"apiVersion": "v1", "kind": kind, "metadata": metadata}));
        Difference { object: object.unwrap(), found }
    }

    fn changed() -> Found {
        Found::Changed { patch: vec![json!({"op": "remove", "path": "/data"})] }
    }

    #[test]
    fn what_is_missing_is_created_before_anything_is_patched() {
        let differences = [
            difference("ConfigMap", "b", changed()),
            difference("Service", "a", Found::Missing),
            difference("ConfigMap", "same", Found::Same),
            difference("ConfigMap", "a", changed()),
            difference("ConfigMap", "left", Found::Excluded),
            difference("Secret", "a", Found::Missing),
        ];
        let made = corrections(&differences, "us");
        let lines: Vec<_> = made.iter().map(|(id, action, _)| format!("{id} {action}")).collect();
        let expected =
            ["Secret/ns/a created", "Service/ns/a created", "ConfigMap/ns/a configured", "ConfigMap/ns/b configured"];
        assert_eq!(lines, expected);
    }

    #[test]
    fn a_missing_object_is_sent_whole() {
        let missing = difference("Secret", "a", Found::Missing);
        let request = Request::Create { object: missing.object.clone(), manager: "us".into() };
        assert_eq!(corrections(from_ref(&missing), "us"), [(missing.object.id(), Action::Created, request)]);
    }

    #[test]
    fn a_changed_object_gets_its_patch() {
        let difference = difference("ConfigMap", "a", changed());
        let target = Target { gvk: Gvk::new("", "v1", "ConfigMap"), namespace: "ns".into(), name: "a".into() };
        let patch = json!([{"op": "remove", "path": "/data"}]);
        let request = Request::JsonPatch { target, patch, manager: "us".into() };
        assert_eq!(corrections(from_ref(&difference), "us"), [(difference.object.id(), Action::Configured, request)]);
    }

    #[rstest]
    #[case("ConfigMap", Action::Created, "Invalid", "creation failure: data.x: Invalid value: short")]
    #[case("ConfigMap", Action::Configured, "Invalid", "patch failure: data.x: Invalid value: short")]
    #[case("Secret", Action::Created, "Invalid", "creation failure: short")]
    #[case("Secret", Action::Configured, "Invalid", "patch failure: short")]
    #[case("Secret", Action::Configured, "Forbidden", "patch failure: data.x: Invalid value: short")]
    fn a_failure_is_told_without_values_of_secrets(
        #[case] kind: &str,
        #[case] action: Action,
        #[case] reason: &str,
        #[case] told: &str,
    ) {
        let id = ObjectId::new(&Gvk::new("", "v1", kind), "ns", "a");
        let error = ApiError::status(422, reason, "data.x: Invalid value: short");
        assert_eq!(correction_error(&id, action, &error), format!("{kind}/ns/a {told}"));
    }

    #[test]
    fn an_error_without_colon_is_told_whole() {
        let id = ObjectId::new(&Gvk::new("", "v1", "Secret"), "ns", "a");
        let error = ApiError::status(422, "Invalid", "no");
        assert_eq!(correction_error(&id, Action::Configured, &error), "Secret/ns/a patch failure: no");
    }
}
