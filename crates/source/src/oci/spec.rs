//! What to fetch, and how to get there.

use std::time::Duration;

use super::keychain::Keychain;
use crate::{Proxy, Tls};

/// An artifact in a registry.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OciSpec {
    /// `oci://<host>/<path>`.
    pub url: String,
    /// Which of its artifacts.
    pub reference: OciRef,
    /// The media type of the layer to take; the first layer of any type without it.
    pub media_type: Option<String>,
    /// Who asks.
    pub keychain: Keychain,
    /// Takes any certificate of the server, and plain HTTP where it does not speak HTTPS.
    pub insecure: bool,
    /// Certificates.
    pub tls: Tls,
    /// Proxy.
    pub proxy: Option<Proxy>,
    /// How long an operation may take.
    pub timeout: Duration,
}

impl OciSpec {
    /// Names the tag `latest` of a repository that everybody may read.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            reference: OciRef::default(),
            media_type: None,
            keychain: Keychain::default(),
            insecure: false,
            tls: Tls::default(),
            proxy: None,
            timeout: Duration::from_secs(60),
        }
    }
}

/// Which artifact of a repository.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum OciRef {
    /// The one with a digest.
    Digest(String),
    /// The newest version in a range, of those whose tags fit a pattern.
    Semver {
        /// The range.
        range: String,
        /// The pattern; all fit an empty one.
        filter: String,
    },
    /// The one that a tag names now.
    Tag(String),
}

impl Default for OciRef {
    fn default() -> Self {
        Self::Tag("latest".into())
    }
}
