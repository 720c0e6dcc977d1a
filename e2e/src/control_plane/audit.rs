//! The API server's audit log, read back: which requests did whom cost what.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read};

use jiff::Timestamp;
use serde::Deserialize;

/// Every request, without bodies.
pub(super) const POLICY: &str = r#"{
  "apiVersion": "audit.k8s.io/v1",
  "kind": "Policy",
  "omitStages": ["RequestReceived"],
  "rules": [{ "level": "Metadata" }]
}"#;

/// One request that the API server answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// When the request arrived.
    pub at: Timestamp,
    /// `get`, `list`, `watch`, `create`, `patch`, …
    pub verb: String,
    /// The API group; empty for the core group.
    pub group: String,
    /// The resource in the plural, as in RBAC; empty for requests such as `/api`.
    pub resource: String,
    /// `status`, `token`, …; empty for the resource itself.
    pub subresource: String,
    /// The namespace, or empty.
    pub namespace: String,
    /// The object's name, or empty.
    pub name: String,
    /// Who sent it.
    pub user: String,
    /// Whom the sender asked to act as.
    pub impersonated: Option<String>,
    /// What the sender calls itself.
    pub user_agent: String,
    /// Path and query.
    pub uri: String,
    /// The HTTP status of the answer; 0 when it was cut off.
    pub code: u16,
}

/// Returns the requests since a moment, in the order of the log, each once.
pub(super) fn read(log: impl Read, since: Timestamp) -> std::io::Result<Vec<AuditEntry>> {
    let mut seen = BTreeSet::new();
    let mut entries = Vec::new();
    for line in BufReader::new(log).lines() {
        // The last line may be half written, and a watch has a line for its start and its end.
        let Ok(event) = serde_json::from_str::<Event>(&line?) else { continue };
        if event.request_received_timestamp >= since && seen.insert(event.audit_id.clone()) {
            entries.push(event.into());
        }
    }
    Ok(entries)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    #[serde(rename = "auditID")]
    audit_id: String,
    request_received_timestamp: Timestamp,
    verb: String,
    #[serde(rename = "requestURI")]
    request_uri: String,
    user: User,
    impersonated_user: Option<User>,
    #[serde(default)]
    user_agent: String,
    #[serde(default)]
    object_ref: ObjectRef,
    response_status: Option<ResponseStatus>,
}

#[derive(Deserialize)]
struct User {
    #[serde(default)]
    username: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct ObjectRef {
    api_group: String,
    resource: String,
    subresource: String,
    namespace: String,
    name: String,
}

#[derive(Deserialize)]
struct ResponseStatus {
    #[serde(default)]
    code: u16,
}

impl From<Event> for AuditEntry {
    fn from(event: Event) -> Self {
        Self {
            at: event.request_received_timestamp,
            verb: event.verb,
            group: event.object_ref.api_group,
            resource: event.object_ref.resource,
            subresource: event.object_ref.subresource,
            namespace: event.object_ref.namespace,
            name: event.object_ref.name,
            user: event.user.username,
            impersonated: event.impersonated_user.map(|user| user.username),
            user_agent: event.user_agent,
            uri: event.request_uri,
            code: event.response_status.map_or(0, |status| status.code),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WATCH: &str = r#"{"auditID":"a","stage":"ResponseStarted","requestURI":"/api/v1/pods?watch=1","verb":"watch","user":{"username":"system:serviceaccount:sluice-system:sluice"},"impersonatedUser":{"username":"system:serviceaccount:apps:tenant"},"userAgent":"sluice/0.1","objectRef":{"resource":"pods","apiVersion":"v1"},"responseStatus":{"code":200},"requestReceivedTimestamp":"2026-01-01T00:00:01.000000Z"}"#;

    #[test]
    fn a_request_with_two_stages_counts_once_and_half_a_line_not_at_all() {
        let log = format!("{WATCH}\n{}\n{}", WATCH.replace("ResponseStarted", "ResponseComplete"), &WATCH[..40]);
        let entries = read(log.as_bytes(), Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(entries.len(), 1);
        assert_eq!(entries[0].impersonated.as_deref(), Some("system:serviceaccount:apps:tenant"));
    }

    #[test]
    fn requests_before_the_moment_are_left_out() {
        let since = "2026-01-01T00:00:02Z".parse().unwrap();
        assert_eq!(read(WATCH.as_bytes(), since).unwrap(), []);
    }
}
