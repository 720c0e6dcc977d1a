//! Deletes what an inventory has and nobody wants any more.
//!
//! stale entries → read all → keep what is not ours or is marked → delete the rest, last kinds first

use sluice_cluster::{ApiError, Identity, Precondition, Propagation, Request, Response, Target};
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

/// A deletion under way.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Prune {
    entries: Vec<(InventoryEntry, State)>,
    options: Options,
}

#[derive(Debug, Clone, PartialEq)]
enum State {
    Unread,
    Delete { uid: String },
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
        Self { entries: stale.into_iter().map(|entry| (entry, State::Unread)).collect(), options }
    }

    /// Returns what to ask next, or nothing at the end. All objects are tried, whatever fails.
    pub(crate) fn requests(&self) -> Option<Vec<Keyed>> {
        let reads: Vec<_> = self.keyed(|index, entry, state| match state {
            State::Unread => Some((Ask::Live(index), Request::Get(Target::by_id(&entry.id, &entry.version)))),
            _ => None,
        });
        if !reads.is_empty() {
            return Some(reads);
        }
        let kind = self.entries.iter().find(|(_, state)| matches!(state, State::Delete { .. }))?.0.gvk();
        Some(self.keyed(|index, entry, state| match state {
            State::Delete { uid } if entry.gvk() == kind => Some((Ask::Delete(index), delete(entry, uid))),
            _ => None,
        }))
    }

    fn keyed(&self, ask: impl Fn(usize, &InventoryEntry, &State) -> Option<(Ask, Request)>) -> Vec<Keyed> {
        let asked = self.entries.iter().enumerate().filter_map(|(index, (entry, state))| ask(index, entry, state));
        asked.map(|(ask, request)| Keyed { key: Key(ask), request }).collect()
    }

    pub(crate) fn learn(&mut self, ask: &Ask, answer: Result<Response, ApiError>) {
        let (index, doing) = match ask {
            Ask::Live(index) => (*index, Doing::Query),
            Ask::Delete(index) => (*index, Doing::Delete),
            _ => return,
        };
        let Some((_, state)) = self.entries.get_mut(index) else { return };
        *state = match answer {
            Err(error) if error.is_not_found() => State::Ended(Action::Deleted),
            Err(error) => State::Stuck(doing, error),
            Ok(Response::Object(live)) if doing == Doing::Query => self.options.judge(&live),
            Ok(_) if doing == Doing::Query => State::Stuck(doing, ApiError::transport("the answer holds no object")),
            Ok(_) => State::Ended(Action::Deleted),
        };
    }

    /// Returns what became of the objects, in order of deletion.
    pub(crate) fn changes(&self) -> Changes {
        Changes(self.entries.iter().map(|(entry, state)| (entry.id.clone(), state.action())).collect())
    }

    /// Returns the entries that must be tried again.
    pub(crate) fn survivors(&self) -> Vec<InventoryEntry> {
        let survives = |state: &State| !matches!(state, State::Ended(_));
        self.entries.iter().filter(|(_, state)| survives(state)).map(|(entry, _)| entry.clone()).collect()
    }

    /// Returns all entries.
    pub(crate) fn entries(&self) -> Vec<InventoryEntry> {
        self.entries.iter().map(|(entry, _)| entry.clone()).collect()
    }

    /// Returns the entries of deleted objects.
    pub(crate) fn deleted(&self) -> impl Iterator<Item = &InventoryEntry> {
        self.entries.iter().filter(|(_, state)| *state == State::Ended(Action::Deleted)).map(|(entry, _)| entry)
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
        self.entries.iter().filter_map(|(entry, state)| match state {
            State::Stuck(doing, error) => Some((entry, *doing, error)),
            _ => None,
        })
    }
}

impl State {
    fn action(&self) -> Action {
        match self {
            Self::Ended(action) => *action,
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
        State::Delete { uid: live.uid().to_owned() }
    }
}

/// Only the object that was looked at is deleted, not one made since.
fn delete(entry: &InventoryEntry, uid: &str) -> Request {
    let only_if = Precondition { uid: (!uid.is_empty()).then(|| uid.to_owned()), resource_version: None };
    let target = Target::by_id(&entry.id, &entry.version);
    Request::Delete { target, only_if, propagation: Propagation::Background }
}
