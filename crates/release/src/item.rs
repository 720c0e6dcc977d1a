//! An object of the release that is being made.

use sluice_apply::{health::Health, managed_fields};
use sluice_cluster::ApiError;
use sluice_object::Object;

/// The label and the annotations by which Helm knows its objects.
const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
const RELEASE_NAME: &str = "meta.helm.sh/release-name";
const RELEASE_NAMESPACE: &str = "meta.helm.sh/release-namespace";

/// What is known of the object in the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Seen {
    /// Nothing.
    #[default]
    Unknown,
    /// It is not there.
    Absent,
    /// It is there.
    There,
}

/// An object, and what the server has said of it.
#[derive(Clone)]
pub(crate) struct Item {
    /// As it is written.
    pub(crate) object: Object,
    pub(crate) seen: Seen,
    /// Whether some of its fields are owned by our manager without having been applied.
    pub(crate) client_side: bool,
    /// Why the server would not take it.
    pub(crate) refusal: Option<ApiError>,
    /// Its health when it was written.
    pub(crate) health: Option<Health>,
}

impl Item {
    pub(crate) fn new(object: Object) -> Self {
        Self { object, seen: Seen::Unknown, client_side: false, refusal: None, health: None }
    }

    /// Takes what the server would have stored. An object that it would have made has no version yet.
    pub(crate) fn on_dry_run(&mut self, answer: &Object, manager: &str) {
        self.seen = if answer.resource_version().is_empty() { Seen::Absent } else { Seen::There };
        self.client_side = managed_fields::is_client_side(answer, manager);
        self.refusal = None;
    }

    pub(crate) fn is_there(&self) -> bool {
        self.seen == Seen::There
    }
}

/// Marks an object as one of a release.
pub(crate) fn mark(object: &mut Object, name: &str, namespace: &str) {
    object.set_label(MANAGED_BY, "Helm");
    object.set_annotation(RELEASE_NAME, name);
    object.set_annotation(RELEASE_NAMESPACE, namespace);
}

/// Returns what keeps a live object from being of a release, in Helm's words.
pub(crate) fn foreign(live: &Object, name: &str, namespace: &str) -> Option<String> {
    let wanted = [
        ("label", MANAGED_BY, live.label(MANAGED_BY), "Helm"),
        ("annotation", RELEASE_NAME, live.annotation(RELEASE_NAME), name),
        ("annotation", RELEASE_NAMESPACE, live.annotation(RELEASE_NAMESPACE), namespace),
    ];
    let lacks = |(what, key, value, wanted): (&str, &str, Option<&str>, &str)| {
        let trouble = match value {
            None => format!("missing key {key:?}: must be set to {wanted:?}"),
            Some(value) if value != wanted => format!("key {key:?} must equal {wanted:?}: current value is {value:?}"),
            Some(_) => return None,
        };
        Some(format!("{what} validation error: {trouble}"))
    };
    let errors: Vec<_> = wanted.into_iter().filter_map(lacks).collect();
    (!errors.is_empty()).then(|| format!("invalid ownership metadata; {}", errors.join("; ")))
}
