use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::InputSet;
use crate::{
    Duration,
    conditions::Condition,
    duration::INTERVAL,
    meta::{CommonMetadata, HistoryEntry, Inventory, LabelSelector},
    schema::{any_maps, any_objects, conditions, rules},
};

/// Which objects to make from which inputs.
#[derive(Clone, CustomResource, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[kube(
    group = "fluxcd.controlplane.io",
    version = "v1",
    kind = "ResourceSet",
    plural = "resourcesets",
    namespaced,
    status = "ResourceSetStatus",
    shortname = "rset",
    derive = "PartialEq",
    doc = "Objects, rendered from templates for each set of inputs, and applied."
)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = rules(&[
    (
        "!has(self.steps) || (!has(self.resources) && !has(self.resourcesTemplate))",
        "steps excludes resources and resourcesTemplate",
    ),
    (
        "has(self.steps) || has(self.resources) || has(self.resourcesTemplate)",
        "one of steps, resources and resourcesTemplate is needed",
    ),
])))]
pub struct ResourceSetSpec {
    /// Labels and annotations for all objects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub common_metadata: Option<CommonMetadata>,
    /// Sets of inputs, one after the other.
    #[schemars(schema_with = "any_maps")]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<InputSet>,
    /// Providers of more sets of inputs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inputs_from: Vec<InputReference>,
    /// How to bring the sets of different providers together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_strategy: Option<InputStrategy>,
    /// Objects to apply, as templates.
    #[schemars(schema_with = "any_objects")]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<Value>,
    /// Objects to apply, as one template that renders to YAML.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources_template: Option<String>,
    /// Objects to apply step by step, in place of `resources` and `resourcesTemplate`. No two have the same name.
    #[schemars(
        length(min = 1, max = 20),
        extend("x-kubernetes-validations" = rules(&[(
            "self.all(s, self.exists_one(t, t.name == s.name))",
            "no two steps have the same name",
        )]))
    )]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
    /// Objects that must be there, or be ready, first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<ResourceSetDependency>,
    /// ServiceAccount, in the same namespace, to apply as.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_account_name: Option<String>,
    /// Waits for the health of all objects.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub wait: bool,
}

/// Refers to providers of inputs, by name or by labels.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = rules(&[
    ("has(self.name) || has(self.selector)", "one of name and selector is needed"),
    ("!has(self.name) || !has(self.selector)", "name and selector exclude each other"),
])))]
pub struct InputReference {
    /// Group and version of the provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_version: Option<InputVersion>,
    /// Kind of the provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<InputKind>,
    /// Name of the provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Labels of the providers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<LabelSelector>,
}

/// Group and version of a provider of inputs.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub enum InputVersion {
    /// That of Flux Operator.
    #[default]
    #[serde(rename = "fluxcd.controlplane.io/v1")]
    V1,
}

/// A kind of provider of inputs.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub enum InputKind {
    /// The only one.
    #[default]
    ResourceSetInputProvider,
}

/// How to bring sets of inputs together.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = rules(&[(
    "!has(self.includeEmptyProviders) || self.name == 'Permute'",
    "includeEmptyProviders is only for Permute",
)])))]
pub struct InputStrategy {
    /// One after the other (`Flatten`), or each set of a provider with each set of the others (`Permute`).
    pub name: InputStrategyName,
    /// Makes no sets at all if a provider has none, instead of leaving that provider out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub include_empty_providers: Option<bool>,
}

/// How to bring sets of inputs together.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub enum InputStrategyName {
    /// One after the other.
    #[default]
    Flatten,
    /// Each set of a provider with each set of the others.
    Permute,
}

/// Objects that are applied, and waited for, before those of the next step.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = rules(&[(
    "has(self.resources) || has(self.resourcesTemplate)",
    "one of resources and resourcesTemplate is needed",
)])))]
pub struct Step {
    /// Name of the step.
    #[schemars(length(max = 63), regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"))]
    pub name: String,
    /// Objects to apply, as templates.
    #[schemars(schema_with = "any_objects")]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<Value>,
    /// Objects to apply, as one template that renders to YAML.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources_template: Option<String>,
    /// How long to wait for the objects.
    #[schemars(regex(pattern = INTERVAL))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Duration>,
}

/// An object that must be there, or be ready, first.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourceSetDependency {
    /// Group and version of the object.
    pub api_version: String,
    /// Kind of the object.
    pub kind: String,
    /// Name of the object.
    pub name: String,
    /// Namespace of the object; none for kinds without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Whether its `Ready` condition must be true.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ready: bool,
    /// CEL expression over the object's fields that must be true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready_expr: Option<String>,
}

/// What was applied, and how it went.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourceSetStatus {
    /// What is known of the object, one entry per aspect.
    #[schemars(schema_with = "conditions")]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// Objects that were applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inventory: Option<Inventory>,
    /// Digest of the objects that were last applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_applied_revision: Option<String>,
    /// ConfigMaps and Secrets outside the set whose checksums are in it, as `<kind>/<namespace>/<name>`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub external_checksum_refs: Vec<String>,
    /// Outcomes of the last passes, the newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<HistoryEntry>,
    /// Token of the last reconcile request that was dealt with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_handled_reconcile_at: Option<String>,
}
