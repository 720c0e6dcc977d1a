use std::fmt;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use serde_json::{Map, Value};

/// A field of a kind: one line of `tests/fields.txt`.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct FieldLine {
    /// Kind that the field is of.
    pub kind: String,
    /// Path from the root, such as `spec.images[].name`; `[]` steps into a list and `{}` into a map.
    pub path: String,
    /// `string`, `integer`, `boolean`, `object`, `any`, `[]<type>` or `map[<type>]`.
    pub type_: String,
    /// What else a value must hold, such as `required` or `pattern=…`, in a fixed order.
    pub constraints: Vec<String>,
}

impl fmt::Display for FieldLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} : {}", self.kind, self.path, self.type_)?;
        self.constraints.iter().try_for_each(|constraint| write!(f, " ; {constraint}"))
    }
}

/// Returns the fields of a kind below `spec` and `status`, in the order of their paths.
pub fn fields(crd: &CustomResourceDefinition) -> Vec<FieldLine> {
    let version = crd.spec.versions.first().and_then(|version| version.schema.as_ref());
    let schema = version.and_then(|schema| schema.open_api_v3_schema.as_ref());
    let schema = serde_json::to_value(schema).expect("invariant: a schema is JSON");
    lines(&crd.spec.names.kind, &schema)
}

/// Returns the fields below `spec` and `status` of a schema in its JSON form.
///
/// Works on what the API server publishes as OpenAPI too.
pub fn lines(kind: &str, schema: &Value) -> Vec<FieldLine> {
    let mut walk = Walk { kind, lines: Vec::new() };
    for part in ["spec", "status"] {
        if let Some(schema) = schema["properties"].get(part) {
            walk.field(part.into(), schema, false);
        }
    }
    walk.lines.sort();
    walk.lines
}

struct Walk<'a> {
    kind: &'a str,
    lines: Vec<FieldLine>,
}

impl Walk<'_> {
    fn field(&mut self, path: String, schema: &Value, required: bool) {
        self.line(&path, schema, required);
        self.inside(path, schema);
    }

    fn inside(&mut self, path: String, schema: &Value) {
        if let Some(Value::Object(properties)) = schema.get("properties") {
            let required = schema["required"].as_array().map(Vec::as_slice).unwrap_or_default();
            for (name, property) in properties {
                let required = required.iter().any(|item| item == name);
                self.field(format!("{path}.{name}"), property, required);
            }
        }
        for (key, step) in [("items", "[]"), ("additionalProperties", "{}")] {
            if let Some(Value::Object(_)) = schema.get(key) {
                self.element(format!("{path}{step}"), &schema[key]);
            }
        }
    }

    /// An element has a line of its own only if there is more to say than its type.
    fn element(&mut self, path: String, schema: &Value) {
        if !constraints(schema, false).is_empty() {
            self.line(&path, schema, false);
        }
        self.inside(path, schema);
    }

    fn line(&mut self, path: &str, schema: &Value, required: bool) {
        self.lines.push(FieldLine {
            kind: self.kind.into(),
            path: path.into(),
            type_: type_name(schema),
            constraints: constraints(schema, required),
        });
    }
}

fn type_name(schema: &Value) -> String {
    match schema["type"].as_str() {
        Some("array") => format!("[]{}", type_name(&schema["items"])),
        Some("object") if schema["additionalProperties"].is_object() => {
            format!("map[{}]", type_name(&schema["additionalProperties"]))
        }
        Some(name) => name.into(),
        None => "any".into(),
    }
}

/// Keywords that constrain a value, in the order of a line.
const KEYWORDS: [&str; 11] = [
    "default",
    "enum",
    "format",
    "pattern",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "minimum",
    "maximum",
    "nullable",
];
const PRESERVE: &str = "x-kubernetes-preserve-unknown-fields";

fn constraints(schema: &Value, required: bool) -> Vec<String> {
    let empty = Map::new();
    let map = schema.as_object().unwrap_or(&empty);
    // The type `any` says it already.
    let preserve = map.contains_key("type").then_some(PRESERVE);
    let keywords = KEYWORDS.into_iter().chain(preserve);
    let values = keywords.filter_map(|key| Some(format!("{key}={}", text(map.get(key)?))));
    required.then(|| "required".to_owned()).into_iter().chain(values).chain(rules(map)).collect()
}

fn rules(map: &Map<String, Value>) -> Vec<String> {
    let rules = map.get("x-kubernetes-validations").and_then(Value::as_array);
    let rule = |rule: &Value| rule["rule"].as_str().map(|rule| format!("CEL({rule})"));
    rules.into_iter().flatten().filter_map(rule).collect()
}

/// Strings as they are, all else as JSON; numbers that are whole without a fraction.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.as_f64().map_or_else(|| number.to_string(), |number| number.to_string()),
        other => other.to_string(),
    }
}
