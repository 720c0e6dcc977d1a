//! Artifacts in OCI registries: what a tag or a range means now, and the files of a layer.
//!
//! [`OciSpec`] → [`Oci::head`] (tags → digest) → [`Oci::fetch`] (manifest → layer on disk → files in the store) → [`Fetched`]
//!
//! The client is ours: certificates, proxies and credentials of each object, lists of tags in pages, tries that are
//! repeated with patience. Nothing of a registry is believed before its digest is right; credentials go to the registry
//! and to who gives tokens for it, and nowhere else.

pub(crate) mod answer;
mod challenge;
mod error;
mod keychain;
mod layer;
mod manifest;
mod name;
pub(crate) mod retry;
mod session;
mod spec;
mod tags;
pub(crate) mod token;
mod untar;

use std::{
    collections::{BTreeMap, HashMap},
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use sluice_object::{Digest, Revision, Tree};

use self::{error::Act, keychain::Login as Who, manifest::Manifest, name::Repository, session::Session};
use crate::{Limits, Proxy, Store, Tls, client::Clients, store::Received};

pub use self::{
    error::{Error, Problem},
    keychain::{Keychain, Login},
    spec::{OciRef, OciSpec},
    tags::CHART,
};

const USER_AGENT: &str = concat!("sluice/", env!("CARGO_PKG_VERSION"));

/// Repositories whose tokens are remembered.
const SESSIONS: usize = 1_000;

/// Reads artifacts into a store.
#[derive(Debug)]
pub struct Oci {
    store: Store,
    clients: Clients,
    sessions: Mutex<HashMap<Access, Arc<Session>>>,
}

/// What a session depends on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Access {
    repository: Repository,
    login: Who,
    insecure: bool,
    tls: Tls,
    proxy: Option<Proxy>,
}

/// What a reference means at the moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The revision in Flux's form: `<tag>@sha256:<hex>`, or `sha256:<hex>`.
    pub revision: Revision,
    /// Registry, repository and tag or digest.
    pub reference: String,
    digest: Digest,
}

impl Head {
    fn new(repository: &Repository, tag: Option<&str>, digest: Digest) -> Self {
        let shown = repository.shown();
        let (revision, reference) = match tag {
            Some(tag) => (format!("{tag}@{digest}"), format!("{shown}:{tag}")),
            None => (digest.to_string(), format!("{shown}@{digest}")),
        };
        Self { revision: Revision::new(revision), reference, digest }
    }

    /// Returns a head for tests of what comes after.
    pub fn of(reference: &str, tag: &str, digest: Digest) -> Self {
        Self { revision: Revision::new(format!("{tag}@{digest}")), reference: format!("{reference}:{tag}"), digest }
    }

    /// Returns the digest of the manifest.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }
}

/// How to fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchOptions {
    /// Patterns of files to leave out (`spec.ignore`).
    pub ignore: Option<String>,
    /// Whether the layer is to be served as it is; nothing is left out of it.
    pub copy: bool,
    /// How much may come.
    pub limits: Limits,
}

impl Default for FetchOptions {
    fn default() -> Self {
        Self { ignore: None, copy: false, limits: Limits::oci() }
    }
}

/// The files of an artifact.
#[derive(Debug)]
pub struct Fetched {
    /// The revision.
    pub revision: Revision,
    /// Name of the archive.
    pub file: String,
    /// Annotations of the manifest.
    pub metadata: BTreeMap<String, String>,
    /// The files, in the store as long as this lives.
    pub tree: Arc<Tree>,
    /// The layer, where it is to be served as it is.
    pub layer: Option<Received>,
}

impl Oci {
    /// Reads artifacts into a store.
    pub fn new(store: Store) -> Self {
        Self { store, clients: Clients::new(USER_AGENT), sessions: Mutex::default() }
    }

    /// Returns what the reference of a spec means now: no request for a digest, one for a tag, and the pages of the list
    /// of tags before that for a range.
    ///
    /// # Errors
    /// When the registry cannot be reached or declines, or has no such artifact.
    pub async fn head(&self, spec: &OciSpec) -> Result<Head, Error> {
        let session = self.session(spec)?;
        let tag = match &spec.reference {
            OciRef::Digest(digest) => {
                let digest = manifest::digest_of(digest).map_err(Problem::Name);
                let digest = digest.map_err(|problem| problem.when(Act::Resolve, &spec.url))?;
                return Ok(Head::new(&session.repository, None, digest));
            }
            OciRef::Tag(tag) => checked(tag).map_err(|problem| problem.when(Act::Choose, &spec.url))?,
            OciRef::Semver { range, filter } => {
                let chosen = tags::newest_in(&session, range, filter, spec.media_type.as_deref());
                in_time(spec.timeout, chosen).await.map_err(|problem| problem.when(Act::Choose, &spec.url))?
            }
        };
        let shown = format!("{}:{tag}", session.repository.shown());
        let digest = in_time(spec.timeout, manifest::resolve(&session, &tag)).await;
        let digest = digest.map_err(|problem| problem.when(Act::Resolve, &shown))?;
        Ok(Head::new(&session.repository, Some(&tag), digest))
    }

    /// Fetches the files of a head.
    ///
    /// # Errors
    /// As [`Self::head`]; when there is no such layer, it is no gzipped tar, a digest is wrong, a limit is exceeded, or
    /// the store cannot take the files.
    pub async fn fetch(&self, spec: &OciSpec, head: &Head, options: &FetchOptions) -> Result<Fetched, Error> {
        let session = self.session(spec)?;
        let manifest = in_time(spec.timeout, manifest::get(&session, &head.digest)).await;
        let manifest = manifest.map_err(|problem| problem.when(Act::Pull, &spec.url))?;
        let received = self.layer(&session, spec, &manifest, options).await?;
        let (tree, layer) = self.unpack(received, head, options).await?;
        let (revision, file) = (head.revision.clone(), layer::file(&head.digest));
        Ok(Fetched { revision, file, metadata: manifest.annotations, tree, layer })
    }

    /// Downloads the layer of a head as it is.
    ///
    /// # Errors
    /// As [`Self::fetch`]; what is in the layer is not looked at.
    pub async fn download(&self, spec: &OciSpec, head: &Head, limits: &Limits) -> Result<Received, Error> {
        let session = self.session(spec)?;
        let manifest = in_time(spec.timeout, manifest::get(&session, &head.digest)).await;
        let manifest = manifest.map_err(|problem| problem.when(Act::Pull, &spec.url))?;
        let options = FetchOptions { limits: limits.clone(), ..FetchOptions::default() };
        self.layer(&session, spec, &manifest, &options).await
    }

    async fn layer(
        &self,
        session: &Session,
        spec: &OciSpec,
        manifest: &Manifest,
        options: &FetchOptions,
    ) -> Result<Received, Error> {
        let selected = layer::select(manifest, spec.media_type.as_deref());
        let selected = selected.map_err(|problem| problem.when(Act::Unpack, &spec.url))?;
        let download = layer::download(session, selected, &options.limits, &self.store);
        in_time(spec.timeout, download).await.map_err(|problem| problem.when(Act::Pull, &spec.url))
    }

    async fn unpack(
        &self,
        received: Received,
        head: &Head,
        options: &FetchOptions,
    ) -> Result<(Arc<Tree>, Option<Received>), Error> {
        let failed = |problem: Problem| problem.when(Act::Unpack, &head.reference);
        let turn = self.store.turn().await.map_err(|error| failed(error.into()))?;
        let (store, shown, options) = (self.store.clone(), head.reference.clone(), options.clone());
        turn.run(move || unpack(&store, &shown, received, &options)).await.map_err(failed)
    }

    fn session(&self, spec: &OciSpec) -> Result<Arc<Session>, Error> {
        let repository = Repository::parse(&spec.url).map_err(|problem| problem.when(Act::Read, &spec.url))?;
        let login = spec.keychain.login(&repository.shown());
        let mut tls = spec.tls.clone();
        tls.unverified = spec.insecure && tls == Tls::default();
        let access = Access { repository, login, insecure: spec.insecure, tls, proxy: spec.proxy.clone() };
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(session) = sessions.get(&access) {
            return Ok(session.clone());
        }
        let client = self.clients.get(&access.tls, access.proxy.as_ref());
        let client = client.map_err(|error| Problem::Client(error).when(Act::Connect, &spec.url))?;
        let session = Session::new(client, access.repository.clone(), access.login.clone(), access.insecure);
        if sessions.len() >= SESSIONS {
            sessions.clear();
        }
        Ok(sessions.entry(access).insert_entry(Arc::new(session)).get().clone())
    }
}

fn checked(tag: &str) -> Result<String, Problem> {
    match name::is_tag(tag) {
        true => Ok(tag.to_owned()),
        false => Err(Problem::Name(format!("`{}` is no tag", tag.escape_default()))),
    }
}

/// A layer that is served as it is gives all of its files; of the others some are left out.
fn unpack(
    store: &Store,
    shown: &str,
    received: Received,
    options: &FetchOptions,
) -> Result<(Arc<Tree>, Option<Received>), Problem> {
    let mut draft = store.draft(shown, options.limits.clone());
    layer::unpack(received.open()?, &mut draft, &options.limits)?;
    let tree = draft.finish();
    layer::check(&tree)?;
    if options.copy {
        return Ok((tree, Some(received)));
    }
    let mut draft = store.draft(shown, options.limits.clone());
    layer::filter(&tree, options.ignore.as_deref(), &mut draft)?;
    Ok((draft.finish(), None))
}

async fn in_time<T>(timeout: Duration, work: impl Future<Output = Result<T, Problem>>) -> Result<T, Problem> {
    tokio::time::timeout(timeout, work).await.unwrap_or(Err(Problem::Timeout(timeout)))
}
