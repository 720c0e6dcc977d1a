//! Nobody has observed a generation that there was not.

use serde_json::Value;
use sluice_object::Object;

use super::{View, is_ours};

/// Returns the objects whose status is ahead of them.
pub(super) fn ahead(view: &View) -> Vec<String> {
    let ahead = view.all().filter(|object| is_ours(object) && is_ahead(object));
    ahead.map(|object| format!("the status of {} is ahead of its generation", object.id())).collect()
}

fn is_ahead(object: &Object) -> bool {
    let status = &object.value()["status"];
    let conditions = status["conditions"].as_array().into_iter().flatten();
    let observed = conditions.chain([status]).filter_map(|told| told.get("observedGeneration").and_then(Value::as_i64));
    observed.max() > object.generation()
}
