//! What can go wrong with one object, in Flux's words, with a hint.

use sluice_cluster::{ApiError, ErrorKind, Identity, NoMatch};
use sluice_object::{Object, ObjectId, Origin};

use crate::prepare::Owner;

/// What went wrong with an object.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Trouble {
    Encrypted(String),
    NoNamespace,
    DryRun(ApiError),
    Query(ApiError),
    Apply(ApiError),
    CleanUp(ApiError),
    Replace(ApiError),
    ReplaceWait,
    Wait(String),
}

/// An object with what went wrong.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Problem {
    pub(crate) subject: Option<ObjectId>,
    pub(crate) origin: Option<Origin>,
    pub(crate) trouble: Trouble,
}

impl Problem {
    pub(crate) fn of(object: &Object, trouble: Trouble) -> Self {
        Self { subject: Some(object.id()), origin: object.origin().cloned(), trouble }
    }

    /// Returns the problem of a wait, which names its objects itself.
    pub(crate) fn wait(text: String) -> Self {
        Self { subject: None, origin: None, trouble: Trouble::Wait(text) }
    }

    pub(crate) fn text(&self) -> String {
        let subject = self.subject.as_ref().map(ToString::to_string).unwrap_or_default();
        match &self.trouble {
            Trouble::Encrypted(text) | Trouble::Wait(text) => text.clone(),
            Trouble::NoNamespace => no_namespace(&subject, "the server could not find the requested resource"),
            Trouble::DryRun(error) => self.dry_run_text(&subject, error),
            Trouble::Query(error) => format!("{subject} query failed: {error}"),
            Trouble::Apply(error) => format!("{subject} apply failed: {error}"),
            Trouble::CleanUp(error) => format!("{subject} metadata.managedFields cleanup failed: {error}"),
            Trouble::Replace(error) => {
                format!("{subject} immutable field detected, failed to delete object: {error}")
            }
            Trouble::ReplaceWait => {
                let cause = "context deadline exceeded";
                format!("{subject} immutable field detected, failed to wait for object to be deleted: {cause}")
            }
        }
    }

    fn dry_run_text(&self, subject: &str, error: &ApiError) -> String {
        let namespaced = self.subject.as_ref().is_some_and(|id| !id.namespace.is_empty());
        let conflict = error.causes.iter().any(|cause| cause.reason == "FieldManagerConflict");
        let reason = if conflict { "FieldManagerConflict" } else { &error.reason };
        match error.is_not_found() {
            true if namespaced => format!("{subject} not found: {error}"),
            true => no_namespace(subject, &error.message),
            false if reason.is_empty() => format!("{subject} dry-run failed: {error}"),
            false => format!("{subject} dry-run failed ({reason}): {error}"),
        }
    }

    fn error(&self) -> Option<&ApiError> {
        match &self.trouble {
            Trouble::DryRun(error)
            | Trouble::Query(error)
            | Trouble::Apply(error)
            | Trouble::CleanUp(error)
            | Trouble::Replace(error) => Some(error),
            _ => None,
        }
    }

    /// Says whether the same may go through later without any change of ours.
    pub(crate) fn is_transient(&self) -> bool {
        match (&self.trouble, self.error()) {
            (Trouble::Wait(_) | Trouble::ReplaceWait, _) => true,
            // A kind that is being established, or a namespace that somebody else makes.
            (Trouble::DryRun(error), _) if error.is_not_found() => true,
            // A missing kind may be served any moment: its definition is often part of another set.
            (_, Some(error)) => {
                error.is_transient() || error.code() == 409 || matches!(error.kind, ErrorKind::NoMatch(_))
            }
            _ => false,
        }
    }

    pub(crate) fn hint(&self, owner: &Owner, account: &Identity) -> Option<String> {
        match (&self.trouble, self.error()) {
            (Trouble::Encrypted(_), _) => Some("set spec.decryption, with the key in its secretRef".into()),
            (Trouble::NoNamespace, _) => Some("set metadata.namespace in the manifest, or spec.targetNamespace".into()),
            (Trouble::ReplaceWait, _) => Some("a finalizer holds the object: see its metadata.finalizers".into()),
            (Trouble::DryRun(error), _) if error.is_not_found() => self.namespace_hint(),
            (_, Some(error)) => self.error_hint(error, owner, account),
            _ => None,
        }
    }

    fn namespace_hint(&self) -> Option<String> {
        let namespace = self.subject.as_ref().map(|id| &id.namespace).filter(|namespace| !namespace.is_empty())?;
        Some(format!("add the Namespace `{namespace}` to the manifests, or depend on what makes it"))
    }

    fn error_hint(&self, error: &ApiError, owner: &Owner, account: &Identity) -> Option<String> {
        match &error.kind {
            ErrorKind::NoMatch(unserved) => Some(version_hint(unserved)),
            ErrorKind::Status(403) => self.permission_hint(error, account),
            _ if says_immutable(error) => {
                let mark = format!("{}/force: enabled", owner.marks);
                Some(format!("set spec.force, or annotate the object with `{mark}`, to have it deleted and made anew"))
            }
            _ => None,
        }
    }

    /// Refusals of admission have the same code as missing permissions, but other words.
    fn permission_hint(&self, error: &ApiError, account: &Identity) -> Option<String> {
        let (_, rest) = error.message.split_once(" cannot ")?;
        let (_, rest) = rest.split_once("resource \"")?;
        let (resource, _) = rest.split_once('"')?;
        let id = self.subject.as_ref()?;
        let verb = match &self.trouble {
            Trouble::Replace(_) => "delete",
            Trouble::Query(_) => "get",
            _ => "create and patch",
        };
        let group = if id.group.is_empty() { String::new() } else { format!(".{}", id.group) };
        let place = if id.namespace.is_empty() { String::new() } else { format!(" in namespace `{}`", id.namespace) };
        Some(format!("grant {verb} on `{resource}{group}`{place} to {}", name_of(account)))
    }
}

fn no_namespace(subject: &str, error: &str) -> String {
    format!("{subject} namespace not specified: {error}")
}

fn name_of(account: &Identity) -> String {
    match (account.impersonated_user(), account) {
        (Some(user), _) => format!("`{user}`"),
        (None, Identity::Remote(remote)) => format!("the kubeconfig's user at {}", remote.server()),
        (None, _) => "the agent's service account".into(),
    }
}

fn version_hint(NoMatch { gvk, served }: &NoMatch) -> String {
    if served.is_empty() {
        return format!(
            "the cluster does not serve {gvk}: add its CustomResourceDefinition, or depend on what installs it"
        );
    }
    format!("the cluster serves {} in {}: change the apiVersion", gvk.kind, served.join(", "))
}

/// Says whether an error means that a field cannot be changed in place.
///
/// Narrower than Flux's test, which takes every conflict and every invalid object for it and so deletes live objects
/// because of a typing error.
pub(crate) fn says_immutable(error: &ApiError) -> bool {
    let texts = error.causes.iter().map(|cause| cause.message.as_str()).chain([error.message.as_str()]);
    error.code() != 409 && texts.map(str::to_lowercase).any(|text| IMMUTABLE.iter().any(|words| text.contains(words)))
}

/// How API servers and admission hooks say it, in lower case.
const IMMUTABLE: [&str; 7] = [
    "immutable",
    "updates to statefulset spec for fields other than",
    "updates to parameters are forbidden",
    "updates to provisioner are forbidden",
    "updates to reclaimpolicy are forbidden",
    "cannot change roleref",
    "may not change fields other than",
];

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;
    use sluice_cluster::Cause;
    use sluice_object::Gvk;

    fn problem(trouble: Trouble) -> Problem {
        let metadata = json!({"name": "a", "namespace": "ns"});
        let object = Object::new(json!({"apiVersion": "e.io/v1", "kind": "Foo", "metadata": metadata})).unwrap();
        Problem::of(&object, trouble)
    }

    fn status(code: u16, reason: &str, message: &str) -> ApiError {
        ApiError::status(code, reason, message)
    }

    fn conflict() -> ApiError {
        let cause = Cause { reason: "FieldManagerConflict".into(), message: String::new(), field: String::new() };
        ApiError { causes: vec![cause], ..status(409, "Conflict", "theirs") }
    }

    #[rstest]
    #[case(Trouble::NoNamespace, "Foo/ns/a namespace not specified: the server could not find the requested resource")]
    #[case(
        Trouble::DryRun(status(404, "NotFound", "namespaces \"ns\" not found")),
        "Foo/ns/a not found: namespaces \"ns\" not found"
    )]
    #[case(Trouble::DryRun(status(422, "Invalid", "bad")), "Foo/ns/a dry-run failed (Invalid): bad")]
    #[case(Trouble::DryRun(conflict()), "Foo/ns/a dry-run failed (FieldManagerConflict): theirs")]
    #[case(Trouble::DryRun(ApiError::no_match(&Gvk::new("e.io", "v1", "Foo"), Vec::new())), "Foo/ns/a dry-run failed: no matches for kind \"Foo\" in version \"e.io/v1\"")]
    #[case(Trouble::Apply(status(500, "", "oops")), "Foo/ns/a apply failed: oops")]
    #[case(Trouble::CleanUp(status(500, "", "oops")), "Foo/ns/a metadata.managedFields cleanup failed: oops")]
    #[case(
        Trouble::Replace(status(500, "", "oops")),
        "Foo/ns/a immutable field detected, failed to delete object: oops"
    )]
    fn troubles_are_told_in_the_words_of_flux(#[case] trouble: Trouble, #[case] text: &str) {
        assert_eq!(problem(trouble).text(), text);
    }

    #[rstest]
    #[case(422, "spec.selector: Invalid value: field is immutable", true)]
    #[case(422, "Forbidden: updates to statefulset spec for fields other than 'replicas' are forbidden", true)]
    #[case(422, "roleRef: Invalid value: cannot change roleRef", true)]
    #[case(403, "admission webhook \"x\" denied the request: spec.storage is Immutable", true)]
    #[case(422, "spec.replicas: Invalid value: must be greater than or equal to 0", false)]
    #[case(409, "the object has been modified: uid is immutable", false)]
    fn only_immutable_fields_count_as_such(#[case] code: u16, #[case] message: &str, #[case] expected: bool) {
        assert_eq!(says_immutable(&status(code, "", message)), expected);
    }

    #[rstest]
    #[case(
        Trouble::DryRun(status(
            403,
            "Forbidden",
            "foos.e.io \"a\" is forbidden: User \"u\" cannot patch resource \"foos\" in API group \"e.io\""
        )),
        Some("grant create and patch on `foos.e.io` in namespace `ns` to `system:serviceaccount:ns:deployer`")
    )]
    #[case(Trouble::DryRun(status(403, "Forbidden", "admission webhook denied")), None)]
    #[case(
        Trouble::DryRun(status(404, "NotFound", "namespaces \"ns\" not found")),
        Some("add the Namespace `ns` to the manifests, or depend on what makes it")
    )]
    #[case(Trouble::DryRun(ApiError::no_match(&Gvk::new("e.io", "v1", "Foo"), Vec::new())),
        Some("the cluster does not serve e.io/v1 Foo: add its CustomResourceDefinition, or depend on what installs it"))]
    #[case(
        Trouble::DryRun(status(422, "Invalid", "field is immutable")),
        Some(
            "set spec.force, or annotate the object with `kustomize.toolkit.fluxcd.io/force: enabled`, to have it deleted and made anew"
        )
    )]
    fn a_hint_names_the_next_step(#[case] trouble: Trouble, #[case] hint: Option<&str>) {
        let account = Identity::ServiceAccount { namespace: "ns".into(), name: "deployer".into() };
        let owner = Owner::kustomization("flux-system", "apps");
        assert_eq!(problem(trouble).hint(&owner, &account).as_deref(), hint);
    }
}
