//! What a HelmRelease's pass does to the world.

use std::{collections::BTreeSet, io::Read as _, sync::Arc};

use sluice_api::conditions::reasons;
use sluice_apply::health::{Health, Reader};
use sluice_cluster::{ApiError, Body, Identity, Request, Response, Target};
use sluice_helm::{Chart, File, Limits, load_archive, load_files, release::Release};
use sluice_object::{Digest, Gvk, Object, ObjectId, Tree};
use sluice_reconcile::{Baseline, Context, Seen};

use super::{
    HelmReleases,
    chart::{Loaded, Source, told_by},
    charts::Stored,
    render::{self, Order, Rendered},
};
use crate::{requests, source::Trouble};

/// One act on the world.
#[derive(Debug)]
pub enum Effect {
    /// Load the chart of a source.
    Load(Box<Chosen>),
    /// Read the stored revisions of a release.
    Revisions {
        /// On whose behalf.
        who: Identity,
        /// Where they are kept.
        namespace: String,
        /// The release's name.
        name: String,
    },
    /// Render a release.
    Render(Box<Order>),
    /// Watch the kinds that are, or are to be, managed. Nothing counts as drift until [`Effect::Remember`].
    Track {
        /// The HelmRelease.
        owner: ObjectId,
        /// Their kinds.
        kinds: BTreeSet<Gvk>,
    },
    /// Do requests.
    Requests {
        /// On whose behalf.
        who: Identity,
        /// The requests.
        requests: Vec<Request>,
        /// How many at once.
        concurrency: usize,
        /// What they are for, in traces.
        purpose: &'static str,
    },
    /// Read objects of which a watch does not tell enough.
    Read {
        /// On whose behalf.
        who: Identity,
        /// The objects.
        targets: Vec<Target>,
        /// Tells their health.
        reader: Reader,
    },
    /// Have a pass started once a watch shows that the last of these objects has become healthy.
    Hope {
        /// The HelmRelease.
        owner: ObjectId,
        /// The objects.
        objects: BTreeSet<ObjectId>,
    },
    /// Keep what the next pass can compare with.
    Remember {
        /// The HelmRelease.
        owner: ObjectId,
        /// How its objects look.
        baseline: Baseline,
    },
    /// Forget the HelmRelease.
    Forget(ObjectId),
}

/// A source whose chart is loaded.
#[derive(Debug)]
pub struct Chosen(pub(super) Source);

/// The answer to an effect.
#[derive(Debug)]
pub enum Outcome {
    /// The chart, or why there is none.
    Loaded(Result<Box<Found>, Trouble>),
    /// The stored revisions, or why they cannot be read.
    Revisions(Result<Vec<Release>, String>),
    /// The release, or why there is none.
    Rendered(Result<Box<Rendered>, String>),
    /// Watches are open.
    Tracked,
    /// A watch will tell.
    Hoped,
    /// Answers, and what they show of objects.
    Answers {
        /// In the order of the requests.
        answers: Vec<Result<Response, ApiError>>,
        /// Objects as the server has them.
        seen: Vec<(ObjectId, Seen)>,
    },
    /// Health of what was read.
    Read(Vec<(ObjectId, Health)>),
    /// Kept, or forgotten; with the objects that somebody else changes each time they are put back.
    Remembered(Vec<ObjectId>),
}

/// A chart that was loaded.
#[derive(Debug)]
pub struct Found(pub(super) Loaded);

impl HelmReleases {
    pub(super) async fn act(&self, effect: Effect, cx: &Context) -> Outcome {
        match effect {
            Effect::Load(chosen) => {
                let loaded = self.load(chosen.0, cx).await;
                Outcome::Loaded(loaded.map(|loaded| Box::new(Found(loaded))))
            }
            Effect::Revisions { who, namespace, name } => {
                let stored = self.stored.clone();
                Outcome::Revisions(revisions(&who, namespace, &name, stored, cx).await)
            }
            Effect::Render(order) => {
                cx.meter.built();
                let mut rendered = render::render(*order, &self.execution, cx).await;
                rendered.iter_mut().for_each(|rendered| self.stored.share(&mut rendered.release));
                Outcome::Rendered(rendered.map(Box::new))
            }
            Effect::Track { owner, kinds } => {
                cx.watches.overlook(&owner);
                cx.watches.manage(&owner, kinds);
                Outcome::Tracked
            }
            Effect::Hope { owner, objects } => {
                cx.watches.hope(&owner, objects);
                Outcome::Hoped
            }
            Effect::Requests { who, requests, concurrency, .. } => {
                let (answers, seen) = requests::call(&who, requests, concurrency, cx).await;
                Outcome::Answers { answers, seen }
            }
            Effect::Read { who, targets, reader } => Outcome::Read(requests::read(&who, targets, &reader, cx).await),
            Effect::Remember { owner, baseline } => {
                cx.meter.corrected(&owner, baseline.corrected.len());
                Outcome::Remembered(cx.watches.baseline(&owner, baseline))
            }
            Effect::Forget(owner) => {
                cx.watches.forget(&owner);
                Outcome::Remembered(Vec::new())
            }
        }
    }

    async fn load(&self, source: Source, cx: &Context) -> Result<Loaded, Trouble> {
        let digest = source.artifact.digest.clone();
        let chart = match self.charts.get(&digest) {
            Some(chart) => chart,
            None => {
                let chart = Arc::new(self.read_chart(&source, cx).await?);
                self.charts.put(&digest, chart.clone());
                chart
            }
        };
        told_by(chart, &source, self.policy.tracks_digests)
    }

    /// Reads the archive as it is served; of another agent's source the files of it.
    async fn read_chart(&self, source: &Source, cx: &Context) -> Result<Chart, Trouble> {
        let (store, artifact) = (self.sources.store().clone(), source.artifact.clone());
        if store.holds(&artifact.path) {
            let read = move || {
                of_archive(store.open_file(&artifact.path).map_err(|error| error.to_string())?, &artifact.digest)
            };
            return cx.cpu(read).await.unwrap_or_else(|| Err(PANICKED.into())).map_err(not_loaded);
        }
        let served = !source.external && cx.index.get(&source.id).is_some_and(|found| cx.serves(&found));
        let opened = self.sources.artifact(&source.id, &source.artifact, served).await;
        let artifact = opened.map_err(|error| match error.is_missing() {
            true => gone(),
            false => not_loaded(crate::source::with_cause(&error, error.hint())),
        })?;
        let read = move || of_tree(&artifact.tree);
        cx.cpu(read).await.unwrap_or_else(|| Err(PANICKED.into())).map_err(not_loaded)
    }
}

const PANICKED: &str = "the load ended unexpectedly; please report it with the chart";

/// The text of a chart that is about to be made anew, by its source's pass.
pub(super) const GONE: &str = "Source not ready: artifact not found";

fn gone() -> Trouble {
    Trouble { reason: reasons::ARTIFACT_FAILED.into(), message: GONE.into() }
}

fn not_loaded(error: String) -> Trouble {
    Trouble { reason: reasons::ARTIFACT_FAILED.into(), message: error }
}

fn of_archive(file: std::fs::File, digest: &str) -> Result<Chart, String> {
    let limits = Limits::default();
    let mut bytes = Vec::new();
    let read = file.take(limits.archive + 1).read_to_end(&mut bytes);
    read.map_err(|error| format!("failed to read the archive of the chart: {error}"))?;
    let found = Digest::sha256(&bytes);
    if found.as_str() != digest {
        return Err(format!("the archive of the chart has the digest '{found}', not '{digest}'"));
    }
    loaded(load_archive(&bytes, &limits))
}

/// The chart is below a folder of its name.
fn of_tree(tree: &Tree) -> Result<Chart, String> {
    let mut files = Vec::new();
    for (path, _) in tree.files() {
        let Some((_, name)) = path.as_str().split_once('/') else { continue };
        let data = tree.read(path).map_err(|error| error.to_string())?;
        files.push(File::new(name, data));
    }
    loaded(load_files(files, &Limits::default()))
}

fn loaded(loaded: Result<sluice_helm::Loaded, sluice_helm::LoadError>) -> Result<Chart, String> {
    let loaded = loaded.map_err(|error| error.to_string())?;
    for notice in &loaded.notices {
        tracing::debug!(attributes = ?notice.attributes, "{}", notice.message);
    }
    Ok(loaded.chart)
}

/// Reads the Secrets of a release; what is none of Helm's is passed over.
async fn revisions(
    who: &Identity,
    namespace: String,
    name: &str,
    stored: Arc<Stored>,
    cx: &Context,
) -> Result<Vec<Release>, String> {
    let labels = sluice_helm::release::selector(name);
    let request =
        Request::List { gvk: Gvk::new("", "v1", "Secret"), namespace: Some(namespace), labels, body: Body::Full };
    let secrets = match cx.cluster.call(who, request).await {
        Ok(answer) => answer.into_list(),
        Err(error) => {
            return Err(format!(
                "failed to retrieve last release from storage: query: failed to query with labels: {error}"
            ));
        }
    };
    let shared = move |mut release: Release| {
        stored.share(&mut release);
        release
    };
    let read = move || secrets.iter().filter_map(revision).map(shared).collect();
    cx.cpu(read).await.ok_or_else(|| "the reader of stored releases ended unexpectedly".to_owned())
}

fn revision(secret: &Object) -> Option<Release> {
    match sluice_helm::release::Secret::read(secret.value()) {
        Ok(release) => Some(release),
        Err(error) => {
            tracing::warn!(namespace = secret.namespace(), name = secret.name(), %error, "stored release not read");
            None
        }
    }
}
