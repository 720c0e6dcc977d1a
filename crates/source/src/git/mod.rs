//! Git repositories over HTTP: what a reference means now, and the files of a commit.
//!
//! [`GitSpec`] → [`Git::head`] (references) → [`Git::fetch`] (shallow pack → index → tree → store) → [`Fetched`]
//!
//! The exchange with the server is ours and asynchronous, so that a server that hangs costs no thread, and connections
//! are shared. Packs and objects are read by gix. No program is started, and nothing is checked out.

mod error;
mod http;
mod pack;
mod packet;
mod refs;
mod remote;
mod spec;
pub mod submodules;
mod walk;

use std::{
    collections::HashMap,
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use gix::ObjectId;
use sluice_object::{Revision, Tree, TreePath};

use self::{
    http::Http,
    pack::{CancelOnDrop, Pack},
    refs::{Ref, Resolved},
    remote::{Protocol, Remote, Session, Wanted},
    spec::Target,
    walk::Objects,
};
use crate::{Limits, Store};

pub use self::{
    error::Error,
    spec::{Auth, GitRef, GitSpec},
};
pub use crate::client::{Proxy, Tls};

/// Servers whose protocol is remembered. One entry is some 200 bytes.
const SESSIONS: usize = 10_000;

/// Reads Git repositories into a store.
#[derive(Debug)]
pub struct Git {
    http: Http,
    store: Store,
    /// What servers speak, by URL: asking again would double the requests of an unchanged repository.
    sessions: Mutex<HashMap<String, Session>>,
}

/// What a reference means at the moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The revision in Flux's form.
    pub revision: Revision,
    commit: ObjectId,
    want: ObjectId,
    session: Option<Session>,
}

impl Head {
    /// Returns a head that cannot be fetched, for tests of what follows from a revision.
    pub fn of_revision(revision: &str) -> Self {
        let none = ObjectId::null(gix::hash::Kind::Sha1);
        Self { revision: Revision::new(revision), commit: none, want: none, session: None }
    }

    /// Returns the commit, 40 hexadecimal digits.
    pub fn commit(&self) -> String {
        self.commit.to_string()
    }

    /// Returns the name of the archive of this commit.
    pub fn file(&self) -> String {
        format!("{}.tar.gz", self.commit)
    }
}

/// How to fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchOptions {
    /// Patterns of files to leave out (`spec.ignore`).
    pub ignore: Option<String>,
    /// Whether nothing is left out, whatever `.sourceignore` files say.
    pub everything: bool,
    /// Directories to take (`spec.sparseCheckout`); all when empty.
    pub directories: Vec<TreePath>,
    /// How much may come.
    pub limits: Limits,
}

impl Default for FetchOptions {
    fn default() -> Self {
        Self { ignore: None, everything: false, directories: Vec::new(), limits: Limits::git() }
    }
}

/// The files of a commit.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// The revision.
    pub revision: Revision,
    /// Name of the archive, `<commit>.tar.gz`.
    pub file: String,
    /// Subject of the commit's message, 50 characters at most, for events.
    pub subject: String,
    /// What signatures are made over.
    pub signed: Signed,
    /// Commits of other repositories that directories stand for.
    pub submodules: Vec<(TreePath, String)>,
    /// The files, in the store as long as this lives.
    pub tree: Arc<Tree>,
}

/// Git objects that may be signed, as Git stores them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// The commit.
    pub commit: Vec<u8>,
    /// The tag, where the reference is an annotated one.
    pub tag: Option<Vec<u8>>,
}

impl Git {
    /// Reads repositories into a store.
    pub fn new(store: Store) -> Self {
        Self { http: Http::default(), store, sessions: Mutex::default() }
    }

    /// Returns what the reference of a spec means now. Asks the server for the references that matter and nothing else:
    /// one request where the server is known, two where it is not, none for a commit.
    ///
    /// # Errors
    /// When the server cannot be reached or declines, or the reference does not exist.
    pub async fn head(&self, spec: &GitSpec) -> Result<Head, Error> {
        let remote = Remote::new(&self.http, spec)?;
        match spec.reference.target() {
            Target::Commit { id, branch } => commit_head(&remote, id, branch),
            target => self.exchange(&remote, spec, self.resolve(&remote, target)).await,
        }
    }

    /// Fetches the files of a head into the store.
    ///
    /// # Errors
    /// When the server declines, a limit is exceeded, or the store cannot take the files.
    pub async fn fetch(&self, spec: &GitSpec, head: &Head, options: &FetchOptions) -> Result<Fetched, Error> {
        let remote = Remote::new(&self.http, spec)?;
        let pack = self.download(&remote, spec, head, &options.limits).await?;
        let cancel = CancelOnDrop::default();
        let job = Job { url: remote.shown.clone(), head: head.clone(), options: options.clone(), pack };
        let (store, flag) = (self.store.clone(), cancel.0.clone());
        let turn = self.store.turn().await?;
        // Hostile content can be slow to unpack. When the time is over, `cancel` stops the thread.
        in_time(&remote, spec, turn.run(move || job.run(&store, &flag))).await
    }

    async fn resolve(&self, remote: &Remote<'_>, target: Target<'_>) -> Result<Head, Error> {
        let (session, refs) = self.list(remote, &refs::prefixes(target)).await?;
        if let Some(Resolved { revision, commit, want }) = refs::resolve(target, &refs)? {
            return Ok(Head { revision, commit, want, session: Some(session) });
        }
        let all = match session.protocol {
            Protocol::V2 => remote.list(&session, &[refs::similar_prefix(target).to_owned()]).await?,
            Protocol::V0(_) => refs,
        };
        let existing = refs::similar(target, &all);
        Err(Error::ReferenceNotFound { url: remote.shown.clone(), wanted: target.to_string(), existing })
    }

    /// Lists references. A server that is known is not greeted; when it has changed, it is.
    async fn list(&self, remote: &Remote<'_>, prefixes: &[String]) -> Result<(Session, Vec<Ref>), Error> {
        if let Some(session) = self.known(remote) {
            match remote.list(&session, prefixes).await {
                Ok(refs) => return Ok((session, refs)),
                Err(error) if error.may_pass_with_greeting() => self.forget(remote),
                Err(error) => return Err(error),
            }
        }
        let (session, refs) = remote.discover().await?;
        self.remember(remote, &session);
        let refs = match refs {
            Some(refs) => refs,
            None => remote.list(&session, prefixes).await?,
        };
        Ok((session, refs))
    }

    async fn download(&self, remote: &Remote<'_>, spec: &GitSpec, head: &Head, limits: &Limits) -> Result<Pack, Error> {
        let session = match &head.session {
            Some(session) => session.clone(),
            None => self.exchange(remote, spec, remote.discover()).await?.0,
        };
        let wanted = Wanted { ids: &[head.want], shallow: true, limits };
        match self.exchange(remote, spec, self.receive(remote, &session, &wanted)).await {
            Err(Error::Refused { message, .. }) if is_not_offered(&message) => {
                self.exchange(remote, spec, self.receive_history(remote, spec, head, limits)).await
            }
            result => result,
        }
    }

    /// Some servers give only what references point to: an older commit is then found in the history of branches.
    async fn receive_history(
        &self,
        remote: &Remote<'_>,
        spec: &GitSpec,
        head: &Head,
        limits: &Limits,
    ) -> Result<Pack, Error> {
        let target = spec.reference.target();
        let missing = || Error::CommitNotFound { url: remote.shown.clone(), commit: head.commit() };
        if !matches!(target, Target::Commit { .. }) {
            return Err(missing());
        }
        let (session, refs) = self.list(remote, &refs::prefixes(target)).await?;
        let ids = refs::branches(target, &refs);
        if ids.is_empty() {
            return Err(missing());
        }
        self.receive(remote, &session, &Wanted { ids: &ids, shallow: false, limits }).await
    }

    async fn receive(&self, remote: &Remote<'_>, session: &Session, wanted: &Wanted<'_>) -> Result<Pack, Error> {
        let pack = Pack::new(self.store.scratch()?)?;
        remote.fetch(session, wanted, pack.writer().await?).await?;
        Ok(pack)
    }

    /// Waits for its turn at the host, then bounds the time of the exchange.
    async fn exchange<T>(
        &self,
        remote: &Remote<'_>,
        spec: &GitSpec,
        exchange: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let _turn = self.http.turn(&remote.url).await;
        in_time(remote, spec, exchange).await
    }

    fn known(&self, remote: &Remote<'_>) -> Option<Session> {
        self.sessions().get(&remote.shown).cloned()
    }

    fn forget(&self, remote: &Remote<'_>) {
        self.sessions().remove(&remote.shown);
    }

    /// A redirect may be for this time only, and older protocols have to be greeted anyway.
    fn remember(&self, remote: &Remote<'_>, session: &Session) {
        let mut sessions = self.sessions();
        if session.protocol == Protocol::V2 && !session.redirected && sessions.len() < SESSIONS {
            sessions.insert(remote.shown.clone(), session.clone());
        }
    }

    fn sessions(&self) -> MutexGuard<'_, HashMap<String, Session>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn in_time<T>(
    remote: &Remote<'_>,
    spec: &GitSpec,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let late = || Error::Timeout { url: remote.shown.clone(), after: spec.timeout };
    tokio::time::timeout(spec.timeout, work).await.unwrap_or_else(|_| Err(late()))
}

fn commit_head(remote: &Remote<'_>, id: &str, branch: Option<&str>) -> Result<Head, Error> {
    let missing = || Error::CommitNotFound { url: remote.shown.clone(), commit: id.escape_default().to_string() };
    let commit = refs::id(id).ok_or_else(missing)?;
    let revision = Revision::git(branch.unwrap_or_default(), &commit.to_string());
    Ok(Head { revision, commit, want: commit, session: None })
}

/// The words of upload-pack and of JGit.
fn is_not_offered(message: &str) -> bool {
    message.contains("not our ref") || message.contains("not valid") || message.contains("unadvertised")
}

impl Error {
    /// Says whether the server may have changed its place or protocol since it was greeted.
    fn may_pass_with_greeting(&self) -> bool {
        matches!(
            self,
            Self::Protocol { .. }
                | Self::Refused { .. }
                | Self::Status { .. }
                | Self::Redirect { .. }
                | Self::RepositoryNotFound { .. }
        )
    }
}

/// What remains when the pack is here: work for a thread.
struct Job {
    url: String,
    head: Head,
    options: FetchOptions,
    pack: Pack,
}

impl Job {
    fn run(&self, store: &Store, cancel: &pack::Cancel) -> Result<Fetched, Error> {
        let Self { url, head, options, pack } = self;
        let db = pack.open(url, &options.limits, cancel)?;
        let objects = Objects { db: &db, url, limits: &options.limits, cancel };
        let missing = || Error::CommitNotFound { url: url.clone(), commit: head.commit() };
        let commit = objects.commit(head.commit)?.ok_or_else(missing)?;
        let mut draft = store.draft(url, options.limits.clone());
        let links = objects.store(&commit, options, &mut draft)?;
        let submodules = links.into_iter().map(|(path, id)| (path, id.to_string())).collect();
        let tag = (head.want != head.commit).then(|| objects.tag(head.want)).transpose()?;
        Ok(Fetched {
            revision: head.revision.clone(),
            file: head.file(),
            subject: walk::subject(&commit.message),
            signed: Signed { commit: commit.raw, tag },
            submodules,
            tree: draft.finish(),
        })
    }
}
