//! Nothing is pruned unless the revision that is attempted can be built, and is without it.

use sluice_cluster::Request;
use sluice_object::Object;

use super::{View, truth};

/// Says why a delete is unfounded.
pub(super) fn unfounded(view: &View, request: &Request) -> Option<String> {
    let Request::Delete { target, .. } = request else { return None };
    let object = view.get(&target.id())?;
    let owner = view.owner(object).filter(|owner| owner.kind() == "Kustomization" && !owner.is_deleting())?;
    match truth::built(view, owner, "lastAttemptedRevision") {
        None => Some(format!("{} is deleted, but what `{}` attempts can't be built", object.id(), owner.name())),
        Some(wanted) => wanted
            .iter()
            .any(|wanted| is_same(wanted, object))
            .then(|| format!("{} is deleted, but `{}` has it in the attempted revision", object.id(), owner.name())),
    }
}

pub(super) fn is_same(wanted: &Object, object: &Object) -> bool {
    wanted.kind() == object.kind() && wanted.name() == object.name() && wanted.namespace() == object.namespace()
}
