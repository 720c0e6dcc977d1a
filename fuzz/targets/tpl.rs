//! Whatever values bring for `tpl`, the render ends without a panic.
#![no_main]

use std::{collections::BTreeMap, sync::Arc};

use libfuzzer_sys::fuzz_target;
use sluice_template::{Compiled, Data, Functions, Job, Language, Limits, Map, Source, Str, Value, World};

const FILE: &str = r#"{{ define "x" }}<{{ . }}>{{ end }}{{ define "r" }}{{ tpl .Values.t . }}{{ end -}}
{{ tpl .Values.t . }}{{ tpl .Values.t (dict "Template" .Template "Values" (dict "t" "{{ 1 }}")) }}{{ include "r" . }}"#;

struct Fixed;

impl World for Fixed {
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::UNIX_EPOCH
    }

    fn random(&mut self, bytes: &mut [u8]) {
        bytes.fill(7);
    }
}

fn map(entries: [(&str, Value); 2]) -> Map {
    Map::new(entries.into_iter().map(|(key, value)| (Str::from(key), value)).collect())
}

fuzz_target!(|text: &[u8]| {
    let name = Str::from("t/templates/row.yaml");
    let language = Language { functions: Functions::helm().with_templates(), ..Language::default() };
    let source = Source { name: name.clone(), text: FILE.into() };
    let Ok(compiled) = Compiled::new(&[source], language) else { return };
    let values = map([("t", Value::String(text.into())), ("l", Value::list(vec![Value::int(1), Value::string("a")]))]);
    let values = map([("Values", Value::Map(values)), ("n", Value::int(5))]);
    let data = BTreeMap::from([(name, Data { values, base_path: "t/templates".into() })]);
    let limits = Limits { steps: 20_000, depth: 200, bytes: 4 << 20 };
    let _ = Arc::new(compiled).render(Job { data, lint: false, limits }, Box::new(Fixed));
});
