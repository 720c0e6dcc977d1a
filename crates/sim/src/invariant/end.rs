//! In the end the cluster is as the sources want it, and every object of ours says so.

use std::collections::BTreeSet;

use serde_json::Value;
use sluice_object::Object;

use super::{View, is_ours};
use crate::{scenario::Scenario, site::NAMESPACE};

/// Says what is there and was not wanted, and the other way round.
pub(super) fn unlike(view: &View, scenario: &Scenario) -> Vec<String> {
    let there: BTreeSet<_> = view.all().filter(|object| is_of_a_source(object)).map(shown).collect();
    let wanted: BTreeSet<_> = scenario.end.iter().map(|id| (*id).to_owned()).collect();
    let missing = wanted.difference(&there).map(|id| format!("{id} is not there in the end"));
    missing.chain(there.difference(&wanted).map(|id| format!("{id} is there in the end"))).collect()
}

/// Those who installed the cluster and those who only tell make the rest.
fn is_of_a_source(object: &Object) -> bool {
    let of_kubernetes = object.kind() == "Namespace" && ["default", "kube-system", NAMESPACE].contains(&object.name());
    let stored = object.value()["type"] == "helm.sh/release.v1";
    !is_ours(object) && !of_kubernetes && !stored && !["Event", "Lease"].contains(&object.kind())
}

fn shown(object: &Object) -> String {
    format!("{}/{}/{}", object.kind(), object.namespace(), object.name())
}

/// Says which objects of ours are not ready, or ready against all odds.
pub(super) fn not_ready(view: &View, scenario: &Scenario) -> Vec<String> {
    let ours = view.all().filter(|object| is_ours(object) && object.value()["spec"]["suspend"] != true);
    let wrong = ours.filter(|object| {
        let name = format!("{}/{}", object.kind(), object.name());
        is_ready(object) == scenario.failed.contains(&name.as_str())
    });
    wrong.map(|object| format!("{} is in the end: {}", object.id(), ready(object))).collect()
}

fn is_ready(object: &Object) -> bool {
    let ready = ready(object);
    ready["status"] == "True" && ready["observedGeneration"].as_i64() == object.generation()
}

fn ready(object: &Object) -> Value {
    let conditions = object.value()["status"]["conditions"].as_array();
    let ready = conditions.into_iter().flatten().find(|condition| condition["type"] == "Ready");
    ready.cloned().unwrap_or_default()
}
