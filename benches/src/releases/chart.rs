//! The chart of `benches/chart`, packed for a registry, and rendered as the floor needs it.

use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use jiff::Timestamp;
use serde_json::{Map as JsonMap, Value};
use sluice_helm::{
    Capabilities, Chart, File, Limits, load_files,
    release::{ApplyMethod, Info, Release, Released, Secret, Status},
    render::{Cache, Execution, Options, render},
    schema::Documents,
    top::{self, Schemas},
};
use sluice_template::{Functions, Language, World};

/// The name of the chart, and its version.
pub(super) const NAME: &str = "web";
pub(super) const VERSION: &str = "1.4.0";

const FILES: [(&str, &str); 10] = [
    ("Chart.yaml", include_str!("../../chart/Chart.yaml")),
    ("values.yaml", include_str!("../../chart/values.yaml")),
    ("templates/_names.tpl", include_str!("../../chart/templates/_names.tpl")),
    ("templates/account.yaml", include_str!("../../chart/templates/account.yaml")),
    ("templates/deployment.yaml", include_str!("../../chart/templates/deployment.yaml")),
    ("templates/ingress.yaml", include_str!("../../chart/templates/ingress.yaml")),
    ("templates/NOTES.txt", include_str!("../../chart/templates/NOTES.txt")),
    ("templates/scaling.yaml", include_str!("../../chart/templates/scaling.yaml")),
    ("templates/service.yaml", include_str!("../../chart/templates/service.yaml")),
    ("templates/smoke.yaml", include_str!("../../chart/templates/smoke.yaml")),
];

/// Packs the chart as Helm does.
pub(super) fn packed() -> anyhow::Result<Vec<u8>> {
    let named: Vec<_> = FILES.iter().map(|(path, text)| (format!("{NAME}/{path}"), *text)).collect();
    let files: Vec<_> = named.iter().map(|(path, text)| (path.as_str(), *text)).collect();
    sluice_e2e::registry::archive(&files).context("pack the chart")
}

/// What a release leaves in the cluster.
pub(super) struct Left {
    /// Its objects.
    pub(super) objects: Vec<Value>,
    /// Its Secret as it is first stored, and as it is at the end.
    pub(super) stored: [Value; 2],
}

/// Renders releases of the chart.
pub(super) struct Renderer {
    chart: Chart,
    execution: Execution,
    capabilities: Capabilities,
}

impl Renderer {
    pub(super) fn new() -> anyhow::Result<Self> {
        let files = FILES.iter().map(|(path, text)| File::new(*path, *text)).collect();
        let loaded = load_files(files, &Limits::default()).map_err(|error| anyhow!("{error}"))?;
        let language = Language { functions: Functions::helm().with_templates(), ..Language::default() };
        let execution = Execution { cache: Arc::new(Cache::new(language)), ..Execution::default() };
        Ok(Self { chart: loaded.chart, execution, capabilities: Capabilities::offline() })
    }

    /// Returns what a release leaves.
    pub(super) fn left(&self, namespace: &str, name: &str, values: &Value) -> anyhow::Result<Left> {
        let mut release = self.release(namespace, name, values)?;
        let objects = sluice_release::read_manifest(&release.manifest).map_err(|error| anyhow!("{error}"))?;
        let objects = objects.into_iter().map(|object| crate::workload::within(namespace, object.into_value()));
        release.info.status = Status::PendingInstall;
        let first = Secret::created(&release, Timestamp::now())?.to_json(namespace);
        release.info.status = Status::Deployed;
        let last = Secret::modified(&release, Timestamp::now())?.to_json(namespace);
        Ok(Left { objects: objects.collect(), stored: [first, last] })
    }

    fn release(&self, namespace: &str, name: &str, values: &Value) -> anyhow::Result<Release> {
        let about = top::Release { name: name.into(), namespace: namespace.into(), revision: 1, is_upgrade: false };
        let documents = Documents::default();
        let options = Options {
            release: &about,
            capabilities: &self.capabilities,
            schemas: Schemas::Checked(&documents),
            sub_notes: false,
            execution: &self.execution,
            post_render: None,
        };
        let sluice_template::Value::Map(map) = sluice_template::Value::from_json(values) else {
            return Err(anyhow!("values are a map"));
        };
        let rendered = render(&self.chart, &map, &options, Box::new(Still), &mut Vec::new());
        let rendered = rendered.map_err(|refusal| anyhow!("{refusal}"))?;
        Ok(Release {
            name: name.into(),
            namespace: namespace.into(),
            version: 1,
            info: Info { notes: rendered.notes.clone(), ..Info::default() },
            chart: Some(Arc::new(Released::from(&rendered.chart))),
            config: Arc::new(values.as_object().cloned().unwrap_or_else(JsonMap::new)),
            manifest: rendered.manifest().into(),
            hooks: rendered.hooks.clone(),
            apply_method: Some(ApplyMethod::ServerSide),
            ..Release::default()
        })
    }
}

/// The chart asks for nothing of the world.
struct Still;

impl World for Still {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    fn random(&mut self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}
