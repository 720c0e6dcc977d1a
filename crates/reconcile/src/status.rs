//! Status writes as the smallest merge patch.

use serde_json::{Map, Value};

/// Returns the JSON merge patch (RFC 7396) that turns one value into another; an empty object when they are equal.
pub fn merge_patch(from: &Value, to: &Value) -> Value {
    let (Value::Object(from), Value::Object(to)) = (from, to) else { return to.clone() };
    let mut patch = Map::new();
    for key in from.keys().filter(|key| !to.contains_key(*key)) {
        patch.insert(key.clone(), Value::Null);
    }
    for (key, value) in to {
        match from.get(key) {
            Some(old) if old == value => {}
            Some(old @ Value::Object(_)) if value.is_object() => {
                patch.insert(key.clone(), merge_patch(old, value));
            }
            _ => {
                patch.insert(key.clone(), value.clone());
            }
        }
    }
    Value::Object(patch)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    #[rstest]
    #[case(json!({"a": 1}), json!({"a": 1}), json!({}))]
    #[case(json!({"a": 1, "b": 2}), json!({"a": 1}), json!({"b": null}))]
    #[case(json!({"a": {"x": 1, "y": 2}}), json!({"a": {"x": 1, "y": 3}}), json!({"a": {"y": 3}}))]
    #[case(json!({"a": [1]}), json!({"a": [1, 2]}), json!({"a": [1, 2]}))]
    #[case(Value::Null, json!({"a": 1}), json!({"a": 1}))]
    fn a_patch_holds_only_what_differs(#[case] from: Value, #[case] to: Value, #[case] patch: Value) {
        assert_eq!(merge_patch(&from, &to), patch);
    }
}
