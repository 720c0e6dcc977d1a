//! What all parts of an action know.

use jiff::Timestamp;
use sluice_apply::health::{JobRule, Reader, Rules};
use sluice_cluster::Request;
use sluice_helm::release::{Release, Secret};
use sluice_kustomize::OtherKinds;
use sluice_object::Object;

use crate::{
    error::Error,
    item::{Item, mark},
    kinds::Kinds,
    options::{Options, Wait},
    store::Store,
    waiting::Terms,
};

/// An action's knowledge.
#[derive(Clone)]
pub(crate) struct Work {
    pub(crate) options: Options,
    /// The release that is made, tested or taken away.
    pub(crate) release: Release,
    /// The stored revisions, with the statuses that they are to have.
    pub(crate) history: Vec<Release>,
    /// The revision whose objects are changed.
    pub(crate) original: Option<i64>,
    /// The Secret of the release, as it is about to be stored.
    pub(crate) secret: Option<Secret>,
    pub(crate) store: Store,
    pub(crate) kinds: Kinds,
    /// The objects of the release; once they are written and awaited, only their names.
    pub(crate) items: Vec<Item>,
    /// The objects of the revision before, until those that go are gone, or those that go.
    pub(crate) former: Vec<Object>,
    /// The objects that were deleted and are not yet gone.
    pub(crate) going: Vec<Object>,
    /// The names of the objects that were made, whether or not this went well.
    pub(crate) created: Vec<Object>,
    /// Whether objects are applied by the server.
    pub(crate) server_side: bool,
    /// Whether fields of client-side managers become fields of ours before an object is applied.
    pub(crate) folds: bool,
    /// Whether the objects of a revision are changed, rather than new ones made.
    pub(crate) updates: bool,
    /// Whether what exists and was not of the revision before counts as what the release wants of it.
    pub(crate) adopts: bool,
    /// How custom resources are compared where the server does not apply.
    pub(crate) other_kinds: OtherKinds,
    /// What went wrong without ending the action.
    pub(crate) kept: Vec<Error>,
    /// What people should know.
    pub(crate) notices: Vec<String>,
    /// Hooks whose objects are to be deleted at the end, and whether errors count there.
    pub(crate) leftovers: Vec<(usize, bool)>,
    /// Hooks that do not run.
    pub(crate) skipped: Vec<usize>,
}

impl Work {
    pub(crate) fn new(release: Release, history: Vec<Release>, options: Options) -> Self {
        Self {
            options,
            release,
            history,
            original: None,
            secret: None,
            store: Store::default(),
            kinds: Kinds::default(),
            items: Vec::new(),
            former: Vec::new(),
            going: Vec::new(),
            created: Vec::new(),
            server_side: true,
            folds: false,
            updates: false,
            adopts: true,
            other_kinds: OtherKinds::TwoWay,
            kept: Vec::new(),
            notices: Vec::new(),
            leftovers: Vec::new(),
            skipped: Vec::new(),
        }
    }

    /// Takes the objects of the release, marked as its own.
    pub(crate) fn take(&mut self, objects: Vec<Object>) {
        let (name, namespace) = (&self.release.name, &self.release.namespace);
        let marked = |mut object: Object| {
            mark(&mut object, name, namespace);
            Item::new(object)
        };
        self.items = objects.into_iter().map(marked).collect();
    }

    pub(crate) fn revision(&self, version: i64) -> Option<&Release> {
        self.history.iter().find(|release| release.version == version)
    }

    pub(crate) fn revision_mut(&mut self, version: i64) -> Option<&mut Release> {
        self.history.iter_mut().find(|release| release.version == version)
    }

    pub(crate) fn terms(&self) -> Terms {
        Terms { reader: self.options.reader(), fail_fast: true, timeout: self.options.timeout, cancellable: true }
    }

    /// Hooks may be migrations: none of them is given up while it may still get there.
    pub(crate) fn hook_terms(&self) -> Terms {
        let (rules, expressions) = match self.options.wait {
            Wait::Legacy => (Rules::LegacyHooks, std::sync::Arc::default()),
            _ => (Rules::Hooks, self.options.expressions.clone()),
        };
        let reader = Reader { rules, jobs: JobRule::MustComplete, expressions };
        Terms { reader, fail_fast: false, timeout: self.options.timeout, cancellable: false }
    }

    pub(crate) fn apply(&self, object: &Object, force: bool, dry_run: bool) -> Request {
        Request::Apply { object: object.clone(), manager: self.options.manager.clone(), force, dry_run }
    }

    pub(crate) fn create(&self, object: &Object) -> Request {
        Request::Create { object: object.clone(), manager: self.options.manager.clone() }
    }

    /// Sets when the release was made, where nobody has.
    pub(crate) fn deployed_at(&mut self, now: Timestamp) {
        self.release.info.last_deployed = Some(now.into());
        self.release.info.first_deployed.get_or_insert(now.into());
    }
}
