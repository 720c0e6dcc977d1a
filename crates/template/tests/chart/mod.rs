//! The chart that a golden row is in, and what its templates see.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use serde_json::{Value as Json, json};
use sluice_template::{
    Call, Data, Failure, Function, Kind, List, Map, Method, Named, Object, Signature, Source, Str, Type, Value, World,
};

/// The row's path.
pub(crate) const ROW: &str = "t/templates/row.yaml";

static VALUES: Named = Named { name: "common.Values", underlying: Some(Type::MAP), methods: &[] };
static FILES: Named = Named {
    name: "engine.files",
    underlying: Some(Type::Map(&Type::BYTES)),
    methods: &[Method {
        function: Function {
            name: "Get",
            signature: Signature::of(&[Type::Named(&FILES), Type::String], Type::String),
            call: file,
        },
    }],
};
static VERSIONS: Named = Named {
    name: "common.VersionSet",
    underlying: Some(Type::STRINGS),
    methods: &[Method {
        function: Function {
            name: "Has",
            signature: Signature::of(&[Type::Named(&VERSIONS), Type::String], Type::Bool),
            call: has,
        },
    }],
};
static STRUCTS: [Named; 3] = [
    Named { name: "*common.Capabilities", underlying: None, methods: &[] },
    Named { name: "common.KubeVersion", underlying: None, methods: &[] },
    Named { name: "version.BuildInfo", underlying: None, methods: &[] },
];

/// A world in which nothing happens. What is drawn from it looks random, and is the same in each run.
#[derive(Debug, Default)]
pub(crate) struct Fixed {
    drawn: u64,
}

impl World for Fixed {
    fn now(&self) -> Timestamp {
        "2026-01-02T03:04:05Z".parse().unwrap()
    }

    fn random(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            self.drawn = self.drawn.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *byte = self.drawn.to_be_bytes()[0];
        }
    }
}

type Field = (&'static str, fn() -> Value);

/// A struct with fields.
#[derive(Debug)]
struct Struct {
    of: &'static Named,
    kind: Kind,
    fields: &'static [Field],
    /// What `%v` prints, and what an action does.
    texts: [&'static str; 2],
}

impl Object for Struct {
    fn type_of(&self) -> &'static Named {
        self.of
    }

    fn kind(&self) -> Kind {
        self.kind
    }

    fn field(&self, name: &str) -> Option<Value> {
        self.fields.iter().find(|(known, _)| *known == name).map(|(_, value)| value())
    }

    fn print(&self) -> String {
        self.texts[0].into()
    }

    fn show(&self) -> String {
        self.texts[1].into()
    }

    fn to_json(&self) -> Json {
        Json::Null
    }
}

fn file(_: &mut Call<'_>, args: &[Value]) -> Result<Value, Failure> {
    let [Value::Map(files), Value::String(path)] = args else { return Ok(Value::Nil) };
    let Some(Value::List(bytes)) = files.get(path.as_bytes()) else { return Ok(Value::string("")) };
    let byte = |item: &Value| if let Value::Int(_, byte) = item { *byte as u8 } else { 0 };
    Ok(Value::string(bytes.items().iter().map(byte).collect::<Vec<_>>()))
}

fn has(_: &mut Call<'_>, args: &[Value]) -> Result<Value, Failure> {
    let [Value::List(versions), Value::String(wanted)] = args else { return Ok(Value::Nil) };
    Ok(Value::Bool(versions.items().iter().any(|known| matches!(known, Value::String(known) if known == wanted))))
}

fn capabilities() -> Value {
    let [of, ..] = &STRUCTS;
    let fields: &[Field] =
        &[("KubeVersion", kube_version), ("APIVersions", api_versions), ("HelmVersion", helm_version)];
    Value::Object(Arc::new(Struct { of, kind: Kind::Pointer, fields, texts: [""; 2] }))
}

fn kube_version() -> Value {
    let fields: &[Field] = &[
        ("Version", || Value::string("v1.34.0")),
        ("Major", || Value::string("1")),
        ("Minor", || Value::string("34")),
    ];
    Value::Object(Arc::new(Struct {
        of: &STRUCTS[1],
        kind: Kind::Struct,
        fields,
        texts: ["{v1.34.0 v1.34.0 1 34}", "v1.34.0"],
    }))
}

fn api_versions() -> Value {
    let versions = ["v1", "apps/v1", "apps/v1/Deployment"].map(Value::string);
    Value::List(List::typed(Type::Named(&VERSIONS), versions.into()))
}

fn helm_version() -> Value {
    let fields: &[Field] = &[("Version", || Value::string("v4.2.4"))];
    Value::Object(Arc::new(Struct { of: &STRUCTS[2], kind: Kind::Struct, fields, texts: [""; 2] }))
}

/// Returns the row and the other templates.
pub(crate) fn sources(row: &Json) -> Vec<Source> {
    let mut sources = vec![source(ROW, row["template"].as_str().unwrap())];
    for (name, text) in row["files"].as_object().into_iter().flatten() {
        if name.starts_with("templates/") {
            sources.push(source(&format!("t/{name}"), text.as_str().unwrap()));
        }
    }
    sources
}

fn source(name: &str, text: &str) -> Source {
    Source { name: name.into(), text: text.into() }
}

/// Returns what the templates see: all of them the same.
pub(crate) fn data(row: &Json) -> BTreeMap<Str, Data> {
    let values = Data { values: dot(row), base_path: "t/templates".into() };
    sources(row).into_iter().map(|source| (source.name, values.clone())).collect()
}

fn dot(row: &Json) -> Map {
    let mut values = Map::default();
    if let Value::Map(given) = Value::from_json(&row["values"]) {
        values = given;
    }
    let release = json!({"Name": "r", "Namespace": "ns", "Service": "Helm", "IsInstall": true, "IsUpgrade": false});
    let Value::Map(release) = Value::from_json(&release) else { return values };
    release.set("Revision", Value::int(1));
    let entries = [
        ("Values", Value::Map(values.converted(Type::Named(&VALUES)))),
        ("Release", Value::Map(release)),
        ("Chart", chart()),
        ("Capabilities", capabilities()),
        ("Files", files(row)),
        ("Subcharts", Value::Map(Map::default())),
    ];
    Map::typed(Type::Named(&VALUES), entries.map(|(key, value)| (Str::from(key), value)).into())
}

fn chart() -> Value {
    let chart = json!({
        "Name": "t", "Version": "0.1.0", "AppVersion": "1.0", "APIVersion": "v2", "Type": "application", "IsRoot": true,
        "Home": "", "Icon": "", "Condition": "", "Tags": "", "Description": "", "KubeVersion": "", "Deprecated": false,
    });
    Value::from_json(&chart)
}

fn files(row: &Json) -> Value {
    let all = row["files"].as_object().into_iter().flatten();
    let plain = all.filter(|(name, _)| !name.starts_with("templates/"));
    let entries =
        plain.map(|(name, text)| (Str::from(name.as_str()), Value::List(List::bytes(text.as_str().unwrap()))));
    Value::Map(Map::typed(Type::Named(&FILES), entries.collect()))
}
