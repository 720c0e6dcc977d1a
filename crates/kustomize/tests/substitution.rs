//! Expressions in manifests, answered as Flux's `envsubst` answers them (`cargo xtask bless`).

use serde_json::{Value, json};
use sluice_kustomize::{Variables, template};

fn answer(text: &str, variables: &Variables) -> Value {
    match template::parse(text).and_then(|template| template.fill(variables)) {
        Ok(text) => text.into(),
        Err(error) => json!({ "error": error.to_string() }),
    }
}

#[test]
fn expressions_mean_what_they_mean_to_flux() {
    let cases: Value = serde_json::from_str(include_str!("substitution.json")).expect("the cases are JSON");
    let values = serde_json::from_value(cases["variables"].clone()).expect("variables are texts");
    let strict = Variables { values, strict: true, ..Variables::default() };
    let lenient = Variables { strict: false, ..strict.clone() };
    let mut wrong = Vec::new();
    for case in cases["texts"].as_array().expect("texts are a list") {
        let text = case["text"].as_str().expect("a text is text");
        for (variables, wanted) in [(&strict, &case["strict"]), (&lenient, &case["lenient"])] {
            let found = answer(text, variables);
            if found != *wanted {
                wrong.push(format!("{text:?} (strict: {}): {found}, not {wanted}", variables.strict));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_would_take_too_much_is_refused() {
    let long = [("v".to_owned(), "x".repeat(1 << 20))].into();
    let variables = Variables { values: long, strict: true, ..Variables::default() };
    let refused = |text: &str| answer(text, &variables)["error"].as_str().unwrap_or("accepted").to_owned();
    assert_eq!(refused(&"${v}".repeat(20)), "the object would have more than 16 MiB");
    assert_eq!(refused("${v##*y}"), "the value of `v` is too long for a pattern: 4096 bytes at the most");
    assert_eq!(refused(&"${a:-".repeat(200)), "expressions are nested deeper than 100");
    assert_eq!(refused("${v:2:-1}"), "the function on `v` cuts a character or counts backwards");
}
