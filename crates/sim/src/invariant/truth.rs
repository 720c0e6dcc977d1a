//! Who says that a revision is applied has applied all of it.

use std::collections::BTreeSet;

use sluice_cluster::Request;
use sluice_object::{Object, ObjectId};

use super::{View, pruning::is_same};

/// Says why a status that is about to be written is not true. What users have taken away by hand nobody can promise.
pub(super) fn lie(view: &View, request: &Request, touched: &BTreeSet<ObjectId>) -> Option<String> {
    let Request::Status { target, patch, .. } = request else { return None };
    let live = view.get(&target.id()).filter(|live| live.kind() == "Kustomization")?;
    let conditions = patch.pointer("/status/conditions")?.as_array()?;
    let ready = conditions.iter().find(|condition| condition["type"] == "Ready" && condition["status"] == "True")?;
    if ready["observedGeneration"].as_i64() != live.generation() {
        return None;
    }
    let mut told = live.clone();
    let revision = patch.pointer("/status/lastAppliedRevision").or(live.value().pointer("/status/lastAppliedRevision"));
    told.value_mut()["status"]["lastAppliedRevision"] = revision?.clone();
    let wanted = built(view, &told, "lastAppliedRevision")?;
    let is_there = |wanted: &Object| view.all().any(|object| is_same(wanted, object));
    let missing = wanted.iter().find(|wanted| !is_there(wanted) && !touched.contains(&wanted.id()))?;
    Some(format!("`{}` is said to be ready, but {} is missing", live.name(), missing.id()))
}

/// Returns the objects that a Kustomization has in the revision that a field of its status names, if it can be built.
pub(super) fn built(view: &View, owner: &Object, field: &str) -> Option<Vec<Object>> {
    let revision = owner.value()["status"][field].as_str()?.to_owned();
    let spec = &owner.value()["spec"];
    let source = view.find("GitRepository", owner.namespace(), spec["sourceRef"]["name"].as_str()?)?;
    let commits = view.remotes.commits(source.value()["spec"]["url"].as_str()?);
    let commit = commits.iter().find(|commit| revision.ends_with(&commit.id))?;
    let path = format!("{}/", spec["path"].as_str()?.trim_start_matches("./"));
    let files = commit.files.iter().filter(|(file, _)| file.starts_with(&path));
    files.map(|(_, text)| Object::new(serde_json::from_str(text).ok()?).ok()).collect()
}
