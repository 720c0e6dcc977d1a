//! Charts of somebody who wishes us ill: each ends with an error that says why, and soon.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::{io::Write as _, sync::Arc};

use flate2::{Compression, write::GzEncoder};
use jiff::Timestamp;
use rstest::rstest;
use serde_json::json;
use sluice_helm::{
    Capabilities, File, Limits, Nulls, coalesce, load_archive, load_files,
    render::{Cache, Execution, Options, render},
    schema::{self, Documents},
    top::{Release, Schemas},
};
use sluice_template::{Functions, Language, Map, World};
use tar::{Builder, Header};

const CHART: &str = "apiVersion: v2\nname: bad\nversion: 0.1.0\n";

struct Still;

impl World for Still {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    fn random(&mut self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}

/// Renders a chart of one template, within narrow limits.
fn rendered(template: &str) -> Result<String, String> {
    let files = [("Chart.yaml", CHART), ("templates/a.yaml", template)];
    let files = files.into_iter().map(|(name, text)| File::new(name, text.as_bytes().to_vec())).collect();
    let chart = load_files(files, &Limits::default()).map_err(|error| error.to_string())?.chart;
    let functions = Functions::helm().with_templates();
    let cache = Cache::new(Language { functions, ..Default::default() });
    let limits = sluice_template::Limits { steps: 200_000, bytes: 16 << 20, ..Default::default() };
    let release = Release { name: "r".into(), namespace: "n".into(), revision: 1, is_upgrade: false };
    let options = Options {
        release: &release,
        capabilities: &Capabilities::offline(),
        schemas: Schemas::Skipped,
        sub_notes: false,
        execution: &Execution { cache: Arc::new(cache), limits, ..Execution::default() },
        post_render: None,
    };
    let rendered = render(&chart, &Map::default(), &options, Box::new(Still), &mut Vec::new());
    rendered.map(|rendered| rendered.manifest()).map_err(|refusal| refusal.to_string())
}

#[rstest]
#[case::include("{{ define \"x\" }}{{ include \"x\" . }}{{ end }}{{ include \"x\" . }}")]
#[case::template("{{ define \"x\" }}{{ template \"x\" . }}{{ end }}{{ template \"x\" . }}")]
#[case::tpl("{{ $_ := set .Values \"t\" \"{{ tpl .Values.t . }}\" }}{{ tpl .Values.t . }}")]
#[case::range("{{ range until 1000000000 }}x{{ end }}")]
#[case::nested_ranges("{{ range 100000 }}{{ range 100000 }}{{ end }}{{ end }}")]
#[case::repeat("{{ repeat 1000000000 \"x\" }}")]
#[case::repeated_repeats("{{ $x := repeat 10000 \"x\" }}{{ range 10000 }}{{ $x }}{{ end }}")]
#[case::doubling("{{ $x := \"xx\" }}{{ range 64 }}{{ $x = print $x $x }}{{ end }}")]
#[case::indent("{{ repeat 100000 \"\\n\" | indent 100000 }}")]
#[case::json("{{ $x := dict }}{{ $_ := set $x \"x\" $x }}{{ toJson $x }}{{ fail \"nothing came\" }}")]
fn a_template_without_an_end_is_refused(#[case] template: &str) {
    let refusal = rendered(template).unwrap_err();
    assert!(!refusal.is_empty() && refusal.len() < 1 << 20, "{refusal}");
}

#[test]
fn nesting_is_refused_where_go_refuses_it_or_sooner() {
    let depth = 100_000;
    let template = format!("{{{{ {}1{} }}}}", "(".repeat(depth), ")".repeat(depth));
    assert!(rendered(&template).is_err());
    let template = format!("{}{}", "{{ if true }}".repeat(depth), "{{ end }}".repeat(depth));
    // Whether it is rendered or refused: it comes to an end.
    let _ = rendered(&template);
}

fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = Builder::new(GzEncoder::new(Vec::new(), Compression::best()));
    for (path, data) in entries {
        let mut header = Header::new_gnu();
        header.set_size(data.len() as u64);
        header.set_mode(0o644);
        // Paths as nobody writes them are refused by the writer's own methods.
        let name = &mut header.as_gnu_mut().unwrap().name;
        name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_cksum();
        builder.append(&header, *data).unwrap();
    }
    let mut zipped = builder.into_inner().unwrap();
    zipped.flush().unwrap();
    zipped.finish().unwrap()
}

fn refusal(entries: &[(&str, &[u8])]) -> String {
    let mut all = vec![("bad/Chart.yaml", CHART.as_bytes())];
    all.extend(entries);
    load_archive(&archive(&all), &Limits::default()).unwrap_err().to_string()
}

#[rstest]
#[case("../../etc/passwd", "parent directory")]
#[case("bad/../../x", "parent directory")]
#[case("bad//etc/passwd", "absolute paths")]
#[case("bad/c:/x", "illegally named files")]
fn a_path_out_of_the_archive_is_refused(#[case] path: &str, #[case] expected: &str) {
    let refusal = refusal(&[(path, b"x")]);
    assert!(refusal.contains(expected), "{refusal}");
}

#[test]
fn an_archive_that_grows_is_refused() {
    let zeros = vec![0; 6 << 20];
    let refusal = refusal(&[("bad/large", &zeros)]);
    assert!(refusal.contains("larger than the maximum file size"), "{refusal}");
    let zeros = vec![0; 4 << 20];
    let entries: Vec<_> = (0..30).map(|index| format!("bad/{index}")).collect();
    let entries: Vec<_> = entries.iter().map(|path| (path.as_str(), zeros.as_slice())).collect();
    let refusal = self::refusal(&entries);
    assert!(refusal.contains("larger than the maximum size"), "{refusal}");
}

#[test]
fn a_chart_of_very_many_files_is_refused() {
    let files = (0..5000).map(|index| File::new(format!("files/{index}"), b"x".to_vec()));
    let files = files.chain([File::new("Chart.yaml", CHART.as_bytes().to_vec())]).collect();
    let refusal = load_files(files, &Limits::default()).unwrap_err().to_string();
    assert!(refusal.contains("4096 files"), "{refusal}");
}

fn checked(schema: &serde_json::Value) -> Result<(), String> {
    let schema = schema.to_string();
    let files = [("Chart.yaml", CHART), ("values.yaml", "a: {b: [1, 2]}\n"), ("values.schema.json", &schema)];
    let files = files.into_iter().map(|(name, text)| File::new(name, text.as_bytes().to_vec())).collect();
    let chart = load_files(files, &Limits::default()).unwrap().chart;
    let values = coalesce(&chart, &Map::default(), Nulls::Delete, &mut Vec::new()).unwrap();
    schema::validate(&chart, &values, &Documents::new(), &mut Vec::new()).map_err(|error| error.to_string())
}

#[test]
fn a_schema_that_takes_for_ever_is_refused() {
    let next = |index: usize| json!({"$ref": format!("#/$defs/d{}", index + 1)});
    let twice = |index: usize| (format!("d{index}"), json!({"anyOf": [next(index), next(index)]}));
    let mut definitions: serde_json::Map<_, _> = (0..60).map(twice).collect();
    definitions.insert("d60".to_owned(), json!({"type": "string"}));
    let refusal = checked(&json!({"$defs": definitions, "$ref": "#/$defs/d0"})).unwrap_err();
    assert!(refusal.contains("bad:\nthe schema takes more steps than it may"), "{refusal}");
}

#[test]
fn a_schema_of_very_many_schemas_is_refused() {
    let alternatives: Vec<_> = (0..20_000).map(|index| json!({"const": index})).collect();
    let refusal = checked(&json!({"properties": {"a": {"anyOf": alternatives}}})).unwrap_err();
    assert!(refusal.contains("more than 16000 schemas"), "{refusal}");
}

#[test]
fn a_schema_that_refuses_in_very_many_words_has_a_short_answer() {
    let alternatives: Vec<_> = (0..2000).map(|_| json!({"const": "x".repeat(1000)})).collect();
    let refusal = checked(&json!({"properties": {"a": {"anyOf": alternatives}}})).unwrap_err();
    assert!((1 << 20..1_100_000).contains(&refusal.len()), "{}", refusal.len());
}

#[test]
fn a_pattern_of_a_class_that_nobody_knows_is_refused() {
    let refusal = checked(&json!({"properties": {"a": {"pattern": "\\p{Nobody}"}}})).unwrap_err();
    assert!(refusal.contains("bad:\n"), "{refusal}");
}
