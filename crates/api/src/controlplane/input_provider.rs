use std::collections::BTreeMap;

use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::InputSet;
use crate::{
    Duration,
    conditions::Condition,
    duration::INTERVAL,
    meta::{LabelSelectorRequirement, LocalObjectReference, Time},
    schema::{any_map, any_maps, conditions, integer, rules},
};

/// Where inputs come from.
#[derive(Clone, CustomResource, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[kube(
    group = "fluxcd.controlplane.io",
    version = "v1",
    kind = "ResourceSetInputProvider",
    plural = "resourcesetinputproviders",
    namespaced,
    status = "ResourceSetInputProviderStatus",
    shortname = "rsip",
    derive = "PartialEq",
    doc = "Inputs for ResourceSets, looked up in another service or in the cluster."
)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = rules(&[
    ("self.type != 'Static' || !has(self.url)", "url is not for the type Static"),
    ("self.type != 'ExternalArtifact' || !has(self.url)", "url is not for the type ExternalArtifact"),
    (
        "self.type == 'Static' || self.type == 'ExternalArtifact' || has(self.url)",
        "all types but Static and ExternalArtifact need url",
    ),
    ("!self.type.startsWith('Git') || self.url.startsWith('http')", "the Git types need an HTTP or HTTPS url"),
    (
        "!self.type.startsWith('AzureDevOps') || self.url.startsWith('http://') || self.url.startsWith('https://')",
        "the AzureDevOps types need an HTTP or HTTPS url",
    ),
    (
        "!self.type.startsWith('AWSCodeCommit') || self.url.startsWith('https://')",
        "the AWSCodeCommit types need an HTTPS url",
    ),
    ("!self.type.endsWith('ArtifactTag') || self.url.startsWith('oci')", "the ArtifactTag types need an OCI url"),
    (
        "!self.type.endsWith('ArtifactTag') || !self.url.startsWith('oci://') || self.url.substring(6).contains('/')",
        "an OCI url has a repository after the host",
    ),
    (
        "self.type != 'ExternalService' || self.url.startsWith('http')",
        "the type ExternalService needs an HTTP or HTTPS url",
    ),
    (
        "!has(self.insecure) || !self.insecure || self.type == 'ExternalService' || self.type == 'OCIArtifactTag'",
        "insecure is for the types ExternalService and OCIArtifactTag",
    ),
    (
        "self.type != 'ExternalService' || !self.url.startsWith('http://') || (has(self.insecure) && self.insecure)",
        "an HTTP url of the type ExternalService needs insecure",
    ),
    (
        "!has(self.serviceAccountName) || self.type.startsWith('AzureDevOps') || self.type.startsWith('AWSCodeCommit') || self.type.endsWith('ArtifactTag') || self.type == 'ExternalArtifact'",
        "serviceAccountName is for the AzureDevOps, AWSCodeCommit, ArtifactTag and ExternalArtifact types",
    ),
    (
        "!has(self.certSecretRef) || !(self.type == 'Static' || self.type == 'ExternalArtifact' || self.type.startsWith('AzureDevOps') || self.type.startsWith('AWSCodeCommit') || (self.type.endsWith('ArtifactTag') && self.type != 'OCIArtifactTag'))",
        "certSecretRef is for the GitHub, GitLab and Gitea types, OCIArtifactTag and ExternalService",
    ),
    (
        "!has(self.secretRef) || !(self.type == 'Static' || self.type == 'ExternalArtifact' || self.type.startsWith('AWSCodeCommit') || (self.type.endsWith('ArtifactTag') && self.type != 'OCIArtifactTag'))",
        "secretRef is for the GitHub, GitLab, Gitea and AzureDevOps types, OCIArtifactTag and ExternalService",
    ),
    (
        "self.type != 'ExternalArtifact' || (has(self.selectors) && size(self.selectors) > 0)",
        "the type ExternalArtifact needs selectors",
    ),
    ("self.type == 'ExternalArtifact' || !has(self.selectors)", "selectors is only for the type ExternalArtifact"),
])))]
pub struct ResourceSetInputProviderSpec {
    /// What to look up, and where.
    #[serde(rename = "type")]
    pub type_: InputProviderType,
    /// Address of the repository or service.
    #[schemars(regex(pattern = r"^((http|https|oci)://.*){0,1}$"))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// ServiceAccount, in the same namespace, to get credentials as.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_account_name: Option<String>,
    /// Secret with the credentials; its keys depend on the type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<LocalObjectReference>,
    /// Secret with `ca.crt` for a private authority, and `tls.crt` and `tls.key` for a client certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cert_secret_ref: Option<LocalObjectReference>,
    /// Speaks plain HTTP with the service.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub insecure: bool,
    /// Values that each set of inputs has, unless the service says otherwise.
    #[schemars(schema_with = "any_map")]
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub default_values: BTreeMap<String, serde_json::Value>,
    /// What of the answer to take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<InputFilter>,
    /// What of the answer to leave as it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skip: Option<InputSkip>,
    /// When to look; at the interval if not set.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub schedule: Vec<InputSchedule>,
    /// ExternalArtifacts to look at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub selectors: Vec<ObjectSelector>,
}

/// What to look up, and where.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub enum InputProviderType {
    /// Nothing: the default values are the inputs.
    Static,
    /// Branches on GitHub.
    GitHubBranch,
    /// Tags on GitHub.
    GitHubTag,
    /// Pull requests on GitHub.
    GitHubPullRequest,
    /// Branches on GitLab.
    GitLabBranch,
    /// Tags on GitLab.
    GitLabTag,
    /// Merge requests on GitLab.
    GitLabMergeRequest,
    /// Environments on GitLab.
    GitLabEnvironment,
    /// Branches on Azure DevOps.
    AzureDevOpsBranch,
    /// Tags on Azure DevOps.
    AzureDevOpsTag,
    /// Pull requests on Azure DevOps.
    AzureDevOpsPullRequest,
    /// Branches on AWS CodeCommit.
    #[serde(rename = "AWSCodeCommitBranch")]
    AwsCodeCommitBranch,
    /// Tags on AWS CodeCommit.
    #[serde(rename = "AWSCodeCommitTag")]
    AwsCodeCommitTag,
    /// Pull requests on AWS CodeCommit.
    #[serde(rename = "AWSCodeCommitPullRequest")]
    AwsCodeCommitPullRequest,
    /// Branches on Gitea.
    GiteaBranch,
    /// Tags on Gitea.
    GiteaTag,
    /// Pull requests on Gitea.
    GiteaPullRequest,
    /// Tags in an OCI registry.
    #[serde(rename = "OCIArtifactTag")]
    OciArtifactTag,
    /// Tags in a registry of Azure.
    #[serde(rename = "ACRArtifactTag")]
    AcrArtifactTag,
    /// Tags in a registry of AWS.
    #[serde(rename = "ECRArtifactTag")]
    EcrArtifactTag,
    /// Tags in a registry of Google Cloud.
    #[serde(rename = "GARArtifactTag")]
    GarArtifactTag,
    /// What a service over HTTP says.
    ExternalService,
    /// ExternalArtifacts in the cluster.
    ExternalArtifact,
}

/// What of an answer to take.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InputFilter {
    /// Regular expression for branches to take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub include_branch: Option<String>,
    /// Regular expression for branches to leave out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exclude_branch: Option<String>,
    /// Regular expression for tags to take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub include_tag: Option<String>,
    /// Regular expression for tags to leave out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exclude_tag: Option<String>,
    /// Regular expression for environments to take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub include_environment: Option<String>,
    /// Regular expression for environments to leave out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exclude_environment: Option<String>,
    /// Labels that a change request must have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// How many to take at the most.
    #[schemars(schema_with = "integer", range(max = 10000), extend("default" = 100))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<i64>,
    /// Range of semantic versions that a tag must be in; the newest come first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub semver: Option<String>,
}

/// What of an answer to leave as it was.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InputSkip {
    /// Labels of change requests; with `!` before it, a label that they lack.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
}

/// When to look.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InputSchedule {
    /// The times, as a cron expression.
    pub cron: String,
    /// Time zone of the times.
    #[serde(default = "utc")]
    pub time_zone: String,
    /// How long after each time a look may still begin and end; 0 for no bound.
    #[schemars(regex(pattern = INTERVAL))]
    #[serde(default)]
    pub window: Duration,
}

fn utc() -> String {
    "UTC".into()
}

/// Selects objects by name or by labels.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = rules(&[(
    "!has(self.name) || (!has(self.matchLabels) && !has(self.matchExpressions))",
    "name excludes matchLabels and matchExpressions",
)])))]
pub struct ObjectSelector {
    /// Name of the object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Namespace of the objects, or `*` for all; by default that of the provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Labels that an object must have.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub match_labels: BTreeMap<String, String>,
    /// Requirements on labels, all of which must hold.
    #[schemars(extend("x-kubernetes-list-type" = "atomic"))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub match_expressions: Vec<LabelSelectorRequirement>,
}

/// What was found, and how it went.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourceSetInputProviderStatus {
    /// What is known of the object, one entry per aspect.
    #[schemars(schema_with = "conditions")]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// Sets of inputs that were found.
    #[schemars(schema_with = "any_maps")]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exported_inputs: Vec<InputSet>,
    /// Digest of the sets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_exported_revision: Option<String>,
    /// When the next look is, with a schedule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_schedule: Option<NextSchedule>,
    /// Token of the last reconcile request that was dealt with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_handled_reconcile_at: Option<String>,
    /// Token of the last request to force a look that was dealt with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_handled_force_at: Option<String>,
}

/// When the next look is.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NextSchedule {
    /// Cron expression that says so.
    pub cron: String,
    /// Time zone of the expression.
    #[serde(default = "utc")]
    pub time_zone: String,
    /// How long after `when` the look may still begin and end; 0 for no bound.
    #[schemars(regex(pattern = INTERVAL))]
    #[serde(default)]
    pub window: Duration,
    /// When it is.
    pub when: Time,
}
