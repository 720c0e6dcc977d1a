//! Rendering a chart with our engine.

use std::{
    fs,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, anyhow, bail};
use jiff::Timestamp;
use sluice_helm::{
    Capabilities, Chart, File, KubeVersion, Limits, Rendered, Rules, check_installable, dependencies, load_files,
    render::{Cache, Execution, Options, render},
    top::{Release, Schemas},
    values::Flags,
};
use sluice_template::{Functions, Language, Map, World};

use super::{charts::Job, stubs::STUBS};

/// What became of a job here, and how long it took.
pub(super) struct Outcome {
    pub(super) release: anyhow::Result<Rendered>,
    pub(super) load: Duration,
    pub(super) render: Duration,
}

/// The clock of the oracle.
struct Still;

impl World for Still {
    fn now(&self) -> Timestamp {
        const SECONDS: i64 = 1_767_323_045;
        Timestamp::from_second(SECONDS).unwrap_or_default()
    }

    fn random(&mut self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}

/// A chart that is loaded, with its values.
pub(crate) struct Loaded<'a> {
    job: &'a Job,
    chart: Chart,
    values: Map,
    execution: Execution,
}

/// Makes the release of a job.
pub(super) fn release(job: &Job) -> Outcome {
    let started = Instant::now();
    let loaded = Loaded::new(job);
    let load = started.elapsed();
    let started = Instant::now();
    let release = loaded.and_then(|loaded| loaded.install(Box::new(Still)));
    Outcome { release, load, render: started.elapsed() }
}

impl<'a> Loaded<'a> {
    pub(crate) fn new(job: &'a Job) -> anyhow::Result<Self> {
        let functions = Functions::helm().with_templates();
        let functions = if job.stubs { functions.with(STUBS) } else { functions };
        let cache = Cache::new(Language { functions, ..Language::default() });
        let execution = Execution { cache: Arc::new(cache), ..Execution::default() };
        Ok(Self { job, values: values(&job.values)?, chart: load(&job.chart)?, execution })
    }

    /// Renders it. What was compiled for that stays.
    pub(crate) fn install(&self, world: Box<dyn World + Send>) -> anyhow::Result<Rendered> {
        let Self { job, chart, values, execution } = self;
        check_installable(chart)?;
        if let Err(missing) = dependencies::check(chart) {
            const HINT: &str = "You may need to run 'helm dependency build' to fetch missing dependencies";
            bail!("an error occurred while checking for chart dependencies. {HINT}: {missing}");
        }
        let release =
            Release { name: job.name.into(), namespace: job.namespace.into(), revision: 1, is_upgrade: false };
        let kube_version = KubeVersion::parse(&job.kube_version)?;
        let documents = Default::default();
        let options = Options {
            release: &release,
            capabilities: &Capabilities { kube_version, ..Capabilities::offline() },
            schemas: Schemas::Checked(&documents),
            sub_notes: false,
            execution,
            post_render: None,
        };
        render(chart, values, &options, world, &mut Vec::new()).map_err(|refusal| anyhow!("{refusal}"))
    }
}

fn values(files: &[std::path::PathBuf]) -> anyhow::Result<Map> {
    let mut flags = Flags::default();
    for file in files {
        flags.files.push((file.display().to_string(), fs::read(file)?));
    }
    Ok(flags.values(&|name| Ok(fs::read(name).map_err(|error| error.to_string())?.into()))?)
}

fn load(folder: &Path) -> anyhow::Result<Chart> {
    let rules = match fs::read(folder.join(".helmignore")) {
        Ok(bytes) => Rules::parse(&bytes)?,
        Err(_) => Rules::default(),
    };
    let mut files = Vec::new();
    collect(folder, "", &rules, &mut files)?;
    Ok(load_files(files, &Limits::default()).map_err(|error| anyhow!("{error}"))?.chart)
}

fn collect(folder: &Path, prefix: &str, rules: &Rules, files: &mut Vec<File>) -> anyhow::Result<()> {
    let entries = fs::read_dir(folder).with_context(|| format!("list {}", folder.display()))?;
    let mut names = entries.map(|entry| Ok(entry?.file_name())).collect::<std::io::Result<Vec<_>>>()?;
    names.sort();
    for name in names {
        let path = folder.join(&name);
        let name = format!("{prefix}{}", name.to_string_lossy());
        match rules.ignore(&name, path.is_dir()) {
            true => {}
            false if path.is_dir() => collect(&path, &format!("{name}/"), rules, files)?,
            false => files.push(File::new(name, fs::read(&path)?).without_mark()),
        }
    }
    Ok(())
}
