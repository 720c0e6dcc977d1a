use std::collections::BTreeMap;

use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::meta::LocalObjectReference;

/// Which events to send where.
#[derive(Clone, CustomResource, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[kube(
    group = "notification.toolkit.fluxcd.io",
    version = "v1beta3",
    kind = "Alert",
    plural = "alerts",
    namespaced,
    derive = "PartialEq",
    doc = "Events of other objects, picked and sent to a Provider."
)]
#[serde(rename_all = "camelCase")]
pub struct AlertSpec {
    /// Provider to send to, in the same namespace.
    pub provider_ref: LocalObjectReference,
    /// Whether to send all events (`info`) or only failures (`error`).
    #[serde(default)]
    pub event_severity: EventSeverity,
    /// Objects whose events to send.
    pub event_sources: Vec<EventSource>,
    /// Regular expressions for messages to send; all are sent if not set.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inclusion_list: Vec<String>,
    /// Keys and values to add to each event.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub event_metadata: BTreeMap<String, String>,
    /// Regular expressions for messages not to send. Goes before `inclusionList`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclusion_list: Vec<String>,
    /// Text to add to each event. Use `eventMetadata` instead.
    #[schemars(length(max = 255))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// Sends nothing while true.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub suspend: bool,
}

/// How grave an event must be.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EventSeverity {
    /// Any event.
    #[default]
    Info,
    /// Failures.
    Error,
}

/// Picks objects whose events to send.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EventSource {
    /// Group and version of the objects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_version: Option<String>,
    /// Kind of the objects.
    pub kind: EventSourceKind,
    /// Name of the object, or `*` for all.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// Namespace of the objects; by default that of this one.
    #[schemars(length(min = 1, max = 253))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Labels that the objects must have.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub match_labels: BTreeMap<String, String>,
}

/// A kind that sends events and may be woken by webhooks.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub enum EventSourceKind {
    /// A bucket.
    Bucket,
    /// A Git repository.
    GitRepository,
    /// Manifests applied.
    Kustomization,
    /// A Helm release.
    HelmRelease,
    /// A Helm chart.
    HelmChart,
    /// A Helm repository.
    HelmRepository,
    /// The tags of an image.
    ImageRepository,
    /// A choice of a tag.
    ImagePolicy,
    /// Commits of image updates.
    ImageUpdateAutomation,
    /// An artifact in an OCI registry.
    #[serde(rename = "OCIRepository")]
    OciRepository,
    /// Artifacts made from others.
    ArtifactGenerator,
    /// An artifact that another controller makes.
    ExternalArtifact,
    /// The settings of a cluster; this and the next two are what Flux Operator adds to Flux's list.
    FluxInstance,
    /// Objects made from a template.
    ResourceSet,
    /// Inputs of templates.
    ResourceSetInputProvider,
}
