//! The election against a server that keeps leases, in paused time.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::Duration,
};

use futures::{FutureExt as _, StreamExt as _, future::BoxFuture, stream::BoxStream};
use jiff::Timestamp;
use serde_json::{Value, json};
use sluice_cluster::{ApiError, Cluster, Identity, Request, Response, Selection, WatchEvent};
use sluice_object::Object;
use tokio::{
    sync::broadcast,
    time::{Instant, sleep},
};

use super::{FLUX, Leases, OWN, Options, Standing, Terms, identity};
use crate::readiness::Readiness;

const NAMESPACE: &str = "flux-system";

/// A server of leases. Writes are refused unless they name the stored version.
struct Server {
    leases: Mutex<BTreeMap<String, Value>>,
    version: Mutex<u64>,
    events: broadcast::Sender<WatchEvent>,
    silent: AtomicBool,
}

impl Server {
    fn start() -> Arc<Self> {
        let (events, _) = broadcast::channel(64);
        let (leases, version) = (Mutex::default(), Mutex::default());
        Arc::new(Self { leases, version, events, silent: AtomicBool::new(false) })
    }

    fn put(&self, name: &str, spec: Value) -> Object {
        let mut version = self.version.lock().unwrap();
        *version += 1;
        let metadata = json!({ "name": name, "namespace": NAMESPACE, "resourceVersion": version.to_string() });
        let lease = json!({
            "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": spec,
        });
        self.leases.lock().unwrap().insert(name.to_owned(), lease.clone());
        let object = Object::new(lease).unwrap();
        let _ = self.events.send(WatchEvent::Seen(object.clone()));
        object
    }

    /// Writes a lease as another process would.
    fn held(&self, name: &str, holder: &str) {
        let now = format!("{:?}", Instant::now());
        self.put(name, json!({ "holderIdentity": holder, "leaseDurationSeconds": 35, "renewTime": now }));
    }

    fn delete(&self, name: &str) {
        let lease = self.leases.lock().unwrap().remove(name).unwrap();
        let _ = self.events.send(WatchEvent::Gone(Object::new(lease).unwrap()));
    }

    fn holder(&self, name: &str) -> Option<String> {
        let leases = self.leases.lock().unwrap();
        Some(leases.get(name)?["spec"]["holderIdentity"].as_str().unwrap().to_owned())
    }

    fn holders(&self) -> Vec<Option<String>> {
        [OWN, FLUX[0], FLUX[1], FLUX[2]].iter().map(|name| self.holder(name)).collect()
    }

    fn answer(&self, request: Request) -> Result<Response, ApiError> {
        let stored = |name: &str| self.leases.lock().unwrap().get(name).cloned();
        match request {
            Request::Get(target) => {
                let lease = stored(&target.name).ok_or_else(|| ApiError::status(404, "NotFound", "no such lease"))?;
                Ok(Response::Object(Object::new(lease).unwrap()))
            }
            Request::Create { object, .. } if stored(object.name()).is_some() => {
                Err(ApiError::status(409, "AlreadyExists", "lease exists"))
            }
            Request::Create { object, .. } => {
                Ok(Response::Object(self.put(object.name(), object.value()["spec"].clone())))
            }
            Request::MergePatch { target, patch, .. } => {
                let lease = stored(&target.name).ok_or_else(|| ApiError::status(404, "NotFound", "no such lease"))?;
                if lease["metadata"]["resourceVersion"] != patch["metadata"]["resourceVersion"] {
                    return Err(ApiError::status(409, "Conflict", "the lease has been modified"));
                }
                Ok(Response::Object(self.put(&target.name, patch["spec"].clone())))
            }
            other => panic!("unexpected {other:?}"),
        }
    }
}

impl Cluster for Server {
    fn call<'a>(&'a self, _: &'a Identity, request: Request) -> BoxFuture<'a, Result<Response, ApiError>> {
        async move {
            if self.silent.load(Ordering::Relaxed) {
                futures::future::pending::<()>().await;
            }
            self.answer(request)
        }
        .boxed()
    }

    fn watch(&self, _: &Identity, _: Selection) -> BoxStream<'static, WatchEvent> {
        let events = self.events.subscribe();
        futures::stream::unfold(events, |mut events| async { Some((events.recv().await.ok()?, events)) }).boxed()
    }
}

fn agent(server: &Arc<Server>, me: &str) -> (Leases, Readiness) {
    let (namespace, identity) = (NAMESPACE.into(), me.into());
    let options = Options { namespace, suffix: String::new(), identity, terms: Terms::default(), wall: ticking };
    let readiness = Readiness::default();
    (Leases::start(server.clone(), options, readiness.clone()), readiness)
}

/// A clock of which no two times are the same.
fn ticking() -> Timestamp {
    static SECOND: AtomicI64 = AtomicI64::new(1_767_323_045);
    Timestamp::from_second(SECOND.fetch_add(1, Ordering::Relaxed)).unwrap()
}

fn all(holder: &str) -> Vec<Option<String>> {
    vec![Some(holder.to_owned()); 4]
}

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// Keeps another process alive.
fn renewing(server: &Arc<Server>, name: &'static str, holder: &'static str) -> tokio::task::JoinHandle<()> {
    let server = server.clone();
    server.held(name, holder);
    tokio::spawn(async move {
        loop {
            sleep(seconds(5)).await;
            server.held(name, holder);
        }
    })
}

#[tokio::test(start_paused = true)]
async fn free_leases_are_taken_at_once() {
    let server = Server::start();
    let started = Instant::now();
    let (mut leases, readiness) = agent(&server, "me");
    leases.held().await.unwrap();
    assert_eq!((server.holders(), started.elapsed()), (all("me"), Duration::ZERO));
    assert_eq!(readiness.report(), (true, "[+]leases: held\n".into()));
}

#[tokio::test(start_paused = true)]
async fn leases_are_kept_for_as_long_as_the_server_answers() {
    let server = Server::start();
    let (mut leases, _) = agent(&server, "me");
    leases.held().await.unwrap();
    sleep(seconds(600)).await;
    assert_eq!((leases.standing(), server.holders()), (Standing::Held, all("me")));
}

#[tokio::test(start_paused = true)]
async fn a_running_flux_is_stood_by_for_and_named() {
    let server = Server::start();
    let _flux = renewing(&server, FLUX[1], "kc_1");
    let (leases, readiness) = agent(&server, "me");
    sleep(seconds(300)).await;
    let reason = "kustomize-controller lease is held by kc_1: another agent is running; \
                  scale it down or delete the lease";
    assert_eq!(leases.standing(), Standing::StandBy(reason.into()));
    assert_eq!(readiness.report(), (true, format!("[+]leases: standing by: {reason}\n")));
}

#[tokio::test(start_paused = true)]
async fn none_of_fluxs_leases_is_held_while_one_is_anothers() {
    let server = Server::start();
    let flux = renewing(&server, FLUX[1], "kc_1");
    let (mut leases, _) = agent(&server, "me");
    sleep(seconds(60)).await;
    assert_eq!(server.holders(), [Some("me".into()), None, Some("kc_1".into()), None]);
    flux.abort();
    leases.held().await.unwrap();
    assert_eq!(server.holders(), all("me"));
}

#[tokio::test(start_paused = true)]
async fn a_released_lease_is_taken_at_once() {
    let server = Server::start();
    let flux = renewing(&server, FLUX[0], "sc_1");
    let (mut leases, _) = agent(&server, "me");
    sleep(seconds(62)).await;
    flux.abort();
    let released = Instant::now();
    server.held(FLUX[0], "");
    leases.held().await.unwrap();
    assert_eq!(released.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_silent_holder_is_replaced_35_seconds_after_it_was_seen() {
    let server = Server::start();
    server.held(FLUX[0], "sc_1");
    let started = Instant::now();
    let (mut leases, _) = agent(&server, "me");
    leases.held().await.unwrap();
    assert_eq!(started.elapsed(), seconds(35));
}

#[tokio::test(start_paused = true)]
async fn a_second_agent_stands_by_and_takes_over_on_release() {
    let server = Server::start();
    let (mut first, _) = agent(&server, "one");
    first.held().await.unwrap();
    let (mut second, _) = agent(&server, "two");
    sleep(seconds(100)).await;
    let reason = "sluice lease is held by one: another agent is running";
    assert_eq!(second.standing(), Standing::StandBy(reason.into()));
    let released = Instant::now();
    first.release().await;
    second.held().await.unwrap();
    assert_eq!((server.holders(), released.elapsed()), (all("two"), Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn leases_are_given_back_on_release() {
    let server = Server::start();
    let (mut leases, _) = agent(&server, "me");
    leases.held().await.unwrap();
    leases.release().await;
    assert_eq!(server.holders(), all(""));
}

#[tokio::test(start_paused = true)]
async fn a_lease_taken_by_another_is_lost() {
    let server = Server::start();
    let (mut leases, readiness) = agent(&server, "me");
    leases.held().await.unwrap();
    server.held(FLUX[0], "sc_1");
    assert_eq!(leases.lost().await, "`source-controller-leader-election` was taken by sc_1");
    assert!(!readiness.report().0);
}

#[tokio::test(start_paused = true)]
async fn leases_are_lost_before_others_may_take_them() {
    let server = Server::start();
    let (mut leases, _) = agent(&server, "me");
    leases.held().await.unwrap();
    let started = Instant::now();
    server.silent.store(true, Ordering::Relaxed);
    let reason = leases.lost().await;
    assert!(reason.starts_with("`sluice-leader-election` was not renewed in time: "), "{reason}");
    assert!((seconds(25)..seconds(35)).contains(&started.elapsed()), "{:?}", started.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_deleted_lease_is_made_again() {
    let server = Server::start();
    let (mut leases, _) = agent(&server, "me");
    leases.held().await.unwrap();
    server.delete(FLUX[1]);
    sleep(seconds(1)).await;
    assert_eq!((leases.standing(), server.holders()), (Standing::Held, all("me")));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_answer_is_no_standby() {
    let server = Server::start();
    server.silent.store(true, Ordering::Relaxed);
    let (mut leases, readiness) = agent(&server, "me");
    sleep(seconds(7)).await;
    let (ready, text) = readiness.report();
    assert_eq!(
        (ready, text.as_str()),
        (false, "[-]leases: read lease `sluice-leader-election`: no answer from the API server in time\n")
    );
    server.silent.store(false, Ordering::Relaxed);
    leases.held().await.unwrap();
}

#[test]
fn identities_are_host_and_uuid() {
    let random = rustls::crypto::ring::default_provider().secure_random;
    let [one, two] = [(); 2].map(|()| identity("node-1", random).unwrap());
    assert_ne!(one, two);
    let (host, uuid) = one.split_once('_').unwrap();
    let lengths: Vec<_> = uuid.split('-').map(str::len).collect();
    assert_eq!((host, lengths, &uuid[14..15]), ("node-1", vec![8, 4, 4, 4, 12], "4"));
}
