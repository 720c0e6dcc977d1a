use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::JSONSchemaProps;
use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::{Map, Value, json};

/// Returns the schema of `T` as the API server wants it: no references, no alternatives, one type per value.
///
/// An `Option` is a property that may be absent, never one that may be `null`. A description is one paragraph per
/// paragraph of the doc comment.
pub fn structural<T: JsonSchema>() -> JSONSchemaProps {
    let mut settings = SchemaSettings::openapi3();
    settings.inline_subschemas = true;
    settings.meta_schema = None;
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    rewrite(&mut schema);
    serde_json::from_value(schema).expect("invariant: a rewritten schema is made of CRD keywords")
}

fn rewrite(schema: &mut Value) {
    if schema == &Value::Bool(true) {
        *schema = json!({"x-kubernetes-preserve-unknown-fields": true});
    }
    let Value::Object(map) = schema else { return };
    merge_nullable(map);
    merge_constants(map);
    drop_null(map);
    map.remove("title");
    map.remove("nullable");
    if let Some(Value::String(text)) = map.get_mut("description") {
        *text = reflow(text);
    }
    for key in ["items", "additionalProperties"] {
        if let Some(child) = map.get_mut(key) {
            rewrite(child);
        }
    }
    if let Some(Value::Object(properties)) = map.get_mut("properties") {
        properties.values_mut().for_each(rewrite);
    }
}

/// `anyOf: [X, null]` becomes X, with what stands beside it.
fn merge_nullable(map: &mut Map<String, Value>) {
    let Some(Value::Array(choices)) = map.get("anyOf") else { return };
    let (nulls, others): (Vec<Value>, Vec<Value>) = choices.iter().cloned().partition(is_null);
    if let ([_], [Value::Object(choice)]) = (nulls.as_slice(), others.as_slice()) {
        map.remove("anyOf");
        for (key, value) in choice {
            map.entry(key.clone()).or_insert_with(|| value.clone());
        }
    }
}

fn is_null(schema: &Value) -> bool {
    schema["type"] == "null" || schema["enum"] == json!([null])
}

/// `oneOf` of strings, one for each variant with a doc comment, becomes an `enum`.
fn merge_constants(map: &mut Map<String, Value>) {
    let Some(Value::Array(choices)) = map.get("oneOf") else { return };
    let values: Option<Vec<Vec<Value>>> = choices.iter().map(constants).collect();
    if let Some(values) = values {
        map.remove("oneOf");
        map.insert("type".into(), "string".into());
        map.insert("enum".into(), values.concat().into());
    }
}

fn constants(schema: &Value) -> Option<Vec<Value>> {
    match (schema.get("const"), schema.get("enum")) {
        (Some(value), _) => Some(vec![value.clone()]),
        (None, Some(Value::Array(values))) => Some(values.clone()),
        _ => None,
    }
}

fn drop_null(map: &mut Map<String, Value>) {
    if let Some(Value::Array(types)) = map.get("type") {
        let types: Vec<Value> = types.iter().filter(|name| *name != "null").cloned().collect();
        if let [one] = types.as_slice() {
            map.insert("type".into(), one.clone());
        }
    }
    if let Some(Value::Array(values)) = map.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
}

fn reflow(text: &str) -> String {
    let paragraph = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    text.split("\n\n").map(paragraph).collect::<Vec<_>>().join("\n\n")
}
