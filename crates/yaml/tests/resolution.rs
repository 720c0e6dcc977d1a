//! What plain scalars mean, as the Go libraries read them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use sluice_yaml::{Duplicates, Error, Flavor, Limits, json_text, parse_first, to_json};

/// Text in a list, the JSON `sigs.k8s.io/yaml` makes of it, and the JSON that `go.yaml.in/yaml/v3` with
/// `encoding/json` makes; or their errors. See `golden/README.md`.
fn facts() -> Vec<(String, String, String)> {
    serde_json::from_str(include_str!("golden/scalars.json")).unwrap()
}

fn read(text: &str, flavor: Flavor) -> String {
    let read = |text: &str| -> Result<String, Error> {
        let node = parse_first(text, flavor, Duplicates::LastWins, &Limits::default())?;
        Ok(json_text(&to_json(&node, flavor)?))
    };
    match read(&format!("- {text}\n")) {
        Ok(json) => json[1..json.len() - 1].to_owned(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn resolves_as_go_yaml_v2() {
    for (text, v2, _) in facts() {
        assert_eq!(read(&text, Flavor::V2), v2, "of {text:?}");
    }
}

#[test]
fn resolves_as_go_yaml_v3() {
    for (text, _, v3) in facts() {
        assert_eq!(read(&text, Flavor::V3), v3, "of {text:?}");
    }
}
