//! Passes of sources on the machine alone.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};
use sluice_object::{Artifact, Digest, Revision, Tree};
use sluice_reconcile::{Command, Input, Kind, Report, Verdict};

use super::{Controller, Effect, Facts, Outcome, Run, Source, Trouble};

pub(crate) const NOW: Timestamp = Timestamp::UNIX_EPOCH;

pub(crate) type Step<S> = (Run<S>, Command<Controller<S>>);

/// Returns an object in its third generation, asked to reconcile `now`.
pub(crate) fn object<S: Source>(spec: &Value, more: Value, status: Value) -> S::Object {
    let mut spec = spec.clone();
    spec.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
    let metadata = json!({
        "name": "r", "namespace": "ns", "generation": 3, "finalizers": ["finalizers.fluxcd.io"],
        "annotations": {"reconcile.fluxcd.io/requestedAt": "now"},
    });
    let (api_version, kind) = ("source.toolkit.fluxcd.io/v1", S::KIND);
    let object = json!({"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec, "status": status});
    serde_json::from_value(object).unwrap()
}

/// The status after a revision was stored.
pub(crate) fn stored_status(revision: &str) -> Value {
    let artifact = json!({"path": "k/ns/r/1.tar.gz", "url": "u", "revision": revision, "digest": "sha256:d", "size": 12345, "lastUpdateTime": "1970-01-01T00:00:00Z"});
    json!({"artifact": artifact})
}

pub(crate) fn artifact(revision: &str) -> Arc<Artifact> {
    Arc::new(Artifact {
        revision: Revision::new(revision),
        digest: Digest::sha256(revision.as_bytes()),
        path: "k/ns/r/1.tar.gz".into(),
        size: 1_234_567,
        metadata: Default::default(),
        tree: Arc::new(Tree::in_memory([("a.yaml", ""), ("b.yaml", "")])),
    })
}

pub(crate) fn trouble(reason: &str, message: &str) -> Trouble {
    Trouble { reason: reason.into(), message: message.into() }
}

pub(crate) fn facts<S: Source>(spec: Result<S::Spec, Trouble>, stored: Option<Arc<Artifact>>) -> Facts<S> {
    Facts { spec, stored, advertised: "source-controller".into() }
}

/// A pass up to the look at the remote; nothing is left by earlier ones.
pub(crate) fn begun<S: Source>(object: &S::Object, spec: S::Spec, stored: Option<Arc<Artifact>>) -> Run<S> {
    let (mut run, mut command) = Controller::start(object, facts(Ok(spec), stored), NOW);
    if matches!(command, Command::Do(Effect::Collect(_))) {
        (run, command) = next(object, run, Outcome::Collected(0));
    }
    assert!(matches!(command, Command::Do(Effect::Look(_))), "{command:?}");
    run
}

pub(crate) fn next<S: Source>(object: &S::Object, run: Run<S>, outcome: Outcome<S>) -> Step<S> {
    Controller::next(object, run, Input::Done(outcome), NOW)
}

/// What is announced of a head that is not stored; a fetch follows.
pub(crate) fn announced<S: Source>(object: &S::Object, run: Run<S>, head: S::Head) -> (Value, Effect<S>) {
    let (run, command) = next(object, run, Outcome::Looked(Ok(head)));
    let Command::Publish(Report { status, notices }) = command else { panic!("{command:?}") };
    assert!(notices.is_empty());
    match Controller::next(object, run, Input::Published, NOW).1 {
        Command::Do(effect) => (status, effect),
        other => panic!("{other:?}"),
    }
}

/// A first pass that stores something.
pub(crate) fn stored<S: Source>(object: &S::Object, spec: S::Spec, made: Arc<Artifact>, about: S::About) -> Verdict {
    settled(next(object, begun::<S>(object, spec, None), Outcome::Stored(Ok((made, about)))))
}

pub(crate) fn settled<S: Source>((_, command): Step<S>) -> Verdict {
    match command {
        Command::Settle(verdict) => verdict,
        other => panic!("not settled: {other:?}"),
    }
}

pub(crate) fn condition(status: &Value, type_: &str) -> Value {
    let conditions = status["conditions"].as_array().unwrap();
    conditions.iter().find(|condition| condition["type"] == type_).cloned().unwrap_or_default()
}

/// A status in which the last pass failed.
pub(crate) fn failed_status(revision: &str) -> Value {
    let mut status = stored_status(revision);
    status["conditions"] = json!([{"type": "FetchFailed", "status": "True", "reason": "Failed", "message": "m", "lastTransitionTime": "1970-01-01T00:00:00Z"}]);
    status
}
