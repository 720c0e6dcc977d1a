//! Golden templates: what Helm's engine makes of them. A row more, or a table more in a folder, needs no Rust.
//!
//! A row is the template `templates/row.yaml` of a chart named `t`, with `values` and other `files`. It has the text that
//! comes out: `output`, or `output64` where that is no UTF-8; or `error`. Where we differ on purpose `ours` has our
//! answer, with the same keys.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod chart;

use std::{collections::BTreeMap, fs, path::Path, sync::Arc};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Map, Value as Json, json};
use sluice_template::{Compiled, Functions, Job, Language, Limits};

const ANSWERS: [&str; 3] = ["output", "output64", "error"];

/// Returns the tables of a folder, by path.
fn tables(folder: &Path) -> BTreeMap<String, Vec<Json>> {
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    files.map(|file| (file.display().to_string(), rows(&file))).collect()
}

fn rows(file: &Path) -> Vec<Json> {
    serde_json::from_slice(&fs::read(file).unwrap()).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn is_answer(fields: &Map<String, Json>) -> bool {
    ANSWERS.iter().filter(|key| fields.contains_key(**key)).count() == 1
}

fn is_row(row: &Json) -> bool {
    row.as_object().is_some_and(|fields| {
        let known = |key: &str| ["template", "values", "files", "ours"].contains(&key) || ANSWERS.contains(&key);
        fields.contains_key("template")
            && is_answer(fields)
            && fields.keys().all(|key| known(key))
            && fields.get("ours").is_none_or(|ours| ours.as_object().is_some_and(is_answer))
    })
}

fn rendered(row: &Json) -> Json {
    let language = Language { functions: Functions::helm().with_templates(), ..Language::default() };
    let compiled = match Compiled::new(&chart::sources(row), language) {
        Ok(compiled) => Arc::new(compiled),
        Err(failure) => return json!({"error": failure.text}),
    };
    let job = Job { data: chart::data(row), lint: false, limits: Limits::default() };
    match compiled.render(job, Box::new(chart::Fixed::default())) {
        Err(failure) => json!({"error": failure.text}),
        Ok(texts) => {
            let text = &texts[chart::ROW.as_bytes()];
            match text.as_str() {
                Some(text) => json!({"output": text}),
                None => json!({"output64": BASE64_STANDARD.encode(text.as_bytes())}),
            }
        }
    }
}

fn wrong(path: &str, row: &Json) -> Option<String> {
    assert!(is_row(row), "{path}: {row}");
    let wanted: Map<String, Json> = match row["ours"].as_object() {
        Some(ours) => ours.clone(),
        None => {
            row.as_object().unwrap().clone().into_iter().filter(|(key, _)| ANSWERS.contains(&key.as_str())).collect()
        }
    };
    let (wanted, found) = (Json::Object(wanted), rendered(row));
    (wanted != found).then(|| format!("{path}: {}\n   wanted {wanted}\n    found {found}", row["template"]))
}

/// Those of `stubbed` need functions that always answer alike: they are rendered by the tests of charts.
#[rstest::rstest]
#[case::functions("functions")]
#[case::language("language")]
fn templates_come_to_what_they_do_in_helm(#[case] folder: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(folder);
    let tables = tables(&folder);
    let wrong: Vec<_> =
        tables.iter().flat_map(|(path, rows)| rows.iter().filter_map(move |row| wrong(path, row))).collect();
    assert!(!tables.is_empty() && wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}
