//! A Lease object as far as elections use it.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use sluice_object::{Gvk, Object, ObjectError};

/// The `spec` of a Lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseSpec {
    /// Who holds it; empty when nobody does.
    pub holder: String,
    /// How long after a change it is the holder's, unless changed again.
    pub duration: Duration,
    /// When the holder got it, by its own clock. Kept as text: nobody but people read it.
    pub acquired: String,
    /// When it was last renewed, by the holder's clock. A change is all that counts.
    pub renewed: String,
    /// How often it has changed hands.
    pub transitions: u64,
}

/// A lease as the server has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The lease.
    pub spec: LeaseSpec,
    /// The version that a write must name.
    pub resource_version: String,
}

/// Returns the kind of leases.
pub(super) fn gvk() -> Gvk {
    Gvk::new("coordination.k8s.io", "v1", "Lease")
}

impl Stored {
    /// Reads a Lease object. A field that is missing or of another form is taken as empty, as in client-go.
    pub fn read(object: &Object) -> Self {
        let field = |pointer: &str| object.value().pointer(pointer).cloned().unwrap_or(Value::Null);
        let text = |pointer: &str| field(pointer).as_str().map(String::from).unwrap_or_default();
        let spec = LeaseSpec {
            holder: text("/spec/holderIdentity"),
            duration: Duration::from_secs(field("/spec/leaseDurationSeconds").as_u64().unwrap_or_default()),
            acquired: text("/spec/acquireTime"),
            renewed: text("/spec/renewTime"),
            transitions: field("/spec/leaseTransitions").as_u64().unwrap_or_default(),
        };
        Self { spec, resource_version: text("/metadata/resourceVersion") }
    }
}

impl LeaseSpec {
    /// Returns the lease once `holder` has taken or renewed it.
    pub fn held_by(holder: &str, duration: Duration, before: Option<&Self>, now: Timestamp) -> Self {
        let kept = before.filter(|before| before.holder == holder);
        Self {
            holder: holder.to_owned(),
            duration,
            acquired: kept.map_or_else(|| micro_time(now), |before| before.acquired.clone()),
            renewed: micro_time(now),
            transitions: before.map_or(0, |before| before.transitions + u64::from(kept.is_none())),
        }
    }

    /// Returns the lease once its holder has given it back: nobody's, and for a second only, as client-go leaves it.
    pub fn released(&self, now: Timestamp) -> Self {
        let now = micro_time(now);
        let duration = Duration::from_secs(1);
        Self { holder: String::new(), duration, acquired: now.clone(), renewed: now, transitions: self.transitions }
    }

    /// Returns the `spec` of the object.
    pub fn to_json(&self) -> Value {
        json!({
            "holderIdentity": self.holder,
            "leaseDurationSeconds": self.duration.as_secs(),
            "acquireTime": self.acquired,
            "renewTime": self.renewed,
            "leaseTransitions": self.transitions,
        })
    }

    /// Returns a Lease object to create.
    ///
    /// # Errors
    /// When the name is empty.
    pub fn to_object(&self, namespace: &str, name: &str) -> Result<Object, ObjectError> {
        Object::new(json!({
            "apiVersion": gvk().api_version(),
            "kind": gvk().kind,
            "metadata": { "namespace": namespace, "name": name },
            "spec": self.to_json(),
        }))
    }
}

/// Kubernetes' MicroTime.
fn micro_time(at: Timestamp) -> String {
    format!("{at:.6}")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;
    use serde_json::json;

    use super::{LeaseSpec, Stored};

    const TERM: Duration = Duration::from_secs(35);

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_767_323_045 + second).unwrap()
    }

    #[test]
    fn a_new_lease_has_the_fields_that_client_go_writes() {
        let lease = LeaseSpec::held_by("me", TERM, None, at(0));
        let expected = json!({
            "holderIdentity": "me",
            "leaseDurationSeconds": 35,
            "acquireTime": "2026-01-02T03:04:05.000000Z",
            "renewTime": "2026-01-02T03:04:05.000000Z",
            "leaseTransitions": 0,
        });
        assert_eq!(lease.to_json(), expected);
    }

    #[test]
    fn a_lease_reads_as_it_was_written() {
        let lease = LeaseSpec::held_by("me", TERM, None, at(0));
        let object = lease.to_object("flux-system", "sluice-leader-election").unwrap();
        assert_eq!(Stored::read(&object), Stored { spec: lease, resource_version: String::new() });
    }

    #[test]
    fn renewing_keeps_the_time_of_acquiring() {
        let first = LeaseSpec::held_by("me", TERM, None, at(0));
        let second = LeaseSpec::held_by("me", TERM, Some(&first), at(5));
        assert_eq!((second.acquired, second.transitions), (first.acquired.clone(), 0));
        assert_ne!(second.renewed, first.renewed);
    }

    #[test]
    fn taking_counts_a_transition() {
        let theirs = LeaseSpec::held_by("other", TERM, None, at(0));
        let mine = LeaseSpec::held_by("me", TERM, Some(&theirs), at(60));
        assert_eq!((mine.transitions, mine.acquired == mine.renewed), (1, true));
    }

    #[test]
    fn a_released_lease_is_nobodys() {
        let released = LeaseSpec::held_by("me", TERM, None, at(0)).released(at(9));
        assert_eq!((released.holder.as_str(), released.duration), ("", Duration::from_secs(1)));
    }
}
