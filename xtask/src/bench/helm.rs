//! `cargo xtask bench --helm`: charts with their defaults, rendered by Helm and by us.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use jiff::Timestamp;
use sluice_e2e::{
    machine,
    tools::{self, Tool},
};
use sluice_template::World;

use crate::conformance::helm::{
    charts::{self, Job},
    oracle::Oracle,
    ours::Loaded,
};

/// The best of so many runs counts: what else the machine does only ever adds.
const RUNS: usize = 5;
/// Keys take long or short by chance, so the one in the middle counts.
const KEYS: usize = 30;
const KUBE_VERSION: &str = "v1.34.0";

/// How long Helm takes for each of several things, and how long we do.
#[derive(Default)]
struct Times(Vec<(Duration, Duration)>);

/// Measures, prints a table, and writes it to README.md.
pub(super) fn run(sluice: &Path, charts: &Path, write: bool) -> anyhow::Result<()> {
    let helm = tools::path_blocking(Tool::Helm).context("have helm")?;
    let machine = machine::describe();
    let mut jobs = charts::below(charts, KUBE_VERSION)?;
    jobs.retain(|job| job.values.is_empty());
    let (mut cold, mut warm) = (Times::default(), Times::default());
    let mut oracle = Oracle::start()?;
    for job in &jobs {
        if let Some(times) = processes(&helm, sluice, job)? {
            cold.0.push(times);
            warm.0.extend(engines(&mut oracle, job)?);
        }
    }
    ensure!(!warm.0.is_empty(), "no chart below {} can be rendered", charts.display());
    let count = cold.0.len();
    let rows = [
        cold.row(&format!("`helm template` and `sluice helm template`, the processes, {count} charts")),
        warm.row("a chart that is loaded, rendered again inside of the process"),
        keys(&mut oracle)?.row(&format!("an RSA key of 2048 bits, the one in the middle of {KEYS}")),
    ];
    let table = format!(
        "| the chart in the middle | Helm 4.2.4 | Sluice | times faster |\n|---|---|---|---|\n{}\n`cargo xtask bench --helm`, \
         each the best of {RUNS}, {machine}.\n",
        rows.concat()
    );
    print!("{table}");
    if write { machine::write_table("helm", &table).context("write the table") } else { Ok(()) }
}

impl Times {
    fn row(&self, what: &str) -> String {
        let millis = |of: fn(&(Duration, Duration)) -> f64| middle(self.0.iter().map(of).collect());
        let helm = millis(|(helm, _)| helm.as_secs_f64() * 1e3);
        let ours = millis(|(_, ours)| ours.as_secs_f64() * 1e3);
        let ratio = millis(|(helm, ours)| helm.as_secs_f64() / ours.as_secs_f64());
        format!("| {what} | {helm:.1} ms | {ours:.1} ms | {ratio:.1} |\n")
    }
}

fn middle(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or_default()
}

/// Renders a chart by both programs in turn, if both can.
fn processes(helm: &Path, sluice: &Path, job: &Job) -> anyhow::Result<Option<(Duration, Duration)>> {
    let mut best = (Duration::MAX, Duration::MAX);
    for _ in 0..RUNS {
        let theirs = process(Command::new(helm).arg("template"), job)?;
        let ours = process(Command::new(sluice).args(["helm", "template"]), job)?;
        let Some((theirs, ours)) = theirs.zip(ours) else { return Ok(None) };
        best = (best.0.min(theirs), best.1.min(ours));
    }
    Ok(Some(best))
}

fn process(command: &mut Command, job: &Job) -> anyhow::Result<Option<Duration>> {
    command.arg(job.name).arg(&job.chart).args(["--namespace", job.namespace, "--kube-version", &job.kube_version]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let started = Instant::now();
    let status = command.status().with_context(|| format!("render {}", job.label))?;
    Ok(status.success().then(|| started.elapsed()))
}

/// Renders a loaded chart by both engines, without chance: what takes long there are keys, which are measured alone.
fn engines(oracle: &mut Oracle, job: &Job) -> anyhow::Result<Option<(Duration, Duration)>> {
    let theirs = oracle.ask(&Job { runs: RUNS, ..job.clone() })?;
    let loaded = Loaded::new(job)?;
    let mut best = Duration::MAX;
    for run in 0..=RUNS {
        let (took, rendered) = timed(|| loaded.install(Box::new(Seeded(1))));
        if rendered.is_err() {
            return Ok(None);
        }
        // The first compiles.
        best = if run == 0 { best } else { best.min(took) };
    }
    Ok(theirs.error.is_empty().then(|| (Duration::from_micros(theirs.render_micros), best)))
}

fn keys(oracle: &mut Oracle) -> anyhow::Result<Times> {
    let folder = tempfile::tempdir().context("make a folder")?;
    fs::create_dir(folder.path().join("templates"))?;
    fs::write(folder.path().join("Chart.yaml"), "apiVersion: v2\nname: keys\nversion: 0.1.0\n")?;
    fs::write(folder.path().join("templates/key.yaml"), "key: {{ (genCA \"x\" 1).Key | quote }}\n")?;
    let mut jobs = charts::below(folder.path(), KUBE_VERSION)?;
    let job = jobs.pop().context("find the chart")?;
    let job = Job { stubs: false, ..job };
    let loaded = Loaded::new(&job)?;
    let (mut theirs, mut ours) = (Vec::new(), Vec::new());
    for seed in 0..KEYS as u64 {
        let answer = oracle.ask(&job)?;
        ensure!(answer.error.is_empty(), "Helm makes no key: {}", answer.error);
        theirs.push(Duration::from_micros(answer.render_micros));
        let (took, rendered) = timed(|| loaded.install(Box::new(Seeded(seed))));
        rendered?;
        ours.push(took);
    }
    theirs.sort();
    ours.sort();
    Ok(Times(vec![(theirs[KEYS / 2], ours[KEYS / 2])]))
}

fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let started = Instant::now();
    let done = work();
    (started.elapsed(), done)
}

/// A world whose chance is the same in each run.
struct Seeded(u64);

impl World for Seeded {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    fn random(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *byte = self.0.to_be_bytes()[0];
        }
    }
}
