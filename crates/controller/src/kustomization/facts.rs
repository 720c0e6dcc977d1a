//! What a Kustomization's pass reads at its start: all of it from memory, but for an artifact that is opened first.

use std::sync::Arc;

use sluice_api::{
    conditions::{READY, reasons},
    kustomize::{Kustomization, KustomizationStatus, SourceKind},
    meta,
};
use sluice_apply::health::{JobRule, Reader};
use sluice_cluster::Identity;
use sluice_kustomize::Variables;
use sluice_object::{Artifact, Gvk, InventoryEntry, Object, ObjectId};
use sluice_reconcile::{Context, Index, Kind};

use super::{
    Kustomizations, Memory,
    health::{self, Standing},
    variables,
};
use crate::{
    access::Wish,
    dependencies::{self, Blocked, Ready, ready_condition},
    expressions::{self, Compiled},
    source::Trouble,
};

/// What a pass starts from.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The source's artifact, or why there is none.
    pub(super) source: Result<Arc<Artifact>, NoArtifact>,
    /// Why dependencies hold the pass up, if they do.
    pub(super) blocked: Option<Blocked>,
    /// What it says in expressions, or why these are refused.
    pub(super) expressions: Result<Compiled, Trouble>,
    /// On whose behalf objects are applied, and at which cluster; or why nobody can. Asked for where objects are
    /// applied or deleted.
    pub(super) identity: Result<Identity, Trouble>,
    /// What this process applied last.
    pub(super) memory: Option<Memory>,
    /// Whether a build would read what the last one read.
    pub(super) same_build: bool,
    /// What was applied, as it stands now.
    pub(super) standing: Standing,
    /// Whether drift is put back at once.
    pub(super) eager: bool,
    pub(super) policy: super::Policy,
    /// The values that are put into manifests, if any are; or why they can't be read.
    pub(super) variables: Result<Option<Arc<Variables>>, Trouble>,
    /// The account whose absence leaves the objects of a deleted Kustomization in place.
    pub(super) missing_account: Option<String>,
}

/// Why a pass has no artifact to build.
#[derive(Debug, Clone)]
pub(super) enum NoArtifact {
    /// The source is of another namespace, and the operator forbids that.
    Denied(Trouble),
    /// There is none yet: whatever makes it will wake the pass.
    Awaited(Trouble),
    /// It is there and cannot be read.
    Unreadable(Trouble),
}

impl Facts {
    /// Returns the rules by which health is told.
    pub(super) fn reader(&self) -> Reader {
        let compiled = self.expressions.as_ref();
        let expressions = compiled.map(|compiled| compiled.health.clone()).unwrap_or_default();
        Reader { jobs: JobRule::MustComplete, expressions, ..Reader::default() }
    }
}

impl Kustomizations {
    pub(super) async fn facts(&self, object: &Kustomization, cx: &Context) -> Facts {
        let (namespace, source) = (namespace(object), self.source(object, cx).await);
        // As in Flux there is no event: a source often comes a moment after what refers to it.
        if let Err(NoArtifact::Awaited(trouble)) = &source {
            tracing::info!(reason = trouble.reason, "{}", trouble.message);
        }
        let revision = source.as_ref().ok().map(|artifact| artifact.revision.to_string());
        let memory = self.memory(&id(object));
        let expressions = expressions::compile(&object.spec.health_check_exprs, &object.spec.depends_on);
        let blocked = match &expressions {
            Ok(compiled) => {
                let (programs, additive) = (compiled.ready.clone(), self.policy.additive_ready_expr);
                dependencies::blocked(object, Ready { programs, additive, revision }, cx).await
            }
            Err(_) => None,
        };
        let deletes = object.metadata.deletion_timestamp.is_some();
        let builds = !deletes && source.is_ok() && expressions.is_ok() && blocked.is_none();
        let variables = match builds {
            true => variables::read(object, self.policy.strict_substitution, cx).await,
            false => Ok(None),
        };
        let identity = match builds || deletes {
            true => self.policy.access.identity(wish(object, &namespace), &self.clouds, cx).await,
            false => Ok(Identity::Agent),
        };
        let missing_account = match deletes {
            true => self.policy.access.missing_account(wish(object, &namespace), cx).await,
            false => None,
        };
        Facts {
            blocked,
            variables: variables.map(|variables| variables.map(Arc::new)),
            identity,
            same_build: is_same_build(memory.as_ref(), source.as_deref().ok()),
            memory,
            standing: health::standing(object, expressions.as_ref().ok().map(|compiled| &*compiled.health), cx),
            expressions,
            eager: is_eager(object),
            policy: self.policy.clone(),
            missing_account,
            source,
        }
    }

    async fn source(&self, object: &Kustomization, cx: &Context) -> Result<Arc<Artifact>, NoArtifact> {
        let source = source_id(object);
        if self.policy.no_cross_namespace_refs && source.namespace != namespace(object) {
            return Err(denied(&source));
        }
        let external = object.spec.source_ref.kind == SourceKind::ExternalArtifact;
        if external && !self.policy.external_artifacts {
            return Err(gated(&source));
        }
        let Some(found) = cx.index.get(&source) else {
            self.sources.forget(&source);
            return Err(missing(&source));
        };
        let Some(named) = artifact_of(&found) else { return Err(not_ready(&source, &found)) };
        let served_here = !external && cx.serves(&found);
        self.sources.artifact(&source, &named, served_here).await.map_err(|error| {
            let message = crate::source::with_cause(&error, error.hint());
            NoArtifact::Unreadable(Trouble { reason: reasons::ARTIFACT_FAILED.into(), message })
        })
    }
}

/// Returns what the object says of whom it acts for.
pub(super) fn wish<'a>(object: &'a Kustomization, namespace: &'a str) -> Wish<'a> {
    let spec = &object.spec;
    Wish { namespace, account: spec.service_account_name.as_deref(), cluster: spec.kube_config.as_ref() }
}

pub(super) fn namespace(object: &Kustomization) -> String {
    object.metadata.namespace.clone().unwrap_or_default()
}

pub(super) fn id(object: &Kustomization) -> ObjectId {
    let name = object.metadata.name.clone().unwrap_or_default();
    ObjectId::new(&Kustomizations::gvk(), namespace(object), name)
}

pub(super) fn source_id(object: &Kustomization) -> ObjectId {
    let reference = &object.spec.source_ref;
    let kind = match reference.kind {
        SourceKind::OciRepository => "OCIRepository",
        SourceKind::GitRepository => "GitRepository",
        SourceKind::Bucket => "Bucket",
        SourceKind::ExternalArtifact => "ExternalArtifact",
    };
    let gvk = Gvk::new(crate::source::GROUP, "v1", kind);
    ObjectId::new(&gvk, reference.namespace.clone().unwrap_or_else(|| namespace(object)), &reference.name)
}

/// Returns the inventory of the status. Entries that cannot be read are passed over with a warning.
pub(super) fn inventory(status: Option<&KustomizationStatus>) -> Vec<InventoryEntry> {
    let entries = status.and_then(|status| status.inventory.as_ref()).map(|inventory| &inventory.entries);
    let read = |entry: &meta::InventoryEntry| match ObjectId::from_inventory(&entry.id) {
        Ok(id) => Some(InventoryEntry { id, version: entry.v.clone() }),
        Err(error) => {
            tracing::warn!(entry = entry.id, %error, "inventory entry not read");
            None
        }
    };
    entries.into_iter().flatten().filter_map(read).collect()
}

pub(super) fn artifact_of(source: &Object) -> Option<meta::Artifact> {
    serde_json::from_value(source.value().pointer("/status/artifact")?.clone()).ok()
}

fn denied(source: &ObjectId) -> NoArtifact {
    let message = format!("can't access '{source}', cross-namespace references have been blocked");
    NoArtifact::Denied(Trouble { reason: reasons::ACCESS_DENIED.into(), message })
}

fn gated(source: &ObjectId) -> NoArtifact {
    let message = format!("can't access '{source}', ExternalArtifact feature gate is disabled");
    NoArtifact::Denied(Trouble { reason: reasons::ACCESS_DENIED.into(), message })
}

fn missing(source: &ObjectId) -> NoArtifact {
    let message = format!("{}.{} \"{}\" not found", source.kind, source.group, source.name);
    NoArtifact::Awaited(Trouble { reason: reasons::ARTIFACT_FAILED.into(), message })
}

fn not_ready(source: &ObjectId, found: &Object) -> NoArtifact {
    let why = ready_condition(found).map_or(String::new(), |(_, message)| format!(": {message}"));
    let message = format!("Source is not ready, artifact not found; '{source}'{why}");
    NoArtifact::Awaited(Trouble { reason: reasons::ARTIFACT_FAILED.into(), message })
}

/// What is built depends on what is read of the artifact, whatever else a commit has changed.
fn is_same_build(memory: Option<&Memory>, artifact: Option<&Artifact>) -> bool {
    let (Some(memory), Some(artifact)) = (memory, artifact) else { return false };
    memory.packed == artifact.digest || memory.inputs.as_ref().is_some_and(|inputs| inputs.are_same_in(&artifact.tree))
}

/// The annotation that has drift put back as soon as it is seen.
const DRIFT: &str = "sluice.dev/drift";

fn is_eager(object: &Kustomization) -> bool {
    let annotations = object.metadata.annotations.as_ref();
    annotations.and_then(|annotations| annotations.get(DRIFT)).is_some_and(|value| value == "immediate")
}

/// Says whether a change of a reference must start a pass: a new artifact, or a dependency that was waited for.
pub(super) fn concerns(object: &Kustomization, index: &Index) -> bool {
    let status = object.status.clone().unwrap_or_default();
    let waiting = status.conditions.iter().any(|condition| {
        condition.type_ == READY
            && matches!(condition.reason.as_str(), reasons::DEPENDENCY_NOT_READY | reasons::ARTIFACT_FAILED)
    });
    let revision = index.get(&source_id(object)).and_then(|source| artifact_of(&source)).map(|named| named.revision);
    waiting || (revision.is_some() && revision != status.last_attempted_revision)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use sluice_object::{Digest, Revision, Tree};

    use super::*;

    /// The same revision is packed anew when other files are left out of it.
    #[rstest]
    #[case("archive", true)]
    #[case("another archive", false)]
    fn what_is_packed_anew_is_built_anew(#[case] packed: &str, #[case] same: bool) {
        let artifact = Artifact {
            revision: Revision::new("main@sha1:abc"),
            digest: Digest::sha256(packed.as_bytes()),
            path: "p".into(),
            size: 1,
            metadata: Default::default(),
            tree: Arc::new(Tree::in_memory([("a.yaml", "")])),
        };
        let memory = Memory {
            generation: 1,
            packed: Digest::sha256(b"archive"),
            checksum: Digest::sha256(b"objects"),
            inputs: None,
            variables: None,
            eager: false,
        };
        assert_eq!(is_same_build(Some(&memory), Some(&artifact)), same);
    }
}
