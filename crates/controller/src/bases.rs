//! What builds need from elsewhere: files at URLs and Git repositories, fetched between the rounds of a build.
//!
//! build → needs → [`Fetching::answer`] → [`Fetching::remotes`] → build …

use std::{collections::HashMap, sync::Arc, time::Duration};

use futures::future::BoxFuture;
use sluice_kustomize::{Checkout, Error, Need, Parts, Remote, Remotes, Repository};
use sluice_object::{Tree, TreePath};
use sluice_source::{
    Limits, Store,
    download::Downloads,
    git::{FetchOptions, Fetched, Git, GitRef, GitSpec, submodules},
};

use crate::source::with_cause;

/// Repositories and files that are asked for in one build, submodules included. Large fleets name a few.
const FETCHES: usize = 200;

/// Rounds of one build: a base names another base, and so on.
const ROUNDS: usize = 20;

/// Submodules within submodules.
const NESTING: usize = 8;

/// The longest that an entry may ask to wait for a server.
const LONGEST: Duration = Duration::from_secs(300);

/// Fetches what builds need. As in Flux nobody's credentials are used, and the proxy is that of the environment.
#[derive(Debug)]
pub struct Bases {
    git: Git,
    downloads: Downloads,
    limits: Limits,
}

impl Bases {
    /// Makes a fetcher that keeps files in a store as long as a build uses them. The limits hold for each fetch, and the
    /// size for all of a build together.
    pub fn new(store: Store, limits: Limits) -> Self {
        Self { git: Git::new(store), downloads: Downloads::default(), limits }
    }

    /// Begins to fetch for a build.
    pub fn fetching(self: &Arc<Self>) -> Fetching {
        Fetching {
            bases: self.clone(),
            remotes: Remotes::default(),
            trees: HashMap::new(),
            rounds: 0,
            asked: 0,
            size: 0,
            moving: false,
        }
    }
}

/// What has been fetched for a build.
#[derive(Debug)]
pub struct Fetching {
    bases: Arc<Bases>,
    remotes: Remotes,
    /// By URL and commit: several entries may mean the same.
    trees: HashMap<(String, String), Fetched>,
    rounds: usize,
    /// Files and repositories that were asked for.
    asked: usize,
    size: u64,
    moving: bool,
}

impl Fetching {
    /// Returns the answers so far.
    pub fn remotes(&self) -> &Remotes {
        &self.remotes
    }

    /// Says whether another build may get other answers: they are not all of commits.
    pub fn is_moving(&self) -> bool {
        self.moving
    }

    /// Fetches what a build lacks. What cannot be had is an answer, too.
    ///
    /// # Errors
    /// When it is too much.
    pub async fn answer(&mut self, needs: Vec<Need>) -> Result<(), Error> {
        self.rounds += 1;
        for Need { what, place } in needs {
            let limit = |what, limit| Error::Limit { place: place.clone(), what, limit };
            if self.rounds > ROUNDS {
                return Err(limit("depth of remote bases", ROUNDS as u64));
            }
            if self.asked >= FETCHES {
                return Err(limit("number of remote bases", FETCHES as u64));
            }
            match what {
                Remote::File(url) => self.add_file(&url).await,
                Remote::Checkout(checkout) => self.add_checkout(&checkout).await,
            }
            if self.size > self.bases.limits.size {
                return Err(limit("size of remote bases", self.bases.limits.size));
            }
        }
        Ok(())
    }

    async fn add_file(&mut self, url: &str) {
        self.asked += 1;
        let file = self.bases.downloads.get(url, &self.bases.limits).await;
        // A repository is asked for as a file first; that it is none will not change.
        self.moving |= file.is_ok() || Repository::parse(url).is_none();
        self.size += file.as_ref().map_or(0, |file| file.len() as u64);
        self.remotes.add_file(url, file.map_err(|error| told(&error, None)));
    }

    async fn add_checkout(&mut self, checkout: &Checkout) {
        let mut parts = Parts::new();
        let wanted = Wanted {
            url: checkout.url.clone(),
            reference: if checkout.reference.is_empty() { "HEAD".into() } else { checkout.reference.clone() },
            submodules: checkout.submodules,
            timeout: checkout.timeout.min(LONGEST),
            nesting: NESTING,
        };
        let fetched = self.fetch(wanted, TreePath::root(), &mut parts).await;
        self.remotes.add_checkout(checkout, fetched.map(|()| parts));
    }

    /// Fetches a repository, and its submodules below it.
    fn fetch<'f>(
        &'f mut self,
        wanted: Wanted,
        at: TreePath,
        parts: &'f mut Parts,
    ) -> BoxFuture<'f, Result<(), String>> {
        Box::pin(async move {
            let fetched = self.repository(&wanted).await?;
            parts.push((at.clone(), fetched.tree.clone()));
            if !wanted.submodules || fetched.submodules.is_empty() {
                return Ok(());
            }
            for (path, below) in wanted.below(&fetched)? {
                let at = at.join(path.as_str()).map_err(|error| error.to_string())?;
                let fetched = self.fetch(below, at, parts).await;
                fetched.map_err(|problem| format!("submodule `{path}`: {problem}"))?;
            }
            Ok(())
        })
    }

    async fn repository(&mut self, wanted: &Wanted) -> Result<Fetched, String> {
        let bases = self.bases.clone();
        let Bases { git, limits, .. } = &*bases;
        if self.asked >= FETCHES {
            return Err(format!("there are more than {FETCHES} repositories and files to fetch"));
        }
        self.asked += 1;
        let spec = wanted.spec();
        let failed = |error: &sluice_source::git::Error| told(error, hint(error));
        let head = git.head(&spec).await.map_err(|error| failed(&error))?;
        self.moving |= head.commit() != wanted.reference.to_ascii_lowercase();
        let key = (wanted.url.clone(), head.commit());
        if let Some(known) = self.trees.get(&key) {
            return Ok(known.clone());
        }
        let options = FetchOptions { everything: true, limits: limits.clone(), ..FetchOptions::default() };
        let fetched = git.fetch(&spec, &head, &options).await.map_err(|error| failed(&error))?;
        self.size += size(&fetched.tree);
        self.trees.insert(key, fetched.clone());
        Ok(fetched)
    }
}

fn size(tree: &Arc<Tree>) -> u64 {
    tree.files().map(|(_, entry)| entry.size).sum()
}

/// A repository to fetch.
struct Wanted {
    url: String,
    reference: String,
    submodules: bool,
    timeout: Duration,
    /// How many levels of submodules may follow.
    nesting: usize,
}

impl Wanted {
    fn spec(&self) -> GitSpec {
        GitSpec {
            reference: GitRef { any: Some(self.reference.clone()), ..GitRef::default() },
            timeout: self.timeout,
            ..GitSpec::new(&self.url)
        }
    }

    /// Returns the submodules of a commit that Git would fetch.
    fn below(&self, fetched: &Fetched) -> Result<Vec<(TreePath, Self)>, String> {
        let nesting = self.nesting.checked_sub(1);
        let nesting = nesting.ok_or_else(|| format!("submodules are nested deeper than {NESTING}"))?;
        let text = TreePath::parse(submodules::FILE).and_then(|path| fetched.tree.read(&path)).unwrap_or_default();
        let described = submodules::read(&String::from_utf8_lossy(&text));
        let mut below = Vec::new();
        for (path, commit) in &fetched.submodules {
            let found = described.iter().find(|submodule| submodule.path == *path);
            let found = found.ok_or_else(|| format!("`{}` has no URL for `{path}`", submodules::FILE))?;
            if !found.skipped {
                let (url, reference) = (found.url(&self.url), commit.clone());
                below.push((path.clone(), Self { url, reference, submodules: true, timeout: self.timeout, nesting }));
            }
        }
        Ok(below)
    }
}

/// Hints of sources are about secrets that bases do not have.
fn hint(error: &sluice_source::git::Error) -> Option<String> {
    use sluice_source::git::Error as Git;
    match error {
        Git::Unauthorized { .. } | Git::Forbidden { .. } | Git::RepositoryNotFound { .. } => {
            Some("bases are fetched without credentials; a private one can be a source of its own".into())
        }
        Git::Url { .. } => Some("bases are fetched over `https://` or `http://`".into()),
        Git::Timeout { .. } => Some("`timeout=60s` in the URL's query waits longer".into()),
        Git::ReferenceNotFound { .. } => error.hint(),
        _ => None,
    }
}

fn told(error: &dyn std::error::Error, hint: Option<String>) -> String {
    let text = with_cause(error, hint);
    text.strip_prefix("failed to ").unwrap_or(&text).to_owned()
}
