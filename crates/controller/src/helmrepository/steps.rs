//! A HelmRepository's pass as it is told in traces.

use sluice_reconcile::trace::{Arrival, Attribute, Step};

use super::{Effect, Outcome};

/// A new index begins the trace of its revision. Looking for one happens at each interval and is not told.
pub(super) fn step(effect: &Effect) -> Option<Step> {
    let Effect::Store(what) = effect else { return None };
    let (fetched, owner) = &**what;
    let charts = || Attribute::count(fetched.summary.charts);
    let arrival = Arrival {
        source: owner.clone(),
        revision: fetched.revision.to_string(),
        attributes: vec![("sluice.helm.charts", charts())],
    };
    Some(Step::new("fetch").with("sluice.helm.charts", charts()).arriving(arrival))
}

pub(super) fn failure(outcome: &Outcome) -> Option<(String, String)> {
    match outcome {
        Outcome::Fetched(Err(trouble)) | Outcome::Stored(Err(trouble)) => {
            Some((trouble.reason.clone(), trouble.message.clone()))
        }
        _ => None,
    }
}
