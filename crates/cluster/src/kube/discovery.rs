//! Which kinds the server serves: one table for all identities.
//!
//! The table is read whole at the start and after [`Discovery::invalidate`] (aggregated discovery, two requests). A
//! kind that it lacks is looked up in its group's version (one request), which is also what servers without
//! aggregated discovery are asked, and what knows a new CustomResourceDefinition first.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures::{
    FutureExt as _,
    future::{BoxFuture, Shared, try_join},
};
use serde_json::Value;
use sluice_object::Gvk;
use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};

use super::{
    answer, definitions, path,
    wire::{Call, Wire},
};
use crate::{ApiError, Identity, Resolved, Server, Verb};

const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";
/// A version that lacks a kind is not asked again sooner, and the table not read again sooner.
const PATIENCE: Duration = Duration::from_secs(1);

type Kinds = Arc<Vec<(Gvk, Resolved)>>;

/// The table and the look-ups under way.
pub(super) struct Discovery {
    wire: Arc<Wire>,
    table: Mutex<Table>,
    changes: watch::Sender<u64>,
}

#[derive(Default)]
struct Table {
    kinds: HashMap<Gvk, Resolved>,
    /// When the table was read, and at which count of invalidations.
    read: Option<(Instant, u64)>,
    invalidations: u64,
    asked: HashMap<Question, Instant>,
    flights: HashMap<Question, Flight>,
    /// What was told of the server last, and how many kinds it had then.
    server: Option<Arc<Server>>,
}

/// What the server is asked.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Question {
    Everything,
    Version { group: String, version: String },
}

/// A question that somebody has asked; whoever comes later waits for the same answer.
#[derive(Clone)]
struct Flight {
    invalidations: u64,
    answer: Shared<BoxFuture<'static, Result<Kinds, ApiError>>>,
}

impl Discovery {
    pub(super) fn new(wire: Arc<Wire>) -> Self {
        Self { wire, table: Mutex::default(), changes: watch::Sender::new(0) }
    }

    /// Has the table read again when next needed, and forgets which kinds were not there.
    pub(super) fn invalidate(&self) {
        let mut table = self.table();
        table.invalidations += 1;
        table.asked.clear();
        drop(table);
        self.changes.send_modify(|count| *count += 1);
    }

    /// Returns a receiver that is told when kinds may have been added.
    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Returns what the server is. Its version is asked for when the table is read.
    pub(super) async fn server(&self) -> Result<Arc<Server>, ApiError> {
        let must_read = self.table().must_read();
        if must_read {
            let read = self.ask(Question::Everything).await;
            self.usable(read)?;
        }
        if let Some(server) = self.table().server.clone() {
            return Ok(server);
        }
        let version = version(&self.wire).await?;
        let mut table = self.table();
        let mut kinds: Vec<_> = table.kinds.keys().cloned().collect();
        kinds.sort();
        Ok(table.server.insert(Arc::new(Server { version, kinds })).clone())
    }

    /// Returns the resource of a kind.
    pub(super) async fn resolve(&self, gvk: &Gvk) -> Result<Resolved, ApiError> {
        let must_read = self.table().must_read();
        if must_read {
            let read = self.ask(Question::Everything).await;
            self.usable(read)?;
        }
        if let Some(found) = self.known(gvk) {
            return Ok(found);
        }
        let question = Question::Version { group: gvk.group.clone(), version: gvk.version.clone() };
        // Its definition may have been applied a moment ago: whoever uses the kind waits for its turn to ask again.
        let turn = self.table().next_turn(&question);
        sleep_until(turn).await;
        self.ask(question).await?;
        match self.known(gvk) {
            Some(found) => Ok(found),
            None => self.elsewhere(gvk).await,
        }
    }

    /// Says in which other versions a kind is served that is not there in this one.
    async fn elsewhere(&self, gvk: &Gvk) -> Result<Resolved, ApiError> {
        let is_old = self.table().read.is_none_or(|(at, _)| at.elapsed() >= PATIENCE);
        if is_old {
            self.ask(Question::Everything).await?;
        }
        let same = |known: &&Gvk| known.group == gvk.group && known.kind == gvk.kind;
        let served: Vec<_> = self.table().kinds.keys().filter(same).map(|known| known.version.clone()).collect();
        if let Some(found) = self.known(gvk) {
            return Ok(found);
        }
        match served.is_empty() {
            true => Err(self.unserved(gvk).await),
            false => Err(ApiError::no_match(gvk, served)),
        }
    }

    async fn unserved(&self, gvk: &Gvk) -> ApiError {
        match definitions::of_kind(&self.wire, gvk).await {
            Ok(Some(name)) => ApiError::not_served_yet(gvk, &name),
            Ok(None) => ApiError::no_match(gvk, Vec::new()),
            Err(error) => error,
        }
    }

    /// Looks a kind up again that the server did not know when it was used.
    pub(super) async fn doubt(&self, gvk: &Gvk) -> Result<Resolved, ApiError> {
        self.table().forget(gvk);
        self.resolve(gvk).await
    }

    fn known(&self, gvk: &Gvk) -> Option<Resolved> {
        self.table().kinds.get(gvk).cloned()
    }

    /// A table that could not be read again is still better than none.
    fn usable(&self, read: Result<(), ApiError>) -> Result<(), ApiError> {
        if self.table().kinds.is_empty() { read } else { Ok(()) }
    }

    async fn ask(&self, question: Question) -> Result<(), ApiError> {
        let flight = self.flight(&question);
        let answer = flight.answer.clone().await;
        self.land(&question, &flight, answer)
    }

    fn flight(&self, question: &Question) -> Flight {
        let mut table = self.table();
        let invalidations = table.invalidations;
        let start = || Flight { invalidations, answer: read(self.wire.clone(), question.clone()).boxed().shared() };
        table.flights.entry(question.clone()).or_insert_with(start).clone()
    }

    /// Takes an answer over, once.
    fn land(&self, question: &Question, flight: &Flight, answer: Result<Kinds, ApiError>) -> Result<(), ApiError> {
        let mut table = self.table();
        let ours = table.flights.get(question).is_some_and(|known| known.answer.ptr_eq(&flight.answer));
        if !ours {
            return answer.map(drop);
        }
        table.flights.remove(question);
        let added = table.take(question, flight.invalidations, &answer?);
        drop(table);
        if added {
            self.changes.send_modify(|count| *count += 1);
        }
        Ok(())
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn must_read(&self) -> bool {
        match self.read {
            None => true,
            Some((at, invalidations)) => invalidations < self.invalidations && at.elapsed() >= PATIENCE,
        }
    }

    /// Returns when a version may be asked again.
    fn next_turn(&self, question: &Question) -> Instant {
        self.asked.get(question).map_or_else(Instant::now, |at| *at + PATIENCE)
    }

    fn forget(&mut self, gvk: &Gvk) {
        self.kinds.remove(gvk);
        self.server = None;
    }

    /// Replaces what the question is about; says whether a kind is new.
    fn take(&mut self, question: &Question, invalidations: u64, found: &[(Gvk, Resolved)]) -> bool {
        let before = std::mem::take(&mut self.kinds);
        self.server = None;
        let added = found.iter().any(|(gvk, _)| !before.contains_key(gvk));
        match question {
            Question::Everything => self.read = Some((Instant::now(), invalidations)),
            Question::Version { group, version } => {
                self.kinds = before;
                self.kinds.retain(|gvk, _| gvk.group != *group || gvk.version != *version);
                self.asked.retain(|_, at| at.elapsed() < PATIENCE);
                self.asked.insert(question.clone(), Instant::now());
            }
        }
        for (gvk, resolved) in found {
            self.kinds.entry(gvk.clone()).or_insert_with(|| resolved.clone());
        }
        added
    }
}

async fn read(wire: Arc<Wire>, question: Question) -> Result<Kinds, ApiError> {
    let kinds = match question {
        Question::Everything => {
            let (core, groups) = try_join(aggregated(&wire, "/api"), aggregated(&wire, "/apis")).await?;
            core.into_iter().chain(groups).collect()
        }
        Question::Version { group, version } => of_version(&wire, &group, &version).await?,
    };
    Ok(Arc::new(kinds))
}

async fn aggregated(wire: &Wire, path: &str) -> Result<Vec<(Gvk, Resolved)>, ApiError> {
    let call = Call { accept: AGGREGATED, ..Call::get(Verb::Discovery, path.into()) };
    let body = wire.exchange(&Identity::Agent, &call).await?;
    Ok(parse_aggregated(&answer::json(&body)?))
}

async fn version(wire: &Wire) -> Result<String, ApiError> {
    let body = wire.exchange(&Identity::Agent, &Call::get(Verb::Discovery, "/version".into())).await?;
    Ok(text(&answer::json(&body)?, "gitVersion").to_owned())
}

async fn of_version(wire: &Wire, group: &str, version: &str) -> Result<Vec<(Gvk, Resolved)>, ApiError> {
    let call = Call::get(Verb::Discovery, path::version(group, version));
    match wire.exchange(&Identity::Agent, &call).await {
        Ok(body) => Ok(parse_version(group, version, &answer::json(&body)?)),
        Err(error) if error.is_not_found() => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// Reads an APIGroupDiscoveryList; anything else holds no kinds.
fn parse_aggregated(list: &Value) -> Vec<(Gvk, Resolved)> {
    let mut kinds = Vec::new();
    for group in items(list, "items") {
        let name = text(&group["metadata"], "name");
        for version in items(group, "versions") {
            let entries = items(version, "resources").iter();
            let gvk = |kind: &str| Gvk::new(name, text(version, "version"), kind);
            kinds.extend(entries.map(|entry| {
                let namespaced = text(entry, "scope") == "Namespaced";
                (gvk(text(&entry["responseKind"], "kind")), resolved(text(entry, "resource"), namespaced))
            }));
        }
    }
    kinds
}

/// Reads an APIResourceList, subresources left out.
fn parse_version(group: &str, version: &str, list: &Value) -> Vec<(Gvk, Resolved)> {
    let entries = items(list, "resources").iter().filter(|entry| !text(entry, "name").contains('/'));
    let kind = |entry: &Value| {
        let namespaced = entry["namespaced"].as_bool().unwrap_or_default();
        (Gvk::new(group, version, text(entry, "kind")), resolved(text(entry, "name"), namespaced))
    };
    entries.map(kind).collect()
}

fn resolved(plural: &str, namespaced: bool) -> Resolved {
    Resolved { plural: plural.into(), namespaced }
}

fn items<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map(Vec::as_slice).unwrap_or_default()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn reads_aggregated_discovery() {
        let deployments = json!({
            "resource": "deployments", "scope": "Namespaced", "responseKind": { "group": "apps", "kind": "Deployment" },
            "subresources": [{ "subresource": "scale", "responseKind": { "kind": "Scale" } }],
        });
        let list = json!({ "items": [{
            "metadata": { "name": "apps" }, "versions": [{ "version": "v1", "resources": [deployments] }],
        }] });
        let expected = (Gvk::new("apps", "v1", "Deployment"), resolved("deployments", true));
        assert_eq!(parse_aggregated(&list), [expected]);
    }

    #[test]
    fn reads_the_list_of_a_version() {
        let list = json!({ "resources": [
            { "name": "nodes", "kind": "Node", "namespaced": false },
            { "name": "nodes/status", "kind": "Node", "namespaced": false },
        ] });
        let expected = (Gvk::new("", "v1", "Node"), resolved("nodes", false));
        assert_eq!(parse_version("", "v1", &list), [expected]);
    }

    #[test]
    fn a_version_replaces_only_its_own_kinds() {
        let kind = |version: &str, kind: &str| (Gvk::new("e.io", version, kind), resolved("x", true));
        let mut table = Table::default();
        table.take(&Question::Everything, 0, &[kind("v1", "Old"), kind("v2", "Other")]);
        let question = Question::Version { group: "e.io".into(), version: "v1".into() };
        assert!(table.take(&question, 0, &[kind("v1", "New")]));
        let mut kinds: Vec<_> = table.kinds.keys().map(|gvk| gvk.kind.as_str()).collect();
        kinds.sort_unstable();
        assert_eq!(kinds, ["New", "Other"]);
    }
}
