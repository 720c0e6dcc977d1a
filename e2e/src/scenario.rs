//! A scenario: a namespace, a Git repository, and what is said about the objects in between.
//!
//! ```text
//! commit(files) ─► GitServer ◄── agent ──► API server ◄── apply(draft), ready(kind, name), events(..)
//! ```
//!
//! Each scenario has a namespace and a server of its own, so that many share one control plane and one agent.

mod drafts;
mod kinds;

use std::fmt::Debug;
use std::time::Duration;

use k8s_openapi::api::core::v1::Event;
use kube::Client;
use kube::api::{Api, DeleteParams, DynamicObject, ListParams, Patch, PatchParams};
use serde_json::{Value, json};
use tempfile::TempDir;

pub use self::drafts::{
    Draft, SOURCE, bucket, config_map, deployment, git_repository, helm_chart, helm_release, helm_repository,
    kustomization, oci_repository, pull_secret, secret,
};
use crate::ControlPlane;
use crate::git_server::{GitServer, Repo, ServerOptions};
use crate::wait::{TimedOut, eventually, until};

/// The answer of a step; any error ends the test.
pub type Outcome<T = ()> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// An error of several lines; a test that returns it shows them as they are.
#[derive(thiserror::Error)]
#[error("{0}")]
pub(crate) struct Unmet(pub(crate) String);

impl std::fmt::Debug for Unmet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

impl From<TimedOut> for Unmet {
    fn from(TimedOut { timeout, last }: TimedOut) -> Self {
        Self(format!("not within {timeout:?}; last observed: {last}"))
    }
}

/// How long anything may take. A loaded machine is slow; a test that passes does not wait.
pub const PATIENCE: Duration = Duration::from_secs(60);

const REPOSITORY: &str = "app.git";

/// A namespace and a repository.
pub struct Scenario<'a> {
    /// The cluster.
    pub cluster: &'a ControlPlane,
    /// The namespace.
    pub namespace: String,
    /// The repository's server.
    pub server: GitServer,
    /// The repository.
    pub repo: Repo,
    client: Client,
    folder: TempDir,
}

/// An event about an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// `Normal` or `Warning`.
    pub type_: String,
    /// One word.
    pub reason: String,
    /// The text.
    pub message: String,
    /// Which controller says so.
    pub component: String,
    /// The annotations, as JSON.
    pub annotations: Value,
}

impl<'a> Scenario<'a> {
    /// Makes the namespace, and a repository without commits on an open server.
    ///
    /// # Errors
    /// When one of them cannot be made.
    pub async fn start(cluster: &'a ControlPlane, namespace: &str) -> Outcome<Self> {
        Self::served(cluster, namespace, ServerOptions::default()).await
    }

    /// As [`Scenario::start`], on a server of another kind.
    ///
    /// # Errors
    /// As [`Scenario::start`].
    pub async fn served(cluster: &'a ControlPlane, namespace: &str, options: ServerOptions) -> Outcome<Self> {
        let folder = tempfile::tempdir()?;
        let repo = Repo::init(folder.path().join(REPOSITORY))?;
        let server = GitServer::start(folder.path(), options).await?;
        let (client, namespace) = (cluster.client()?, namespace.to_owned());
        let scenario = Self { cluster, namespace, server, repo, client, folder };
        let space = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": scenario.namespace } });
        scenario.apply(space).await?;
        Ok(scenario)
    }

    /// Returns the repository's URL.
    pub fn url(&self) -> String {
        self.server.url(REPOSITORY)
    }

    /// Returns how often the repository was asked for a service.
    pub fn asked(&self, service: crate::git_server::Service) -> usize {
        self.server.count(REPOSITORY, service)
    }

    /// Makes another repository on the same server, with a commit of some files.
    ///
    /// # Errors
    /// When Git fails.
    pub fn second_repository(&self, name: &str, files: &[(&str, &str)]) -> Outcome<Repo> {
        let repo = Repo::init(self.folder.path().join(name))?;
        files.iter().try_for_each(|(path, text)| repo.write(path, text))?;
        repo.commit("first")?;
        Ok(repo)
    }

    /// Writes files and commits them; returns the revision as status shows it.
    ///
    /// # Errors
    /// When Git fails.
    pub fn commit(&self, files: &[(&str, &str)]) -> Outcome<String> {
        for (path, text) in files {
            self.repo.write(path, text)?;
        }
        Ok(format!("main@sha1:{}", self.repo.commit("change")?))
    }

    /// Commits files and makes the source [`SOURCE`] of them, which is then ready.
    ///
    /// # Errors
    /// When that fails.
    pub async fn source(&self, files: &[(&str, &str)]) -> Outcome<String> {
        let revision = self.commit(files)?;
        self.apply(git_repository(SOURCE, &self.url())).await?;
        self.ready("GitRepository", SOURCE).await?;
        Ok(revision)
    }

    /// Has the source fetch what was committed since; returns the revision.
    ///
    /// # Errors
    /// When it does not.
    pub async fn fetch(&self) -> Outcome<String> {
        let revision = format!("main@sha1:{}", self.repo.git(&["rev-parse", "main"])?);
        self.request("GitRepository", SOURCE).await?;
        self.until("GitRepository", SOURCE, |source| source["status"]["artifact"]["revision"] == revision).await?;
        Ok(revision)
    }

    /// Commits files, has the source fetch them, and returns the revision.
    ///
    /// # Errors
    /// When that fails.
    pub async fn push(&self, files: &[(&str, &str)]) -> Outcome<String> {
        self.commit(files)?;
        self.fetch().await
    }
}

/// Objects.
impl Scenario<'_> {
    /// Applies an object, in the scenario's namespace unless it names another one.
    ///
    /// # Errors
    /// When the API server refuses.
    pub async fn apply(&self, object: impl Into<Value>) -> Outcome {
        let object = object.into();
        let name = object["metadata"]["name"].as_str().ok_or("apply an object without a name")?.to_owned();
        let kind = object["kind"].as_str().ok_or("apply an object without a kind")?;
        let api = self.api_in(kind, object["metadata"]["namespace"].as_str())?;
        api.patch(&name, &PatchParams::apply("e2e").force(), &Patch::Apply(&object)).await?;
        Ok(())
    }

    /// Changes an object by a merge patch.
    ///
    /// # Errors
    /// When the API server refuses.
    pub async fn change(&self, kind: &str, name: &str, patch: Value) -> Outcome {
        let params = PatchParams { field_manager: Some("somebody".to_owned()), ..PatchParams::default() };
        self.api(kind)?.patch(name, &params, &Patch::Merge(patch)).await?;
        Ok(())
    }

    /// Changes the status of an object by a merge patch, as its controller would.
    ///
    /// # Errors
    /// When the API server refuses.
    pub async fn set_status(&self, kind: &str, name: &str, status: Value) -> Outcome {
        let params = PatchParams { field_manager: Some("somebody".to_owned()), ..PatchParams::default() };
        let patch = Patch::Merge(serde_json::json!({ "status": status }));
        self.api(kind)?.patch_status(name, &params, &patch).await?;
        Ok(())
    }

    /// Deletes an object.
    ///
    /// # Errors
    /// When the API server refuses.
    pub async fn delete(&self, kind: &str, name: &str) -> Outcome {
        self.api(kind)?.delete(name, &DeleteParams::background()).await?;
        Ok(())
    }

    /// Returns an object, if it exists.
    ///
    /// # Errors
    /// When the API server refuses.
    pub async fn find(&self, kind: &str, name: &str) -> Outcome<Option<Value>> {
        Ok(self.api(kind)?.get_opt(name).await?.map(|object| as_json(&object)))
    }

    /// Returns an object.
    ///
    /// # Errors
    /// When it does not exist.
    pub async fn get(&self, kind: &str, name: &str) -> Outcome<Value> {
        let missing = || format!("{kind} {}/{name} does not exist", self.namespace);
        Ok(self.find(kind, name).await?.ok_or_else(missing)?)
    }

    /// Returns whether an object exists.
    ///
    /// # Errors
    /// When the API server refuses.
    pub async fn exists(&self, kind: &str, name: &str) -> Outcome<bool> {
        Ok(self.find(kind, name).await?.is_some())
    }

    /// Returns the names of the namespace's objects of a kind that are applied by a Kustomization.
    ///
    /// # Errors
    /// When the API server refuses.
    pub async fn applied_by(&self, owner: &str, kind: &str) -> Outcome<Vec<String>> {
        let selector = format!("kustomize.toolkit.fluxcd.io/name={owner}");
        let list = self.api(kind)?.list(&ListParams::default().labels(&selector)).await?;
        let mut names: Vec<_> = list.items.into_iter().filter_map(|object| object.metadata.name).collect();
        names.sort();
        Ok(names)
    }

    /// Returns the way to the objects of a kind in the scenario's namespace, or in the cluster.
    ///
    /// # Errors
    /// When scenarios do not know the kind.
    pub fn api(&self, kind: &str) -> Outcome<Api<DynamicObject>> {
        self.api_in(kind, None)
    }

    fn api_in(&self, kind: &str, namespace: Option<&str>) -> Outcome<Api<DynamicObject>> {
        let (resource, namespaced) =
            kinds::find(kind).ok_or_else(|| format!("scenarios do not know the kind {kind}"))?;
        let namespace = namespace.unwrap_or(&self.namespace);
        Ok(match namespaced {
            true => Api::namespaced_with(self.client.clone(), namespace, &resource),
            false => Api::all_with(self.client.clone(), &resource),
        })
    }
}

/// Waiting.
impl Scenario<'_> {
    /// Watches an object until a condition holds, and returns it as it was then.
    ///
    /// # Errors
    /// When that does not come; the error holds the object as seen last.
    pub async fn until(&self, kind: &str, name: &str, holds: impl Fn(&Value) -> bool) -> Outcome<Value> {
        let api = self.api(kind)?;
        let holds = |object: Option<&DynamicObject>| object.is_some_and(|object| holds(&as_json(object)));
        match until(&api, name, PATIENCE, holds).await {
            Ok(object) => Ok(object.as_ref().map(as_json).unwrap_or_default()),
            Err(TimedOut { timeout, .. }) => Err(self.unmet(kind, name, timeout).await.into()),
        }
    }

    async fn unmet(&self, kind: &str, name: &str, timeout: Duration) -> Unmet {
        let now = self.find(kind, name).await.ok().flatten().unwrap_or_default();
        let (status, events) = (&now["status"], self.events(kind, name).await.unwrap_or_default());
        let events: Vec<_> = events.iter().map(|told| format!("{}: {}", told.reason, told.message)).collect();
        let subject = format!("{kind} {}/{name}", self.namespace);
        Unmet(format!(
            "{subject} is not as expected after {timeout:?}; status: {status:#}\nevents:\n  {}",
            events.join("\n  ")
        ))
    }

    /// Waits until an object is gone.
    ///
    /// # Errors
    /// When it stays.
    pub async fn gone(&self, kind: &str, name: &str) -> Outcome {
        let api = self.api(kind)?;
        match until(&api, name, PATIENCE, |object: Option<&DynamicObject>| object.is_none()).await {
            Ok(_) => Ok(()),
            Err(TimedOut { timeout, .. }) => Err(self.unmet(kind, name, timeout).await.into()),
        }
    }

    /// Waits until an object's present generation is Ready, and returns it.
    ///
    /// # Errors
    /// When that does not come.
    pub async fn ready(&self, kind: &str, name: &str) -> Outcome<Value> {
        self.until(kind, name, |object| is_current(object) && condition(object, "Ready")["status"] == "True").await
    }

    /// Waits until an object is Ready=False for a reason, and returns the message.
    ///
    /// # Errors
    /// When that does not come.
    pub async fn fails(&self, kind: &str, name: &str, reason: &str) -> Outcome<String> {
        let failed = |object: &Value| {
            let ready = condition(object, "Ready");
            let is_current = ready["observedGeneration"] == object["metadata"]["generation"];
            is_current && ready["status"] == "False" && ready["reason"] == reason
        };
        let object = self.until(kind, name, failed).await?;
        Ok(condition(&object, "Ready")["message"].as_str().unwrap_or_default().to_owned())
    }

    /// Waits until a Kustomization has applied a revision and is Ready.
    ///
    /// # Errors
    /// When that does not come.
    pub async fn applied(&self, name: &str, revision: &str) -> Outcome<Value> {
        let applied = |object: &Value| {
            is_current(object)
                && condition(object, "Ready")["status"] == "True"
                && object["status"]["lastAppliedRevision"] == revision
        };
        self.until("Kustomization", name, applied).await
    }

    /// Requests a reconcile, as `flux reconcile` does, and waits until it has been handled; returns the object.
    ///
    /// # Errors
    /// When it is not handled.
    pub async fn request(&self, kind: &str, name: &str) -> Outcome<Value> {
        let token = jiff::Timestamp::now().to_string();
        let annotations = json!({ "reconcile.fluxcd.io/requestedAt": token });
        self.change(kind, name, json!({ "metadata": { "annotations": annotations } })).await?;
        self.until(kind, name, |object| object["status"]["lastHandledReconcileAt"] == token).await
    }

    /// Looks until an answer is there.
    ///
    /// # Errors
    /// When it does not come; the error tells what was seen last.
    pub async fn eventually<T, O: Debug, F>(&self, look: impl FnMut() -> F) -> Outcome<T>
    where
        F: Future<Output = Result<T, O>>,
    {
        Ok(eventually(PATIENCE, look).await.map_err(Unmet::from)?)
    }
}

/// Events.
impl Scenario<'_> {
    /// Returns the events about an object, oldest first.
    ///
    /// # Errors
    /// When the API server refuses.
    pub async fn events(&self, kind: &str, name: &str) -> Outcome<Vec<Told>> {
        let events: Api<Event> = Api::namespaced(self.client.clone(), &self.namespace);
        let about = ListParams::default().fields(&format!("involvedObject.kind={kind},involvedObject.name={name}"));
        let mut events = events.list(&about).await?.items;
        events.sort_by_key(|event| event.metadata.resource_version.as_ref().and_then(|text| text.parse::<u64>().ok()));
        Ok(events.into_iter().map(told).collect())
    }

    /// Waits for an event about an object.
    ///
    /// # Errors
    /// When it does not come; the error lists the others.
    pub async fn event(&self, kind: &str, name: &str, is_it: impl Fn(&Told) -> bool) -> Outcome<Told> {
        let look = || async {
            let events = self.events(kind, name).await.map_err(|error| vec![error.to_string()])?;
            let found = events.iter().find(|told| is_it(told)).cloned();
            found.ok_or_else(|| events.iter().map(|told| format!("{told:?}")).collect::<Vec<_>>())
        };
        Ok(eventually(PATIENCE, look).await.map_err(Unmet::from)?)
    }
}

fn told(event: Event) -> Told {
    let component = event.source.and_then(|source| source.component).or(event.reporting_component);
    Told {
        type_: event.type_.unwrap_or_default(),
        reason: event.reason.unwrap_or_default(),
        message: event.message.unwrap_or_default(),
        component: component.unwrap_or_default(),
        annotations: json!(event.metadata.annotations.unwrap_or_default()),
    }
}

/// Returns a condition of an object, or null.
pub fn condition<'v>(object: &'v Value, type_: &str) -> &'v Value {
    let conditions = object["status"]["conditions"].as_array();
    let found = conditions.and_then(|all| all.iter().find(|condition| condition["type"] == type_));
    found.unwrap_or(&Value::Null)
}

fn is_current(object: &Value) -> bool {
    object["status"]["observedGeneration"] == object["metadata"]["generation"]
}

fn as_json(object: &DynamicObject) -> Value {
    serde_json::to_value(object).unwrap_or_default()
}
