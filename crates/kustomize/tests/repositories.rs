//! Entries of `resources` as repositories, answered as kustomize answers them (`cargo xtask bless`).

use serde_json::{Value, json};
use sluice_kustomize::Repository;

fn answer(entry: &str) -> Value {
    Repository::parse(entry).map_or(Value::Null, |Repository { checkout, directory }| {
        json!({
            "url": checkout.url,
            "directory": directory,
            "ref": checkout.reference,
            "submodules": checkout.submodules,
            "timeout": checkout.timeout.as_secs_f64(),
        })
    })
}

/// Numbers compare as floats: Go leaves out the point.
fn with_float(mut answer: Value) -> Value {
    if let Some(timeout) = answer.get("timeout").and_then(Value::as_f64) {
        answer["timeout"] = timeout.into();
    }
    answer
}

#[test]
fn an_entry_names_the_repository_that_kustomize_would_clone() {
    let rows: Vec<(String, Value)> = serde_json::from_str(include_str!("repositories.json")).expect("a table");
    let wrong: Vec<String> = rows
        .into_iter()
        .map(|(entry, wanted)| (answer(&entry), entry, with_float(wanted)))
        .filter(|(found, _, wanted)| found != wanted)
        .map(|(found, entry, wanted)| format!("{entry:?}: {found}, not {wanted}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
