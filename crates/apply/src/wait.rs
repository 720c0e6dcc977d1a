//! Decides when a wait ends, and in which words.
//!
//! targets + health as it comes in → [`Verdict`]; who watches, and how, is the driver's business.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use sluice_object::{Object, ObjectId};

use crate::health::{Health, Status};

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Until {
    /// Every object is as desired.
    #[default]
    Current,
    /// No object is there any more.
    Gone,
}

/// How a wait stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Go on.
    Waiting,
    /// All is as wanted.
    Done,
    /// It will not come; the text says which objects failed.
    Failed(String),
}

/// How a wait is judged.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Options {
    /// What is waited for.
    pub until: Until,
    /// Whether one failed object ends the wait while others are on their way.
    pub fail_fast: bool,
    /// Jobs that may vanish when they are done: see [`expiring_jobs`].
    pub expiring_jobs: BTreeSet<ObjectId>,
    /// How long an object must have failed for the wait to end by it. Controllers tell of an object that was mended first
    /// that they have seen it, and only then that it no longer fails.
    pub settle: SignedDuration,
}

/// How long a failure must last where watches tell of it at once; Flux looks every five seconds.
pub const SETTLE: SignedDuration = SignedDuration::from_secs(2);

/// A set of objects that is waited for.
#[derive(Debug, Clone, PartialEq)]
pub struct WaitSet {
    targets: BTreeMap<ObjectId, Option<Health>>,
    options: Options,
    /// The time, as far as the set was told.
    now: Timestamp,
    /// Since when objects have failed.
    failing: BTreeMap<ObjectId, Timestamp>,
}

impl WaitSet {
    /// Makes a set of which nothing is known yet.
    pub fn new(targets: impl IntoIterator<Item = ObjectId>, options: Options) -> Self {
        let targets = targets.into_iter().map(|id| (id, None)).collect();
        Self { targets, options, now: Timestamp::UNIX_EPOCH, failing: BTreeMap::new() }
    }

    /// Tells the time: failures are counted from it.
    pub fn tick(&mut self, now: Timestamp) {
        self.now = now;
    }

    /// Returns the objects whose arrival is still awaited.
    pub fn pending(&self) -> impl Iterator<Item = &ObjectId> {
        self.targets.iter().filter(|(id, health)| !self.is_reached(id, health.as_ref())).map(|(id, _)| id)
    }

    /// Notes the health of an object and says how the wait stands.
    pub fn on_health(&mut self, id: &ObjectId, health: Health) -> Verdict {
        self.note(id, health);
        self.verdict()
    }

    /// Notes the health of an object. Objects outside the set are passed over. An object that was gone stays gone
    /// when that is what is waited for, whoever makes it anew.
    pub fn note(&mut self, id: &ObjectId, health: Health) {
        let gone = self.options.until == Until::Gone;
        if let Some(known) = self.targets.get_mut(id)
            && !(gone && known.as_ref().is_some_and(|known| known.status == Status::NotFound))
        {
            match health.status {
                Status::Failed => _ = self.failing.entry(id.clone()).or_insert(self.now),
                _ => _ = self.failing.remove(id),
            }
            *known = Some(health);
        }
    }

    /// Says how the wait stands.
    pub fn verdict(&self) -> Verdict {
        if self.pending().next().is_none() {
            return Verdict::Done;
        }
        if self.options.until == Until::Gone {
            return Verdict::Waiting;
        }
        let statuses = || self.targets.iter().map(|(id, health)| self.status(id, health.as_ref()));
        let failed = self.failing.values().any(|since| *since + self.options.settle <= self.now);
        let settled = statuses().all(|status| matches!(status, Status::Current | Status::Failed));
        if failed && (settled || self.options.fail_fast) {
            return Verdict::Failed(format!("failed early due to stalled resources: [{}]", self.list(Status::Failed)));
        }
        Verdict::Waiting
    }

    /// Returns what a wait says that ran out of time.
    pub fn timeout_text(&self) -> String {
        let mut lines: Vec<_> = self.pending().map(|id| self.describe(id)).collect();
        lines.sort();
        format!("timeout waiting for: [{}]", lines.join(", "))
    }

    /// Returns when an object must be looked at again although nothing changes.
    pub fn recheck_at(&self) -> Option<Timestamp> {
        let settled = self.failing.values().map(|since| *since + self.options.settle).filter(|at| *at > self.now);
        self.targets.values().flatten().filter_map(|health| health.recheck_at).chain(settled).min()
    }

    fn is_reached(&self, id: &ObjectId, health: Option<&Health>) -> bool {
        match self.options.until {
            Until::Current => self.status(id, health) == Status::Current,
            Until::Gone => health.is_some_and(|health| health.status == Status::NotFound),
        }
    }

    fn status(&self, id: &ObjectId, health: Option<&Health>) -> Status {
        match health.map_or(Status::Unknown, |health| health.status) {
            Status::NotFound if self.options.expiring_jobs.contains(id) => Status::Current,
            status => status,
        }
    }

    fn list(&self, wanted: Status) -> String {
        let matching = self.targets.iter().filter(|(id, health)| self.status(id, health.as_ref()) == wanted);
        let mut lines: Vec<_> = matching.map(|(id, _)| self.describe(id)).collect();
        lines.sort();
        lines.join(", ")
    }

    /// Computed messages are not shown, as in Flux; the error of an unknown status is.
    fn describe(&self, id: &ObjectId) -> String {
        let health = self.targets.get(id).and_then(Option::as_ref);
        let status = self.status(id, health);
        match health.map(|health| health.message.as_str()) {
            Some(error) if status == Status::Unknown && !error.is_empty() => {
                format!("{id} status: '{status}': {error}")
            }
            _ => format!("{id} status: '{status}'"),
        }
    }
}

/// Returns the Jobs among manifests that vanish some time after they are done (`ttlSecondsAfterFinished`).
pub fn expiring_jobs<'a>(objects: impl IntoIterator<Item = &'a Object>) -> BTreeSet<ObjectId> {
    let expires = |object: &&Object| {
        let gvk = object.gvk();
        let ttl = object.value().pointer("/spec/ttlSecondsAfterFinished");
        gvk.group == "batch" && gvk.kind == "Job" && ttl.is_some_and(|ttl| ttl.is_i64() || ttl.is_u64())
    };
    objects.into_iter().filter(expires).map(Object::id).collect()
}

/// Returns the error of a wait for an object that must have a namespace and has none.
pub fn scope_error(id: &ObjectId, namespaced: bool) -> Option<String> {
    let kind = if id.group.is_empty() { id.kind.clone() } else { format!("{}.{}", id.kind, id.group) };
    (namespaced && id.namespace.is_empty())
        .then(|| format!("resource {kind} {} is namespace scoped, but namespace is not set", id.name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use sluice_object::Gvk;

    fn id(text: &str) -> ObjectId {
        let parts: Vec<_> = text.split('/').collect();
        let gvk = Gvk::new(if parts[0] == "Foo" { "e.io" } else { "" }, "v1", parts[0]);
        match parts[..] {
            [_, namespace, name] => ObjectId::new(&gvk, namespace, name),
            _ => ObjectId::new(&gvk, "", parts[1]),
        }
    }

    fn state(name: &str) -> Health {
        match name {
            "Current" => Health::current(""),
            "Failed" => Health::failed("", "2 pods have failed"),
            "NotFound" => Health::not_found(),
            "Terminating" => Health::terminating(),
            "InProgress" => Health::in_progress("", "on its way"),
            error => Health::unknown(error),
        }
    }

    fn set(fail_fast: bool, expiring: &[&str], states: &[(&str, &str)]) -> WaitSet {
        let expiring_jobs = expiring.iter().map(|text| id(text)).collect();
        let options = Options { fail_fast, expiring_jobs, ..Options::default() };
        let mut set = WaitSet::new(states.iter().map(|(text, _)| id(text)), options);
        for (text, name) in states {
            set.on_health(&id(text), state(name));
        }
        set
    }

    #[test]
    fn a_failure_counts_when_it_lasts() {
        let options = Options { fail_fast: true, settle: SETTLE, ..Options::default() };
        let mut set = WaitSet::new([id("Deployment/ns/web"), id("ConfigMap/ns/nope")], options);
        let at = |seconds: i64| Timestamp::from_second(100 + seconds).unwrap();
        let mut tell = |seconds: i64, name: &str| {
            set.tick(at(seconds));
            (set.on_health(&id("Deployment/ns/web"), state(name)), set.recheck_at())
        };
        assert_eq!(tell(0, "Failed"), (Verdict::Waiting, Some(at(2))));
        assert_eq!(tell(1, "InProgress"), (Verdict::Waiting, None));
        assert_eq!(tell(5, "Failed"), (Verdict::Waiting, Some(at(7))));
        assert_eq!(tell(6, "Failed"), (Verdict::Waiting, Some(at(7))));
        assert!(matches!(tell(7, "Failed"), (Verdict::Failed(_), None)));
    }

    const STALLED: &str = "failed early due to stalled resources: [StatefulSet/ns/sts status: 'Failed']";

    #[rstest]
    #[case::w01_one_that_is_there(true, &[], &[("ConfigMap/ns/ok", "Current")], Verdict::Done)]
    #[case::w06_fail_fast(true, &[], &[("StatefulSet/ns/sts", "Failed"), ("ConfigMap/ns/nope", "NotFound")], Verdict::Failed(STALLED.into()))]
    #[case::w08_all_settled(false, &[], &[("StatefulSet/ns/sts", "Failed"), ("ConfigMap/ns/ok", "Current")], Verdict::Failed(STALLED.into()))]
    #[case::w09_suspended_job(true, &[], &[("Job/ns/j", "Current")], Verdict::Done)]
    #[case::w10_expired_job(true, &["Job/ns/j"], &[("Job/ns/j", "NotFound"), ("ConfigMap/ns/ok", "Current")], Verdict::Done)]
    #[case::w12_empty(true, &[], &[], Verdict::Done)]
    #[case::terminating_keeps_waiting(false, &[], &[("StatefulSet/ns/sts", "Failed"), ("Pod/ns/p", "Terminating")], Verdict::Waiting)]
    fn ends_at_once(
        #[case] fail_fast: bool,
        #[case] expiring: &[&str],
        #[case] states: &[(&str, &str)],
        #[case] expected: Verdict,
    ) {
        assert_eq!(set(fail_fast, expiring, states).verdict(), expected);
    }

    #[rstest]
    #[case::w02(true, &[("ConfigMap/ns/nope", "NotFound")], "ConfigMap/ns/nope status: 'NotFound'")]
    #[case::w03(true, &[("Namespace/nope", "NotFound")], "Namespace/nope status: 'NotFound'")]
    #[case::w05(true, &[("Foo/ns/ok", "no matches for kind \"Foo\" in group \"e.io\"")], "Foo/ns/ok status: 'Unknown': no matches for kind \"Foo\" in group \"e.io\"")]
    #[case::w07(false, &[("StatefulSet/ns/sts", "Failed"), ("ConfigMap/ns/nope", "NotFound")], "ConfigMap/ns/nope status: 'NotFound', StatefulSet/ns/sts status: 'Failed'")]
    #[case::w11(true, &[("Job/ns/gone", "NotFound")], "Job/ns/gone status: 'NotFound'")]
    #[case::current_ones_are_not_listed(true, &[("Job/ns/a", "Current"), ("Job/ns/b", "InProgress")], "Job/ns/b status: 'InProgress'")]
    fn ends_at_the_timeout(#[case] fail_fast: bool, #[case] states: &[(&str, &str)], #[case] list: &str) {
        let set = set(fail_fast, &[], states);
        assert_eq!(set.verdict(), Verdict::Waiting);
        assert_eq!(set.timeout_text(), format!("timeout waiting for: [{list}]"));
    }

    #[test]
    fn what_was_never_seen_is_unknown() {
        let set = WaitSet::new([id("Foo/ns/a")], Options::default());
        assert_eq!(set.timeout_text(), "timeout waiting for: [Foo/ns/a status: 'Unknown']");
    }

    #[test]
    fn a_gone_object_stays_gone_when_its_end_is_awaited() {
        let options = Options { until: Until::Gone, ..Options::default() };
        let mut set = WaitSet::new([id("Pod/ns/a"), id("Pod/ns/b")], options);
        assert_eq!(set.on_health(&id("Pod/ns/a"), state("NotFound")), Verdict::Waiting);
        assert_eq!(set.on_health(&id("Pod/ns/a"), state("Current")), Verdict::Waiting);
        assert_eq!(set.on_health(&id("Pod/ns/b"), state("Failed")), Verdict::Waiting);
        assert_eq!(set.on_health(&id("Pod/ns/b"), state("NotFound")), Verdict::Done);
    }

    #[rstest]
    #[case::w04("ConfigMap/ok", true, Some("resource ConfigMap ok is namespace scoped, but namespace is not set"))]
    #[case("Foo/ok", true, Some("resource Foo.e.io ok is namespace scoped, but namespace is not set"))]
    #[case("Foo/ns/ok", true, None)]
    #[case("Namespace/ok", false, None)]
    fn a_namespaced_target_needs_a_namespace(
        #[case] text: &str,
        #[case] namespaced: bool,
        #[case] error: Option<&str>,
    ) {
        assert_eq!(scope_error(&id(text), namespaced).as_deref(), error);
    }

    #[test]
    fn only_jobs_with_an_integer_ttl_expire() {
        let job = |name: &str, ttl: serde_json::Value| {
            let value = serde_json::json!({"apiVersion": "batch/v1", "kind": "Job",
                "metadata": {"name": name, "namespace": "ns"}, "spec": {"ttlSecondsAfterFinished": ttl}});
            Object::new(value).unwrap()
        };
        let jobs = [job("zero", 0.into()), job("text", "5".into()), job("none", serde_json::Value::Null)];
        assert_eq!(expiring_jobs(&jobs), BTreeSet::from([jobs[0].id()]));
    }
}
