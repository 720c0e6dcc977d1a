//! What Flux does after a build: puts the values of variables into each object's YAML (`spec.postBuild`).
//!
//! object → YAML → [`template::parse`] → text with values → YAML → object. Source: fluxcd/pkg `kustomize` and
//! `envsubst`; the cases in `tests/substitution.json` are answered by the latter.

mod functions;
mod glob;
pub mod template;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use sluice_object::Origin;
use sluice_yaml::{Duplicates, EmitOptions, Flavor, Limits, emit_v2, parse_all_v2, to_json};

use crate::{
    error::{Error, Place},
    output::{Built, Manifest, place},
};

/// A label or annotation with this key and the value `disabled` keeps an object as it is.
const MARK: &str = "kustomize.toolkit.fluxcd.io/substitute";

const QUOTES: &str = "put quotes around values that YAML would read otherwise, by a variable that is a quote: \
                      `${quote}${name}${quote}`";

/// The variables of a build.
#[derive(Clone, Default, PartialEq)]
pub struct Variables {
    /// The values by name.
    pub values: BTreeMap<String, String>,
    /// Whether a variable that has neither a value nor a default is an error; else it is empty.
    pub strict: bool,
    /// The names of those whose values are secret.
    pub secret: BTreeSet<String>,
}

impl Variables {
    /// Returns a text with `*****` for each secret value: an API server quotes what it refuses.
    ///
    /// Source: kustomize-controller's `maskSecretValues`.
    pub fn masked(&self, text: &str) -> String {
        let mut values: Vec<_> = self.secret.iter().filter_map(|name| self.values.get(name)).collect();
        values.retain(|value| !value.is_empty());
        // What is a part of another is told last.
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        values.iter().fold(text.to_owned(), |text, value| text.replace(value.as_str(), "*****"))
    }
}

/// Values may be secret.
impl std::fmt::Debug for Variables {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Variables").field("names", &self.values.keys()).field("strict", &self.strict).finish()
    }
}

impl Built {
    /// Returns the build with the values of variables in all objects that don't opt out.
    ///
    /// # Errors
    /// When a name isn't one, an expression can't be read, a variable has no value, the result isn't YAML, or it gets
    /// too large. No message holds a value.
    pub fn substitute(mut self, variables: &Variables) -> Result<Self, Error> {
        if let Some(name) = variables.values.keys().find(|name| !is_name(name)) {
            return Err(Error::Substitution {
                place: None,
                object: String::new(),
                problem: format!("'{name}' var name is invalid, must match '^[_[:alpha:]][_[:alpha:][:digit:]]*$'"),
            });
        }
        for manifest in self.resources.iter_mut().filter(|manifest| !opts_out(&manifest.value)) {
            manifest.value = substituted(manifest, variables)?;
        }
        Ok(self)
    }
}

fn is_name(name: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_alphabetic() || c == '_';
    name.starts_with(is_letter) && name.chars().all(|c| is_letter(c) || c.is_ascii_digit())
}

fn opts_out(object: &Value) -> bool {
    ["labels", "annotations"].iter().any(|map| object["metadata"][map][MARK] == "disabled")
}

fn substituted(manifest: &Manifest, variables: &Variables) -> Result<Value, Error> {
    let text = emit_v2(&manifest.value, &EmitOptions::FOLDED);
    if !text.contains('$') {
        return Ok(manifest.value.clone());
    }
    let refused =
        |error: template::Error| failed(manifest, error.variable(), format!("variable substitution failed: {error}"));
    let text = template::parse(&text).and_then(|template| template.fill(variables)).map_err(refused)?;
    let unreadable = || failed(manifest, "", format!("the result is not valid YAML; hint: {QUOTES}"));
    let documents = parse_all_v2(&text, Duplicates::LastWins, &Limits::default()).map_err(|_| unreadable())?;
    let node = documents.into_iter().next().ok_or_else(unreadable)?;
    to_json(&node, Flavor::V2).map_err(|_| unreadable())
}

fn failed(manifest: &Manifest, variable: &str, problem: String) -> Error {
    let Manifest { value, origin, .. } = manifest;
    Error::Substitution { place: Some(field_of(origin, value, variable)), object: shown(value), problem }
}

/// Returns the file of an object and the field that uses a variable.
fn field_of(origin: &Origin, object: &Value, variable: &str) -> Place {
    let field = if variable.is_empty() { None } else { find(object, variable) };
    Place { field: field.unwrap_or_default(), ..place(origin) }
}

fn find(value: &Value, variable: &str) -> Option<String> {
    let below = |key: String, value: &Value| {
        let rest = find(value, variable)?;
        Some(if rest.is_empty() || rest.starts_with('[') { key + &rest } else { format!("{key}.{rest}") })
    };
    match value {
        Value::String(text) => {
            let uses = text.match_indices("${").any(|(at, _)| {
                let rest = text[at + 2..].trim_start_matches('#').strip_prefix(variable);
                rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
            });
            uses.then(String::new)
        }
        Value::Array(items) => items.iter().enumerate().find_map(|(index, item)| below(format!("[{index}]"), item)),
        Value::Object(fields) => fields.iter().find_map(|(key, value)| below(key.clone(), value)),
        _ => None,
    }
}

/// Writes an object as kustomize writes ids: kind, version, group, name.
fn shown(object: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let api_version = text(&object["apiVersion"]);
    let (group, version) = api_version.split_once('/').unwrap_or(("[noGrp]", &api_version));
    format!("{}.{version}.{group}/{}", text(&object["kind"]), text(&object["metadata"]["name"]))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn built(value: Value) -> Built {
        let origin = Origin { file: "apps/a.yaml".into(), line: 3 };
        let manifest = Manifest { value, origin, namespace: String::new() };
        Built { resources: vec![manifest], read: Default::default(), warnings: Vec::new() }
    }

    fn variables(values: &[(&str, &str)]) -> Variables {
        let values = values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Variables { values, strict: true, ..Variables::default() }
    }

    fn config(data: Value) -> Value {
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": data})
    }

    fn data(value: Value, values: &[(&str, &str)]) -> Result<Value, String> {
        let built = built(config(value)).substitute(&variables(values)).map_err(|error| error.to_string())?;
        Ok(built.resources[0].value["data"].clone())
    }

    #[test]
    fn secret_values_are_masked_the_longer_first() {
        let secret = ["a", "b", "empty"].map(String::from).into();
        let values = Variables { secret, ..variables(&[("a", "tok"), ("b", "token"), ("c", "plain"), ("empty", "")]) };
        assert_eq!(values.masked("token, tok and plain"), "*****, ***** and plain");
    }

    #[test]
    fn values_take_the_type_that_they_look_like() {
        let found = data(json!({"a": "${n}", "b": "x${n}", "c": "${q}${n}${q}", "d": "1"}), &[("n", "7"), ("q", "\"")]);
        assert_eq!(found, Ok(json!({"a": 7, "b": "x7", "c": "7", "d": "1"})));
    }

    #[test]
    fn a_value_may_be_a_structure() {
        assert_eq!(data(json!({"a": "${v}"}), &[("v", "{b: [1, two]}")]), Ok(json!({"a": {"b": [1, "two"]}})));
    }

    #[test]
    fn objects_opt_out_by_label_or_annotation() {
        for map in ["labels", "annotations"] {
            let metadata = json!({"name": "a", map: {MARK: "disabled"}});
            let object = json!({"kind": "ConfigMap", "metadata": metadata, "data": {"a": "${missing}"}});
            let same = built(object.clone()).substitute(&variables(&[])).unwrap();
            assert_eq!(same.resources[0].value, object);
        }
    }

    #[test]
    fn a_variable_without_value_is_named_with_its_place() {
        let error = data(json!({"list": ["${other}", "x ${#missing}"]}), &[("other", "1")]).unwrap_err();
        assert_eq!(
            error,
            "post build failed for 'ConfigMap.v1.[noGrp]/a': envsubst error: variable substitution failed: variable \
             not set (strict mode): \"missing\"; apps/a.yaml:3: data.list[1]"
        );
        let lenient = Variables::default();
        let empty = built(config(json!({"a": "<${missing}>"}))).substitute(&lenient).unwrap();
        assert_eq!(empty.resources[0].value["data"]["a"], "<>");
    }

    #[test]
    fn no_message_and_no_debug_output_holds_a_value() {
        let secret = [("v", "*s3cret: ["), ("w", "ok")];
        let error = data(json!({"a": "${v}"}), &secret).unwrap_err();
        assert!(!error.contains("s3cret") && error.contains("not valid YAML"), "{error}");
        assert!(!format!("{:?}", variables(&secret)).contains("s3cret"));
    }

    #[test]
    fn a_name_must_be_one() {
        assert!(data(json!({}), &[("a-b", "")]).unwrap_err().contains("'a-b' var name is invalid"));
    }
}
