//! Documents, aliases, merge keys, limits and error texts.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use rstest::rstest;
use serde_json::{Value as Json, json};
use sluice_yaml::{Duplicates, Flavor, Limits, Position, Style, Tag, parse_all, parse_all_v2, parse_first, to_json};

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

/// Messages of `go.yaml.in/yaml/v3` v3.0.4.
#[rstest]
#[case::value_in_value("a: b: c\n", "yaml: mapping values are not allowed in this context")]
#[case::deeper_key("a: 1\n b: 2\n", "yaml: line 2: mapping values are not allowed in this context")]
#[case::open_list("a: [1, 2\nb: 3\n", "yaml: line 1: did not find expected ',' or ']'")]
#[case::open_map("{a: 1\n", "yaml: line 1: did not find expected ',' or '}'")]
#[case::tab("a:\n\t- b\n", "yaml: line 2: found character that cannot start any token")]
#[case::open_quote("a: 'x\n", "yaml: line 2: found unexpected end of stream")]
#[case::escape("a: \"\\q\"\n", "yaml: found unknown escape character")]
#[case::alias("a: *x\n", "yaml: unknown anchor 'x' referenced")]
#[case::recursion("a: &x [*x]\n", "yaml: anchor 'x' value contains itself")]
#[case::handle("a: !x!y z\n", "yaml: found undefined tag handle")]
#[case::list_then_map("- a\nb: c\n", "yaml: line 1: did not find expected '-' indicator")]
#[case::map_then_list("a: b\n- c\n", "yaml: line 1: did not find expected key")]
#[case::directive("%FOO\n---\na\n", "yaml: found unknown directive name")]
#[case::version("%YAML 1.2\n---\na\n", "yaml: found incompatible YAML document")]
#[case::tag("a: !!int x\n", "yaml: cannot decode !!str `x` as a !!int")]
#[case::base64("a: !!binary '*'\n", "yaml: !!binary value contains invalid base64 data")]
#[case::merge("<<: 1\n", "yaml: map merge requires map or sequence of maps as the value")]
#[case::merge_alias("a: &x [{b: 1}]\nc: {<<: *x}\n", "yaml: map merge requires map or sequence of maps as the value")]
#[case::control("a: \u{1}\n", "yaml: control characters are not allowed")]
#[case::duplicate(
    "a: 1\nb: 2\na: 3\n",
    "yaml: unmarshal errors:\n  line 3: mapping key \"a\" already defined at line 1"
)]
#[case::duplicate_text(
    "1: a\n\"1\": b\n",
    "yaml: unmarshal errors:\n  line 2: mapping key \"1\" already defined at line 1"
)]
#[case::grammar_before_values("a: !!int x\nb: [\n", "yaml: line 2: did not find expected node content")]
fn refuses_in_go_s_words(#[case] text: &str, #[case] message: &str) {
    assert_eq!(refusal(text), message);
}

#[rstest]
#[case::comments_only("# nothing\n", json!([]))]
#[case::empty("", json!([]))]
#[case::null_documents("---\n---\n", json!([null, null]))]
#[case::several("a: 1\n---\nb: 2\n...\n# end\n---\nc: 3\n", json!([{"a": 1}, {"b": 2}, {"c": 3}]))]
#[case::mark_and_carriage_returns("\u{feff}a: 1\r\nb: |\r\n  x\r\n  y\r\n", json!([{"a": 1, "b": "x\ny\n"}]))]
#[case::json("{\"a\":[1,{\"b\":null}]}", json!([{"a": [1, {"b": null}]}]))]
#[case::aliases("a: &x {b: 1}\nc: *x\n", json!([{"a": {"b": 1}, "c": {"b": 1}}]))]
#[case::alias_of_earlier_document("a: &x 1\n---\nb: *x\n", json!([{"a": 1}, {"b": 1}]))]
#[case::merge("x: &x {a: 1, b: 2}\ny: {b: 3, <<: *x}\n", json!([{"x": {"a": 1, "b": 2}, "y": {"a": 1, "b": 3}}]))]
#[case::merge_before("x: &x {a: 1}\ny: {<<: *x, a: 3}\n", json!([{"x": {"a": 1}, "y": {"a": 3}}]))]
#[case::merges("<<: [{a: 1}, {a: 2, b: 3}]\n", json!([{"a": 1, "b": 3}]))]
#[case::quoted_merge_key("\"<<\": {a: 1}\n", json!([{"<<": {"a": 1}}]))]
#[case::binary("a: !!binary aGVsbG8=\n", json!([{"a": "hello"}]))]
#[case::dates("a: 2020-1-2\nb: \"2020-01-02\"\n", json!([{"a": "2020-01-02T00:00:00Z", "b": "2020-01-02"}]))]
#[case::folding("a: >-\n  b\n  c\n\n  d\n", json!([{"a": "b c\nd"}]))]
#[case::comment_in_plain("a: b#c #d\n", json!([{"a": "b#c"}]))]
fn reads_as_go_yaml_v3(#[case] text: &str, #[case] expected: Json) {
    assert_eq!(Json::Array(v3(text)), expected);
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
