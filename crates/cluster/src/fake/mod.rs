//! An API server in memory, good enough to test the whole agent on: no sockets, no latency, no chance.
//!
//! [`Request`] → faults → permissions → `verbs` (`apply`, `patch`) → admission → `store` → watches, small controllers
//!
//! It keeps what decides the agent's behaviour: uids, versions, generations, managed fields and their conflicts,
//! dry runs, subresources, finalizers, namespaces, served kinds, selectors, the texts of errors. It knows no schemas
//! of built-in kinds: nothing is defaulted or validated beyond a few immutable fields. Strategic merge patches merge
//! only lists whose order or deletions they say, as clients do, and replace others. `contract` holds it to what the
//! real server does.

mod apply;
mod compare;
mod controllers;
mod errors;
mod fields;
mod garbage;
mod guards;
mod immutable;
mod kinds;
mod managed;
mod patch;
mod permissions;
mod schema;
mod stamp;
mod store;
mod strategic;
mod verbs;
mod watchers;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::{
    FutureExt as _,
    future::{BoxFuture, pending},
    stream::BoxStream,
};
use jiff::Timestamp;
use serde_json::Value;
use sluice_object::{Gvk, Object, ObjectError};

pub use self::permissions::AGENT_USER;
use self::store::{Key, State};
use crate::{ApiError, Cluster, Identity, Remote, Request, Response, Selection, Target, Verb, WatchEvent};

/// What happens to a request instead of being answered.
#[derive(Debug, Clone, PartialEq)]
pub enum Fault {
    /// Nothing: it is answered.
    None,
    /// It is not done, and this is the answer.
    Refuse(ApiError),
    /// It is not done, and no answer ever comes.
    LoseRequest,
    /// It is done, and no answer ever comes.
    LoseAnswer,
}

/// Decides the fault of each request.
pub type Faults = Box<dyn FnMut(&Identity, &Request) -> Fault + Send>;
/// Says whether an object may be stored.
pub type Admission = Box<dyn FnMut(&Identity, &Object) -> Result<(), ApiError> + Send>;

/// An API server in memory. Clones are the same server.
#[derive(Clone)]
pub struct FakeCluster {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    hooks: Mutex<Hooks>,
}

#[derive(Default)]
struct Hooks {
    faults: Option<Faults>,
    admission: Option<Admission>,
    requests: Vec<(Identity, Verb, Target)>,
    remotes: std::collections::BTreeMap<String, FakeCluster>,
}

impl Default for FakeCluster {
    fn default() -> Self {
        Self::new()
    }
}

impl FakeCluster {
    /// Starts a server whose clock stands at the beginning of 2026, with the namespaces `default` and `kube-system`.
    pub fn new() -> Self {
        Self::with_clock(|| Timestamp::constant(1_767_225_600, 0))
    }

    /// Starts a server with a clock.
    pub fn with_clock(clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        let shared = Shared { state: Mutex::new(State::new(Box::new(clock))), hooks: Mutex::default() };
        Self { shared: Arc::new(shared) }
    }

    /// Makes another cluster reachable by the URL that kubeconfigs name.
    pub fn connect(&self, server: &str, other: &Self) {
        self.hooks().remotes.insert(server.into(), other.clone());
    }

    /// Serves a kind with a status subresource, as an established CustomResourceDefinition would.
    pub fn serve(&self, gvk: &Gvk, plural: &str, namespaced: bool) {
        self.state().serve(gvk, plural, namespaced);
    }

    /// Stores an object as it is, status included, in place of what is there: the world before the test. Its namespace
    /// is made when missing.
    ///
    /// # Errors
    /// When the value is no object.
    ///
    /// # Panics
    /// When its kind is not served: the test is wrong.
    pub fn put(&self, object: Value) -> Result<Object, ObjectError> {
        let object = Object::new(object)?;
        Ok(self.state().put(&object))
    }

    /// Returns an object.
    pub fn get(&self, target: &Target) -> Option<Object> {
        let state = self.state();
        state.read(&Key::of(target), &target.gvk.version)
    }

    /// Returns all objects, by group, kind, namespace and name.
    pub fn objects(&self) -> Vec<Object> {
        self.shared_objects().into_iter().map(Arc::unwrap_or_clone).collect()
    }

    /// Returns all objects without copying them.
    pub fn shared_objects(&self) -> Vec<Arc<Object>> {
        self.state().all()
    }

    /// Returns the Events so far.
    pub fn events(&self) -> Vec<crate::Event> {
        self.state().events.clone()
    }

    /// Sets an object's status as its controller would.
    pub fn set_status(&self, target: &Target, status: Value) {
        self.state().set_status(&Key::of(target), status);
    }

    /// Plays all controllers once: workloads become available, Jobs complete, claims are bound. Returns how many
    /// objects have changed.
    pub fn make_ready(&self) -> usize {
        self.state().make_ready()
    }

    /// Plays the controllers after each write.
    pub fn auto_ready(&self, on: bool) {
        self.state().auto_ready = on;
    }

    /// Forbids what everybody may otherwise do. `kind` is `group/Kind`, `Kind` of the core group, or `*`; user, verb
    /// (`get`, `list`, `watch`, `create`, `patch`, `delete`) and namespace may be `*`. The agent's user is
    /// [`AGENT_USER`].
    pub fn deny(&self, user: &str, verb: &str, kind: &str, namespace: &str) {
        self.state().deny([user, verb, kind, namespace]);
    }

    /// Takes back all that was forbidden.
    pub fn allow_all(&self) {
        self.state().allow_all();
    }

    /// Asks before an object is stored, also in a dry run. The hook must not call this server.
    pub fn admission(&self, hook: Admission) {
        self.hooks().admission = Some(hook);
    }

    /// Asks for a fault before each request. Of several hooks the last counts.
    pub fn faults(&self, hook: Faults) {
        self.hooks().faults = Some(hook);
    }

    /// Ends all faults.
    pub fn no_faults(&self) {
        self.hooks().faults = None;
    }

    /// Returns the requests so far, watches included. Looking up a kind that is served is none.
    pub fn requests(&self) -> Vec<(Identity, Verb, Target)> {
        self.hooks().requests.clone()
    }

    /// Forgets the requests so far.
    pub fn clear_requests(&self) {
        self.hooks().requests.clear();
    }

    /// Has all watches list again, as after an expired version.
    pub fn restart_watches(&self) {
        self.state().restart_watches();
    }

    /// Has all watches tell a failure; they go on with [`Self::restart_watches`].
    pub fn fail_watches(&self, message: &str, refused: bool) {
        self.state().fail_watches(message, refused);
    }

    /// Returns how many watches are open.
    pub fn open_watches(&self) -> usize {
        self.state().open_watches()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hooks(&self) -> MutexGuard<'_, Hooks> {
        self.shared.hooks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The hook is out of its place while it runs, so that it may call this server.
    fn fault(&self, who: &Identity, request: &Request) -> Fault {
        let known = matches!(request, Request::Resolve(gvk) if self.state().kinds.resolve(gvk).is_ok());
        let mut hooks = self.hooks();
        if !known {
            hooks.requests.push((who.clone(), request.verb(), verbs::target_of(request)));
        }
        let Some(mut faults) = hooks.faults.take() else { return Fault::None };
        drop(hooks);
        let fault = faults(who, request);
        self.hooks().faults.get_or_insert(faults);
        fault
    }

    fn answer(&self, who: &Identity, request: Request) -> Result<Response, ApiError> {
        let mut admission = self.hooks().admission.take();
        let answer = verbs::perform(&mut self.state(), &mut admission, who, request);
        if let Some(admission) = admission {
            self.hooks().admission.get_or_insert(admission);
        }
        answer
    }
}

impl FakeCluster {
    async fn call_remote(&self, remote: &Remote, request: Request) -> Result<Response, ApiError> {
        let there = self.hooks().remotes.get(remote.server()).cloned();
        let nobody = || ApiError::transport(format!("{}: connection refused", remote.server()));
        there.ok_or_else(nobody)?.call(&remote.identity(), request).await
    }
}

impl Cluster for FakeCluster {
    fn call<'a>(&'a self, who: &'a Identity, request: Request) -> BoxFuture<'a, Result<Response, ApiError>> {
        if let Identity::Remote(remote) = who {
            return self.call_remote(remote, request).boxed();
        }
        async move {
            match self.fault(who, &request) {
                Fault::None => self.answer(who, request),
                Fault::Refuse(error) => Err(error),
                Fault::LoseRequest => pending().await,
                Fault::LoseAnswer => {
                    let _ = self.answer(who, request);
                    pending().await
                }
            }
        }
        .boxed()
    }

    fn watch(&self, who: &Identity, what: Selection) -> BoxStream<'static, WatchEvent> {
        let target = Target {
            gvk: what.gvk.clone(),
            namespace: what.namespace.clone().unwrap_or_default(),
            name: what.name.clone().unwrap_or_default(),
        };
        self.hooks().requests.push((who.clone(), Verb::Watch, target));
        self.state().watch(who, what)
    }
}
