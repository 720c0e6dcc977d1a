//! What our functions make of a row.

mod charts;
pub(crate) mod releases;

use serde_json::{Map as JsonMap, Value as Json, json};
use sluice_helm::{
    Notice, Nulls, Rules, coalesce as coalesce_chart, dependencies as deps,
    schema::Documents,
    top::{self, Release, Schemas},
    values::Flags,
};
use sluice_template::{IntKind, Map, Str, Value};

use crate::Answer;
use charts::{chart, source};

pub(crate) fn values(row: &Json) -> Answer {
    let texts = |name: &str| -> Vec<String> {
        let items = row[name].as_array().cloned().unwrap_or_default();
        items.iter().filter_map(Json::as_str).map(str::to_owned).collect()
    };
    let file = |name: &str| row["files"][name].as_str();
    let read = |name: &str| match file(name) {
        Some(text) => Ok(Str::from(text)),
        None => Err(format!("open {name}: no such file or directory")),
    };
    let files = texts("values").into_iter().map(|name| {
        let bytes = file(&name).unwrap_or_default().as_bytes().to_vec();
        (name, bytes)
    });
    let flags = Flags {
        files: files.collect(),
        json: texts("set-json"),
        typed: texts("set"),
        text: texts("set-string"),
        file: texts("set-file"),
        literal: texts("set-literal"),
    };
    let result = flags.values(&read).map(|values| typed(&Value::Map(values))).map_err(|error| error.to_string());
    Answer { result, notices: Vec::new() }
}

pub(crate) fn coalesce(row: &Json) -> Answer {
    let nulls = if row["keepNulls"] == json!(true) { Nulls::Keep } else { Nulls::Delete };
    let mut notices = Vec::new();
    let result = coalesce_chart(&chart(&row["chart"]), &map(&row["values"]), nulls, &mut notices);
    answer(result.map(|values| typed(&Value::Map(values))).map_err(|error| error.to_string()), &notices)
}

pub(crate) fn dependencies(row: &Json) -> Answer {
    let mut notices = Vec::new();
    let result = source(row).and_then(|loaded| {
        notices.extend(loaded.notices);
        deps::check(&loaded.chart).map_err(|error| error.to_string())?;
        let processed = deps::process(&loaded.chart, &map(&row["user"]), &mut notices);
        processed.map(|chart| charts::used(&chart)).map_err(|error| error.to_string())
    });
    answer(result, &notices)
}

pub(crate) fn schema(row: &Json) -> Answer {
    let release = Release { name: "r".into(), namespace: "ns".into(), revision: 1, is_upgrade: false };
    let mut notices = Vec::new();
    let documents = Documents::new();
    let schemas = Schemas::Checked(&documents);
    let result = top::top(&chart(row), &map(&row["user"]), &release, Value::Nil, schemas, &mut notices);
    answer(result.map(|_| json!("accepted")).map_err(|error| error.to_string()), &notices)
}

pub(crate) fn ignore(row: &Json) -> Answer {
    let rules = Rules::parse(row["rules"].as_str().unwrap_or_default().as_bytes());
    let result = rules.map_err(|error| error.to_string()).map(|rules| {
        let paths = row["paths"].as_array().cloned().unwrap_or_default();
        let ignored = paths.into_iter().filter(|path| {
            let path = path.as_str().unwrap_or_default();
            rules.ignore(path.strip_suffix('/').unwrap_or(path), path.ends_with('/'))
        });
        ignored.collect::<Vec<_>>().into()
    });
    Answer { result, notices: Vec::new() }
}

pub(crate) fn load(row: &Json) -> Answer {
    match source(row) {
        Ok(loaded) => answer(Ok(charts::described(&loaded.chart)), &loaded.notices),
        Err(error) => Answer { result: Err(error), notices: Vec::new() },
    }
}

fn answer(result: Result<Json, String>, notices: &[Notice]) -> Answer {
    let level = |notice: &Notice| format!("{:?}", notice.level).to_uppercase();
    Answer { result, notices: notices.iter().map(|notice| format!("{} {notice}", level(notice))).collect() }
}

fn map(json: &Json) -> Map {
    match Value::from_json(json) {
        Value::Map(map) => map,
        _ => Map::default(),
    }
}

/// Shows an `int64` apart from other numbers, as the oracle does.
pub(crate) fn typed(value: &Value) -> Json {
    match value {
        Value::Nil => Json::Null,
        Value::Bool(value) => json!(value),
        Value::Int(IntKind::Int64, value) => json!({ "int64": value }),
        Value::Int(_, value) => json!(value),
        Value::Float(value) => json!(value),
        Value::String(text) => json!(text.to_string()),
        Value::List(list) => list.items().iter().map(typed).collect(),
        Value::Map(map) if map.is_nil() => Json::Null,
        Value::Map(map) => {
            let entries = map.entries().into_iter().map(|(key, value)| (key.to_string(), typed(&value)));
            Json::Object(entries.collect::<JsonMap<_, _>>())
        }
        Value::Object(object) => object.to_json(),
    }
}
