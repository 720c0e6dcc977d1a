//! What tables cannot show of values: identity, order, bounds.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use rstest::rstest;
use serde_json::{Value as Json, json};
use sluice_helm::{
    Chart, File, Limits, Notice, Nulls, Unfit, check_installable, check_kubernetes, coalesce, dependencies, load_files,
    schema::{self, Documents, SchemaError},
    top::{self, Release, Schemas},
    values::{Style, set},
};
use sluice_template::{Map, Type, Value};

fn chart(files: &[(&str, &str)]) -> Chart {
    let files = files.iter().map(|(name, text)| File::new(*name, text.to_string()));
    load_files(files.collect(), &Limits::default()).unwrap().chart
}

fn map(json: &Json) -> Map {
    match Value::from_json(json) {
        Value::Map(map) => map,
        other => panic!("no map: {other:?}"),
    }
}

fn child(values: &Map, name: &str) -> Map {
    match values.get(name.as_bytes()) {
        Some(Value::Map(map)) => map,
        other => panic!("no map at {name}: {other:?}"),
    }
}

fn json_of(value: &Value) -> Json {
    match value {
        Value::Nil => Json::Null,
        Value::Bool(value) => json!(value),
        Value::Int(_, value) => json!(value),
        Value::Float(value) => json!(value),
        Value::Map(map) => map.entries().iter().map(|(key, value)| (key.to_string(), json_of(value))).collect(),
        other => json!(other.kind().name()),
    }
}

const TOP: (&str, &str) = ("Chart.yaml", "apiVersion: v2\nname: t\nversion: 0.1.0\n");

#[test]
fn neither_defaults_nor_given_values_are_changed() {
    let chart = chart(&[TOP, ("values.yaml", "a: {b: 1, z: null}\n")]);
    let given = map(&json!({"a": {"c": 2}, "x": {"y": 1}}));
    let made = coalesce(&chart, &given, Nulls::Delete, &mut Vec::new()).unwrap();
    child(&made, "a").set("d", Value::Nil);
    child(&made, "x").set("d", Value::Nil);
    assert_eq!(json_of(&Value::Map(given)), json!({"a": {"c": 2.0}, "x": {"y": 1.0}}));
    assert_eq!(json_of(&Value::Map(chart.values.unwrap())), json!({"a": {"b": 1.0, "z": null}}));
}

#[test]
fn the_top_values_are_those_of_helm() {
    let chart = chart(&[TOP, ("values.yaml", "a: 1\n")]);
    let release = Release { name: "r".into(), namespace: "ns".into(), revision: 3, is_upgrade: true };
    let top = top::top(&chart, &Map::default(), &release, Value::Nil, Schemas::Skipped, &mut Vec::new()).unwrap();
    let values = child(&top, "Values");
    assert_eq!((values.type_of().to_string().as_str(), values.len()), ("common.Values", 1));
    assert_eq!(child(&top, "Release").get(b"Revision").unwrap().type_of(), Some(Type::INT));
    let release = json_of(&Value::Map(child(&top, "Release")));
    let expected = json!({
        "Name": "string", "Namespace": "string", "Revision": 3, "IsUpgrade": true, "IsInstall": false, "Service": "string"
    });
    assert_eq!(release, expected);
    assert_eq!(child(&top, "Chart").len(), 17);
}

#[test]
fn violations_come_in_the_order_of_names() {
    let schema = r#"{"properties": {"b": {"type": "string"}, "a": {"type": "string"}}, "additionalProperties": false}"#;
    let chart = chart(&[TOP, ("values.schema.json", schema)]);
    let values = map(&json!({"b": 1, "d": 1, "a": 1, "c": 1}));
    let refused = schema::validate(&chart, &values, &Documents::new(), &mut Vec::new()).unwrap_err();
    let lines = "- at '/a': got number, want string\n- at '/b': got number, want string\n\
                 - at '': additional properties 'c', 'd' not allowed\n";
    assert_eq!(refused, SchemaError::Violated(format!("t:\n{lines}")));
}

#[rstest]
#[case::not_at_hand(Documents::new(), "Needs")]
#[case::accepted(Documents::from([("https://x.invalid/a.json".to_owned(), json!(true))]), "accepted")]
#[case::violated(Documents::from([("https://x.invalid/a.json".to_owned(), json!(false))]), "Violated")]
fn a_schema_may_refer_to_documents_that_are_handed_in(#[case] documents: Documents, #[case] expected: &str) {
    let chart = chart(&[TOP, ("values.schema.json", r#"{"properties": {"a": {"$ref": "https://x.invalid/a.json"}}}"#)]);
    let answer = match schema::validate(&chart, &map(&json!({"a": 1})), &documents, &mut Vec::new()) {
        Ok(()) => "accepted",
        Err(SchemaError::Violated(_)) => "Violated",
        Err(SchemaError::Needs(urls)) => {
            assert_eq!(urls, ["https://x.invalid/a.json"]);
            "Needs"
        }
    };
    assert_eq!(answer, expected);
}

#[rstest]
#[case("application", ">=1.30.0-0", Ok(()))]
#[case("", "", Ok(()))]
#[case("", ">=1.35", Err("chart requires kubeVersion: >=1.35 which is incompatible with Kubernetes v1.34.2-eks.1"))]
#[case("", "nonsense", Err("chart requires kubeVersion: nonsense which is incompatible with Kubernetes v1.34.2-eks.1"))]
#[case("library", "", Err("library charts are not installable"))]
fn a_chart_says_where_it_can_be_installed(
    #[case] kind: &str,
    #[case] kubernetes: &str,
    #[case] expected: Result<(), &str>,
) {
    let text = format!("name: t\nversion: 0.1.0\ntype: '{kind}'\nkubeVersion: '{kubernetes}'\n");
    let chart = chart(&[("Chart.yaml", &text)]);
    let checked = check_installable(&chart).and_then(|()| check_kubernetes(&chart, "v1.34.2-eks.1", "v1.34.2"));
    assert_eq!(checked.map_err(|unfit: Unfit| unfit.to_string()), expected.map_err(str::to_owned));
}

#[test]
fn aliases_of_aliases_are_bounded() {
    let aliases = |name: &str| -> String {
        let alias = |index| format!("- {{name: {name}, version: 1.0.0, alias: {name}{index}}}\n");
        (0..40).map(alias).collect()
    };
    let chart = chart(&[
        ("Chart.yaml", &format!("apiVersion: v2\nname: t\nversion: 0.1.0\ndependencies:\n{}", aliases("a"))),
        ("charts/a/Chart.yaml", &format!("name: a\nversion: 1.0.0\ndependencies:\n{}", aliases("b"))),
        ("charts/a/charts/b/Chart.yaml", "name: b\nversion: 1.0.0\n"),
    ]);
    let refused = dependencies::process(&chart, &Map::default(), &mut Vec::new()).unwrap_err();
    let text = "the chart has more than 1024 charts in it, those with several names counted for each";
    assert_eq!(refused.to_string(), text);
}

#[test]
fn values_are_not_imported_to_endless_depths() {
    let parent = vec!["p"; 1000].join(".");
    let dependency =
        format!("dependencies: [{{name: a, version: 1.0.0, import-values: [{{child: d, parent: {parent}}}]}}]\n");
    let chart = chart(&[
        ("Chart.yaml", &format!("{}{dependency}", TOP.1)),
        ("charts/a/Chart.yaml", "name: a\nversion: 1.0.0\n"),
    ]);
    let refused = dependencies::process(&chart, &Map::default(), &mut Vec::new()).unwrap_err();
    assert_eq!(refused.to_string(), "import-values of a: the path to the parent's values has more than 32 names");
}

#[rstest]
#[case::few(128, true)]
#[case::many(100_000, false)]
fn lists_are_not_nested_without_end(#[case] depth: usize, #[case] accepted: bool) {
    let text = format!("a{}=1", "[0]".repeat(depth));
    assert_eq!(set(&text, &Map::default(), Style::Typed).is_ok(), accepted);
}

#[test]
fn notices_say_what_they_are_about() {
    let notice = Notice::warn("returned non-bool value", vec![("path", "a.b".into()), ("chart", "c".into())]);
    assert_eq!(notice.to_string(), "returned non-bool value path=a.b chart=c");
}
