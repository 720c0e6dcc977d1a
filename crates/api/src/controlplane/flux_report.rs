use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    conditions::Condition,
    schema::{conditions, integer},
};

/// What an installation is made of, and how it does.
#[derive(Clone, CustomResource, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[kube(
    group = "fluxcd.controlplane.io",
    version = "v1",
    kind = "FluxReport",
    plural = "fluxreports",
    namespaced,
    status = "FluxReportStatus",
    derive = "PartialEq",
    doc = "A report about the installation, written at an interval."
)]
#[serde(rename_all = "camelCase")]
pub struct FluxReportSpec {
    /// What is installed.
    pub distribution: ReportDistribution,
    /// What the cluster is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<ReportCluster>,
    /// What wrote the report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<ReportOperator>,
    /// How each controller does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub components: Vec<ReportComponent>,
    /// How the objects of each kind do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reconcilers: Vec<ReportReconciler>,
    /// How the sync of the installation does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sync: Option<ReportSync>,
}

/// What is installed.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReportDistribution {
    /// Who vouches for it.
    pub entitlement: String,
    /// Whether it is installed.
    pub status: String,
    /// Its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Who installed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub managed_by: Option<String>,
}

/// What the cluster is.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReportCluster {
    /// Version of the API server.
    pub server_version: String,
    /// Operating system and processor.
    pub platform: String,
    /// How many nodes there are.
    #[schemars(schema_with = "integer")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nodes: Option<i64>,
}

/// What wrote the report.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReportOperator {
    /// Group and version of its API.
    pub api_version: String,
    /// Its version.
    pub version: String,
    /// Operating system and processor.
    pub platform: String,
}

/// How a controller does.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReportComponent {
    /// Name of the controller.
    pub name: String,
    /// Whether it is ready.
    pub ready: bool,
    /// How it does, for people.
    pub status: String,
    /// Its image.
    pub image: String,
}

/// How the objects of a kind do.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReportReconciler {
    /// Group and version of the kind.
    pub api_version: String,
    /// The kind.
    pub kind: String,
    /// The counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stats: Option<ReportStats>,
}

/// Counts of objects.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReportStats {
    /// Objects that are reconciled.
    #[schemars(schema_with = "integer")]
    pub running: i64,
    /// Objects that are not ready.
    #[schemars(schema_with = "integer")]
    pub failing: i64,
    /// Objects that are suspended.
    #[schemars(schema_with = "integer")]
    pub suspended: i64,
    /// Size of all artifacts, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_size: Option<String>,
}

/// How the sync of an installation does.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReportSync {
    /// The Kustomization, as `kustomization/<name>`.
    pub id: String,
    /// Directory with the manifests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Whether it is ready.
    pub ready: bool,
    /// How it does, for people.
    pub status: String,
    /// Address of the source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// How writing the report went.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FluxReportStatus {
    /// What is known of the object, one entry per aspect.
    #[schemars(schema_with = "conditions")]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// Token of the last reconcile request that was dealt with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_handled_reconcile_at: Option<String>,
}
