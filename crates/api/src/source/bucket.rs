use std::time;

use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::DEFAULT_TIMEOUT;
use crate::{
    Duration,
    conditions::Condition,
    duration::{INTERVAL, TIMEOUT},
    meta::{Artifact, LocalObjectReference},
    schema::{conditions, rules},
};

/// Which bucket to fetch, and how often.
#[derive(Clone, CustomResource, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[kube(
    group = "source.toolkit.fluxcd.io",
    version = "v1",
    kind = "Bucket",
    plural = "buckets",
    namespaced,
    status = "BucketStatus",
    derive = "PartialEq",
    doc = "A bucket of an object store, fetched at an interval."
)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = rules(&[
    (
        "self.provider == 'aws' || self.provider == 'generic' || !has(self.sts)",
        "sts needs the provider aws or generic",
    ),
    (
        "self.provider != 'aws' || !has(self.sts) || self.sts.provider == 'aws'",
        "with the provider aws, sts.provider is aws",
    ),
    (
        "self.provider != 'generic' || !has(self.sts) || self.sts.provider == 'ldap'",
        "with the provider generic, sts.provider is ldap",
    ),
    (
        "!has(self.sts) || self.sts.provider != 'aws' || !has(self.sts.secretRef)",
        "sts.secretRef is not for the STS provider aws",
    ),
    (
        "!has(self.sts) || self.sts.provider != 'aws' || !has(self.sts.certSecretRef)",
        "sts.certSecretRef is not for the STS provider aws",
    ),
    (
        "self.provider != 'generic' || !has(self.serviceAccountName)",
        "serviceAccountName is not for the provider generic",
    ),
    (
        "!has(self.secretRef) || !has(self.serviceAccountName)",
        "secretRef and serviceAccountName exclude each other",
    ),
])))]
pub struct BucketSpec {
    /// What kind of store it is: `generic` for all that speak S3.
    #[serde(default)]
    pub provider: BucketProvider,
    /// Name of the bucket.
    pub bucket_name: String,
    /// Address of the store: a URL for `azure`, without a scheme for the others.
    pub endpoint: String,
    /// Security token service to get credentials from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sts: Option<Sts>,
    /// Speaks plain HTTP with the store.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub insecure: bool,
    /// Region of the bucket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Only objects whose key starts so are fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// Secret with the credentials; its keys depend on the provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<LocalObjectReference>,
    /// ServiceAccount, in the same namespace, to get credentials as.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_account_name: Option<String>,
    /// Secret with `ca.crt` for a private authority, and `tls.crt` and `tls.key` for a client certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cert_secret_ref: Option<LocalObjectReference>,
    /// Secret with the proxy to go through: `address`, and `username` and `password` if it asks for them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy_secret_ref: Option<LocalObjectReference>,
    /// How long to wait between two looks at the bucket.
    #[schemars(regex(pattern = INTERVAL))]
    pub interval: Duration,
    /// How long a fetch may take.
    #[schemars(regex(pattern = TIMEOUT))]
    #[schemars(extend("default" = "60s"))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Duration>,
    /// Keys to leave out, in the format of `.gitignore`. Replaces the built-in list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ignore: Option<String>,
    /// Stops fetching while true; what was fetched stays.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub suspend: bool,
}

impl BucketSpec {
    /// Returns how long a fetch may take.
    pub fn timeout(&self) -> time::Duration {
        self.timeout.map_or(DEFAULT_TIMEOUT, Into::into)
    }
}

/// A kind of object store.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum BucketProvider {
    /// Any that speaks S3, with static credentials.
    #[default]
    Generic,
    /// S3 of AWS.
    Aws,
    /// Google Cloud Storage.
    Gcp,
    /// Azure Blob Storage.
    Azure,
}

/// A security token service.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Sts {
    /// What kind of service it is.
    pub provider: StsProvider,
    /// Address of the service.
    #[schemars(regex(pattern = r"^(http|https)://.*$"))]
    pub endpoint: String,
    /// Secret with `username` and `password`; only for `ldap`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<LocalObjectReference>,
    /// Secret with `ca.crt`, and `tls.crt` and `tls.key` for a client certificate; only for `ldap`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cert_secret_ref: Option<LocalObjectReference>,
}

/// A kind of security token service.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum StsProvider {
    /// That of AWS.
    Aws,
    /// MinIO's, backed by LDAP.
    Ldap,
}

/// What was fetched, and how it went.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BucketStatus {
    /// Generation of the spec that was last dealt with in full; -1 before the first time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// What is known of the object, one entry per aspect.
    #[schemars(schema_with = "conditions")]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// Address that always leads to the newest artifact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// What the last successful fetch was packed into.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact: Option<Artifact>,
    /// `spec.ignore` that the artifact was packed with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_ignore: Option<String>,
    /// Token of the last reconcile request that was dealt with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_handled_reconcile_at: Option<String>,
}
