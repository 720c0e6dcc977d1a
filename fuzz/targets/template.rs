//! Whatever a template is, reading it and rendering it end without a panic.
#![no_main]

use std::{collections::BTreeMap, sync::Arc};

use libfuzzer_sys::fuzz_target;
use serde_json::json;
use sluice_template::{
    Compiled, Data, Delimiters, Functions, Job, Language, Limits, Map, Source, Str, Value, World,
};

struct Fixed;

impl World for Fixed {
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::UNIX_EPOCH
    }

    fn random(&mut self, bytes: &mut [u8]) {
        bytes.fill(7);
    }
}

fn values() -> Map {
    let values = json!({"Values": {"s": "abc", "n": 5, "l": ["x", 1, null], "m": {"a": {"b": true}}, "t": "{{ .Values }}"}});
    match Value::from_json(&values) {
        Value::Map(map) => map,
        _ => Map::default(),
    }
}

fuzz_target!(|text: &[u8]| {
    let (name, partial) = (Str::from("t/templates/row.yaml"), Str::from("t/templates/_x.tpl"));
    let source = |name: &Str, text: &[u8]| Source { name: name.clone(), text: text.into() };
    let sources = [source(&name, text), source(&partial, br#"{{ define "x" }}<{{ . }}>{{ end }}"#)];
    for delimiters in [Delimiters::default(), Delimiters::new("<<", ">>")] {
        let language = Language { functions: Functions::helm().with_templates(), delimiters, strict: false };
        let Ok(compiled) = Compiled::new(&sources, language) else { continue };
        let data = Data { values: values(), base_path: "t/templates".into() };
        let data = BTreeMap::from([(name.clone(), data.clone()), (partial.clone(), data)]);
        let limits = Limits { steps: 20_000, depth: 200, bytes: 4 << 20 };
        let _ = Arc::new(compiled).render(Job { data, lint: false, limits }, Box::new(Fixed));
    }
});
