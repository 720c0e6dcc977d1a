//! The writers against files the Go libraries wrote; see `golden/README.md`.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fs,
    path::{Path, PathBuf},
};

use sluice_yaml::{EmitOptions, LayoutOptions, Limits, Sequences, emit_v3, json_to_yaml, parse_all};

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
