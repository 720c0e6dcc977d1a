//! Whatever a schema is, values are checked against it in bounded time, and without a panic.
//!
//! The values stand behind `=====`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sluice_helm::{
    File, Limits, Nulls, coalesce, load_files,
    schema::{Documents, validate},
    values,
};

const CHART: &str = "apiVersion: v2\nname: c\nversion: 0.1.0\n";

fuzz_target!(|text: &str| {
    let (schema, user) = text.split_once("=====\n").unwrap_or((text, "a: [1, x, {b: null}]\n"));
    let files = [("Chart.yaml", CHART), ("values.schema.json", schema)];
    let files = files.into_iter().map(|(name, text)| File::new(name, text.as_bytes().to_vec())).collect();
    let Ok(loaded) = load_files(files, &Limits::default()) else { return };
    let Ok(user) = values::read(user.as_bytes()) else { return };
    let Ok(all) = coalesce(&loaded.chart, &user, Nulls::Delete, &mut Vec::new()) else { return };
    let _ = validate(&loaded.chart, &all, &Documents::new(), &mut Vec::new());
});
