//! At most one action of a release at a time, and no release without an owner.

use std::collections::BTreeMap;

use sluice_object::Object;

use super::View;

const STORED: &str = "helm.sh/release.v1";

/// Returns the releases that are under way more than once. Two may be deployed: Helm does not insist that the older one
/// is marked as superseded.
pub(super) fn at_once(view: &View) -> Vec<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for stored in stored(view).filter(|stored| stored.label("status").is_some_and(|it| it.starts_with("pending-"))) {
        *counts.entry(stored.label("name").unwrap_or_default()).or_default() += 1;
    }
    let more = counts.into_iter().filter(|(_, count)| *count > 1);
    more.map(|(name, count)| format!("release `{name}` is pending {count} times")).collect()
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
