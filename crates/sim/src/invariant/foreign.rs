//! What is somebody else's is neither deleted nor overwritten.

use std::collections::BTreeMap;

use serde_json::Value;
use sluice_object::ObjectId;

use super::View;

/// An object with this label was never in a source.
const LABEL: &str = "example.com/foreign";

pub(super) type Foreign = BTreeMap<ObjectId, Value>;

/// Returns what is somebody else's.
pub(super) fn all(view: &View) -> Foreign {
    let foreign = view.all().filter(|object| object.label(LABEL).is_some());
    foreign.map(|object| (object.id(), object.value().clone())).collect()
}

/// Says what of it is not as it was.
pub(super) fn changed(view: &View, foreign: &Foreign) -> Vec<String> {
    let is_there = |id: &ObjectId, was: &Value| view.get(id).is_some_and(|object| object.value() == was);
    let changed = foreign.iter().filter(|(id, was)| !is_there(id, was));
    changed.map(|(id, _)| format!("{id} is somebody else's, and is not as it was")).collect()
}
