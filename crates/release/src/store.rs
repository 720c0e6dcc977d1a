//! Revisions as Secrets.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};
use sluice_cluster::{ApiError, Precondition, Propagation, Request, Response, Target};
use sluice_helm::release::{EncodeError, Release, Secret, secret_name, surplus};
use sluice_object::{Gvk, Object};

use crate::{
    error::Error,
    part::{Turn, answers},
    step::Input,
    work::Work,
};

/// What was written, and in which versions.
#[derive(Clone, Default)]
pub(crate) struct Store {
    /// The revisions as they were last written; deleted ones as they were then.
    pub(crate) observed: BTreeMap<i64, Release>,
    /// The versions of the Secrets that were written here. Of others none is known: that two do the same is found out
    /// when both make the same revision.
    versions: BTreeMap<i64, String>,
}

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    /// The oldest revisions are deleted, so that one more fits.
    Surplus,
    /// The release is stored for the first time.
    Pending,
    /// The release is stored as it now is.
    Release,
    /// A stored revision has another status.
    Revision(i64),
    /// All revisions that are deployed have another status.
    Superseded,
    /// All revisions are deleted.
    All,
}

/// Revisions being written.
#[derive(Clone)]
pub(crate) struct Storing {
    what: What,
    writes: Vec<Release>,
    /// Whether only the work of others is an error.
    lenient: bool,
}

impl Storing {
    pub(crate) fn new(what: What) -> Self {
        Self { what, writes: Vec::new(), lenient: false }
    }

    /// Goes on when a status cannot be written, as Helm does; not when somebody else has written it.
    pub(crate) fn lenient(what: What) -> Self {
        Self { lenient: true, ..Self::new(what) }
    }

    pub(crate) fn turn(&mut self, work: &mut Work, input: Option<Input>, now: Timestamp) -> Turn {
        match answers(input) {
            None => self.begin(work, now),
            Some(answers) => self.end(work, answers),
        }
    }

    fn begin(&mut self, work: &mut Work, now: Timestamp) -> Turn {
        self.writes = self.releases(work);
        let requests = self.writes.iter().map(|release| request(self.what, release, work, now));
        match requests.collect::<Result<Vec<_>, _>>() {
            Ok(requests) if requests.is_empty() => Turn::Done,
            Ok(requests) => Turn::Ask(requests),
            Err(_) if self.lenient => Turn::Done,
            Err(error) => Turn::Fail(Error::new(error.to_string())),
        }
    }

    fn releases(&self, work: &Work) -> Vec<Release> {
        let known = |version: i64| work.store.observed.get(&version).or(work.revision(version)).cloned();
        match self.what {
            What::Pending | What::Release => vec![work.release.clone()],
            What::Surplus => {
                let max = usize::try_from(work.options.max_history).unwrap_or_default();
                surplus(&work.history, max).into_iter().filter_map(known).collect()
            }
            What::Revision(version) => work.revision(version).cloned().into_iter().collect(),
            What::Superseded => superseded(work),
            What::All => work.history.iter().filter_map(|release| known(release.version)).collect(),
        }
    }

    fn end(&self, work: &mut Work, answers: Vec<Result<Response, ApiError>>) -> Turn {
        let mut failed = None;
        for (release, answer) in self.writes.iter().zip(answers) {
            match answer {
                Ok(answer) => work.store.on_written(release, answer),
                // It was deleted already.
                Err(error) if self.deletes() && error.is_not_found() => {}
                Err(error) => _ = failed.get_or_insert_with(|| self.error(release, &error)),
            }
        }
        match failed {
            Some(error) if !self.lenient || error.is_conflict() => Turn::Fail(error),
            _ => Turn::Done,
        }
    }

    fn deletes(&self) -> bool {
        matches!(self.what, What::Surplus | What::All)
    }

    fn error(&self, release: &Release, error: &ApiError) -> Error {
        let secret = release.secret_name();
        match (self.what, error.code()) {
            (What::Pending, 409) if error.reason == "AlreadyExists" => Error::conflict("release: already exists"),
            (What::Pending, _) => Error::new(format!("create: failed to create: {error}")),
            (_, 409) => Error::conflict(format!("update: failed to update: {error}")),
            _ if self.deletes() => Error::new(format!("delete: failed to delete {secret:?}: {error}")),
            _ => Error::new(format!("update: failed to update: {error}")),
        }
    }
}

/// Revisions that are deployed, although another one now is.
fn superseded(work: &Work) -> Vec<Release> {
    use sluice_helm::release::Status;
    let deployed =
        |release: &&Release| release.info.status == Status::Deployed && release.version != work.release.version;
    let mut releases: Vec<_> = work.history.iter().filter(deployed).cloned().collect();
    releases.iter_mut().for_each(|release| release.info.status = Status::Superseded);
    releases
}

impl Store {
    fn on_written(&mut self, release: &Release, answer: Response) {
        if let Some(object) = answer.into_object() {
            self.versions.insert(release.version, object.resource_version().to_owned());
        }
        self.observed.insert(release.version, release.clone());
    }
}

/// Makes the Secret of the release ahead of time, so that one that does not fit is found before anything is written.
pub(crate) fn fit(work: &mut Work, now: Timestamp) -> Result<(), Error> {
    let secret = Secret::created(&work.release, now).map_err(|error| Error::new(error.to_string()))?;
    work.secret = Some(secret);
    Ok(())
}

fn request(what: What, release: &Release, work: &mut Work, now: Timestamp) -> Result<Request, EncodeError> {
    match what {
        What::Surplus | What::All => Ok(delete(release, work)),
        What::Pending => create(release, work, now),
        _ => update(release, work, now),
    }
}

fn target(release: &Release, work: &Work) -> Target {
    let name = secret_name(&release.name, release.version);
    Target { gvk: Gvk::new("", "v1", "Secret"), namespace: work.options.storage_namespace.clone(), name }
}

fn delete(release: &Release, work: &Work) -> Request {
    let (only_if, propagation) = (Precondition::default(), Propagation::Background);
    Request::Delete { target: target(release, work), only_if, propagation }
}

fn create(release: &Release, work: &mut Work, now: Timestamp) -> Result<Request, EncodeError> {
    let secret = match work.secret.take() {
        Some(secret) => secret,
        None => Secret::created(release, now)?,
    };
    let value = secret.to_json(&work.options.storage_namespace);
    let object = Object::new(value).map_err(|error| EncodeError::Compress(std::io::Error::other(error)))?;
    Ok(work.create(&object))
}

/// Helm replaces the whole Secret: the label that says when it was made goes.
fn update(release: &Release, work: &Work, now: Timestamp) -> Result<Request, EncodeError> {
    let secret = Secret::modified(release, now)?.to_json(&work.options.storage_namespace);
    let mut labels = secret["metadata"]["labels"].clone();
    labels["createdAt"] = Value::Null;
    let mut patch = json!({"metadata": {"labels": labels}, "data": secret["data"]});
    if let Some(version) = work.store.versions.get(&release.version) {
        patch["metadata"]["resourceVersion"] = version.as_str().into();
    }
    Ok(Request::MergePatch { target: target(release, work), patch, manager: work.options.manager.clone() })
}
