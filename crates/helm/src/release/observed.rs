//! A release as helm-controller observes it: what its digest is made of.

use crate::hook::{Event, Hook};

use super::{
    Algorithm, Digest, Release,
    json::{self, Fields},
    text::{metadata, object},
};

/// What the digest of a release is made of, as JSON: without test hooks, which anybody may run again.
#[derive(Clone, PartialEq, Eq)]
pub struct Observation(String);

impl Release {
    /// Returns what helm-controller's digest is made of. The digest of the chart in a registry is not stored with a
    /// release; without one it is empty.
    pub fn observation(&self, oci_digest: &str) -> Observation {
        let hooks: Vec<&Hook> = self.hooks.iter().filter(|hook| !hook.is_for(Event::Test)).collect();
        let mut fields = Fields::new();
        fields.always("name", &json::text(&self.name));
        fields.always("version", &self.version.to_string());
        fields.always("info", &self.info.to_json());
        fields.always("chartMetadata", &self.chart.as_ref().map_or("{}".into(), |chart| metadata(&chart.metadata)));
        fields.always("config", &if self.config.is_empty() { "null".into() } else { object(&self.config) });
        fields.always("manifest", &json::text(&self.manifest));
        let hooks = if hooks.is_empty() { "null".into() } else { json::list(hooks.into_iter().map(Hook::to_json)) };
        fields.always("hooks", &hooks);
        fields.always("namespace", &json::text(&self.namespace));
        fields.text("ociDigest", oci_digest);
        Observation(fields.done() + "\n")
    }

    /// Returns the digest that helm-controller has in `status.history`.
    pub fn digest(&self, algorithm: Algorithm, oci_digest: &str) -> Digest {
        Digest::of(algorithm, self.observation(oci_digest).0.as_bytes())
    }

    /// Says whether the release is the one that a digest was made of.
    pub fn is_of(&self, digest: &Digest, oci_digest: &str) -> bool {
        digest.verifies(self.observation(oci_digest).0.as_bytes())
    }
}

impl Observation {
    /// Returns the JSON.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// Values and manifests may hold secrets.
impl std::fmt::Debug for Observation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Observation(***)")
    }
}
