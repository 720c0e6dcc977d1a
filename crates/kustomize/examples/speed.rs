//! How long builds take: `speed KUSTOMIZE SLUICE`, as `cargo xtask bench --kustomize` calls it.
//!
//! A thousand small resources with three overlay levels are built by kustomize, by our program, and in this process.

use std::{
    env,
    error::Error,
    fs,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use sluice_kustomize::{Options, build};
use sluice_object::{Tree, TreePath};

/// The best of so many runs counts: what else the machine does only ever adds.
const RUNS: usize = 5;
const RESOURCES: usize = 1000;

const LEVELS: [(&str, &str); 3] = [
    ("one", "resources: [../base]\nnamespace: apps\nlabels:\n- pairs: {team: a}\n  includeSelectors: true\n"),
    ("two", "resources: [../one]\nnamePrefix: two-\nimages:\n- {name: example.com/app, newTag: v2}\n"),
    (
        "three",
        "resources: [../two]\nnameSuffix: -prod\ncommonAnnotations: {stage: prod}\npatches:\n- target: {kind: Deployment}\n  \
         patch: '[{\"op\": \"replace\", \"path\": \"/spec/replicas\", \"value\": 3}]'\n",
    ),
];

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let (kustomize, sluice) = arguments.next().zip(arguments.next()).ok_or("name kustomize and sluice")?;
    let files = files();
    let folder = env::temp_dir().join(format!("sluice-speed-{}", std::process::id()));
    write(&folder, &files)?;
    let target = folder.join("three").to_string_lossy().into_owned();
    let (theirs, real) = best(|| run(&kustomize, &["build", &target]))?;
    let (ours, process) = best(|| run(&sluice, &["kustomize", "build", &target]))?;
    fs::remove_dir_all(&folder)?;
    let (inside, engine) = best(|| {
        let tree = Tree::in_memory(files.iter().map(|(path, text)| (path, text.clone())));
        Ok(build(&tree, &TreePath::parse("three")?, &Options::command_line())?.to_yaml())
    })?;
    if theirs != ours || theirs != inside {
        return Err("the builds differ".into());
    }
    let ratio = |time: Duration| real.as_secs_f64() / time.as_secs_f64();
    println!("| {RESOURCES} resources, three levels of overlays | time | times faster |\n|---|---|---|");
    println!("| `kustomize build`, the process | {} ms | |", real.as_millis());
    for (what, time) in
        [("`sluice kustomize build`, the process", process), ("the same build inside of the agent", engine)]
    {
        println!("| {what} | {:.1} ms | {:.1} |", time.as_secs_f64() * 1e3, ratio(time));
    }
    Ok(())
}

fn files() -> Vec<(String, String)> {
    let names = (0..RESOURCES).map(|index| format!("- r{index}.yaml\n")).collect::<String>();
    let mut files = vec![("base/kustomization.yaml".to_owned(), format!("resources:\n{names}"))];
    files.extend((0..RESOURCES).map(|index| (format!("base/r{index}.yaml"), resource(index))));
    files.extend(LEVELS.map(|(name, text)| (format!("{name}/kustomization.yaml"), text.to_owned())));
    files
}

/// Deployments that read ConfigMaps, Services and accounts.
fn resource(index: usize) -> String {
    let named = |kind: &str, api: &str| format!("apiVersion: {api}\nkind: {kind}\nmetadata:\n  name: app-{index}\n");
    match index % 4 {
        0 => format!(
            "{}spec:\n  replicas: 1\n  selector:\n    matchLabels: {{app: app-{index}}}\n  template:\n    metadata:\n      \
             labels: {{app: app-{index}}}\n    spec:\n      containers:\n      - name: main\n        image: \
             example.com/app:v1\n        envFrom:\n        - configMapRef: {{name: app-{}}}\n",
            named("Deployment", "apps/v1"),
            index + 1
        ),
        1 => format!("{}data:\n  number: \"{index}\"\n  text: some words\n", named("ConfigMap", "v1")),
        2 => {
            format!("{}spec:\n  selector: {{app: app-{}}}\n  ports:\n  - port: 80\n", named("Service", "v1"), index - 2)
        }
        _ => named("ServiceAccount", "v1"),
    }
}

fn write(folder: &Path, files: &[(String, String)]) -> Result<(), Box<dyn Error>> {
    for (path, text) in files {
        let path = folder.join(path);
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::write(path, text)?;
    }
    Ok(())
}

fn run(program: &str, arguments: &[&str]) -> Result<String, Box<dyn Error>> {
    let output = Command::new(program).args(arguments).output()?;
    match output.status.success() {
        true => Ok(String::from_utf8(output.stdout)?),
        false => Err(String::from_utf8_lossy(&output.stderr).into()),
    }
}

#[expect(clippy::disallowed_methods, reason = "this is what is measured")]
fn best(mut work: impl FnMut() -> Result<String, Box<dyn Error>>) -> Result<(String, Duration), Box<dyn Error>> {
    let mut found: Option<(String, Duration)> = None;
    for _ in 0..RUNS {
        let started = Instant::now();
        let text = work()?;
        let took = started.elapsed();
        if found.as_ref().is_none_or(|(_, best)| took < *best) {
            found = Some((text, took));
        }
    }
    found.ok_or_else(|| "nothing was run".into())
}
