//! Golden expressions: what Flux's CEL package makes of them. A row more needs no Rust.
//!
//! A row has the type that the checker finds, if it finds one, and what the expression comes to without a check:
//! `value`, `error` or `refused`. Where we differ on purpose `ours` has our answer.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use rstest::rstest;
use serde_json::{Map, Value as Json};
use sluice_cel::{Program, Value};

/// Flux hands out the inside of an optional.
fn literal(value: &Value) -> String {
    match value {
        Value::Optional(Some(inner)) => literal(inner),
        Value::Optional(None) => Value::Null.to_string(),
        other => other.to_string(),
    }
}

fn answer(expression: &str, variables: &Map<String, Json>) -> (&'static str, String) {
    let Ok(program) = Program::parse(expression) else { return ("refused", "yes".into()) };
    match program.evaluate(variables) {
        Ok(value) => ("value", literal(&value)),
        Err(unanswered) => {
            let text = unanswered.to_string();
            let (_, reason) = text.split_once(&format!("{expression}': ")).unwrap();
            ("error", reason.to_owned())
        }
    }
}

/// Which types a function was called with is told in other words.
fn is_same(wanted: &str, found: &str) -> bool {
    const NO_OVERLOAD: &str = "no such overload";
    wanted == found || (wanted.starts_with(NO_OVERLOAD) && found.starts_with(NO_OVERLOAD))
}

fn wrong(row: &Json, variables: &Map<String, Json>) -> Vec<String> {
    let text = |key: &str| row[key].as_str();
    let expression = text("expr").unwrap();
    let mut wrong = Vec::new();
    let names: Vec<_> = variables.keys().map(String::as_str).collect();
    let found = Program::type_of(expression, &names);
    if text("type") != found.as_deref().ok() && text("ours").is_none() {
        wrong.push(format!("{expression}: is of type {found:?}, not {:?}", text("type")));
    }
    let (kind, found) = answer(expression, variables);
    let same = match text("ours") {
        Some(ours) => ours == format!("{kind}: {found}"),
        None => text(kind).is_some_and(|wanted| is_same(wanted, &found)),
    };
    if !same {
        wrong.push(format!("{expression}: {kind}: {found}; wanted {row}"));
    }
    wrong
}

#[rstest]
#[case::operators(include_str!("golden/operators.json"))]
#[case::objects(include_str!("golden/objects.json"))]
#[case::texts(include_str!("golden/texts.json"))]
#[case::times(include_str!("golden/times.json"))]
fn expressions_come_to_what_they_do_in_flux(#[case] file: &str) {
    let table: Json = serde_json::from_str(file).unwrap();
    let variables = table["variables"].as_object().unwrap();
    let rows = table["rows"].as_array().unwrap();
    let wrong: Vec<_> = rows.iter().flat_map(|row| wrong(row, variables)).collect();
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}
