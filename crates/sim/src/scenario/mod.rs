//! What users do, as data.

mod deletions;
mod manifests;
mod ownership;
mod releases;
mod roll_outs;
mod several;

use std::fmt;

use serde_json::{Value, json};
use sluice_cluster::Target;

pub(crate) use self::manifests::SECRET;
use crate::{remotes::Files, site::Site};

/// What users do, and what comes of it.
#[derive(Debug, Clone, Default)]
pub struct Scenario {
    /// What it is called.
    pub name: &'static str,
    /// What is there before an agent starts.
    pub given: Vec<Step>,
    /// What is done then, each when all is quiet; chance may choose an earlier moment.
    pub steps: Vec<Step>,
    /// What the sources leave in the cluster in the end: `Kind/namespace/name`.
    pub end: Vec<&'static str>,
    /// The objects of ours that are not ready in the end: `Kind/name`.
    pub failed: Vec<&'static str>,
    /// The labels of the objects that each agent serves; none for one agent that serves all.
    pub shards: Vec<&'static str>,
}

/// One thing that a user does.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Pushes files to a remote; a webhook tells of it.
    Push(&'static str, Files),
    /// Takes the last commit of a remote back; a webhook tells of it.
    Rewind(&'static str),
    /// Applies an object.
    Apply(Value),
    /// Stores an object as it is, with its status.
    Put(Value),
    /// Changes an object.
    Patch(Target, Value),
    /// Asks for a pass of an object.
    Ask(Target),
    /// Deletes an object.
    Delete(Target),
    /// Does several things at once.
    All(Vec<Step>),
}

impl Step {
    /// Takes the step.
    pub(crate) fn take(&self, site: &Site) {
        match self {
            Self::Push(url, files) => {
                site.remotes.push(url, files.clone());
                site.tell_of(url);
            }
            Self::Rewind(url) => {
                site.remotes.rewind(url);
                site.tell_of(url);
            }
            Self::Apply(object) => site.apply(object.clone()),
            Self::Put(object) => drop(site.cluster.put(object.clone())),
            Self::Patch(target, patch) => site.patch(target.clone(), patch.clone()),
            Self::Ask(target) => site.ask_for_pass(target.clone()),
            Self::Delete(target) => site.delete(target.clone()),
            Self::All(steps) => steps.iter().for_each(|step| step.take(site)),
        }
    }

    /// Returns what is changed or deleted by hand.
    pub(crate) fn touched(&self) -> Vec<&Target> {
        match self {
            Self::Patch(target, _) | Self::Delete(target) => vec![target],
            Self::All(steps) => steps.iter().flat_map(Self::touched).collect(),
            _ => Vec::new(),
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Push(url, files) => write!(f, "pushes {} files to {url}", files.len()),
            Self::Rewind(url) => write!(f, "takes the last commit of {url} back"),
            Self::Apply(object) | Self::Put(object) => {
                write!(f, "applies {}/{}", text(object, "/kind"), text(object, "/metadata/name"))
            }
            Self::Patch(target, patch) => write!(f, "changes {}: {patch}", target.id()),
            Self::Ask(target) => write!(f, "asks for a pass of {}", target.id()),
            Self::Delete(target) => write!(f, "deletes {}", target.id()),
            Self::All(steps) => steps.iter().try_for_each(|step| write!(f, "{step}; ")),
        }
    }
}

/// Changes the spec of an object.
fn respec(object: &Value, spec: Value) -> Step {
    Step::Patch(manifests::target(object), json!({"spec": spec}))
}

fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// Returns all scenarios.
pub fn all() -> Vec<Scenario> {
    [roll_outs::all(), ownership::all(), deletions::all(), releases::all(), several::all()].concat()
}

/// Returns the scenario of a name.
pub fn named(name: &str) -> Option<Scenario> {
    all().into_iter().find(|scenario| scenario.name == name)
}
