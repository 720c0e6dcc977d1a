//! Charts with templates in minijinja's own language.

use jiff::Timestamp;
use rstest::rstest;
use sluice_helm::{
    Capabilities, File, Limits, load_files,
    render::{Execution, Options, render},
    top::{Release, Schemas},
};
use sluice_template::{Map, World};

const CHART: &str = "apiVersion: v2\nname: c\nversion: 0.1.0\nannotations: {sluice.dev/native-templates: 'true'}\n";
const PLAIN: &str = "apiVersion: v2\nname: c\nversion: 0.1.0\n";
const VALUES: &str = "name: web\nports: [80, 443]\nlabels: {b: 'yes', a: x}\n";

struct Still;

impl World for Still {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    fn random(&mut self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}

/// Renders a chart's native template `a.yaml.j2`, beside a partial and a template of Go's language.
fn rendered(chart: &str, native: bool, template: &str) -> Result<String, String> {
    let files = [
        ("Chart.yaml", chart),
        ("values.yaml", VALUES),
        ("templates/_names.j2", "{% macro full(name) %}{{ Release.Name }}-{{ name }}{% endmacro %}"),
        ("templates/a.yaml.j2", template),
        ("templates/b.yaml", "kind: B\nname: {{ .Values.name }}\n"),
    ];
    let files = files.into_iter().map(|(name, text)| File::new(name, text.as_bytes().to_vec())).collect();
    let chart = load_files(files, &Limits::default()).map_err(|error| error.to_string())?.chart;
    let limits = sluice_template::Limits { steps: 20_000, bytes: 1 << 20, ..Default::default() };
    let options = Options {
        release: &Release { name: "r".into(), namespace: "n".into(), revision: 1, is_upgrade: false },
        capabilities: &Capabilities::offline(),
        schemas: Schemas::Skipped,
        sub_notes: false,
        execution: &Execution { native, limits, ..Execution::default() },
        post_render: None,
    };
    let rendered = render(&chart, &Map::default(), &options, Box::new(Still), &mut Vec::new());
    rendered.map(|rendered| rendered.manifest()).map_err(|refusal| refusal.to_string())
}

#[rstest]
#[case::values("kind: A\nname: {{ Values.name }}\n", "kind: A\nname: web\n")]
#[case::release("kind: A\nname: {{ Release.Namespace }}/{{ Chart.Name }}\n", "kind: A\nname: n/c\n")]
#[case::capabilities("kind: A\nv: {{ Capabilities.KubeVersion.Major }}\n", "kind: A\nv: 1\n")]
#[case::loops("kind: A\nl:\n{% for port in Values.ports %}\n- {{ port }}\n{% endfor %}", "kind: A\nl:\n- 80\n- 443\n")]
#[case::partials("{% from '_names.j2' import full %}\nkind: A\nname: {{ full('x') }}\n", "kind: A\nname: r-x\n")]
#[case::yaml("kind: A\nl:\n  {{ Values.labels | toyaml | indent(2) }}\n", "kind: A\nl:\n  a: x\n  b: \"yes\"\n")]
#[case::nothing_is_escaped("kind: A\nname: {{ '<&>' }}\n", "kind: A\nname: <&>\n")]
fn a_native_template_is_rendered_beside_others(#[case] template: &str, #[case] expected: &str) {
    let expected = format!(
        "---\n# Source: c/templates/a.yaml.j2\n{expected}\n---\n# Source: c/templates/b.yaml\nkind: B\nname: web\n\n"
    );
    assert_eq!(rendered(CHART, true, template), Ok(expected));
}

#[rstest]
#[case::unknown("a\n{{ Values.nope.x }}", "execution error at (c/templates/a.yaml.j2:2): undefined value")]
#[case::syntax("a\n\n{% if %}", "execution error at (c/templates/a.yaml.j2:3): syntax error: ")]
#[case::outside("{% include '../Chart.yaml' %}", "execution error at (c/templates/a.yaml.j2:1): template not found: ")]
#[case::steps(
    "{% for x in range(90000) %}{% endfor %}",
    "execution error at (c/templates/a.yaml.j2:1): the template takes more"
)]
#[case::text(
    "{{ 'x' * 999999 }}{{ 'x' * 999999 }}",
    "execution error at (c/templates/a.yaml.j2:1): the template makes more"
)]
#[case::depth("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "execution error at (c/templates/a.yaml.j2:1): ")]
fn what_is_wrong_with_a_native_template_is_told_with_its_place(#[case] template: &str, #[case] expected: &str) {
    let refusal = rendered(CHART, true, template).unwrap_err();
    assert!(refusal.starts_with(expected), "{refusal}");
}

#[test]
fn native_templates_are_refused_where_nobody_has_allowed_them() {
    let hint = "hint: whoever runs this may allow them with --native-templates";
    let expected = format!("c/templates/_names.j2 is a native template, and none are allowed here; {hint}");
    assert_eq!(rendered(CHART, false, "kind: A"), Err(expected));
}

#[test]
fn files_of_charts_that_say_nothing_are_templates_of_go() {
    let expected = "parse error at (c/templates/_names.j2:1): function \"Release\" not defined";
    assert_eq!(rendered(PLAIN, true, "kind: A"), Err(expected.to_owned()));
}
