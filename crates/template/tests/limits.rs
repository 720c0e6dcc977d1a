//! Templates that would go on for ever, or use up all memory: each ends with an error that names the limit.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod chart;

use std::sync::Arc;

use rstest::rstest;
use serde_json::json;
use sluice_template::{Compiled, Failure, Functions, Job, Language, Limits};

fn rendered(template: &str, limits: Limits) -> Result<String, Failure> {
    let row = json!({"template": template, "values": {"s": "abc"}});
    let language = Language { functions: Functions::helm().with_templates(), ..Language::default() };
    let compiled = Arc::new(Compiled::new(&chart::sources(&row), language)?);
    let job = Job { data: chart::data(&row), lint: false, limits };
    let texts = compiled.render(job, Box::new(chart::Fixed::default()))?;
    Ok(texts[chart::ROW.as_bytes()].to_string())
}

const STEPS: &str = "takes more steps than it may";
const TEXT: &str = "makes more text than it may";
const DEPTH: &str = "exceeded maximum template depth (4000)";
const NESTED: &str = "nested reference name";

#[rstest]
#[case::range(r#"{{ range 1000000000 }}{{ end }}"#, STEPS)]
#[case::nested_ranges(r#"{{ range 100000 }}{{ range 100000 }}{{ range 100000 }}{{ end }}{{ end }}{{ end }}"#, STEPS)]
#[case::include(r#"{{ define "r" }}{{ include "r" . }}{{ end }}{{ include "r" . }}"#, NESTED)]
#[case::template(r#"{{ define "r" }}{{ template "r" . }}{{ end }}{{ template "r" . }}"#, DEPTH)]
#[case::template_in_structures(
    r#"{{ define "r" }}{{ range 1 }}{{ with 1 }}{{ if . }}{{ template "r" . }}{{ end }}{{ end }}{{ end }}{{ end }}{{ template "r" . }}"#,
    DEPTH
)]
#[case::tpl(r#"{{ define "r" }}{{ tpl "{{ include \"r\" . }}" . }}{{ end }}{{ include "r" . }}"#, NESTED)]
#[case::tpl_of_itself(r#"{{ $_ := set .Values "t" "{{ tpl .Values.t . }}" }}{{ tpl .Values.t . }}"#, DEPTH)]
#[case::text(r#"{{ range 200000 }}{{ printf "%2000d" . }}{{ end }}"#, TEXT)]
#[case::doubling(r#"{{ $x := "xxxxxxxxxxxxxxxx" }}{{ range 60 }}{{ $x = print $x $x }}{{ end }}"#, TEXT)]
#[case::doubling_lists(r#"{{ $x := list 1 }}{{ range 60 }}{{ $x = list $x $x }}{{ end }}{{ $x }}"#, TEXT)]
#[case::letters("{{ randAlphaNum 1000000000000 }}", TEXT)]
#[case::bytes("{{ randBytes 1000000000000 }}", TEXT)]
#[case::doubling_lists_as_json("{{ $x := list 1 }}{{ range 60 }}{{ $x = list $x $x }}{{ end }}{{ toJson $x }}", TEXT)]
#[case::doubling_lists_as_yaml("{{ $x := list 1 }}{{ range 60 }}{{ $x = list $x $x }}{{ end }}{{ toYaml $x }}", TEXT)]
#[case::doubling_lists_as_pretty_yaml(
    "{{ $x := list 1 }}{{ range 60 }}{{ $x = list $x $x }}{{ end }}{{ toYamlPretty $x }}",
    TEXT
)]
#[case::doubling_maps_as_toml(
    "{{ $x := dict }}{{ range 60 }}{{ $x = dict \"a\" $x \"b\" $x }}{{ end }}{{ toToml $x }}",
    TEXT
)]
#[case::doubling_by_include(
    r#"{{ define "d" }}{{ . }}{{ . }}{{ end }}{{ $x := "x" }}{{ range 60 }}{{ $x = include "d" $x }}{{ end }}"#,
    TEXT
)]
fn what_has_no_end_is_ended(#[case] template: &str, #[case] limit: &str) {
    let limits = Limits { steps: 1_000_000, ..Limits::default() };
    let failure = rendered(template, limits).unwrap_err();
    let end: String = failure.text.chars().rev().take(400).collect::<Vec<_>>().into_iter().rev().collect();
    assert!(failure.text.contains(limit), "{end}");
}

#[test]
fn an_endless_loop_is_told_by_its_place() {
    let limits = Limits { steps: 1000, ..Limits::default() };
    let failure = rendered("a\n{{ range 1000000000 }}{{ end }}", limits).unwrap_err();
    let text =
        "template: t/templates/row.yaml:2:9: executing \"t/templates/row.yaml\" at <1000000000>: the template takes";
    assert_eq!(failure.text, format!("{text} more steps than it may"));
}

#[test]
fn templates_in_parentheses_in_templates_leave_some_of_the_stack() {
    let (open, close) = ("(".repeat(999), ")".repeat(999));
    let template =
        format!(r#"{{{{ define "r" }}}}{{{{ {open}include "r" .{close} }}}}{{{{ end }}}}{{{{ include "r" . }}}}"#);
    let failure = rendered(&template, Limits::default()).unwrap_err();
    assert!(failure.text.contains("parentheses and templates nest too deep"), "{}", failure.text.len());
}

#[rstest]
#[case::lists("{{ $x := list }}{{ range 200000 }}{{ $x = list $x }}{{ end }}")]
#[case::maps("{{ $x := dict }}{{ range 200000 }}{{ $x = dict \"a\" $x }}{{ end }}")]
#[case::from_the_outside(
    "{{ $root := dict }}{{ $x := $root }}{{ range 200000 }}{{ $y := dict }}{{ $_ := set $x \"a\" $y }}{{ $x = $y }}{{ end }}"
)]
#[case::itself("{{ $x := dict }}{{ $_ := set $x \"a\" $x }}")]
fn values_nest_as_deep_as_they_like(#[case] template: &str) {
    assert_eq!(rendered(template, Limits::default()), Ok(String::new()));
}

#[rstest]
#[case("{{ $x | print | trunc 9 }}", Ok("map[a:map"))]
#[case("{{ $x | toYaml }}", Ok(""))]
#[case("{{ $x | toJson }}", Ok(""))]
fn a_map_that_holds_itself_has_an_end(#[case] template: &str, #[case] text: Result<&str, &str>) {
    let template = format!("{{{{ $x := dict }}}}{{{{ $_ := set $x \"a\" $x }}}}{template}");
    let found = rendered(&template, Limits::default()).map_err(|failure| failure.text);
    assert_eq!(found, text.map(str::to_owned).map_err(str::to_owned));
}

#[rstest]
#[case("{{ deepCopy $x }}")]
#[case("{{ deepEqual $x $y }}")]
#[case("{{ merge $x $y }}")]
#[case("{{ mergeOverwrite (dict) $x }}")]
#[case("{{ toToml $x }}")]
#[case("{{ toYamlPretty $x }}")]
#[case("{{ mustToYaml $x }}")]
#[case("{{ mustToJson $x }}")]
#[case("{{ has $x (list $y) }}")]
#[case("{{ quote $x }}")]
#[case("{{ eq $x $y }}")]
fn functions_of_maps_that_hold_themselves_come_to_an_end(#[case] template: &str) {
    let template = format!(
        "{{{{ $x := dict }}}}{{{{ $_ := set $x \"a\" $x }}}}{{{{ $y := dict }}}}{{{{ $_ := set $y \"a\" $y }}}}{template}"
    );
    let (Ok(text) | Err(Failure { text, .. })) = rendered(&template, Limits::default());
    assert!(text.len() < 1 << 20, "{}", text.len());
}

#[test]
fn a_render_goes_on_after_what_another_has_done() {
    assert_eq!(rendered("{{ include \"nope\" . }}", Limits::default()).unwrap_err().text.lines().count(), 4);
    assert_eq!(rendered("{{ .Values.s }}", Limits::default()), Ok("abc".into()));
}

#[test]
fn deep_parentheses_are_read() {
    let template = format!("{{{{ {}1{} }}}}", "(".repeat(900), ")".repeat(900));
    assert_eq!(rendered(&template, Limits::default()), Ok("1".into()));
}

#[rstest]
#[case::keys(r#"{{ (fromToml (print (repeat 500 "a.") "a = 1")).Error }}"#)]
#[case::headers(r#"{{ (fromToml (print "[" (repeat 500 "a.") "a]")).Error }}"#)]
#[case::lists(r#"{{ (fromToml (print "a = " (repeat 500 "["))).Error }}"#)]
fn toml_nests_only_so_deep(#[case] template: &str) {
    let text = rendered(template, Limits::default()).unwrap();
    assert!(text.contains("lie in each other more than 400 times"), "{text}");
}
