//! Whatever the text is, the reader ends without a panic, and what it accepts can be written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sluice_yaml::{EmitOptions, Flavor, LayoutOptions, Limits, emit_v2, emit_v3, parse_all, to_json};

fuzz_target!(|text: &str| {
    for node in parse_all(text, &Limits::default()).into_iter().flatten() {
        let written = emit_v3(&node, &LayoutOptions::default());
        let _ = parse_all(&written, &Limits::default());
        if let Ok(json) = to_json(&node, Flavor::V3) {
            assert!(parse_all(&emit_v2(&json, &EmitOptions::FOLDED), &Limits::default()).is_ok());
        }
    }
});
