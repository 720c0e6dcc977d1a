//! The writers against files the Go libraries wrote; see `golden/README.md`.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fs,
    path::{Path, PathBuf},
};

use rstest::rstest;
use sluice_yaml::{
    EmitOptions, LayoutOptions, Limits, Node, Sequences, emit_v3, float_v3, json_to_yaml, map_v3, parse_all, string_v3,
    time_v3,
};

fn files(folder: &str, end: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(folder);
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut found: Vec<_> = paths.filter(|path| path.to_string_lossy().ends_with(end)).collect();
    found.sort();
    assert!(!found.is_empty(), "no {end}");
    found
}

fn beside(path: &Path, end: &str, other: &str) -> String {
    let path = path.to_string_lossy().replace(end, other);
    fs::read_to_string(path).unwrap()
}

#[test]
fn marshals_as_sigs_yaml() {
    for path in files("marshal", ".json") {
        let json = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        let text = json_to_yaml(&json, &EmitOptions::FOLDED).unwrap();
        assert_eq!(text, beside(&path, ".json", ".yaml"), "{}", path.display());
    }
}

#[test]
fn lays_out_nodes_as_go_yaml_v3() {
    for path in files("layout", ".in.yaml") {
        let nodes = parse_all(&fs::read_to_string(&path).unwrap(), &Limits::default()).unwrap();
        for (sequences, end) in [(Sequences::Wide, ".wide.yaml"), (Sequences::Compact, ".compact.yaml")] {
            let text = emit_v3(&nodes[0], &LayoutOptions { indent: 2, sequences });
            assert_eq!(text, beside(&path, ".in.yaml", end), "{} {end}", path.display());
        }
    }
}

#[test]
fn never_folds_without_a_width() {
    let json = serde_json::json!({ "a": "word ".repeat(50) + "end" });
    let text = json_to_yaml(&json, &EmitOptions::UNFOLDED).unwrap();
    assert_eq!(text.lines().count(), 1);
}

/// What `toYamlPretty` of Helm prints for such values.
#[rstest]
#[case::words(string_v3(b"yes"), "\"yes\"\n")]
#[case::base_60(string_v3(b"12:30:45"), "\"12:30:45\"\n")]
#[case::lines(string_v3(b"a\nb\n"), "|\n  a\n  b\n")]
#[case::bytes(string_v3(&[0xff]), "!!binary /w==\n")]
#[case::floats(float_v3(1e6), "1e+06\n")]
#[case::halves(float_v3(86_087_940_112_726.62), "8.608794011272662e+13\n")]
#[case::times(time_v3("2026-01-02T03:04:05Z".into()), "2026-01-02T03:04:05Z\n")]
#[case::keys(map_v3(["a10", "a2", "a1b", "_", "B"].map(|key| (key.into(), Node::null())).into()), "_: null\nB: null\na1b: null\na2: null\na10: null\n")]
fn marshals_as_go_yaml_v3(#[case] node: Node, #[case] expected: &str) {
    assert_eq!(emit_v3(&node, &LayoutOptions { indent: 2, sequences: Sequences::Wide }), expected);
}
