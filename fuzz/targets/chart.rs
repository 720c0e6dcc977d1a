//! Whatever the files of a chart are, it is loaded, looked at and rendered without a panic, or refused.
//!
//! A file begins with a line of `=== ` and its path.
#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use sluice_helm::{
    Capabilities, File, Limits, load_files,
    render::{Cache, Execution, Options, render},
    top::{Release, Schemas},
};
use sluice_template::{Functions, Language, Map, World};

struct Fixed;

impl World for Fixed {
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::UNIX_EPOCH
    }

    fn random(&mut self, bytes: &mut [u8]) {
        bytes.fill(7);
    }
}

fn files(text: &str) -> Vec<File> {
    let files = text.split("=== ").skip(1).filter_map(|file| file.split_once('\n'));
    files.map(|(name, text)| File::new(name, text.as_bytes().to_vec())).collect()
}

fuzz_target!(|text: &str| {
    let Ok(loaded) = load_files(files(text), &Limits::default()) else { return };
    let language = Language { functions: Functions::helm().with_templates(), ..Language::default() };
    let execution = Execution {
        cache: Arc::new(Cache::new(language)),
        limits: sluice_template::Limits { steps: 20_000, depth: 200, bytes: 4 << 20 },
        ..Execution::default()
    };
    let release = Release { name: "r".into(), namespace: "n".into(), revision: 1, is_upgrade: false };
    let documents = Default::default();
    let options = Options {
        release: &release,
        capabilities: &Capabilities::offline(),
        schemas: Schemas::Checked(&documents),
        sub_notes: true,
        execution: &execution,
        post_render: None,
    };
    let _ = render(&loaded.chart, &Map::default(), &options, Box::new(Fixed), &mut Vec::new());
});
