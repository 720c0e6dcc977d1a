//! A tenant's objects are never written under the agent's own identity.

use sluice_cluster::{Identity, Request, Target};
use sluice_object::Object;

use super::{View, is_ours};

/// Says which write is not the tenant's.
pub(super) fn breach(view: &View, who: &Identity, request: &Request) -> Option<String> {
    let (target, written) = write(request)?;
    let live = view.get(&target.id());
    let object = written.or(live).filter(|object| !is_ours(object))?;
    let owner = view.owner(object).or_else(|| view.owner(live?))?;
    let name = owner.value()["spec"]["serviceAccountName"].as_str()?.to_owned();
    let tenant = Identity::ServiceAccount { namespace: owner.namespace().to_owned(), name };
    (*who != tenant).then(|| format!("{} of `{}` is written by {who:?}", object.id(), owner.name()))
}

/// Returns what a write is about, and the object that it brings.
fn write(request: &Request) -> Option<(Target, Option<&Object>)> {
    match request {
        Request::Apply { object, dry_run: false, .. }
        | Request::Create { object, .. }
        | Request::Replace { object, .. } => Some((Target::of(object), Some(object))),
        Request::JsonPatch { target, .. }
        | Request::MergePatch { target, .. }
        | Request::StrategicPatch { target, .. }
        | Request::Delete { target, .. } => Some((target.clone(), None)),
        _ => None,
    }
}
