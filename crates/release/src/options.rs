//! What is to be done, and how.

use std::sync::Arc;

use jiff::SignedDuration;
use sluice_apply::health::{Expressions, JobRule, Reader, Rules};
use sluice_cluster::Propagation;
use sluice_helm::{Event, release::Release};
use sluice_object::Object;

/// What is to be done with a release.
#[derive(Debug, Clone, PartialEq)]
pub enum Plan {
    /// Makes its first revision, or one in place of what was uninstalled or has failed.
    Install {
        /// The release as rendered: name, namespace, chart, values, manifest, hooks, notes, labels. All else is filled
        /// in here.
        release: Release,
    },
    /// Makes the next revision.
    Upgrade {
        /// The release as rendered.
        release: Release,
    },
    /// Makes a revision like an earlier one.
    Rollback {
        /// The earlier revision; zero is the one before the last.
        to: i64,
    },
    /// Takes all away.
    Uninstall,
    /// Does what was left when the last revision failed: its objects have become as desired since.
    Finish {
        /// The moment whose hooks have not run: after an installation, or after an upgrade.
        event: Event,
    },
    /// Runs the test hooks of the last revision.
    Test {
        /// Which of them.
        filters: Vec<TestFilter>,
    },
}

/// A test hook that is to run, or not to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestFilter {
    /// The name of the hook.
    pub name: String,
    /// Whether it is left out.
    pub exclude: bool,
}

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Wait {
    /// Only hooks.
    HookOnly,
    /// Hooks, and objects by the rules of kstatus.
    #[default]
    Poller,
    /// Hooks, and objects by the rules of Helm 3.
    Legacy,
}

/// How objects are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ServerSide {
    /// By server-side apply.
    Yes,
    /// By patches that are computed here.
    No,
    /// As the release was before. A first one is applied by the server.
    #[default]
    Auto,
}

/// What happens to the definitions in a chart's `crds` folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CrdPolicy {
    /// Nothing.
    Skip,
    /// Those that are missing are made.
    #[default]
    Create,
    /// They are made or changed.
    CreateReplace,
}

/// Definitions of a chart's `crds` folders.
#[derive(Clone, PartialEq, Default)]
pub struct Crds {
    /// What happens to them.
    pub policy: CrdPolicy,
    /// The objects, in the order of the files; labels of their origin are the caller's to add. What is no
    /// CustomResourceDefinition is left out, with a notice.
    pub objects: Vec<Object>,
}

/// How an action is done.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// The namespace of the Secrets that keep releases.
    pub storage_namespace: String,
    /// Field manager: `helm-controller`.
    pub manager: String,
    /// How many requests may be under way at once.
    pub concurrency: usize,
    /// How long each wait may take.
    pub timeout: SignedDuration,
    /// What is waited for.
    pub wait: Wait,
    /// Whether Jobs of the release must complete.
    pub wait_for_jobs: bool,
    /// Whether hooks are left out.
    pub disable_hooks: bool,
    /// How objects are written.
    pub server_side: ServerSide,
    /// Whether objects are replaced as a whole, where they are not applied by the server.
    pub force_replace: bool,
    /// Whether objects that exist and are not of this release become its own.
    pub take_ownership: bool,
    /// Whether the namespace of an installed release is made.
    pub create_namespace: bool,
    /// Whether an installation may take the place of a release that was uninstalled or has failed.
    pub replace: bool,
    /// Whether what a failed upgrade or rollback has made is deleted.
    pub cleanup_on_fail: bool,
    /// Whether the revisions of an uninstalled release stay stored.
    pub keep_history: bool,
    /// How many revisions stay stored when one is added; zero for all.
    pub max_history: i64,
    /// What happens to dependents of uninstalled objects.
    pub propagation: Propagation,
    /// Whether fields that the server does not know end the action before anything is stored.
    pub validate: bool,
    /// What a user has written of the health of kinds.
    pub expressions: Arc<Expressions>,
    /// The definitions that come first.
    pub crds: Crds,
}

impl Options {
    /// Returns the options of helm-controller for a HelmRelease that says nothing of them.
    pub fn new(storage_namespace: &str) -> Self {
        Self {
            storage_namespace: storage_namespace.into(),
            manager: "helm-controller".into(),
            concurrency: 4,
            timeout: SignedDuration::from_mins(5),
            wait: Wait::Poller,
            wait_for_jobs: true,
            disable_hooks: false,
            server_side: ServerSide::Auto,
            force_replace: false,
            take_ownership: true,
            create_namespace: false,
            replace: false,
            cleanup_on_fail: false,
            keep_history: false,
            max_history: 5,
            propagation: Propagation::Background,
            validate: true,
            expressions: Arc::default(),
            crds: Crds::default(),
        }
    }

    /// Returns the rules of health for objects of the release.
    pub fn reader(&self) -> Reader {
        let jobs = if self.wait_for_jobs { JobRule::MustComplete } else { JobRule::Default };
        let rules = if self.wait == Wait::Legacy { Rules::Legacy } else { Rules::Status };
        Reader { rules, jobs, expressions: self.expressions.clone() }
    }
}

/// Objects may hold secrets: only their ids are shown.
impl std::fmt::Debug for Crds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ids: Vec<_> = self.objects.iter().map(Object::id).collect();
        f.debug_struct("Crds").field("policy", &self.policy).field("objects", &ids).finish()
    }
}
