//! Releases: what Helm keeps of each install, upgrade and rollback, and how.
//!
//! [`Release`] ⇄ JSON as Go writes it ⇄ gzip ⇄ base64 ⇄ [`Secret`]
//!
//! A release that Helm or helm-controller has stored is read so that its [`digest`](Release::digest) is the one that
//! they have of it. Begin with [`Release`].

mod chart;
mod digest;
mod history;
mod json;
mod name;
mod observed;
mod read;
mod secret;
mod size;
mod snapshot;
mod text;
mod time;
mod version;

use std::{collections::BTreeMap, fmt, sync::Arc};

use serde_json::{Map as JsonMap, Value as Json};

use crate::hook::{Event, Hook};

pub use chart::Released;
pub use digest::{Algorithm, Digest, UnknownAlgorithm, digest_values, verify_values};
pub use history::{deployed, last, sort, surplus};
pub use name::{InvalidName, check_name, shortened};
pub use observed::Observation;
pub use read::Unreadable;
pub use secret::{DecodeError, EncodeError, Secret, TYPE, decode, encode, secret_name, selector};
pub use size::{Part, TooLarge};
pub use snapshot::{Filter, Snapshot, TestResult};
pub use text::values_of;
pub use time::Time;
pub use version::{Tracked, VersionError, track};

/// A revision of a release. Copies share what is large.
#[derive(Clone, PartialEq, Default)]
pub struct Release {
    /// Its name.
    pub name: String,
    /// How it came about, and how it is.
    pub info: Info,
    /// The chart that it was made of.
    pub chart: Option<Arc<Released>>,
    /// The values that were given for the chart. Numbers of a stored release are floats, as Go reads them.
    pub config: Arc<JsonMap<String, Json>>,
    /// The objects, without hooks and CRDs.
    pub manifest: Arc<str>,
    /// The hooks.
    pub hooks: Vec<Hook>,
    /// The number of the revision, from 1 on.
    pub version: i64,
    /// The namespace that it is installed into.
    pub namespace: String,
    /// Labels of the Secret that are not Helm's own.
    pub labels: BTreeMap<String, String>,
    /// How its objects were applied; releases of Helm 3 do not say.
    pub apply_method: Option<ApplyMethod>,
}

/// How a revision came about, and how it is.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Info {
    /// When the first revision was made.
    pub first_deployed: Option<Time>,
    /// When this revision was made.
    pub last_deployed: Option<Time>,
    /// When it was uninstalled.
    pub deleted: Option<Time>,
    /// A sentence about what happened last.
    pub description: String,
    /// How it is.
    pub status: Status,
    /// What the chart says to people.
    pub notes: String,
}

/// How a revision is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Status {
    /// Nothing is said.
    #[default]
    None,
    /// Nobody knows.
    Unknown,
    /// It is what is in the cluster.
    Deployed,
    /// It was uninstalled.
    Uninstalled,
    /// A later revision has taken its place.
    Superseded,
    /// It did not get into the cluster as a whole.
    Failed,
    /// It is being uninstalled.
    Uninstalling,
    /// It is being installed.
    PendingInstall,
    /// It is being upgraded to.
    PendingUpgrade,
    /// It is being rolled back to.
    PendingRollback,
    /// A word of another Helm.
    Other(String),
}

/// How the objects of a release are applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApplyMethod {
    /// By three-way merges, as Helm 3 does.
    ClientSide,
    /// By server-side apply.
    ServerSide,
}

const STATUSES: [(&str, Status); 10] = [
    ("", Status::None),
    ("unknown", Status::Unknown),
    ("deployed", Status::Deployed),
    ("uninstalled", Status::Uninstalled),
    ("superseded", Status::Superseded),
    ("failed", Status::Failed),
    ("uninstalling", Status::Uninstalling),
    ("pending-install", Status::PendingInstall),
    ("pending-upgrade", Status::PendingUpgrade),
    ("pending-rollback", Status::PendingRollback),
];

impl Status {
    /// Returns Helm's word.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Other(word) => word,
            known => STATUSES.iter().find(|(_, status)| status == known).map_or("", |(word, _)| word),
        }
    }

    /// Reads Helm's word.
    pub fn of(word: &str) -> Self {
        let known = STATUSES.into_iter().find(|(known, _)| *known == word);
        known.map_or_else(|| Self::Other(word.to_owned()), |(_, status)| status)
    }

    /// Says whether an action is underway, or was when its agent went away.
    pub fn is_pending(&self) -> bool {
        matches!(self, Self::PendingInstall | Self::PendingUpgrade | Self::PendingRollback)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl ApplyMethod {
    /// Returns Helm's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ClientSide => "csa",
            Self::ServerSide => "ssa",
        }
    }

    /// Reads Helm's word.
    pub fn of(word: &str) -> Option<Self> {
        [Self::ClientSide, Self::ServerSide].into_iter().find(|method| method.as_str() == word)
    }
}

impl Release {
    /// Returns the name of the Secret that keeps it.
    pub fn secret_name(&self) -> String {
        secret_name(&self.name, self.version)
    }

    /// Sets the status and the sentence about it.
    pub fn set_status(&mut self, status: Status, description: impl Into<String>) {
        self.info.status = status;
        self.info.description = description.into();
    }

    /// Returns the hooks of the tests by name; of several with one name, the last.
    pub fn tests(&self) -> BTreeMap<&str, &Hook> {
        let tests = self.hooks.iter().filter(|hook| hook.is_for(Event::Test));
        tests.map(|hook| (hook.name.as_str(), hook)).collect()
    }
}

/// Values and manifests may hold secrets: only what identifies a release is shown.
impl fmt::Debug for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Release");
        shown.field("name", &self.name).field("namespace", &self.namespace).field("version", &self.version);
        shown.field("info", &self.info).finish_non_exhaustive()
    }
}

/// Notes may hold secrets.
impl fmt::Debug for Info {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Info");
        shown.field("status", &self.status).field("description", &self.description).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_helms_words() {
        for (word, status) in STATUSES {
            assert_eq!((status.as_str(), Status::of(word)), (word, status.clone()));
        }
        assert_eq!(Status::of("odd").as_str(), "odd");
    }

    #[test]
    fn values_manifests_and_notes_are_not_shown() {
        let config = Arc::new([("password".to_owned(), Json::from("hunter2"))].into_iter().collect());
        let info = Info { notes: "hunter2".into(), ..Info::default() };
        let manifest: Arc<str> = "hunter2".into();
        let hooks = vec![Hook { manifest: manifest.clone(), ..Hook::default() }];
        let release = Release { name: "r".into(), info, config, manifest, hooks, ..Release::default() };
        let shown = format!("{release:?} {:?}", release.hooks);
        assert!(shown.contains("\"r\"") && !shown.contains("hunter2"), "{shown}");
    }
}
