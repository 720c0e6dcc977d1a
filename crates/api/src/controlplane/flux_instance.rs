use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Duration,
    conditions::Condition,
    duration::INTERVAL,
    meta::{CommonMetadata, HistoryEntry, Inventory, Patch},
    schema::{conditions, rules},
};

/// What to install, and what to sync from.
#[derive(Clone, CustomResource, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[kube(
    group = "fluxcd.controlplane.io",
    version = "v1",
    kind = "FluxInstance",
    plural = "fluxinstances",
    namespaced,
    status = "FluxInstanceStatus",
    derive = "PartialEq",
    doc = "An installation, and what it syncs from; there is one per cluster, named `flux`."
)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = rules(&[(
    "!has(self.sharding) || !has(self.sharding.storage) || self.sharding.storage != 'persistent' || has(self.storage)",
    "persistent storage of shards needs storage",
)])))]
pub struct FluxInstanceSpec {
    /// Where the controllers come from.
    pub distribution: Distribution,
    /// Controllers to install; the four basic ones if not set.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub components: Vec<ComponentName>,
    /// What the cluster is like.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<InstanceCluster>,
    /// How to shard the controllers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sharding: Option<Sharding>,
    /// Volume to keep artifacts on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage: Option<Storage>,
    /// Labels and annotations for all objects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub common_metadata: Option<CommonMetadata>,
    /// Changes to the installed objects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kustomize: Option<InstanceKustomize>,
    /// Whether to wait for the installed objects.
    #[serde(default = "yes")]
    pub wait: bool,
    /// Whether to write stored objects of old API versions anew.
    #[serde(default = "yes")]
    pub migrate_resources: bool,
    /// What to sync from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sync: Option<InstanceSync>,
}

fn yes() -> bool {
    true
}

/// Where the controllers come from.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Distribution {
    /// Version, or range of semantic versions.
    pub version: String,
    /// Registry of the images.
    pub registry: String,
    /// Flavour of the images.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<DistributionVariant>,
    /// Secret to pull the images with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_pull_secret: Option<String>,
    /// Address of an OCI artifact with the manifests.
    #[schemars(regex(pattern = r"^oci://.*$"))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact: Option<String>,
    /// Secret to pull the artifact with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_pull_secret: Option<String>,
}

/// A flavour of images.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DistributionVariant {
    /// The project's own.
    UpstreamAlpine,
    /// Hardened, on Alpine.
    EnterpriseAlpine,
    /// Hardened, without a distribution.
    EnterpriseDistroless,
    /// Hardened, without a distribution, with FIPS cryptography.
    EnterpriseDistrolessFips,
}

/// A controller.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ComponentName {
    /// Sources.
    SourceController,
    /// Kustomizations.
    KustomizeController,
    /// Helm releases.
    HelmController,
    /// Alerts and receivers.
    NotificationController,
    /// Image repositories and policies.
    ImageReflectorController,
    /// Image updates.
    ImageAutomationController,
    /// Artifact generators.
    SourceWatcher,
}

/// What a cluster is like.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = rules(&[(
    "(has(self.objectLevelWorkloadIdentity) && self.objectLevelWorkloadIdentity) || !has(self.multitenantWorkloadIdentity) || !self.multitenantWorkloadIdentity",
    "multitenantWorkloadIdentity needs objectLevelWorkloadIdentity",
)])))]
pub struct InstanceCluster {
    /// DNS domain of the cluster.
    #[serde(default = "cluster_domain")]
    pub domain: String,
    /// Keeps tenants apart: no references between namespaces, and a ServiceAccount for each.
    #[serde(default)]
    pub multitenant: bool,
    /// ServiceAccount that tenants' objects are applied as, unless they name one; `default` if not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_default_service_account: Option<String>,
    /// Lets objects have cloud identities of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object_level_workload_identity: Option<bool>,
    /// Makes objects have cloud identities of their own.
    #[serde(default)]
    pub multitenant_workload_identity: bool,
    /// ServiceAccount that tenants' Secrets are decrypted as, unless they name one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_default_decryption_service_account: Option<String>,
    /// ServiceAccount that tenants reach other clusters as, unless they name one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_default_kube_config_service_account: Option<String>,
    /// Whether to restrict network access to the controllers.
    #[serde(default = "yes")]
    pub network_policy: bool,
    /// Distribution of Kubernetes.
    #[serde(rename = "type")]
    #[serde(default)]
    pub type_: ClusterType,
    /// Size of the cluster, which sets how much the controllers do at once and may use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<ClusterSize>,
}

fn cluster_domain() -> String {
    "cluster.local".into()
}

/// A distribution of Kubernetes.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ClusterType {
    /// Any.
    #[default]
    Kubernetes,
    /// OpenShift.
    Openshift,
    /// EKS.
    Aws,
    /// AKS.
    Azure,
    /// GKE.
    Gcp,
}

/// Size of a cluster.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ClusterSize {
    /// Small.
    Small,
    /// Medium.
    Medium,
    /// Large.
    Large,
}

/// How to shard the controllers.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Sharding {
    /// Label that names the shard of an object.
    #[serde(default = "shard_label")]
    pub key: String,
    /// Names of the shards.
    #[schemars(length(min = 1))]
    pub shards: Vec<String>,
    /// Where shards keep artifacts; `ephemeral` if not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage: Option<ShardStorage>,
}

fn shard_label() -> String {
    crate::labels::SHARD.into()
}

/// Where shards keep artifacts.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ShardStorage {
    /// In a directory of the Pod.
    #[default]
    Ephemeral,
    /// On a volume, as `spec.storage` says.
    Persistent,
}

/// Volume to keep artifacts on.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Storage {
    /// Storage class of the volume.
    pub class: String,
    /// Size of the volume, such as `10Gi`.
    pub size: String,
}

/// Changes to the installed objects.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InstanceKustomize {
    /// Strategic merge patches and JSON patches to apply, in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub patches: Vec<Patch>,
}

/// What to sync from.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = rules(&[
    (
        "!has(self.provider) || self.provider != 'gcp' || self.kind == 'OCIRepository' || self.kind == 'Bucket'",
        "the provider gcp is for the kinds OCIRepository and Bucket",
    ),
    (
        "!has(self.provider) || self.provider != 'github' || self.kind == 'GitRepository'",
        "the provider github is for the kind GitRepository",
    ),
])))]
pub struct InstanceSync {
    /// Name of the source and of the Kustomization; by default the namespace. Cannot be changed.
    #[schemars(length(max = 63))]
    #[schemars(extend("x-kubernetes-validations" = rules(&[("self == oldSelf", "the name cannot be changed")])))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How long to wait between two looks at the source.
    #[schemars(regex(pattern = INTERVAL))]
    #[schemars(extend("default" = "1m"))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<Duration>,
    /// Kind of the source.
    pub kind: SyncSourceKind,
    /// Address of the source.
    pub url: String,
    /// Full name of the reference in Git, tag in a registry, or name of the bucket.
    #[serde(rename = "ref")]
    pub reference: String,
    /// Directory with the manifests.
    pub path: String,
    /// Secret with the credentials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pull_secret: Option<String>,
    /// Where the credentials come from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<SyncProvider>,
}

/// A kind of source to sync from.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub enum SyncSourceKind {
    /// An artifact in an OCI registry.
    #[serde(rename = "OCIRepository")]
    OciRepository,
    /// A Git repository.
    GitRepository,
    /// A bucket.
    Bucket,
}

/// Where credentials for a sync come from.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SyncProvider {
    /// The Secret.
    #[default]
    Generic,
    /// AWS.
    Aws,
    /// Azure.
    Azure,
    /// Google Cloud.
    Gcp,
    /// A GitHub App.
    Github,
}

/// What was installed, and how it went.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FluxInstanceStatus {
    /// What is known of the object, one entry per aspect.
    #[schemars(schema_with = "conditions")]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// Version and digest that were last tried, as `<version>@<digest>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_attempted_revision: Option<String>,
    /// Version and digest that were last installed, as `<version>@<digest>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_applied_revision: Option<String>,
    /// Digest of the last artifact with the manifests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_artifact_revision: Option<String>,
    /// Controllers that were installed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub components: Vec<ComponentImage>,
    /// Objects that were installed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inventory: Option<Inventory>,
    /// Outcomes of the last passes, the newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<HistoryEntry>,
    /// Token of the last reconcile request that was dealt with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_handled_reconcile_at: Option<String>,
    /// Token of the last request to force a pass that was dealt with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_handled_force_at: Option<String>,
}

/// Image of a controller.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ComponentImage {
    /// Name of the controller.
    pub name: String,
    /// Image, without the tag.
    pub repository: String,
    /// Tag of the image.
    pub tag: String,
    /// Digest of the image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}
