//! Deletes what an inventory has and nobody wants any more.
//!
//! stale entries → read all → keep what is not ours or is marked → delete the rest, last kinds first

use sluice_cluster::{ApiError, ErrorKind, Identity, Precondition, Propagation, Request, Response, Target};
use sluice_object::{InventoryEntry, Object};

use crate::{
    order,
    prepare::Owner,
    problem::{Problem, Trouble},
    rollout::is_flux_component,
    step::{Action, Ask, Changes, Failure, Key, Keyed},
};

/// How stale objects are deleted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Options {
    pub(crate) owner: Owner,
    /// Whether Flux's own components are deleted too.
    pub(crate) flux_components: bool,
}

/// How often an object is read again that somebody else is changing, or whose version has gone.
const MOST_READS: u8 = 10;

/// A deletion under way.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Prune {
    entries: Vec<Stale>,
    options: Options,
}

#[derive(Debug, Clone, PartialEq)]
struct Stale {
    entry: InventoryEntry,
    state: State,
    reads: u8,
}

#[derive(Debug, Clone, PartialEq)]
enum State {
    Unread,
    Delete(Precondition),
    /// It has gone without us.
    Absent,
    Ended(Action),
    Stuck(Doing, ApiError),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Doing {
    Query,
    Delete,
}

impl Prune {
    /// Begins with stale entries; the order is the reverse of application.
    pub(crate) fn start(mut stale: Vec<InventoryEntry>, options: Options) -> Self {
        stale.sort_by(|a, b| order::compare(&b.id, &a.id));
        let unread = |entry| Stale { entry, state: State::Unread, reads: 0 };
        Self { entries: stale.into_iter().map(unread).collect(), options }
    }

    /// Returns what to ask next, or nothing at the end. All objects are tried, whatever fails.
    pub(crate) fn requests(&self) -> Option<Vec<Keyed>> {
        let reads: Vec<_> = self.keyed(|index, stale| match stale.state {
            State::Unread => Some((Ask::Live(index), Request::Get(stale.target()))),
            _ => None,
        });
        if !reads.is_empty() {
            return Some(reads);
        }
        let kind = self.entries.iter().find(|stale| matches!(stale.state, State::Delete(_)))?.entry.gvk();
        Some(self.keyed(|index, stale| match &stale.state {
            State::Delete(only_if) if stale.entry.gvk() == kind => Some((Ask::Delete(index), stale.deletion(only_if))),
            _ => None,
        }))
    }

    fn keyed(&self, ask: impl Fn(usize, &Stale) -> Option<(Ask, Request)>) -> Vec<Keyed> {
        let asked = self.entries.iter().enumerate().filter_map(|(index, stale)| ask(index, stale));
        asked.map(|(ask, request)| Keyed { key: Key(ask), request }).collect()
    }

    pub(crate) fn learn(&mut self, ask: &Ask, answer: Result<Response, ApiError>) {
        let (index, doing) = match ask {
            Ask::Live(index) => (*index, Doing::Query),
            Ask::Delete(index) => (*index, Doing::Delete),
            _ => return,
        };
        let Some(stale) = self.entries.get_mut(index) else { return };
        stale.state = match answer {
            Err(error) => stale.refused(doing, error),
            Ok(Response::Object(live)) if doing == Doing::Query => self.options.judge(&live),
            Ok(_) if doing == Doing::Query => State::Stuck(doing, ApiError::transport("the answer holds no object")),
            Ok(_) => State::Ended(Action::Deleted),
        };
    }

    /// Returns what became of the objects, in order of deletion.
    pub(crate) fn changes(&self) -> Changes {
        Changes(self.entries.iter().map(|stale| (stale.entry.id.clone(), stale.state.action())).collect())
    }

    /// Returns the entries that must be tried again.
    pub(crate) fn survivors(&self) -> Vec<InventoryEntry> {
        let survives = |stale: &&Stale| !matches!(stale.state, State::Ended(_) | State::Absent);
        self.entries.iter().filter(survives).map(|stale| stale.entry.clone()).collect()
    }

    /// Returns all entries.
    pub(crate) fn entries(&self) -> Vec<InventoryEntry> {
        self.entries.iter().map(|stale| stale.entry.clone()).collect()
    }

    /// Returns the entries of objects that were there and are deleted.
    pub(crate) fn deleted(&self) -> impl Iterator<Item = &InventoryEntry> {
        let deleted = |stale: &&Stale| stale.state == State::Ended(Action::Deleted);
        self.entries.iter().filter(deleted).map(|stale| &stale.entry)
    }

    /// Returns the errors in Flux's words, if there are any.
    pub(crate) fn error(&self) -> Option<String> {
        let text: String = self.stuck().map(|(entry, doing, error)| format!("{};", doing.text(entry, error))).collect();
        (!text.is_empty()).then(|| format!("delete failed, errors: {text}"))
    }

    /// Returns the facts of a failed deletion; text, reason and inventory are the caller's.
    pub(crate) fn failure(&self, owner: &Owner, account: &Identity) -> Failure {
        let first = self.stuck().next();
        let problem = first.map(|(entry, doing, error)| doing.problem(entry, error));
        Failure {
            error: self.error().unwrap_or_default(),
            reason: "PruneFailed",
            subject: first.map(|(entry, ..)| entry.id.clone()),
            origin: None,
            hint: problem.and_then(|problem| problem.hint(owner, account)),
            transient: self.stuck().all(|(_, _, error)| error.is_transient() || error.code() == 409),
            changes: Changes::default(),
            pruned: self.changes(),
            inventory: self.survivors(),
            left_out: Vec::new(),
        }
    }

    fn stuck(&self) -> impl Iterator<Item = (&InventoryEntry, Doing, &ApiError)> {
        self.entries.iter().filter_map(|stale| match &stale.state {
            State::Stuck(doing, error) => Some((&stale.entry, *doing, error)),
            _ => None,
        })
    }
}

impl Stale {
    fn target(&self) -> Target {
        Target::by_id(&self.entry.id, &self.entry.version)
    }

    fn deletion(&self, only_if: &Precondition) -> Request {
        Request::Delete { target: self.target(), only_if: only_if.clone(), propagation: Propagation::Background }
    }

    fn refused(&mut self, doing: Doing, error: ApiError) -> State {
        self.reads += 1;
        match &error.kind {
            _ if error.is_not_found() => State::Absent,
            // With the last version of its definition an object goes too; until then any version shows it.
            ErrorKind::NoMatch(unserved) if unserved.served.is_empty() => State::Absent,
            _ if self.reads > MOST_READS => State::Stuck(doing, error),
            ErrorKind::NoMatch(unserved) => {
                self.entry.version.clone_from(&unserved.served[0]);
                State::Unread
            }
            // Another owner may have taken it over since it was read.
            ErrorKind::Status(409) if doing == Doing::Delete => State::Unread,
            _ => State::Stuck(doing, error),
        }
    }
}

/// Only the object that was looked at is deleted, as it was, not one made or taken over since.
fn precondition(live: &Object) -> Precondition {
    let known = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Precondition { uid: known(live.uid()), resource_version: known(live.resource_version()) }
}

impl State {
    fn action(&self) -> Action {
        match self {
            Self::Ended(action) => *action,
            Self::Absent => Action::Deleted,
            _ => Action::Unknown,
        }
    }
}

impl Doing {
    fn text(self, entry: &InventoryEntry, error: &ApiError) -> String {
        let doing = match self {
            Self::Query => "query",
            Self::Delete => "delete",
        };
        format!("{} {doing} failed: {error}", entry.id)
    }

    fn problem(self, entry: &InventoryEntry, error: &ApiError) -> Problem {
        let trouble = match self {
            Self::Query => Trouble::Query(error.clone()),
            Self::Delete => Trouble::Replace(error.clone()),
        };
        Problem { subject: Some(entry.id.clone()), origin: None, trouble }
    }
}

impl Options {
    /// Objects of others and objects that are marked stay, and so leave the inventory.
    fn judge(&self, live: &Object) -> State {
        let marks = [("prune", "disabled"), ("reconcile", "disabled"), ("ssa", "Ignore")];
        let marked = marks.iter().any(|(mark, value)| self.owner.marked(live, mark, value));
        let component = !self.flux_components && is_flux_component(live);
        if !self.owner.owns(live) || marked || component {
            return State::Ended(Action::Skipped);
        }
        State::Delete(precondition(live))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use sluice_cluster::Verb;
    use sluice_object::{Gvk, ObjectId};

    use super::*;

    fn prune() -> Prune {
        let id = ObjectId::new(&Gvk::new("e.io", "v1", "Foo"), "ns", "a");
        let owner = Owner::kustomization("ns", "apps");
        Prune::start(vec![InventoryEntry { id, version: "v1".into() }], Options { owner, flux_components: false })
    }

    fn live(owner: &str) -> Result<Response, ApiError> {
        let labels = json!({"kustomize.toolkit.fluxcd.io/name": owner, "kustomize.toolkit.fluxcd.io/namespace": "ns"});
        let metadata = json!({"name": "a", "namespace": "ns", "uid": "u", "resourceVersion": "7", "labels": labels});
        Ok(Response::Object(
            Object::new(json!({"apiVersion": "e.io/v1", "kind": "Foo", "metadata": metadata})).unwrap(),
        ))
    }

    /// Answers requests until the end, and returns them.
    fn drive(prune: &mut Prune, mut answer: impl FnMut(&Request) -> Result<Response, ApiError>) -> Vec<Request> {
        let mut asked = Vec::new();
        while let Some(requests) = prune.requests() {
            for Keyed { key: Key(ask), request } in requests {
                prune.learn(&ask, answer(&request));
                asked.push(request);
            }
            assert!(asked.len() < 100, "it does not end");
        }
        asked
    }

    fn conflict() -> ApiError {
        ApiError::status(409, "Conflict", "the object has been modified")
    }

    #[test]
    fn an_object_that_changes_hands_meanwhile_is_left_to_its_new_owner() {
        let (mut prune, mut owner) = (prune(), "apps");
        let asked = drive(&mut prune, |request| match request {
            Request::Delete { only_if, .. } => {
                assert_eq!((only_if.uid.as_deref(), only_if.resource_version.as_deref()), (Some("u"), Some("7")));
                owner = "other";
                Err(conflict())
            }
            _ => live(owner),
        });
        assert_eq!(asked.iter().map(Request::verb).collect::<Vec<_>>(), [Verb::Get, Verb::Delete, Verb::Get]);
        assert_eq!(prune.changes().0[0].1, Action::Skipped);
        assert!(prune.survivors().is_empty() && prune.error().is_none());
    }

    #[test]
    fn an_object_that_changes_all_the_time_is_tried_again_later() {
        let mut prune = prune();
        let asked = drive(&mut prune, |request| match request {
            Request::Delete { .. } => Err(conflict()),
            _ => live("apps"),
        });
        assert_eq!(asked.len(), 2 * (usize::from(MOST_READS) + 1));
        let failure = prune.failure(&Owner::default(), &Identity::Agent);
        assert_eq!((failure.transient, failure.inventory.len()), (true, 1));
    }

    #[test]
    fn with_its_kind_an_object_has_gone_too() {
        let mut prune = prune();
        let asked = drive(&mut prune, |_| Err(ApiError::no_match(&Gvk::new("e.io", "v1", "Foo"), Vec::new())));
        assert_eq!((asked.len(), prune.changes().0[0].1), (1, Action::Deleted));
        assert!(prune.survivors().is_empty() && prune.deleted().next().is_none());
    }

    #[test]
    fn an_object_is_looked_for_in_the_version_that_is_served() {
        let mut prune = prune();
        let asked = drive(&mut prune, |request| match request {
            Request::Get(target) if target.gvk.version == "v1" => {
                Err(ApiError::no_match(&target.gvk, vec!["v2".into()]))
            }
            Request::Get(_) => live("apps"),
            _ => Ok(Response::Done),
        });
        let Some(Request::Delete { target, .. }) = asked.last() else { panic!("{asked:?}") };
        assert_eq!((target.gvk.version.as_str(), asked.len()), ("v2", 3));
    }
}
