//! Schemas of the CRDs: what Kubernetes calls structural ones, from what schemars derives.

mod fields;
mod structural;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

pub use fields::{FieldLine, fields, lines};
pub use structural::structural;

/// Returns CEL rules with their messages, in the shape of `x-kubernetes-validations`.
pub(crate) fn rules(rules: &[(&str, &str)]) -> Value {
    rules.iter().map(|(rule, message)| json!({"rule": rule, "message": message})).collect()
}

/// An integer of no stated width.
pub(crate) fn integer(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "integer"})
}

/// Any JSON at all.
pub(crate) fn any(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"x-kubernetes-preserve-unknown-fields": true})
}

/// A map of any JSON.
pub(crate) fn any_map(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "object", "additionalProperties": {"x-kubernetes-preserve-unknown-fields": true}})
}

/// A list of maps of any JSON.
pub(crate) fn any_maps(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "array", "items": any_map(generator)})
}

/// A list of any JSON objects.
pub(crate) fn any_objects(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "items": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
    })
}

/// A list of Kubernetes' standard conditions, one per type.
pub(crate) fn conditions(generator: &mut SchemaGenerator) -> Schema {
    let time = generator.subschema_for::<Time>();
    let time = time.as_value();
    json_schema!({
        "type": "array",
        "items": {
            "type": "object",
            "description": "What is known of one aspect of the object.",
            "required": ["lastTransitionTime", "message", "reason", "status", "type"],
            "properties": {
                "lastTransitionTime": {
                    "type": time["type"], "format": time["format"],
                    "description": "When `status` last changed.",
                },
                "message": {
                    "type": "string", "maxLength": 32768,
                    "description": "Explanation for people; may be empty.",
                },
                "observedGeneration": {
                    "type": "integer", "format": "int64", "minimum": 0,
                    "description": "Generation of the object that the condition is about.",
                },
                "reason": {
                    "type": "string", "minLength": 1, "maxLength": 1024,
                    "pattern": "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$",
                    "description": "Why `status` last changed, in one word.",
                },
                "status": {
                    "type": "string", "enum": ["True", "False", "Unknown"],
                    "description": "Whether the aspect holds.",
                },
                "type": {
                    "type": "string", "maxLength": 316,
                    "pattern": "^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?\
                                (([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$",
                    "description": "The aspect, such as `Ready`.",
                },
            },
        },
    })
}
