//! Tables that Helm has answered. See `xtask/src/bless/helm.rs`.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod answers;

use std::path::Path;

use rstest::rstest;
use serde_json::{Map as JsonMap, Value as Json};

/// What a row comes to: a result or an error, and what is said beside it.
struct Answer {
    result: Result<Json, String>,
    notices: Vec<String>,
}

#[rstest]
#[case::values("values", answers::values)]
#[case::coalesce("coalesce", answers::coalesce)]
#[case::dependencies("dependencies", answers::dependencies)]
#[case::schema("schema", answers::schema)]
#[case::ignore("ignore", answers::ignore)]
#[case::load("load", answers::load)]
#[case::stored("stored", answers::releases::stored)]
#[case::made("made", answers::releases::made)]
#[case::digests("digests", answers::releases::digests)]
#[case::references("references", answers::releases::references)]
#[case::strategies("strategies", answers::releases::strategies)]
fn answers_as_helm(#[case] table: &str, #[case] answer: fn(&Json) -> Answer) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/{table}.json"));
    let rows: Vec<JsonMap<String, Json>> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let differences: Vec<_> = rows.iter().filter_map(|row| difference(row, answer)).collect();
    assert!(differences.is_empty(), "{} of {}:\n{}", differences.len(), rows.len(), differences.join("\n"));
}

fn difference(row: &JsonMap<String, Json>, answer: fn(&Json) -> Answer) -> Option<String> {
    let Answer { result, mut notices } = answer(&Json::Object(row.clone()));
    notices.sort();
    let mut made = JsonMap::new();
    match result {
        Ok(result) => made.insert("result".into(), result),
        Err(error) => made.insert("error".into(), error.into()),
    };
    if !notices.is_empty() {
        made.insert("notices".into(), notices.into());
    }
    let wanted = match row.get("ours") {
        Some(ours) => ours.as_object().cloned().unwrap_or_default(),
        None => row.iter().filter(|(key, _)| is_answer(key)).map(|(key, value)| (key.clone(), value.clone())).collect(),
    };
    if same(&Json::Object(made.clone()), &Json::Object(wanted.clone())) {
        return None;
    }
    let given: JsonMap<_, _> = row
        .iter()
        .filter(|(key, _)| !is_answer(key))
        .collect::<Vec<_>>()
        .into_iter()
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    Some(format!("{}\n   helm: {}\n   ours: {}", Json::Object(given), Json::Object(wanted), Json::Object(made)))
}

fn is_answer(key: &str) -> bool {
    matches!(key, "result" | "error" | "notices")
}

/// Compares numbers by value: Go writes a whole float without a point.
fn same(one: &Json, two: &Json) -> bool {
    match (one, two) {
        (Json::Number(one), Json::Number(two)) => one == two || one.as_f64() == two.as_f64(),
        (Json::Array(one), Json::Array(two)) => {
            one.len() == two.len() && one.iter().zip(two).all(|(one, two)| same(one, two))
        }
        (Json::Object(one), Json::Object(two)) => {
            one.len() == two.len() && one.iter().all(|(key, one)| two.get(key).is_some_and(|two| same(one, two)))
        }
        _ => one == two,
    }
}
