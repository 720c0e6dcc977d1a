//! Objects of a release compared with the cluster, and put back. Source: helm-controller's `Diff` and `ApplyDiff`.
//!
//! stored manifest → kinds → live objects (→ managers taken over) → dry-runs → differences → corrections

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use sluice_api::{
    conditions::{DRIFTED, READY, TRUE, UNKNOWN, reasons},
    helm::{self, DriftDetectionMode, HelmRelease},
};
use sluice_apply::{
    Action, Changes,
    drift::{self, Difference, Found},
    ignore::IgnoreRules,
};
use sluice_cluster::{ApiError, EventType, Request, Response, Target};
use sluice_object::{Gvk, InventoryEntry, Object, ObjectId};
use sluice_reconcile::{Command, Next};

use super::{
    super::{
        Effect, MANAGER, Outcome, facts, history,
        report::{About, reasons as told},
        state::State,
    },
    Run, Stage, Step,
    deciding::Act,
    recovering::GivenUp,
    trouble,
};

/// A comparison underway.
#[derive(Debug)]
pub(super) struct Drifting {
    objects: Vec<Object>,
    live: Vec<Option<Object>>,
    ignore: IgnoreRules,
    errors: Vec<String>,
    purpose: Purpose,
    phase: Phase,
}

/// What objects are compared for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To tell of drift, and put it back.
    Correct,
    /// To see whether a failed release was written as a whole; else it is given up.
    Finish(GivenUp, helm::Action),
}

#[derive(Debug)]
enum Phase {
    /// Watches are opened, so that the next pass need not ask.
    Tracking,
    /// Kinds are looked up.
    Kinds(Vec<Gvk>),
    /// Objects are read.
    Reading,
    /// Fields of other managers are made ours.
    TakingOver,
    /// Objects are tried.
    Trying,
    /// Objects are put back.
    Correcting(Vec<(ObjectId, Action)>),
}

impl Run {
    pub(super) fn look_for_drift(mut self, object: &HelmRelease, purpose: Purpose, now: Timestamp) -> Step {
        let Some(last) = self.last() else { return self.decided(object, &State::Deployed, now) };
        let (name, namespace) = (last.name.clone(), last.namespace.clone());
        let objects: Vec<_> = match sluice_release::read_manifest(&last.manifest) {
            Ok(objects) => objects.into_iter().map(|object| drift::prepare(object, &name, &namespace)).collect(),
            Err(error) => {
                return self.unknown(object, &format!("failed to read objects from release manifest: {error}"), now);
            }
        };
        let rules = object.spec.drift_detection.as_ref().map(|drift| drift.ignore.as_slice()).unwrap_or_default();
        let ignore = match crate::kustomization::ignore_rules(rules) {
            Ok(ignore) => ignore,
            Err(error) => return self.unknown(object, &error.to_string(), now),
        };
        let kinds = if self.is_remote() { BTreeSet::new() } else { self.drift_kinds(&objects) };
        let (live, errors, phase) = (Vec::new(), Vec::new(), Phase::Tracking);
        let drifting = Drifting { objects, live, ignore, errors, purpose, phase };
        self.stage = Stage::Drifting(Box::new(drifting));
        (self, Command::Do(Effect::Track { owner: facts::id(object), kinds }))
    }

    fn drift_kinds(&self, objects: &[Object]) -> BTreeSet<Gvk> {
        let known = facts::inventory(&self.status);
        known.iter().map(InventoryEntry::gvk).chain(objects.iter().map(Object::gvk)).collect()
    }

    pub(super) fn drifting(
        mut self,
        object: &HelmRelease,
        mut drifting: Drifting,
        outcome: Outcome,
        now: Timestamp,
    ) -> Step {
        let answers = match outcome {
            Outcome::Tracked => Vec::new(),
            Outcome::Answers { answers, seen } => {
                self.latest.learn(seen);
                answers
            }
            other => {
                return self.lost(
                    object,
                    &Stage::Drifting(Box::new(drifting)),
                    &sluice_reconcile::Input::Done(other),
                    now,
                );
            }
        };
        let (phase, requests) = match std::mem::replace(&mut drifting.phase, Phase::Tracking) {
            Phase::Tracking => {
                let kinds: BTreeSet<_> = drifting.objects.iter().map(Object::gvk).collect();
                let requests = kinds.iter().cloned().map(Request::Resolve).collect();
                (Phase::Kinds(kinds.into_iter().collect()), requests)
            }
            Phase::Kinds(kinds) => {
                let namespace = self.last().map(|last| last.namespace.clone()).unwrap_or_default();
                drifting.place(&kinds, answers, &namespace);
                (Phase::Reading, drifting.reads())
            }
            Phase::Reading => {
                drifting.read(answers);
                (Phase::TakingOver, drifting.take_over(&self.facts.policy.overridden_managers))
            }
            Phase::TakingOver => {
                let errors = answers.into_iter().filter_map(Result::err);
                if let Some(error) = errors.into_iter().next() {
                    return self.unknown(
                        object,
                        &format!("failed to clean-up disallowed field managers: {error}"),
                        now,
                    );
                }
                (Phase::Trying, drifting.tries())
            }
            Phase::Trying => return self.compared(object, drifting, answers, now),
            Phase::Correcting(done) => return self.corrected(object, &done, answers, now),
        };
        drifting.phase = phase;
        if requests.is_empty() {
            return self.drifting(object, drifting, Outcome::Answers { answers: Vec::new(), seen: Vec::new() }, now);
        }
        self.stage = Stage::Drifting(Box::new(drifting));
        let command = self.requests(requests, "drift");
        (self, command)
    }

    fn unknown(self, object: &HelmRelease, error: &str, now: Timestamp) -> Step {
        let message = format!("Could not determine release state: unable to determine cluster state: {error}");
        self.fail(object, &trouble(told::STATE_ERROR, message), Next::Backoff, now)
    }

    fn compared(
        mut self,
        object: &HelmRelease,
        mut drifting: Drifting,
        answers: Vec<Result<Response, ApiError>>,
        now: Timestamp,
    ) -> Step {
        let differences = drifting.compare(answers);
        let changed = differences.iter().any(|one| matches!(one.found, Found::Missing | Found::Changed { .. }));
        if let Purpose::Finish(given_up, action) = drifting.purpose {
            return self.reconsidered(object, (given_up, action), !changed && drifting.errors.is_empty(), now);
        }
        if !changed {
            return match drifting.errors.is_empty() {
                true => self.decided(object, &State::Deployed, now),
                false => self.unknown(object, &drifting.errors.join("; "), now),
            };
        }
        for error in &drifting.errors {
            tracing::warn!(error, "a comparison with the cluster failed");
        }
        tracing::info!("detected changes in cluster state: {}", drift::brief(&differences));
        let name = self.latest_entry().map(|entry| history::full_name(&entry)).unwrap_or_default();
        let summary = drift::summary(&differences);
        let message = format!("Cluster state of release {name} has drifted from the desired state:\n{summary}");
        self.notice(EventType::Warning, told::DRIFT_DETECTED, message.clone());
        self.marks(object, now).set(DRIFTED, TRUE, told::DRIFT_DETECTED, &message);
        if object.drift_mode() != DriftDetectionMode::Enabled {
            return self.succeed(object, now);
        }
        self.differences = differences;
        self.announce(object, Act::Correct, now)
    }

    pub(super) fn correct(mut self, object: &HelmRelease, now: Timestamp) -> Step {
        self.marks(object, now).set(READY, UNKNOWN, reasons::PROGRESSING, "correcting cluster drift");
        let corrections = drift::corrections(&std::mem::take(&mut self.differences), MANAGER);
        let (done, requests) = corrections.into_iter().map(|(id, action, request)| ((id, action), request)).unzip();
        let drifting = Drifting {
            objects: Vec::new(),
            live: Vec::new(),
            ignore: IgnoreRules::default(),
            errors: Vec::new(),
            purpose: Purpose::Correct,
            phase: Phase::Correcting(done),
        };
        self.stage = Stage::Drifting(Box::new(drifting));
        let command = self.requests(requests, "correct");
        (self, command)
    }

    fn corrected(
        mut self,
        object: &HelmRelease,
        wanted: &[(ObjectId, Action)],
        answers: Vec<Result<Response, ApiError>>,
        now: Timestamp,
    ) -> Step {
        let (mut done, mut errors) = (Changes::default(), Vec::new());
        for ((id, action), answer) in wanted.iter().zip(answers) {
            match answer {
                Ok(_) => done.0.push((id.clone(), *action)),
                Err(error) => errors.push(drift::correction_error(id, *action, &error)),
            }
        }
        self.corrected.extend(done.0.iter().map(|(id, _)| id.clone()));
        let Some(entry) = self.latest_entry() else { return self.go_on(object, &Act::Correct, now) };
        let (name, about) = (history::full_name(&entry), About::of(&entry));
        let notice = if errors.is_empty() {
            let message = format!("Cluster state of release {name} has been corrected:\n{}", done.full_log());
            about.notice(EventType::Normal, "DriftCorrected", message)
        } else {
            let partially = if done.0.is_empty() { "" } else { "partially " };
            let mut message =
                format!("Failed to {partially}correct cluster state of release {name}:\n{}", errors.join("\n"));
            if !done.0.is_empty() {
                message += &format!("\n\nSuccessful corrections:\n{}", done.full_log());
            }
            about.notice(EventType::Warning, "DriftCorrectionFailed", message)
        };
        self.notices.push(notice);
        self.go_on(object, &Act::Correct, now)
    }
}

impl Drifting {
    /// Gives objects of kinds in namespaces the release's, where they have none.
    fn place(&mut self, kinds: &[Gvk], answers: Vec<Result<Response, ApiError>>, namespace: &str) {
        let mut namespaced = BTreeMap::new();
        for (gvk, answer) in kinds.iter().zip(answers) {
            match answer {
                Ok(Response::Resolved(resolved)) => _ = namespaced.insert(gvk.clone(), resolved.namespaced),
                Ok(_) => {}
                Err(error) => {
                    self.errors.push(format!("failed to determine if {} is namespace scoped: {error}", gvk.kind));
                }
            }
        }
        let bare = self.objects.iter_mut().filter(|object| object.namespace().is_empty());
        for object in bare.filter(|object| namespaced.get(&object.gvk()) == Some(&true)) {
            object.set_namespace(namespace);
        }
        self.objects.retain(|object| namespaced.contains_key(&object.gvk()));
    }

    fn reads(&self) -> Vec<Request> {
        self.objects.iter().map(|object| Request::Get(Target::of(object))).collect()
    }

    fn read(&mut self, answers: Vec<Result<Response, ApiError>>) {
        let mut objects = Vec::new();
        for (object, answer) in std::mem::take(&mut self.objects).into_iter().zip(answers) {
            match answer {
                Ok(answer) => self.live.push(answer.into_object()),
                Err(error) if error.is_not_found() => self.live.push(None),
                Err(error) => {
                    self.errors.push(error.to_string());
                    continue;
                }
            }
            objects.push(object);
        }
        self.objects = objects;
    }

    fn take_over(&self, managers: &[String]) -> Vec<Request> {
        if managers.is_empty() || self.purpose != Purpose::Correct {
            return Vec::new();
        }
        let patch = |live: &Object| {
            let patch = drift::take_over(live, managers)?;
            Some(Request::JsonPatch { target: Target::of(live), patch, manager: MANAGER.into() })
        };
        self.live.iter().flatten().filter_map(patch).collect()
    }

    fn tries(&self) -> Vec<Request> {
        let dry_run = |object: &Object| Request::Apply {
            object: object.clone(),
            manager: MANAGER.into(),
            force: true,
            dry_run: true,
        };
        self.objects.iter().map(dry_run).collect()
    }

    fn compare(&mut self, answers: Vec<Result<Response, ApiError>>) -> Vec<Difference> {
        let (objects, live) = (std::mem::take(&mut self.objects), std::mem::take(&mut self.live));
        let mut differences = Vec::new();
        for ((object, live), answer) in objects.into_iter().zip(live).zip(answers) {
            match answer.map(Response::into_object) {
                Ok(Some(answer)) => {
                    let found = drift::compare(&object, live.as_ref(), &answer, &self.ignore);
                    differences.push(Difference { object, found });
                }
                Ok(None) => {}
                Err(error) => self.errors.push(drift::dry_run_error(&object, &error)),
            }
        }
        differences
    }
}
