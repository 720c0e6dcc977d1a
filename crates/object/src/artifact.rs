//! Revisions, digests, and what a source hands on.

use std::{collections::BTreeMap, fmt, sync::Arc};

use sha2::{Digest as _, Sha256};

use crate::Tree;

/// A content digest, `sha256:<hex>`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest(String);

impl Digest {
    /// Returns the SHA-256 digest of bytes.
    pub fn sha256(bytes: &[u8]) -> Self {
        Self::of_hash(&Sha256::digest(bytes))
    }

    /// Takes the finished hash of a SHA-256 computation.
    pub fn of_hash(hash: &[u8]) -> Self {
        let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        Self(format!("sha256:{hex}"))
    }

    /// Reads `algorithm:hex`.
    pub fn parse(text: &str) -> Option<Self> {
        let (algorithm, hex) = text.split_once(':')?;
        let hexadecimal = !hex.is_empty() && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
        (hexadecimal && !algorithm.is_empty()).then(|| Self(text.into()))
    }

    /// Returns the part after the colon.
    pub fn hex(&self) -> &str {
        self.0.split_once(':').map_or("", |(_, hex)| hex)
    }

    /// Returns `algorithm:hex`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A source revision in Flux's form: `main@sha1:<hex>`, `sha1:<hex>`, `refs/heads/main@sha1:<hex>`, `sha256:<hex>`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Revision(String);

impl Revision {
    /// Takes a revision as written in `status.artifact.revision`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns the revision of a Git commit under a name; an empty name gives only the digest.
    pub fn git(name: &str, sha1: &str) -> Self {
        if name.is_empty() { Self(format!("sha1:{sha1}")) } else { Self(format!("{name}@sha1:{sha1}")) }
    }

    /// Returns the revision as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An immutable snapshot that a source has fetched.
#[derive(Debug, Clone)]
pub struct Artifact {
    /// The source's revision.
    pub revision: Revision,
    /// Digest of the served archive.
    pub digest: Digest,
    /// Path of the served archive below the file server's root: `gitrepository/<namespace>/<name>/<sha>.tar.gz`.
    pub path: String,
    /// Bytes of the served archive.
    pub size: u64,
    /// Metadata of the source, such as annotations of an OCI manifest.
    pub metadata: BTreeMap<String, String>,
    /// The files.
    pub tree: Arc<Tree>,
}
