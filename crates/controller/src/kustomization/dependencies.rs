//! What a Kustomization asks of those that it depends on.

use sluice_api::{kustomize::Kustomization, meta};
use sluice_object::{Object, ObjectId};
use sluice_reconcile::Kind;

use super::{GROUP, Kustomizations, facts};
use crate::dependencies::Depends;

impl Depends for Kustomization {
    fn id(&self) -> ObjectId {
        facts::id(self)
    }

    fn depends_on(&self) -> &[meta::Dependency] {
        &self.spec.depends_on
    }

    fn of(object: &Object) -> Option<Self> {
        Kustomizations::read(object).ok()
    }

    /// Says so as the API server would.
    fn absent(id: &ObjectId) -> String {
        let ObjectId { namespace, name, .. } = id;
        format!("dependency '{namespace}/{name}' not found: kustomizations.{GROUP} \"{name}\" not found")
    }

    /// Flux: at the source's revision if it is the same source.
    fn lacks(&self, found: &Object, shown: &str, revision: Option<&str>) -> Option<String> {
        let applied = found.value()["status"]["lastAppliedRevision"].as_str();
        let same_source =
            Kustomizations::read(found).is_ok_and(|found| facts::source_id(&found) == facts::source_id(self));
        (same_source && revision.is_some() && applied != revision)
            .then(|| format!("dependency {shown} revision is not up to date"))
    }
}
