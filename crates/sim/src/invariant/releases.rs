//! At most one action of a release at a time, and no release without an owner.

use std::collections::BTreeMap;

use sluice_object::Object;

use super::View;

const STORED: &str = "helm.sh/release.v1";

/// Returns the releases that are under way, or deployed, more than once.
pub(super) fn at_once(view: &View) -> Vec<String> {
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for stored in stored(view) {
        let status = stored.label("status").unwrap_or_default();
        let phase = if status.starts_with("pending-") { "pending" } else { status };
        *counts.entry((stored.label("name").unwrap_or_default(), phase)).or_default() += 1;
    }
    let more = counts.into_iter().filter(|((_, phase), count)| *count > 1 && ["pending", "deployed"].contains(phase));
    more.map(|((name, phase), count)| format!("release `{name}` is {phase} {count} times")).collect()
}

/// Returns the releases that nobody wants any more.
pub(super) fn left(view: &View) -> Vec<String> {
    let is_wanted = |stored: &Object| {
        let name = stored.label("name");
        view.of_kind("HelmRelease").any(|release| release.value()["spec"]["releaseName"].as_str() == name)
    };
    stored(view).filter(|stored| !is_wanted(stored)).map(|stored| format!("{} is left", stored.id())).collect()
}

fn stored(view: &View) -> impl Iterator<Item = &Object> {
    view.of_kind("Secret").filter(|secret| secret.value()["type"] == STORED)
}
