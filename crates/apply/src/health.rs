//! Tells how far an object is: kstatus' rules, from the object alone.
//!
//! deletion → generation → Reconciling/Stalled → the kind's own rule → Ready → Current; where a user has written
//! expressions for a kind, these alone

mod conditions;
mod expressions;
mod fields;
mod hooks;
mod jobs;
mod legacy;
mod pods;
mod rest;
mod workloads;

use std::{fmt, sync::Arc};

use jiff::Timestamp;
use serde_json::Value;
use sluice_cluster::{ApiError, ErrorKind, Response};
use sluice_object::{Gvk, Object, ObjectId};

use conditions::{Condition, conditions};
pub use expressions::{Check, Expressions, InvalidCheck};
use fields::generation;
pub use jobs::JobRule;
pub use pods::{is_stuck, with_pods, with_stuck_pods};

/// How far an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Status {
    /// As desired.
    Current,
    /// Not there yet.
    InProgress,
    /// Will not get there by itself.
    Failed,
    /// Being deleted.
    Terminating,
    /// Not in the cluster.
    NotFound,
    /// Could not be read or computed.
    Unknown,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// A status with its reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// How far the object is.
    pub status: Status,
    /// One PascalCase word, or empty.
    pub reason: String,
    /// Text for people; the error of an unknown status.
    pub message: String,
    /// When to look again although nothing changes.
    pub recheck_at: Option<Timestamp>,
}

impl Health {
    /// Returns the health of an object that is as desired.
    pub fn current(message: impl Into<String>) -> Self {
        Self::of(Status::Current, "", message)
    }

    /// Returns the health of an object that is not there yet.
    pub fn in_progress(reason: &str, message: impl Into<String>) -> Self {
        Self::of(Status::InProgress, reason, message)
    }

    /// Returns the health of an object that will not get there by itself.
    pub fn failed(reason: &str, message: impl Into<String>) -> Self {
        Self::of(Status::Failed, reason, message)
    }

    /// Returns the health of an object that is being deleted.
    pub fn terminating() -> Self {
        Self::of(Status::Terminating, "", "Resource scheduled for deletion")
    }

    /// Returns the health of an object that is not in the cluster.
    pub fn not_found() -> Self {
        Self::of(Status::NotFound, "", "Resource not found")
    }

    /// Returns the health of an object that could not be read or computed.
    pub fn unknown(error: impl Into<String>) -> Self {
        Self::of(Status::Unknown, "", error)
    }

    /// Returns the health that a failed read stands for.
    pub fn of_error(error: &ApiError) -> Self {
        match &error.kind {
            ErrorKind::NoMatch(unserved) => {
                let Gvk { group, kind, .. } = &unserved.gvk;
                Self::unknown(format!("no matches for kind {kind:?} in group {group:?}"))
            }
            _ if error.is_not_found() => Self::not_found(),
            _ => Self::unknown(error.message.clone()),
        }
    }

    fn of(status: Status, reason: &str, message: impl Into<String>) -> Self {
        Self { status, reason: reason.into(), message: message.into(), recheck_at: None }
    }
}

/// Whose rules tell the health.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Rules {
    /// Those of kstatus.
    #[default]
    Status,
    /// Those for hooks of Helm releases: Jobs must complete, of Pods the phase counts, and all else is as desired once it
    /// exists.
    Hooks,
    /// Those of Helm 3 for hooks: the same, but that suspended Jobs must complete too.
    LegacyHooks,
    /// Those of Helm 3, as far as the object alone tells: pods and ReplicaSets of an object are not looked at. Without
    /// pods of an earlier revision the result is that of Helm; before, it may be ready a moment later here. Expressions
    /// do not count, and Jobs only if they must complete.
    Legacy,
}

/// Which rules are used where controllers differ.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reader {
    /// Whose rules.
    pub rules: Rules,
    /// The rule for Jobs.
    pub jobs: JobRule,
    /// What a user has written; it comes before all rules.
    pub expressions: Arc<Expressions>,
}

impl Reader {
    /// Returns the health of an object. Pods of a StatefulSet or ReplicaSet are looked at by [`with_pods`], unless the
    /// reader [judges](Self::judges) them.
    pub fn read(&self, object: &Object, now: Timestamp) -> Health {
        let gvk = object.gvk();
        if self.rules == Rules::Legacy {
            return legacy::health(object, &gvk, self.jobs);
        }
        if let Some(health) = self.expressions.health(object, &gvk) {
            return health;
        }
        if self.rules == Rules::Hooks {
            return hooks::health(object, &gvk).unwrap_or_else(Health::unknown);
        }
        if self.rules == Rules::LegacyHooks {
            return hooks::legacy(object, &gvk).unwrap_or_else(Health::unknown);
        }
        if self.jobs == JobRule::MustComplete && (gvk.group.as_str(), gvk.kind.as_str()) == ("batch", "Job") {
            return jobs::must_complete(object.value()).unwrap_or_else(Health::unknown);
        }
        compute(object, &gvk, now).unwrap_or_else(Health::unknown)
    }

    /// Says whether this reader tells something else of an object than watches do, which have kstatus' rules and wait for
    /// Jobs to complete. Such an object must be read.
    pub fn judges(&self, id: &ObjectId) -> bool {
        let is_job = (id.group.as_str(), id.kind.as_str()) == ("batch", "Job");
        match self.rules {
            Rules::Status => self.expressions.cover(id) || (is_job && self.jobs == JobRule::Default),
            Rules::Hooks => self.expressions.cover(id) || !is_job,
            Rules::LegacyHooks | Rules::Legacy => true,
        }
    }

    /// Returns the health that the answer to a GET stands for.
    pub fn read_answer(&self, answer: &Result<Response, ApiError>, now: Timestamp) -> Health {
        match answer {
            Ok(Response::Object(object)) => self.read(object, now),
            Ok(_) => Health::unknown("the answer holds no object"),
            Err(error) => Health::of_error(error),
        }
    }
}

/// Returns the health of an object by the default rules.
pub fn health(object: &Object, now: Timestamp) -> Health {
    Reader::default().read(object, now)
}

/// A health, or the error that makes it unknown.
type Computed = Result<Health, String>;

fn compute(object: &Object, gvk: &Gvk, now: Timestamp) -> Computed {
    if object.is_deleting() {
        return Ok(Health::terminating());
    }
    if let Some(health) = unobserved(object.value(), &gvk.kind)? {
        return Ok(health);
    }
    let conditions = conditions(object.value())?;
    if let Some(health) = standard(&conditions) {
        return Ok(health);
    }
    by_kind(object.value(), &conditions, gvk, now).unwrap_or_else(|| Ok(ready(&conditions)))
}

fn unobserved(value: &Value, kind: &str) -> Result<Option<Health>, String> {
    let (Some(wanted), Some(observed)) =
        (generation(value, "metadata", "generation")?, generation(value, "status", "observedGeneration")?)
    else {
        return Ok(None);
    };
    let message = format!("{kind} generation is {wanted}, but latest observed generation is {observed}");
    Ok((wanted != observed).then(|| Health::in_progress("LatestGenerationNotObserved", message)))
}

/// The first of Reconciling and Stalled that is True decides, in the order of the list.
fn standard(conditions: &[Condition<'_>]) -> Option<Health> {
    conditions.iter().filter(|condition| condition.status == "True").find_map(|condition| match condition.type_ {
        "Reconciling" => Some(Health::in_progress(condition.reason, condition.message)),
        "Stalled" => Some(Health::failed(condition.reason, condition.message)),
        _ => None,
    })
}

fn ready(conditions: &[Condition<'_>]) -> Health {
    let known = |condition: &&Condition<'_>| matches!(condition.status, "True" | "False" | "Unknown");
    match conditions.iter().filter(|condition| condition.type_ == "Ready").find(known) {
        Some(condition) if condition.status == "True" => Health::current("Resource is Ready"),
        Some(condition) => Health::in_progress(condition.reason, condition.message),
        None => Health::current("Resource is current"),
    }
}

fn by_kind(value: &Value, conditions: &[Condition<'_>], gvk: &Gvk, now: Timestamp) -> Option<Computed> {
    let health = match (gvk.group.as_str(), gvk.kind.as_str()) {
        ("", "Secret" | "ConfigMap") | ("batch", "CronJob") => Health::current("Resource is always ready"),
        ("apps" | "extensions", "Deployment") => workloads::deployment(value, conditions),
        ("apps" | "extensions", "ReplicaSet") => workloads::replica_set(value, conditions),
        ("apps" | "extensions", "DaemonSet") => workloads::daemon_set(value),
        ("apps", "StatefulSet") => workloads::stateful_set(value),
        ("", "Pod") => return Some(pods::pod(value, conditions, now)),
        ("", "PersistentVolumeClaim") => rest::claim(value),
        ("", "Service") => rest::service(value),
        ("policy", "PodDisruptionBudget") => Health::current("AllowedDisruptions has been computed."),
        ("batch", "Job") => jobs::default(value, conditions),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => rest::definition(conditions),
        _ => return None,
    };
    Some(Ok(health))
}
