//! Sources fetched into immutable artifacts: a remote revision becomes a tree of files that everything else reads.
//!
//! `GitSpec` → [`git::Git::head`] (cheap) → [`git::Git::fetch`] (on change) → `Tree` → [`Store::publish`] → `Artifact`
//! `BucketSpec` → [`bucket::Buckets::list`] → [`bucket::Buckets::fetch`] → …
//! `OciSpec` → [`oci::Oci::head`] → [`oci::Oci::fetch`] → …
//! `HelmRepoSpec` → [`helm_repo::HelmRepos::fetch`] → [`Store::publish_as_is`] → …
//!
//! An edge: it opens sockets and files. It knows no custom resource; the controller turns a spec into a
//! [`git::GitSpec`], [`bucket::BucketSpec`] or [`oci::OciSpec`]. Files live once in the [`Store`] by their digest, so a tree costs memory for its paths only. Beside them lies one
//! archive per artifact, for readers outside the process ([`fileserver`]). Begin with [`Store`], then [`git::Git`],
//! [`bucket::Buckets`] and [`oci::Oci`].
//!
//! ```
//! use sluice_object::{Revision, TreePath};
//! use sluice_source::{Limits, Owner, Publication, Store, store::Options};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! let root = tempfile::tempdir()?;
//! let store = Store::at(root.path(), Options::default())?;
//! let mut draft = store.draft("an example", Limits::git());
//! draft.add(TreePath::parse("apps/web.yaml")?, b"kind: Web\n", false)?;
//! let artifact = store
//!     .publish(Publication {
//!         owner: Owner::new("GitRepository", "apps", "web")?,
//!         file: "1.tar.gz".into(),
//!         revision: Revision::new("main@sha1:1"),
//!         metadata: Default::default(),
//!         tree: draft.finish(),
//!         etags: Default::default(),
//!     })
//!     .await?;
//! assert_eq!(artifact.path, "gitrepository/apps/web/1.tar.gz");
//! # Ok(()) })
//! # }
//! ```

pub mod bucket;
mod client;
pub mod download;
pub mod external;
pub mod fileserver;
pub mod git;
pub mod helm_repo;
pub mod ignore;
mod limits;
pub mod oci;
mod secret;
pub mod semver;
pub mod store;

pub use client::{Proxy, Tls};
pub use limits::{Limit, LimitExceeded, Limits};
pub use secret::Secret;
pub use store::{Owner, Publication, Store};
