//! What one kind of source has of its own; the rest is in [`Controller`](super::Controller).

use std::{fmt::Debug, sync::Arc, time::Duration};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::{Serialize, de::DeserializeOwned};
use sluice_api::{
    conditions::reasons,
    meta,
    source::{Bucket, GitRepository, HelmChart, HelmRepository, OciRepository},
};
use sluice_object::{Artifact, Gvk, ObjectId};
use sluice_reconcile::{Context, Index, trace::Step};
use sluice_source::store::LATEST;

use super::{Fetch, GROUP, SourceStatus, Trouble};
use crate::Sources;

/// A remote of one kind that becomes an artifact: what it has is looked at, and fetched when it is not what is stored.
pub trait Source: Sized + Debug + Send + Sync + 'static {
    /// The kind, in the group of sources.
    const KIND: &'static str;
    /// The name under which the newest artifact is served.
    const LATEST: &'static str = LATEST;
    /// Why an artifact is no longer what the remote has.
    const OUTDATED: &'static str = reasons::NEW_REVISION;

    /// The custom resource.
    type Object: SourceObject;
    /// What to ask of the remote.
    type Spec: Debug + Clone + Send + Sync;
    /// What the remote has now.
    type Head: Debug + Send + Sync;
    /// What is told of an artifact beyond what its status holds.
    type About: Debug + Send;

    /// Returns the kind as served.
    fn gvk() -> Gvk {
        Gvk::new(GROUP, "v1", Self::KIND)
    }
    /// Returns how long to wait between two looks.
    fn interval(object: &Self::Object) -> Duration;
    /// Says whether an object is but an address: it has neither artifact nor status.
    fn is_address(_: &Self::Object) -> bool {
        false
    }
    /// Says what of an object this version does not serve.
    fn unserved(_: &Self::Object) -> Option<String> {
        None
    }
    /// Returns what an object refers to.
    fn references(_: &Self::Object) -> Vec<ObjectId> {
        Vec::new()
    }
    /// Says whether a change of what an object refers to asks for a pass.
    fn concerns(_: &Self::Object, _: &Index) -> bool {
        false
    }

    /// Reads what to ask for.
    fn spec(&self, object: &Self::Object, cx: &Context) -> impl Future<Output = Result<Self::Spec, Trouble>> + Send;
    /// Looks at what the remote has.
    fn look(
        &self,
        spec: &Self::Spec,
        stored: Option<&Arc<Artifact>>,
        cx: &Context,
    ) -> impl Future<Output = Result<Self::Head, Trouble>> + Send;
    /// Fetches and stores it.
    fn fetch(
        &self,
        fetch: Fetch<Self>,
        sources: &Sources,
        cx: &Context,
    ) -> impl Future<Output = Result<(Arc<Artifact>, Self::About), Trouble>> + Send;
    /// Says what a fetch is in a trace.
    fn step(fetch: &Fetch<Self>) -> Step;

    /// Says whether what is stored is what the object asks for and the remote has.
    fn is_current(object: &Self::Object, stored: &Artifact, head: &Self::Head) -> bool;
    /// Returns what is told of an artifact that is kept.
    fn about(head: &Self::Head, stored: &Artifact) -> Self::About;
    /// Says what the remote has; nothing where it has what the artifact was made of.
    fn news(object: &Self::Object, head: &Self::Head) -> Option<String>;
    /// Notes in a status what a pass is about.
    fn note(_: &Self::Spec, _: &mut Status<Self>) {}
    /// Notes in a status what an artifact was made with.
    fn note_stored(object: &Self::Object, about: &Self::About, status: &mut Status<Self>);
    /// Notes in a status where the newest artifact is.
    fn locate(_: &mut Status<Self>, _url: String) {}
    /// Says what is in storage, for conditions.
    fn ready(artifact: &meta::Artifact, about: &Self::About) -> Told;
    /// Says it in events, of a new artifact or of one that is kept.
    fn events(object: &Self::Object, artifact: &meta::Artifact, about: &Self::About, is_new: bool) -> Vec<Told>;
}

/// The status of a kind.
pub type Status<S> = <<S as Source>::Object as SourceObject>::Status;

/// A reason and a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// One PascalCase word.
    pub reason: &'static str,
    /// Text for people.
    pub message: String,
}

impl Told {
    pub(crate) fn success(message: String) -> Self {
        Self { reason: reasons::SUCCEEDED, message }
    }

    pub(crate) fn artifact(is_new: bool, message: String) -> Self {
        Self { reason: if is_new { "NewArtifact" } else { reasons::SUCCEEDED }, message }
    }
}

/// The custom resource of a source.
pub trait SourceObject: DeserializeOwned + Send + Sync + 'static {
    /// Its status.
    type Status: SourceStatus + Clone + Debug + Default + Serialize + Send;

    /// Returns its metadata.
    fn metadata(&self) -> &ObjectMeta;
    /// Returns its status, if it has one.
    fn status(&self) -> Option<&Self::Status>;
    /// Says whether passes are off.
    fn is_suspended(&self) -> bool;
}

macro_rules! source_objects {
    ($($object:ty => $status:ty),* $(,)?) => {$(
        impl SourceObject for $object {
            type Status = $status;

            fn metadata(&self) -> &ObjectMeta {
                &self.metadata
            }

            fn status(&self) -> Option<&$status> {
                self.status.as_ref()
            }

            fn is_suspended(&self) -> bool {
                self.spec.suspend
            }
        }

        impl SourceStatus for $status {
            fn parts(&mut self) -> super::Parts<'_> {
                let Self { conditions, artifact, observed_generation, last_handled_reconcile_at, .. } = self;
                super::Parts { conditions, artifact, observed_generation, last_handled_reconcile_at }
            }

            fn artifact(&self) -> Option<&meta::Artifact> {
                self.artifact.as_ref()
            }

            fn is_bare(&self) -> bool {
                self.conditions.is_empty() && self.artifact.is_none()
            }
        }
    )*};
}

source_objects! {
    GitRepository => sluice_api::source::GitRepositoryStatus,
    Bucket => sluice_api::source::BucketStatus,
    OciRepository => sluice_api::source::OciRepositoryStatus,
    HelmRepository => sluice_api::source::HelmRepositoryStatus,
    HelmChart => sluice_api::source::HelmChartStatus,
}

/// Returns the id of an object.
pub(crate) fn id<S: Source>(object: &S::Object) -> ObjectId {
    let text = |part: &Option<String>| part.clone().unwrap_or_default();
    let metadata = object.metadata();
    ObjectId::new(&S::gvk(), text(&metadata.namespace), text(&metadata.name))
}
