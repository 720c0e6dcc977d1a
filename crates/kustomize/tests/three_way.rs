//! The patches of client-side apply, as Helm makes them (`cargo xtask bless`).

use serde_json::{Map, Value, json};
use sluice_kustomize::{Change, ClientPatch, OtherKinds, three_way};

/// Returns a row's object: what it gives stands at its path, where `containers[name=c]` is the element of a list.
fn object(row: &Value, state: &str) -> Value {
    let (given, path) = (row.get(state), row["at"].as_str().unwrap_or_default());
    let mut object = match path.is_empty() {
        true => given.cloned().unwrap_or_else(|| json!({})),
        false => path.rsplit('.').fold(given.cloned(), below).unwrap_or_default(),
    };
    let (version, kind) = row["kind"].as_str().and_then(|kind| kind.split_once(' ')).expect("a kind has a version");
    let fields = object.as_object_mut().expect("an object has fields");
    fields.entry("apiVersion").or_insert_with(|| version.into());
    fields.insert("kind".into(), kind.into());
    let metadata = fields.entry("metadata").or_insert_with(|| json!({}));
    metadata.as_object_mut().expect("metadata have fields").entry("name").or_insert_with(|| "n".into());
    object
}

/// Puts a value below a name; what is missing leaves the mapping without it.
fn below(value: Option<Value>, part: &str) -> Option<Value> {
    let Some(value) = value else { return Some(json!({})) };
    let Some((name, element)) = part.strip_suffix(']').and_then(|part| part.split_once('[')) else {
        return Some(Map::from_iter([(part.to_owned(), value)]).into());
    };
    let (key, id) = element.split_once('=').expect("an element has a key");
    let mut item = value;
    item[key] = id.into();
    Some(json!({ name: [item] }))
}

fn answer(row: &Value) -> Result<Value, String> {
    let [original, modified, current] = ["original", "modified", "current"].map(|state| object(row, state));
    let change = Change { original: &original, modified: &modified, current: &current };
    let others = if row["unstructured"] == true { OtherKinds::ThreeWay } else { OtherKinds::TwoWay };
    match three_way(&change, others) {
        Ok(None) => Ok(Value::Null),
        Ok(Some(ClientPatch::Strategic(patch))) => Ok(json!({ "strategic": patch })),
        Ok(Some(ClientPatch::Merge(patch))) => Ok(json!({ "merge": patch })),
        Err(error) => Err(error.to_string()),
    }
}

#[test]
fn patches_are_those_of_helm() {
    let rows: Vec<Value> = serde_json::from_str(include_str!("three-way.json")).expect("the rows are JSON");
    let mut wrong = Vec::new();
    for row in &rows {
        let (found, expected) = (answer(row), row.get("ours").or(row.get("result")));
        // Compared as texts: that is what is sent.
        if found.as_ref().ok().map(Value::to_string) != expected.map(Value::to_string) {
            wrong.push(format!("{}: {found:?}, not {}", row["case"], expected.unwrap_or(&row["error"])));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn refusals_name_the_field() {
    let rows: Vec<Value> = serde_json::from_str(include_str!("three-way.json")).expect("the rows are JSON");
    let refusal = |case: &str| rows.iter().find(|row| row["case"] == case).map(answer);
    let nameless = "compare `spec.template.spec.containers`: an element has no `name`; \
                    hint: elements of this list are told apart by it";
    assert_eq!(refusal("a container without a name"), Some(Err(nameless.to_owned())));
    let renamed = "compare `metadata.name`: the current object has another one; hint: delete it first";
    assert_eq!(refusal("custom: another object in the cluster"), Some(Err(renamed.to_owned())));
}
