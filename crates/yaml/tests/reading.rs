//! Documents, aliases, merge keys, limits and error texts.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use rstest::rstest;
use serde_json::{Value as Json, json};
use sluice_yaml::{
    Duplicates, EmitOptions, Error, Flavor, LayoutOptions, Limits, Position, Style, Tag, emit_v2, emit_v3, from_json,
    json_text, parse_all, parse_all_v2, parse_first, to_json,
};

fn v3(text: &str) -> Vec<Json> {
    let nodes = parse_all(text, &Limits::default()).unwrap();
    nodes.iter().map(|node| to_json(node, Flavor::V3).unwrap()).collect()
}

fn v2(text: &str) -> Json {
    let nodes = parse_all_v2(text, Duplicates::LastWins, &Limits::default()).unwrap();
    to_json(&nodes[0], Flavor::V2).unwrap()
}

fn refusal(text: &str) -> String {
    parse_all(text, &Limits::default()).unwrap_err().to_string()
}

/// Names, texts, and the JSON that `go.yaml.in/yaml/v3` with `encoding/json` makes of their documents, or its words when
/// it refuses. See `golden/README.md`.
fn documents() -> Vec<(String, String, String)> {
    serde_json::from_str(include_str!("golden/documents.json")).unwrap()
}

fn read(text: &str) -> Result<String, Error> {
    let nodes = parse_all(text, &Limits::default())?;
    let documents: Result<_, _> = nodes.iter().map(|node| to_json(node, Flavor::V3)).collect();
    Ok(json_text(&Json::Array(documents?)))
}

#[test]
fn reads_and_refuses_as_go_yaml_v3() {
    for (name, text, answer) in documents() {
        assert_eq!(read(&text).unwrap_or_else(|error| error.to_string()), answer, "{name}");
    }
}

#[rstest]
#[case::word_keys("y: 1\non: 2\n", json!({"true": 2}))]
#[case::number_keys("0x10: a\n1.50: b\n", json!({"16": "a", "1.5": "b"}))]
#[case::last_wins("a: 1\na: 2\n", json!({"a": 2}))]
#[case::merge_writes_over("x: &x {a: 1}\nz: {a: 2, <<: *x}\n", json!({"x": {"a": 1}, "z": {"a": 1}}))]
#[case::dates_stay("a: 2020-1-2\n", json!({"a": "2020-1-2"}))]
fn reads_as_go_yaml_v2(#[case] text: &str, #[case] expected: Json) {
    assert_eq!(v2(text), expected);
}

#[test]
fn refuses_duplicates_of_v2_when_asked() {
    let error = parse_all_v2("yes: 1\ntrue: 2\n", Duplicates::Refuse, &Limits::default()).unwrap_err();
    assert_eq!(error.to_string(), "yaml: unmarshal errors:\n  line 2: key true already set in map");
}

/// As go-yaml: what `sigs.k8s.io/yaml` writes of a map with this key, it refuses to read.
#[test]
fn writes_a_merge_key_plain_and_does_not_read_it_again() {
    let text = emit_v2(&json!({"<<": null}), &EmitOptions::FOLDED);
    assert_eq!(text, "<<: null\n");
    let error = parse_first(&text, Flavor::V2, Duplicates::Refuse, &Limits::default()).unwrap_err();
    assert_eq!(error.to_string(), "yaml: map merge requires map or sequence of maps as the value");
}

/// As go-yaml v3, which lays this text out as a block that it refuses to read.
#[test]
fn lays_a_block_out_that_begins_with_a_tab_and_does_not_read_it_again() {
    let text = emit_v3(&from_json(&json!([{"\t\n": null}])), &LayoutOptions::default());
    assert_eq!(text, "- ? |\n    \t\n  : null\n");
    assert_eq!(refusal(&text), "yaml: line 2: found a tab character where an indentation space is expected");
}

#[test]
fn leaves_what_follows_the_first_document_unread() {
    let node = parse_first("a: 1\n---\n]\n", Flavor::V2, Duplicates::LastWins, &Limits::default()).unwrap();
    assert_eq!(to_json(&node, Flavor::V2).unwrap(), json!({"a": 1}));
}

#[test]
fn refuses_keys_that_are_not_strings_below_the_top() {
    let nodes = parse_all("1: {2: x}\n", &Limits::default()).unwrap();
    let error = to_json(&nodes[0], Flavor::V3).unwrap_err();
    assert_eq!(error.to_string(), "json: unsupported type: map[interface {}]interface {}");
    assert_eq!(v3("1: x\n~: y\n"), [json!({"1": "x"})]);
}

#[test]
fn keeps_style_tag_and_position() {
    let nodes = parse_all("a:\n  b: 'c'\n", &Limits::default()).unwrap();
    let node = nodes[0].at_path(&["a", "b"]).unwrap();
    assert_eq!((node.style, &node.tag), (Style::SingleQuoted, &Tag::Str));
    assert_eq!(node.at, Position { line: 2, column: 6 });
}

#[test]
fn says_where_the_text_breaks() {
    let error = parse_all("a: 1\n b: 2\n", &Limits::default()).unwrap_err();
    assert_eq!(error.position(), Some(Position { line: 2, column: 3 }));
}

#[rstest]
#[case::bytes(Limits { bytes: 3, ..Limits::default() }, "a: 1\n", "yaml: size in bytes exceeds the limit of 3")]
#[case::depth(Limits { depth: 2, ..Limits::default() }, "[[[1]]]", "yaml: depth exceeds the limit of 2")]
#[case::depth_by_alias(Limits { depth: 3, ..Limits::default() }, "- &a [[1]]\n- [*a]\n", "yaml: depth exceeds the limit of 3")]
#[case::nodes(
    Limits { nodes: 6, ..Limits::default() },
    "- &a [1, 2]\n- *a\n- *a\n",
    "yaml: number of nodes after aliases exceeds the limit of 6"
)]
fn holds_to_its_limits(#[case] limits: Limits, #[case] text: &str, #[case] message: &str) {
    assert_eq!(parse_all(text, &limits).unwrap_err().to_string(), message);
}

#[test]
fn refuses_alias_bombs() {
    let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for level in 1..9 {
        let alias = format!("*a{}", level - 1);
        text += &format!("a{level}: &a{level} [{}]\n", [alias.as_str(); 9].join(", "));
    }
    assert_eq!(refusal(&text), "yaml: document contains excessive aliasing");
}

#[test]
fn bears_the_depth_it_allows() {
    let depth = Limits::default().depth;
    let text = "[".repeat(depth) + &"]".repeat(depth);
    assert_eq!(v3(&text).len(), 1);
    assert_eq!(refusal(&format!("[{text}]")), format!("yaml: depth exceeds the limit of {depth}"));
}
