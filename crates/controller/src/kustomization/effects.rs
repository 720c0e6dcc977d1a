//! What a Kustomization's pass does to the world.

use std::{collections::BTreeSet, sync::Arc};

use futures::future::{Either, select};
use jiff::SignedDuration;
use sluice_apply::{
    Key, Keyed,
    health::{Health, Reader},
};
use sluice_cluster::{ApiError, Identity, Response, Target};
use sluice_kustomize::{Error, Need, Options, Remotes, Variables, flux::Overrides};
use sluice_object::{Artifact, Digest, Gvk, Inputs, Object, ObjectId, Tree, TreePath};
use sluice_reconcile::{Baseline, Context, Seen};

use super::{Kustomizations, Memory, steps};
use crate::{requests, source::Trouble};

/// One act on the world.
#[derive(Debug)]
pub enum Effect {
    /// Build the objects of an artifact.
    Build {
        /// The artifact.
        artifact: Arc<Artifact>,
        /// `spec.path`.
        path: String,
        /// What the Kustomization adds to the kustomization file.
        overrides: Box<Overrides>,
        /// The values to put into the objects.
        variables: Option<Arc<Variables>>,
    },
    /// Watch the kinds that are, or are to be, managed. Nothing counts as drift until [`Effect::Remember`].
    Track {
        /// The Kustomization.
        owner: ObjectId,
        /// Their kinds.
        kinds: BTreeSet<Gvk>,
    },
    /// Do requests.
    Requests {
        /// On whose behalf.
        who: Identity,
        /// The requests.
        requests: Vec<Keyed>,
        /// How many at once.
        concurrency: usize,
        /// Whether they take away what is stale.
        pruning: bool,
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
    /// Keep what the next pass can compare with.
    Remember {
        /// The Kustomization.
        owner: ObjectId,
        /// What was applied; nothing after a failure.
        memory: Option<Memory>,
        /// How its objects look.
        baseline: Baseline,
    },
    /// Forget the Kustomization.
    Forget(ObjectId),
}

/// The answer to an effect.
#[derive(Debug)]
pub enum Outcome {
    /// The built objects.
    Built(Result<Built, Trouble>),
    /// Watches are open.
    Tracked,
    /// Answers, and what they show of objects.
    Answers {
        /// By key.
        answers: Vec<(Key, Result<Response, ApiError>)>,
        /// Objects as the server has them.
        seen: Vec<(ObjectId, Seen)>,
    },
    /// Health of what was read.
    Read(Vec<(ObjectId, Health)>),
    /// Kept, or forgotten; with the objects that somebody else changes each time they are put back.
    Remembered(Vec<ObjectId>),
}

/// The objects of a build.
#[derive(Debug, Clone)]
pub struct Built {
    /// The objects.
    pub objects: Vec<Object>,
    /// Digest of the whole output.
    pub checksum: Digest,
    /// What the build has read.
    pub inputs: Option<Inputs>,
    /// Whether it has read from elsewhere what may be different the next time.
    pub moving: bool,
}

/// What is to be built.
struct Order {
    artifact: Arc<Artifact>,
    path: String,
    overrides: Overrides,
    variables: Option<Arc<Variables>>,
}

impl Kustomizations {
    pub(super) async fn act(&self, effect: Effect, cx: &Context) -> Outcome {
        match effect {
            Effect::Build { artifact, path, overrides, variables } => {
                cx.meter.built();
                let order = Order { artifact, path, overrides: *overrides, variables };
                Outcome::Built(self.build(Arc::new(order), cx).await)
            }
            Effect::Track { owner, kinds } => {
                cx.watches.overlook(&owner);
                cx.watches.manage(&owner, kinds);
                Outcome::Tracked
            }
            Effect::Requests { who, requests, concurrency, pruning } => {
                let answers = request(&who, requests, concurrency, cx).await;
                if pruning {
                    cx.meter.pruned(steps::deleted(&answers));
                }
                answers
            }
            Effect::Read { who, targets, reader } => Outcome::Read(requests::read(&who, targets, &reader, cx).await),
            Effect::Remember { owner, memory, baseline } => {
                cx.meter.corrected(&owner, baseline.corrected.len());
                self.remember(&owner, memory);
                Outcome::Remembered(cx.watches.baseline(&owner, baseline))
            }
            Effect::Forget(owner) => {
                self.remember(&owner, None);
                cx.watches.forget(&owner);
                Outcome::Remembered(Vec::new())
            }
        }
    }

    fn remember(&self, owner: &ObjectId, memory: Option<Memory>) {
        let mut memories = self.memories();
        match memory {
            Some(memory) => _ = memories.insert(owner.clone(), memory),
            None => _ = memories.remove(owner),
        }
    }
}

impl Kustomizations {
    /// Builds, fetches what the build lacks, and builds again, until nothing is lacking.
    async fn build(&self, order: Arc<Order>, cx: &Context) -> Result<Built, Trouble> {
        let mut fetching = self.bases.fetching();
        let deadline = cx.now() + FETCHING;
        loop {
            let (order, remotes) = (order.clone(), fetching.remotes().clone());
            let built = cx.cpu(move || built(&order, remotes)).await.ok_or_else(panicked)?;
            let needs = match built {
                Err(Failure::Build(Error::Needs(needs))) => self.admitted(needs)?,
                Err(Failure::Build(error)) => return Err(trouble(&error)),
                Err(Failure::Path(trouble)) => return Err(trouble),
                Ok(built) => return Ok(Built { moving: fetching.is_moving(), ..built }),
            };
            let late = cx.world.sleep_until(deadline);
            match select(std::pin::pin!(fetching.answer(needs)), late).await {
                Either::Left((answered, _)) => answered.map_err(|error| trouble(&error))?,
                Either::Right(_) => return Err(too_late()),
            }
        }
    }

    fn admitted(&self, needs: Vec<Need>) -> Result<Vec<Need>, Trouble> {
        match (&self.policy.remote_bases, needs.first()) {
            (None, Some(Need { what, place })) => Err(trouble(&Error::Remote {
                place: place.clone(),
                url: what.to_string(),
                problem: "the operator refuses remote bases (`--no-remote-bases`); hint: keep a copy in the source"
                    .into(),
            })),
            _ => Ok(needs),
        }
    }
}

/// How long all that a build lacks may take to come. Each fetch has a bound of its own.
const FETCHING: SignedDuration = SignedDuration::from_mins(10);

fn too_late() -> Trouble {
    let minutes = FETCHING.as_mins();
    let message = format!("remote bases took more than {minutes} min to fetch; hint: make them sources, or copies");
    Trouble { reason: BUILD_FAILED.into(), message }
}

fn panicked() -> Trouble {
    let message = "the build ended unexpectedly; please report it with the repository";
    Trouble { reason: BUILD_FAILED.into(), message: message.into() }
}

const BUILD_FAILED: &str = sluice_api::conditions::reasons::BUILD_FAILED;

fn trouble(error: &Error) -> Trouble {
    Trouble { reason: BUILD_FAILED.into(), message: error.to_string() }
}

/// Why there are no objects.
enum Failure {
    /// `spec.path` is not there.
    Path(Trouble),
    Build(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Build(error)
    }
}

fn built(order: &Order, remotes: Remotes) -> Result<Built, Failure> {
    let Order { artifact, path, overrides, variables } = order;
    let read = Arc::new(artifact.tree.logged());
    let root = locate(artifact, &read, path).map_err(Failure::Path)?;
    let tree = sluice_kustomize::flux::prepare(&read, &root, overrides)?;
    let built = sluice_kustomize::build(&tree, &root, &Options { remotes, ..Options::flux() })?;
    let built = match variables {
        Some(variables) => built.substitute(variables)?,
        None => built,
    };
    let checksum = Digest::sha256(built.to_yaml().as_bytes());
    // Of deprecated fields, mostly; Flux says nothing of them.
    built.warnings.iter().for_each(|warning| tracing::debug!(warning, "built"));
    Ok(Built { objects: built.into_objects()?, checksum, inputs: read.inputs(), moving: false })
}

/// Finds `spec.path` in the artifact, and says what is there when it is not.
fn locate(artifact: &Artifact, tree: &Tree, path: &str) -> Result<TreePath, Trouble> {
    let failed = |message| Trouble { reason: sluice_api::conditions::reasons::ARTIFACT_FAILED.into(), message };
    let root = TreePath::parse(path).map_err(|error| {
        failed(format!("kustomization path not found: {error}; hint: spec.path must stay inside the artifact"))
    })?;
    if tree.is_dir(&root) {
        return Ok(root);
    }
    let top = artifact.tree.list(&TreePath::root());
    let dirs: Vec<_> = top.into_iter().filter(|(_, dir)| *dir).map(|(name, _)| format!("./{name}")).take(10).collect();
    Err(failed(format!(
        "kustomization path not found: `{path}` is not a directory of {}; hint: spec.path is relative to the root of the artifact, which holds {}",
        artifact.revision,
        if dirs.is_empty() { "no directories".into() } else { dirs.join(", ") }
    )))
}

async fn request(who: &Identity, requests: Vec<Keyed>, concurrency: usize, cx: &Context) -> Outcome {
    let (keys, requests): (Vec<_>, Vec<_>) = requests.into_iter().map(|keyed| (keyed.key, keyed.request)).unzip();
    let (answers, seen) = requests::call(who, requests, concurrency, cx).await;
    Outcome::Answers { answers: keys.into_iter().zip(answers).collect(), seen }
}
