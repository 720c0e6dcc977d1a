//! A Bucket's pass as it is told in traces.

use sluice_reconcile::trace::{Arrival, Attribute, Step};

use super::{Effect, Outcome};

/// A fetch begins the trace of its revision. Listing happens at each interval and is not told.
pub(super) fn step(effect: &Effect) -> Option<Step> {
    let Effect::Fetch(fetch) = effect else { return None };
    let name = || Attribute::from(&fetch.spec.name);
    let arrival = Arrival {
        source: fetch.owner.clone(),
        revision: fetch.listing.revision.to_string(),
        attributes: vec![("sluice.bucket.name", name())],
    };
    let files = Attribute::count(fetch.listing.files());
    Some(Step::new("fetch").with("sluice.bucket.name", name()).with("sluice.files", files).arriving(arrival))
}

pub(super) fn failure(outcome: &Outcome) -> Option<(String, String)> {
    match outcome {
        Outcome::Listed(Err(trouble)) | Outcome::Stored(Err(trouble)) => {
            Some((trouble.reason.clone(), trouble.message.clone()))
        }
        _ => None,
    }
}
