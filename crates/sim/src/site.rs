//! What outlives an agent: the cluster, its users, the disk, the remotes.

use std::{io, sync::Arc};

use futures::FutureExt as _;
use jiff::Timestamp;
use serde_json::{Value, json};
use sluice_cluster::{ApiError, Cluster, FakeCluster, Identity, Precondition, Propagation, Request, Target};
use sluice_object::{Gvk, Object};
use sluice_source::{Store, store::Options};
use tempfile::TempDir;

use crate::{
    clock::Clock,
    remotes::Remotes,
    stage::{Answer, Stage},
};

/// An object with this label is refused by the server.
pub(crate) const REFUSED: &str = "example.com/refused";

/// The namespace of our kinds.
pub(crate) const NAMESPACE: &str = "flux-system";

pub(crate) struct Site {
    pub(crate) cluster: FakeCluster,
    pub(crate) clock: Clock,
    pub(crate) remotes: Remotes,
    pub(crate) stage: Arc<Stage>,
    /// One of each agent.
    disks: Vec<TempDir>,
}

impl Site {
    pub(crate) fn new(agents: usize) -> io::Result<Self> {
        let clock = Clock::start();
        let cluster = FakeCluster::with_clock(move || clock.now());
        for kind in sluice_api::kinds().iter().filter(|kind| kind.served) {
            cluster.serve(&Gvk::new(kind.group, kind.version, kind.kind), kind.plural, true);
        }
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}});
        cluster.put(namespace).expect("invariant: a namespace is an object");
        cluster.auto_ready(true);
        cluster.admission(Box::new(|_, object| admit(object)));
        let disks = (0..agents).map(|_| TempDir::new()).collect::<io::Result<_>>()?;
        Ok(Self { cluster, clock, remotes: Remotes::default(), stage: Arc::default(), disks })
    }

    /// Returns how many agents there are.
    pub(crate) fn agents(&self) -> usize {
        self.disks.len()
    }

    /// Opens the disk of an agent as a process does that starts.
    pub(crate) fn store(&self, agent: usize) -> Store {
        let options = Options { threads: 0, ..Options::default() };
        Store::at(self.disks[agent].path(), options).expect("invariant: a directory of this process can be written")
    }

    /// Loses all that is on the disk of an agent.
    pub(crate) fn lose_disk(&self, agent: usize) {
        for entry in self.disks[agent].path().read_dir().into_iter().flatten().flatten() {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Does what `kubectl apply` does.
    pub(crate) fn apply(&self, object: Value) {
        let object = Object::new(object).expect("invariant: scenarios are made of objects");
        let answer = self.user(Request::Apply { object, manager: "kubectl".into(), force: true, dry_run: false });
        answer.expect("invariant: what users apply is accepted");
    }

    pub(crate) fn patch(&self, target: Target, patch: Value) {
        let _ = self.user(Request::MergePatch { target, patch, manager: "kubectl-edit".into() });
    }

    pub(crate) fn delete(&self, target: Target) {
        let (only_if, propagation) = (Precondition::default(), Propagation::Background);
        let _ = self.user(Request::Delete { target, only_if, propagation });
    }

    /// Asks for a pass of the sources with this URL, as a webhook does.
    pub(crate) fn tell_of(&self, url: &str) {
        for source in self.cluster.objects().iter().filter(|object| object.value()["spec"]["url"] == url) {
            self.ask_for_pass(Target::of(source));
        }
    }

    /// Asks for a pass of an object, as `flux reconcile` does.
    pub(crate) fn ask_for_pass(&self, target: Target) {
        let at = self.now().to_string();
        self.patch(target, json!({"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": at}}}));
    }

    /// What users want to change may be gone: somebody may have been faster.
    fn user(&self, request: Request) -> Answer {
        let user = Identity::ServiceAccount { namespace: "default".into(), name: "user".into() };
        let answer = self.cluster.call(&user, request).now_or_never();
        answer.expect("invariant: without faults the fake answers at once")
    }
}

fn admit(object: &Object) -> Result<(), ApiError> {
    match object.label(REFUSED) {
        Some(_) => {
            Err(ApiError::status(403, "Forbidden", "admission webhook \"policy.example.com\" denied the request"))
        }
        None => Ok(()),
    }
}
