//! One lease as this process knows it, and the requests about it.

use std::{future::Future, sync::Arc};

use jiff::Timestamp;
use serde_json::json;
use sluice_cluster::{ApiError, Cluster, Identity, Request, Target};
use tokio::time::{Instant, timeout_at};

use super::{
    decide::{Act, Observation, Terms, decide},
    record::{self, LeaseSpec, Stored},
};

/// What all claims share.
pub(super) struct Office {
    pub(super) cluster: Arc<dyn Cluster>,
    pub(super) namespace: String,
    pub(super) me: String,
    pub(super) terms: Terms,
    /// The time that is written into leases.
    pub(super) wall: fn() -> Timestamp,
}

impl Office {
    fn target(&self, name: &str) -> Target {
        Target { gvk: record::gvk(), namespace: self.namespace.clone(), name: name.to_owned() }
    }

    async fn ask(&self, request: Request, until: Instant) -> Result<Stored, ApiError> {
        let answer = timeout_at(until, self.cluster.call(&Identity::Agent, request)).await;
        let answer = answer.unwrap_or_else(|_| Err(ApiError::transport("no answer from the API server in time")))?;
        let object = answer.into_object().ok_or_else(|| ApiError::transport("the answer has no Lease"))?;
        Ok(Stored::read(&object))
    }
}

/// A lease that is wanted.
pub(super) struct Claim {
    name: String,
    stored: Option<Stored>,
    seen: Observation,
    /// Whether the server may have something other than `stored`.
    stale: bool,
    trouble: Option<String>,
}

impl Claim {
    pub(super) fn new(name: String) -> Self {
        let seen = Observation { changed: Instant::now(), renewed: None };
        Self { name, stored: None, seen, stale: true, trouble: None }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn is_held(&self) -> bool {
        self.seen.renewed.is_some()
    }

    pub(super) fn holder(&self) -> &str {
        self.stored.as_ref().map(|stored| stored.spec.holder.as_str()).unwrap_or_default()
    }

    /// Returns why the last request failed.
    pub(super) fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    /// Notes that the server may have something new.
    pub(super) fn suspect(&mut self) {
        self.stale = true;
    }

    /// Notes what a watch has shown; returns whether that is news.
    pub(super) fn shown(&mut self, version: Option<&str>) -> bool {
        let known = self.stored.as_ref().map(|stored| stored.resource_version.as_str());
        let news = version != known;
        self.stale |= news;
        news
    }

    /// Gives up without telling the server: the lease is another's.
    pub(super) fn forget(&mut self) {
        self.seen.renewed = None;
        self.stale = true;
    }

    /// Decides what to do. About a lease that is not ours nothing is done before it has been read.
    pub(super) fn act(&self, office: &Office, now: Instant) -> Act {
        if self.stale && !self.is_held() {
            return Act::Wait(now + office.terms.retry);
        }
        decide(self.spec(), self.seen, &office.me, office.terms, now)
    }

    /// Returns when to look again, if no event comes first; always later than `now`.
    pub(super) fn next(&self, terms: Terms, now: Instant) -> Instant {
        let attempt = now + terms.retry;
        let other = match (self.seen.renewed, self.spec()) {
            (Some(renewed), _) if self.stale => renewed + terms.renew_deadline,
            (Some(renewed), _) => renewed + terms.retry,
            (None, Some(lease)) => self.seen.changed + lease.duration,
            (None, None) => attempt,
        };
        if other > now { attempt.min(other) } else { attempt }
    }

    /// Reads the lease if it may have changed.
    pub(super) async fn refresh(&mut self, office: &Office) {
        if !self.stale {
            return;
        }
        let request = Request::Get(office.target(&self.name));
        match office.ask(request, self.patience(office)).await {
            Ok(stored) => self.observe(Some(stored)),
            Err(error) if error.is_not_found() => self.observe(None),
            Err(error) => self.trouble = Some(format!("read lease `{}`: {error}", self.name)),
        }
    }

    /// Writes us into the lease, provided that the server has what we know.
    pub(super) async fn write(&mut self, office: &Office) {
        let sent = Instant::now();
        let lease = LeaseSpec::held_by(&office.me, office.terms.duration, self.spec(), (office.wall)());
        match self.store(office, &lease).await {
            Ok(stored) => {
                self.observe(Some(stored));
                self.seen.renewed = Some(sent);
            }
            Err(error) => {
                self.stale = true;
                self.trouble = Some(format!("write lease `{}`: {error}", self.name));
                // Somebody else was faster, and is worth knowing.
                if error.code() == 409 {
                    self.refresh(office).await;
                }
            }
        }
    }

    /// Gives the lease back so that others need not wait.
    pub(super) async fn release(&mut self, office: &Office) {
        let held = self.spec().filter(|lease| self.is_held() && lease.holder == office.me);
        let Some(lease) = held.map(|lease| lease.released((office.wall)())) else { return };
        match self.store(office, &lease).await {
            Ok(stored) => self.observe(Some(stored)),
            Err(error) => tracing::warn!(logger = "leases", lease = self.name, %error, "release failed"),
        }
        self.seen.renewed = None;
    }

    fn spec(&self) -> Option<&LeaseSpec> {
        self.stored.as_ref().map(|stored| &stored.spec)
    }

    fn observe(&mut self, stored: Option<Stored>) {
        if self.spec() != stored.as_ref().map(|stored| &stored.spec) {
            self.seen.changed = Instant::now();
        }
        self.stored = stored;
        self.stale = false;
        self.trouble = None;
    }

    fn store<'a>(
        &'a self,
        office: &'a Office,
        lease: &LeaseSpec,
    ) -> impl Future<Output = Result<Stored, ApiError>> + 'a {
        let request = self.request(office, lease);
        async move { office.ask(request?, self.patience(office)).await }
    }

    fn request(&self, office: &Office, lease: &LeaseSpec) -> Result<Request, ApiError> {
        let manager = "sluice".to_owned();
        let Some(stored) = &self.stored else {
            let object = lease.to_object(&office.namespace, &self.name);
            let object = object.map_err(|error| ApiError::transport(error.to_string()))?;
            return Ok(Request::Create { object, manager });
        };
        let patch = json!({ "metadata": { "resourceVersion": stored.resource_version }, "spec": lease.to_json() });
        Ok(Request::MergePatch { target: office.target(&self.name), patch, manager })
    }

    /// Returns until when an answer is waited for: no longer than until the next attempt, nor until the lease is lost.
    fn patience(&self, office: &Office) -> Instant {
        let attempt = Instant::now() + office.terms.retry;
        self.seen.renewed.map_or(attempt, |renewed| attempt.min(renewed + office.terms.renew_deadline))
    }
}
