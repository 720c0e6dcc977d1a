//! Artifacts that another agent serves: read over HTTP into a tree, and kept only while they are used.
//!
//! `Reference` (URL, digest) → GET → gunzip, untar, hash in one go → `Tree`, once the digest is right

use std::{
    collections::BTreeMap,
    io::{self, Read},
    sync::OnceLock,
    time::Duration,
};

use flate2::read::GzDecoder;
use futures::TryStreamExt as _;
use reqwest::{Client, StatusCode};
use sluice_object::{Artifact, Digest, Revision, Tree, TreePath};
use tokio_util::io::{StreamReader, SyncIoBridge};

use crate::{
    Limit, LimitExceeded, Limits, Store,
    store::{self, Draft, HashingReader},
};

/// How long a download may take; artifacts come from the same cluster.
const TIMEOUT: Duration = Duration::from_secs(60);

/// What a source's status says of its artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Where it is served.
    pub url: String,
    /// Digest of the archive.
    pub digest: Digest,
    /// Its path below the server's root.
    pub path: String,
    /// The revision.
    pub revision: Revision,
    /// Metadata of the source.
    pub metadata: BTreeMap<String, String>,
}

/// Why an artifact could not be had.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No client could be made, or there was no answer.
    #[error("download artifact from {url}")]
    Http {
        /// The URL.
        url: String,
        /// The cause.
        #[source]
        source: reqwest::Error,
    },
    /// The server has something else to say.
    #[error("download artifact from {url}: the server answered {status}")]
    Status {
        /// The URL.
        url: String,
        /// The status of the answer.
        status: StatusCode,
    },
    /// The archive cannot be read.
    #[error("unpack artifact from {url}")]
    Archive {
        /// The URL.
        url: String,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// The archive is another one.
    #[error("verify artifact from {url}: its digest is `{found}`, not `{expected}`")]
    Digest {
        /// The URL.
        url: String,
        /// The digest that the source names.
        expected: Digest,
        /// The digest of what came.
        found: Digest,
    },
    /// It is not in the store, or cannot be put there.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl Error {
    /// Says whether the server has no such artifact: its source is about to name another one.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Status { status: StatusCode::NOT_FOUND, .. } | Self::Store(store::Error::Missing(_)))
    }

    /// Returns what can be done.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Http { .. } => Some(
                "see whether the agent that serves the source runs, and whether a NetworkPolicy is in the way".into(),
            ),
            Self::Status { .. } => Some("the source names an artifact that its server does not have".into()),
            Self::Store(error) => error.hint(),
            Self::Archive { .. } | Self::Digest { .. } => None,
        }
    }
}

impl From<LimitExceeded> for Error {
    fn from(limit: LimitExceeded) -> Self {
        Self::Store(limit.into())
    }
}

/// Reads artifacts of other agents.
#[derive(Debug)]
pub struct External {
    store: Store,
    limits: Limits,
    client: OnceLock<Client>,
}

impl External {
    /// Makes a reader that keeps files in a store.
    pub fn new(store: Store, limits: Limits) -> Self {
        Self { store, limits, client: OnceLock::new() }
    }

    /// Downloads an artifact. Its files are in the store as long as the artifact is used, and until the next download.
    ///
    /// # Errors
    /// When the server does not answer with an archive of the digest, or the archive exceeds a limit.
    pub async fn fetch(&self, wanted: &Reference) -> Result<Artifact, Error> {
        let http = |source| Error::Http { url: wanted.url.clone(), source };
        let answer = self.client().map_err(http)?.get(&wanted.url).send().await.map_err(http)?;
        if !answer.status().is_success() {
            return Err(Error::Status { url: wanted.url.clone(), status: answer.status() });
        }
        let body = answer.bytes_stream().map_err(io::Error::other);
        let archive = SyncIoBridge::new(StreamReader::new(body));
        let (draft, limits, reference) =
            (self.store.draft(&wanted.url, self.limits.clone()), self.limits.clone(), wanted.clone());
        let store = self.store.clone();
        let work = move || {
            store.sweep();
            unpack(archive, draft, &limits, &reference)
        };
        let (tree, size) = self.store.turn().await?.run(work).await?;
        let Reference { digest, path, revision, metadata, .. } = wanted.clone();
        Ok(Artifact { revision, digest, path, size, metadata, tree })
    }

    fn client(&self) -> reqwest::Result<Client> {
        if let Some(client) = self.client.get() {
            return Ok(client.clone());
        }
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = || Client::builder().timeout(TIMEOUT).no_proxy();
        // Without authorities in the image there is still plain HTTP, which is what agents serve.
        let client = builder().build().or_else(|_| builder().tls_certs_only([]).build())?;
        Ok(self.client.get_or_init(|| client).clone())
    }
}

/// Nothing of a download counts before all of it has come and its digest is right.
fn unpack(
    archive: impl Read,
    mut draft: Draft,
    limits: &Limits,
    wanted: &Reference,
) -> Result<(std::sync::Arc<Tree>, u64), Error> {
    let failed = |source| Error::Archive { url: wanted.url.clone(), source };
    // One byte above the limit tells that there is more.
    let mut reader = HashingReader::new(archive.take(limits.size.saturating_add(1)));
    add_files(&mut reader, &mut draft, &wanted.url)?;
    io::copy(&mut reader, &mut io::sink()).map_err(failed)?;
    let (found, size) = reader.finish();
    limits.check(Limit::Download, size, &wanted.url)?;
    if found != wanted.digest {
        return Err(Error::Digest { url: wanted.url.clone(), expected: wanted.digest.clone(), found });
    }
    Ok((draft.finish(), size))
}

/// Links and special files are passed over, as in Flux.
fn add_files(archive: &mut impl Read, draft: &mut Draft, url: &str) -> Result<(), Error> {
    let failed = |source| Error::Archive { url: url.to_owned(), source };
    for entry in tar::Archive::new(GzDecoder::new(archive)).entries().map_err(failed)? {
        let mut entry = entry.map_err(failed)?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let path = TreePath::parse(&name).map_err(store::Error::from)?;
        draft.admit(&path, entry.size())?;
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).map_err(failed)?;
        draft.add(path, &bytes, entry.header().mode().is_ok_and(|mode| mode & 0o100 != 0))?;
    }
    Ok(())
}
