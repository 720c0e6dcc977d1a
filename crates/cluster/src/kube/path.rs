//! Paths and parameters of requests.

use std::fmt::Write as _;

use sluice_object::Gvk;

use crate::{ApiError, Resolved};

/// Returns the path of a kind's collection, in a namespace or everywhere.
pub(super) fn collection(gvk: &Gvk, resolved: &Resolved, namespace: Option<&str>) -> String {
    let version = version(&gvk.group, &gvk.version);
    match namespace.filter(|namespace| resolved.namespaced && !namespace.is_empty()) {
        Some(namespace) => format!("{version}/namespaces/{}/{}", escape(namespace), resolved.plural),
        None => format!("{version}/{}", resolved.plural),
    }
}

/// Returns the path of an object. The namespace is left out for kinds of cluster scope.
pub(super) fn object(gvk: &Gvk, resolved: &Resolved, namespace: &str, name: &str) -> Result<String, ApiError> {
    Ok(format!("{}/{}", home(gvk, resolved, namespace)?, escape(name)))
}

/// Returns the path of the collection that an object lives in.
pub(super) fn home(gvk: &Gvk, resolved: &Resolved, namespace: &str) -> Result<String, ApiError> {
    if resolved.namespaced && namespace.is_empty() {
        let message = "an empty namespace may not be set when a resource name is provided";
        return Err(ApiError::status(400, "BadRequest", message));
    }
    Ok(collection(gvk, resolved, Some(namespace)))
}

/// Returns the path of a group's version.
pub(super) fn version(group: &str, version: &str) -> String {
    if group.is_empty() { format!("/api/{version}") } else { format!("/apis/{}/{version}", escape(group)) }
}

/// Adds parameters to a path; those without a value are left out.
pub(super) fn with(path: &str, parameters: &[(&str, &str)]) -> String {
    let mut out = path.to_owned();
    let mut mark = '?';
    for (name, value) in parameters.iter().filter(|(_, value)| !value.is_empty()) {
        let _ = write!(out, "{mark}{name}={}", escape(value));
        mark = '&';
    }
    out
}

/// Percent-encodes all but unreserved characters.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn resolved(plural: &str, namespaced: bool) -> Resolved {
        Resolved { plural: plural.into(), namespaced }
    }

    #[rstest]
    #[case(
        Gvk::new("", "v1", "ConfigMap"),
        resolved("configmaps", true),
        "a",
        "b",
        "/api/v1/namespaces/a/configmaps/b"
    )]
    #[case(Gvk::new("", "v1", "Namespace"), resolved("namespaces", false), "", "b", "/api/v1/namespaces/b")]
    #[case(Gvk::new("r.io", "v1", "R"), resolved("rs", false), "ignored", "s:x/y", "/apis/r.io/v1/rs/s%3Ax%2Fy")]
    fn an_object_has_its_path(
        #[case] gvk: Gvk,
        #[case] resolved: Resolved,
        #[case] namespace: &str,
        #[case] name: &str,
        #[case] expected: &str,
    ) {
        assert_eq!(object(&gvk, &resolved, namespace, name), Ok(expected.into()));
    }

    #[test]
    fn a_namespaced_object_without_namespace_is_refused() {
        let answer = object(&Gvk::new("", "v1", "Pod"), &resolved("pods", true), "", "x");
        assert_eq!(answer.map_err(|error| error.code()), Err(400));
    }

    #[test]
    fn parameters_are_escaped_and_empty_ones_left_out() {
        let path = with("/x", &[("labelSelector", "a in (b,c)"), ("fieldSelector", ""), ("limit", "5")]);
        assert_eq!(path, "/x?labelSelector=a%20in%20%28b%2Cc%29&limit=5");
    }
}
