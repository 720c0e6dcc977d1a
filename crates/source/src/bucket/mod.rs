//! Containers of Azure Blob Storage: what they hold now, and the files of that.
//!
//! [`BucketSpec`] → [`Buckets::list`] (names, etags, sizes → revision) → [`Buckets::fetch`] (what has changed) → [`Fetched`]
//!
//! Credentials, signatures and downloads are object_store's; listings are read here, because names count as they are.
//! A blob is downloaded only as it was listed (`If-Match`), and not at all when an earlier artifact has it.

mod connect;
mod container;
mod download;
mod endpoint;
mod error;
mod listing;
mod page;
mod spec;

use std::{
    collections::{BTreeMap, HashMap},
    future::Future,
    sync::{Arc, Mutex, PoisonError},
};

use sluice_object::{Revision, Tree};
use tokio::sync::Semaphore;

use self::{container::Container, download::Known, listing::Collector};
use crate::{Limits, Store, client::Clients, ignore::Rules};

pub use self::{
    error::Error,
    listing::Listing,
    spec::{BucketSpec, Credentials, Environment},
};

const USER_AGENT: &str = concat!("sluice/", env!("CARGO_PKG_VERSION"));

/// Containers whose tokens and rules are remembered.
const CONTAINERS: usize = 1_000;

/// Downloads of all buckets together. Each holds a connection and one chunk.
const DOWNLOADS: usize = 64;

/// How often a bucket is listed anew that changes while it is read.
const ROUNDS: usize = 3;

/// Reads buckets into a store.
#[derive(Debug)]
pub struct Buckets {
    store: Store,
    environment: Environment,
    clients: Clients,
    containers: Mutex<HashMap<BucketSpec, Arc<Container>>>,
    downloads: Semaphore,
}

/// How to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchOptions {
    /// Patterns of blobs to leave out (`spec.ignore`).
    pub ignore: Option<String>,
    /// How much may come.
    pub limits: Limits,
}

impl Default for FetchOptions {
    fn default() -> Self {
        Self { ignore: None, limits: Limits::bucket() }
    }
}

/// The files of a listing.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// The revision.
    pub revision: Revision,
    /// Name of the archive.
    pub file: String,
    /// The files, in the store as long as this lives.
    pub tree: Arc<Tree>,
    /// The etags of the files by path.
    pub etags: BTreeMap<String, String>,
    /// How many files were downloaded; the others were in the store.
    pub downloaded: usize,
}

impl Buckets {
    /// Reads buckets into a store, as whoever the environment says where nobody is named.
    pub fn new(store: Store, environment: Environment) -> Self {
        Self {
            store,
            environment,
            clients: Clients::new(USER_AGENT),
            containers: Mutex::default(),
            downloads: Semaphore::new(DOWNLOADS),
        }
    }

    /// Returns what a bucket holds now. Nothing is downloaded but a `.sourceignore` that has changed.
    ///
    /// # Errors
    /// When the server cannot be reached or declines, or the bucket holds what may not be taken.
    pub async fn list(&self, spec: &BucketSpec, options: &FetchOptions) -> Result<Listing, Error> {
        let container = self.container(spec)?;
        in_time(&container, spec, async {
            container.credential().await?;
            let file = match container.rules().await {
                Err(Error::Changed { .. }) => None,
                other => other?,
            };
            let rules = Rules::of_bucket(file.as_deref(), options.ignore.as_deref());
            collect(&container, &spec.prefix, &rules, &options.limits).await
        })
        .await
    }

    /// Fetches the files of a listing into the store, or of a later one when the bucket changes meanwhile. Files that
    /// an earlier artifact, named by its path, has with the same etag are not downloaded.
    ///
    /// # Errors
    /// As [`Self::list`]; when the store cannot take the files, or the bucket changes all the time.
    pub async fn fetch(
        &self,
        spec: &BucketSpec,
        listing: Listing,
        options: &FetchOptions,
        earlier: Option<Arc<sluice_object::Artifact>>,
    ) -> Result<Fetched, Error> {
        let container = self.container(spec)?;
        let (mut listing, mut known) = (listing, self.known(earlier).await);
        let mut downloaded = 0;
        for _ in 0..ROUNDS {
            let round = self.round(&container, &listing, &options.limits, &known);
            let (received, outcome) = in_time(&container, spec, round).await?;
            downloaded += received.downloaded;
            match outcome {
                Ok(()) => return Ok(fetched(&listing, received.tree, downloaded)),
                Err(Error::Changed { .. }) => listing = self.list(spec, options).await?,
                Err(error) => return Err(error),
            }
            known.push(received);
        }
        let key = "its blobs".to_owned();
        Err(Error::Changed { bucket: spec.name.clone(), key })
    }

    /// An earlier artifact that cannot be read is of no use, and does no harm.
    async fn known(&self, earlier: Option<Arc<sluice_object::Artifact>>) -> Vec<Known> {
        let Some(artifact) = earlier else { return Vec::new() };
        let etags = self.store.etags(&artifact.path).await.unwrap_or_default();
        vec![Known { tree: artifact.tree.clone(), etags, downloaded: 0 }]
    }

    fn container(&self, spec: &BucketSpec) -> Result<Arc<Container>, Error> {
        let mut containers = self.containers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(container) = containers.get(spec) {
            return Ok(container.clone());
        }
        let client = self.clients.get(&spec.tls, spec.proxy.as_ref()).map_err(Error::Client)?;
        let container = Arc::new(connect::connect(spec, &self.environment, client)?);
        if containers.len() >= CONTAINERS {
            containers.clear();
        }
        containers.insert(spec.clone(), container.clone());
        Ok(container)
    }
}

fn fetched(listing: &Listing, tree: Arc<Tree>, downloaded: usize) -> Fetched {
    Fetched { revision: listing.revision.clone(), file: listing.file(), tree, etags: listing.etags(), downloaded }
}

async fn collect(container: &Container, prefix: &str, rules: &Rules, limits: &Limits) -> Result<Listing, Error> {
    let mut collector = Collector::new(&container.name, rules, limits);
    let mut marker = None;
    loop {
        let page = container.page(prefix, marker.as_deref()).await?;
        page.blobs.into_iter().try_for_each(|listed| collector.add(listed))?;
        if page.next.is_none() {
            return collector.finish();
        }
        marker = page.next;
    }
}

async fn in_time<T>(
    container: &Container,
    spec: &BucketSpec,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let (bucket, endpoint) = (container.name.clone(), container.endpoint.clone());
    let late = Error::Timeout { bucket, endpoint, after: spec.timeout };
    tokio::time::timeout(spec.timeout, work).await.unwrap_or(Err(late))
}
