//! The objects of a manifest, as Kubernetes' own builder reads it.

use serde_json::Value;
use sluice_helm::manifest::documents;
use sluice_object::{Object, Origin};
use sluice_yaml::{Duplicates, Flavor, Limits};

/// What stands before the name of a template.
const SOURCE: &str = "# Source: ";
/// A stored release has 1 MiB compressed; what is in it may be much more, but not without end.
const LIMITS: Limits = Limits { bytes: 64 << 20, depth: 400, nodes: 4_000_000 };

/// Reads the objects of a manifest in their order, those of lists one by one.
///
/// # Errors
/// When a document is no object.
pub fn objects(manifest: &str) -> Result<Vec<Object>, String> {
    let mut found = Vec::new();
    for document in documents(manifest) {
        let template = template(document);
        let value = json(document).map_err(|error| within(template, &error))?;
        take(value, template, &mut found).map_err(|error| within(template, &error))?;
    }
    Ok(found)
}

fn template(document: &str) -> &str {
    document.lines().find_map(|line| line.strip_prefix(SOURCE)).unwrap_or_default().trim()
}

fn within(template: &str, error: &str) -> String {
    if template.is_empty() { error.to_owned() } else { format!("{template}: {error}") }
}

fn json(document: &str) -> Result<Value, String> {
    let node = sluice_yaml::parse_first(document, Flavor::V2, Duplicates::LastWins, &LIMITS);
    let node = node.map_err(|error| format!("error parsing: error converting YAML to JSON: {error}"))?;
    sluice_yaml::to_json(&node, Flavor::V2).map_err(|error| format!("error parsing: {error}"))
}

fn take(mut value: Value, template: &str, found: &mut Vec<Object>) -> Result<(), String> {
    if value.is_null() {
        return Ok(());
    }
    if let Some(items) = items(&mut value) {
        return items.into_iter().try_for_each(|item| take(item, template, found));
    }
    let object = Object::new(value).map_err(|error| error.to_string())?;
    found.push(object.with_origin(Origin { file: template.to_owned(), line: 0 }));
    Ok(())
}

fn items(value: &mut Value) -> Option<Vec<Value>> {
    let is_list = value.get("kind").and_then(Value::as_str).is_some_and(|kind| kind.ends_with("List"));
    match value.get_mut("items").filter(|_| is_list)?.take() {
        Value::Array(items) => Some(items),
        _ => Some(Vec::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(manifest: &str) -> Result<Vec<String>, String> {
        let shown = |object: &Object| {
            let template = object.origin().map(|origin| origin.file.clone()).unwrap_or_default();
            format!("{} {template}", object.id())
        };
        Ok(objects(manifest)?.iter().map(shown).collect())
    }

    #[test]
    fn objects_are_read_with_their_templates() {
        let manifest = "---\n# Source: c/templates/a.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\n# x\n\
                        ---\napiVersion: v1\nkind: Secret\nmetadata: {name: b, namespace: ns}\n";
        assert_eq!(names(manifest), Ok(vec!["ConfigMap/a c/templates/a.yaml".into(), "Secret/ns/b ".into()]));
    }

    #[test]
    fn lists_are_taken_apart() {
        let item = "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}";
        let manifest = format!("# Source: l\napiVersion: v1\nkind: List\nitems: [{item}]\n");
        assert_eq!(names(&manifest), Ok(vec!["ConfigMap/a l".into()]));
    }

    #[test]
    fn what_is_no_object_is_told_with_its_template() {
        let error = names("# Source: c/a.yaml\nkind: ConfigMap\nmetadata: {name: a}\n").unwrap_err();
        assert!(error.starts_with("c/a.yaml: ") && error.contains("apiVersion"), "{error}");
    }
}
