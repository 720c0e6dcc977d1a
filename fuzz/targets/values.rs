//! Whatever files and flags of values say, they are read, and completed by those of charts, without a panic.
//!
//! The first line is a flag of each kind, the rest are values: of the chart, and behind `=====` of the user.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sluice_helm::{File, Limits, Nulls, coalesce, dependencies, load_files, values::Flags};
use sluice_template::Map;

const CHART: &str = "apiVersion: v2\nname: c\nversion: 0.1.0\ndependencies:\n- {name: d, version: 0.1.0, condition: d.on, \
                     tags: [t], import-values: [x, {child: a, parent: b}]}\n";
const BELOW: &str = "apiVersion: v2\nname: d\nversion: 0.1.0\n";

fn flags(line: &str, user: &str) -> Option<Map> {
    let one = || vec![line.to_owned()];
    let kinds = [
        Flags { typed: one(), ..Flags::default() },
        Flags { text: one(), ..Flags::default() },
        Flags { json: one(), ..Flags::default() },
        Flags { literal: one(), ..Flags::default() },
        Flags { file: one(), ..Flags::default() },
    ];
    let read = |_: &str| Ok(b"text".to_vec().into());
    let files = vec![("values.yaml".to_owned(), user.as_bytes().to_vec())];
    let values = kinds.map(|flags| Flags { files: files.clone(), ..flags }.values(&read));
    values.into_iter().find_map(Result::ok)
}

fuzz_target!(|text: &str| {
    let (line, rest) = text.split_once('\n').unwrap_or((text, ""));
    let (own, user) = rest.split_once("=====\n").unwrap_or((rest, ""));
    let Some(values) = flags(line, user) else { return };
    let files = [
        ("Chart.yaml", CHART),
        ("values.yaml", own),
        ("charts/d/Chart.yaml", BELOW),
        ("charts/d/values.yaml", "a: {x: 1}\nexports: {x: {y: 2}}\n"),
    ];
    let files = files.into_iter().map(|(name, text)| File::new(name, text.as_bytes().to_vec())).collect();
    let Ok(loaded) = load_files(files, &Limits::default()) else { return };
    let Ok(chart) = dependencies::process(&loaded.chart, &values, &mut Vec::new()) else { return };
    let _ = coalesce(&chart, &values, Nulls::Delete, &mut Vec::new());
    let _ = coalesce(&chart, &values, Nulls::Keep, &mut Vec::new());
});
