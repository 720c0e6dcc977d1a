//! One object on its way through a stage: what is known of it, and what follows from that.

use jiff::Timestamp;
use serde_json::Value;
use sluice_cluster::{ApiError, Precondition, Propagation, Request, Response, Target};
use sluice_object::{InventoryEntry, Object, ObjectId};

use super::{Options, undeclared::remove_undeclared};
use crate::{
    diff,
    health::Health,
    ignore, inventory,
    managed_fields::{clean_up, migrate},
    prepare::is_native,
    problem::{Problem, Trouble, says_immutable},
    step::Action,
};

/// What is known of the object in the cluster.
#[derive(Debug, Clone, PartialEq)]
enum Live {
    Unread,
    Absent,
    Unreadable(ApiError),
    There(Box<Object>),
}

/// Where the object is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum State {
    /// Dry-run and live object are being compared.
    Checking,
    /// To be deleted, because a field cannot be changed in place.
    Replace { uid: String },
    /// Deleted; to be checked anew when it is gone.
    Ending,
    /// To be patched, then checked anew.
    Migrate(Value),
    /// To be patched, then applied.
    CleanUp(Value),
    /// To be applied.
    Write(Action),
    /// Done with.
    Ended(Action),
    /// Cannot go on.
    Stuck(Box<Problem>),
}

/// What must be asked before an object can be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Wants {
    pub(super) dry_run: bool,
    pub(super) live: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Item {
    desired: Object,
    /// Whether the old inventory has it, so that it is read without waiting for the dry-run's answer.
    known: bool,
    dry_run: Option<Box<Result<Object, ApiError>>>,
    live: Live,
    state: State,
    /// Health of the object as last seen.
    health: Option<Health>,
    /// Whether its managed fields were brought to another version.
    migrated: bool,
    /// Whether a write was sent.
    touched: bool,
    /// Fields left out because the server does not know them.
    undeclared: Vec<String>,
}

impl Item {
    pub(super) fn new(desired: Object, known: bool, options: &Options) -> Self {
        let skipped = options.is_skipped(&desired);
        let state = if skipped { State::Ended(Action::Skipped) } else { State::Checking };
        Self {
            desired,
            known,
            dry_run: None,
            live: Live::Unread,
            state,
            health: None,
            migrated: false,
            touched: false,
            undeclared: Vec::new(),
        }
    }

    pub(super) fn desired(&self) -> &Object {
        &self.desired
    }

    pub(super) fn desired_mut(&mut self) -> &mut Object {
        &mut self.desired
    }

    pub(super) fn id(&self) -> ObjectId {
        self.desired.id()
    }

    pub(super) fn entry(&self) -> InventoryEntry {
        inventory::entry(&self.desired)
    }

    pub(super) fn state(&self) -> &State {
        &self.state
    }

    pub(super) fn health(&self) -> Option<&Health> {
        self.health.as_ref()
    }

    pub(super) fn undeclared(&self) -> &[String] {
        &self.undeclared
    }

    pub(super) fn is_touched(&self) -> bool {
        self.touched
    }

    pub(super) fn touch(&mut self) {
        self.touched = true;
    }

    pub(super) fn stick(&mut self, trouble: Trouble) {
        self.state = State::Stuck(Box::new(Problem::of(&self.desired, trouble)));
    }

    /// Returns what must be asked next. An object is read only if it exists: a dry-run of one that does not has no
    /// version in its answer.
    pub(super) fn wants(&self, options: &Options) -> Wants {
        let unread = self.live == Live::Unread;
        if self.state != State::Checking {
            return Wants::default();
        }
        if unread && options.only_if_absent(&self.desired) {
            return Wants { dry_run: false, live: true };
        }
        match self.dry_run.as_deref() {
            None => Wants { dry_run: true, live: unread && self.known },
            Some(Ok(answer)) => Wants { dry_run: false, live: unread && !answer.resource_version().is_empty() },
            Some(Err(error)) => {
                Wants { dry_run: false, live: unread && (options.migrate || tells_nothing_of_live(error)) }
            }
        }
    }

    pub(super) fn dry_run_request(&self, options: &Options) -> Request {
        self.apply(options, true)
    }

    pub(super) fn live_request(&self) -> Request {
        Request::Get(Target::of(&self.desired))
    }

    pub(super) fn apply_request(&self, options: &Options) -> Request {
        self.apply(options, false)
    }

    fn apply(&self, options: &Options, dry_run: bool) -> Request {
        Request::Apply { object: self.desired.clone(), manager: options.manager.clone(), force: true, dry_run }
    }

    pub(super) fn clean_up_request(&self, patch: &Value, options: &Options) -> Request {
        let target = Target::of(&self.desired);
        Request::JsonPatch { target, patch: patch.clone(), manager: options.manager.clone() }
    }

    /// Only the object that was looked at is deleted, not one made since.
    pub(super) fn delete_request(&self, uid: &str) -> Request {
        let only_if = Precondition { uid: (!uid.is_empty()).then(|| uid.to_owned()), resource_version: None };
        Request::Delete { target: Target::of(&self.desired), only_if, propagation: Propagation::Background }
    }

    pub(super) fn on_dry_run(&mut self, answer: Result<Response, ApiError>, options: &Options, now: Timestamp) {
        let answer = answer.and_then(object_of);
        if let Err(error) = &answer
            && is_native(&self.desired.gvk())
        {
            let removed = remove_undeclared(&mut self.desired, error);
            let again = !removed.is_empty();
            self.undeclared.extend(removed);
            if again {
                return;
            }
        }
        self.dry_run = Some(Box::new(answer));
        self.judge(options, now);
    }

    pub(super) fn on_live(&mut self, answer: Result<Response, ApiError>, options: &Options, now: Timestamp) {
        self.live = match answer.and_then(object_of) {
            Ok(live) => Live::There(Box::new(live)),
            Err(error) if error.is_not_found() => Live::Absent,
            Err(error) => Live::Unreadable(error),
        };
        self.judge(options, now);
    }

    pub(super) fn on_clean_up(&mut self, answer: Result<Response, ApiError>) {
        let migrates = matches!(self.state, State::Migrate(_));
        match answer.and_then(object_of) {
            Ok(object) if migrates => {
                (self.state, self.live, self.migrated) = (State::Checking, Live::There(Box::new(object)), true);
            }
            Ok(_) => self.state = State::Write(Action::Configured),
            Err(error) => self.stick(Trouble::CleanUp(error)),
        }
    }

    pub(super) fn on_delete(&mut self, answer: Result<Response, ApiError>) {
        match answer {
            Err(error) if !error.is_not_found() => self.stick(Trouble::Replace(error)),
            _ => self.state = State::Ending,
        }
    }

    pub(super) fn on_apply(&mut self, answer: Result<Response, ApiError>, options: &Options, now: Timestamp) {
        let State::Write(action) = self.state else { return };
        match answer.and_then(object_of) {
            Ok(object) => self.end(action, Some(&object), options, now),
            Err(error) => self.stick(Trouble::Apply(error)),
        }
    }

    /// Begins anew with an object whose predecessor is gone.
    pub(super) fn check_again(&mut self) {
        (self.state, self.live, self.dry_run) = (State::Checking, Live::Absent, None);
    }

    /// Expressions are left to those who read objects for a wait: they may take long.
    fn end(&mut self, action: Action, seen: Option<&Object>, options: &Options, now: Timestamp) {
        let seen = seen.filter(|object| !options.reader.expressions.cover(&object.id()));
        self.health = seen.map(|object| options.reader.read(object, now));
        self.state = State::Ended(action);
        (self.live, self.dry_run) = (Live::Unread, None);
    }

    fn judge(&mut self, options: &Options, now: Timestamp) {
        if self.state != State::Checking {
            return;
        }
        let only_if_absent = options.only_if_absent(&self.desired);
        match std::mem::replace(&mut self.live, Live::Unread) {
            Live::There(live) if only_if_absent || options.is_skipped(&live) => {
                return self.end(Action::Skipped, Some(&live), options, now);
            }
            Live::Unreadable(error) if only_if_absent => return self.stick(Trouble::Query(error)),
            live => self.live = live,
        }
        if self.wants(options) != Wants::default() {
            return;
        }
        match self.migration(options) {
            Some(patch) => (self.state, self.dry_run) = (State::Migrate(patch), None),
            None => self.compare(options, now),
        }
    }

    /// Flux does this before the dry-run; here only objects that need it cost a second one.
    fn migration(&self, options: &Options) -> Option<Value> {
        let Live::There(live) = &self.live else { return None };
        let wanted = options.migrate && !self.migrated;
        wanted.then(|| migrate(live, &self.desired.gvk().api_version())).flatten()
    }

    fn compare(&mut self, options: &Options, now: Timestamp) {
        match (self.dry_run.take().map(|answer| *answer), std::mem::replace(&mut self.live, Live::Unread)) {
            (Some(Err(error)), Live::There(live)) if says_immutable(&error) && options.forces(&self.desired, &live) => {
                self.state = State::Replace { uid: live.uid().to_owned() };
            }
            (Some(Err(error)), _) => self.stick(Trouble::DryRun(error)),
            (Some(Ok(answer)), _) if answer.resource_version().is_empty() => self.state = State::Write(Action::Created),
            (Some(Ok(answer)), Live::There(live)) => self.compare_with(&live, &answer, options, now),
            // Without permission to read every object looks drifted, as in Flux.
            _ => self.state = State::Write(Action::Configured),
        }
    }

    fn compare_with(&mut self, live: &Object, answer: &Object, options: &Options, now: Timestamp) {
        let merges = [&self.desired, live].iter().any(|object| options.owner.marked(object, "ssa", "Merge"));
        let patch = if merges { None } else { clean_up(live, &options.take_over()) };
        let left = options.ignore.of(answer);
        let drifted = match left[..] {
            [] => diff::changed(live, answer).is_some(),
            _ => diff::changed(&ignore::without(live, &left), &ignore::without(answer, &left)).is_some(),
        };
        if patch.is_none() && !drifted && !self.migrated {
            return self.end(Action::Unchanged, Some(live), options, now);
        }
        if !left.is_empty() {
            self.desired = ignore::payload(&self.desired, live, answer, &left, &options.manager);
        }
        self.state = patch.map_or(State::Write(Action::Configured), State::CleanUp);
    }
}

/// After some errors the live object matters: it may be marked to be left alone, or be replaced.
fn tells_nothing_of_live(error: &ApiError) -> bool {
    error.code() != 0 && !error.is_not_found() && !error.is_transient()
}

fn object_of(response: Response) -> Result<Object, ApiError> {
    response.into_object().ok_or_else(|| ApiError::transport("the answer holds no object"))
}
