//! What went wrong, in Helm's words, with a hint.

use sluice_cluster::{ApiError, ErrorKind};
use sluice_object::{Object, ObjectId};

/// Why an action has failed. Its text is Helm's; hint and subject stand apart.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct Error {
    text: String,
    hint: Option<String>,
    subject: Option<Box<Subject>>,
    stored: bool,
    conflict: bool,
}

/// The object that an error is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// The object.
    pub id: ObjectId,
    /// The template that it comes from, or empty.
    pub template: String,
}

impl Error {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), hint: None, subject: None, stored: false, conflict: false }
    }

    /// Makes the error of a release that somebody else has changed meanwhile.
    pub(crate) fn conflict(text: impl Into<String>) -> Self {
        let hint = "another client works on the release: wait for it to end, or stop it".to_owned();
        Self { hint: Some(hint), conflict: true, ..Self::new(text) }
    }

    pub(crate) fn about(mut self, object: &Object) -> Self {
        let template = object.origin().map(|origin| origin.file.clone()).unwrap_or_default();
        self.subject.get_or_insert_with(|| Box::new(Subject { id: object.id(), template }));
        self
    }

    pub(crate) fn hinted(mut self, hint: Option<String>) -> Self {
        self.hint = self.hint.or(hint);
        self
    }

    /// Puts words before the text.
    pub(crate) fn within(mut self, words: &str) -> Self {
        self.text.insert_str(0, words);
        self
    }

    pub(crate) fn with_text(self, text: String) -> Self {
        Self { text, ..self }
    }

    pub(crate) fn having_stored(self, stored: bool) -> Self {
        Self { stored, ..self }
    }

    /// Returns the next step for a user, if one is known.
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// Returns the object that the error is about, if it is about one.
    pub fn subject(&self) -> Option<&Subject> {
        self.subject.as_deref()
    }

    /// Says whether any revision was written; if not, the release is as it was.
    pub fn stored(&self) -> bool {
        self.stored
    }

    /// Says whether somebody else works on the release.
    pub fn is_conflict(&self) -> bool {
        self.conflict
    }
}

/// Joins several errors; hint and subject are those of the first.
pub(crate) fn joined(errors: Vec<Error>, separator: &str) -> Option<Error> {
    let text = errors.iter().map(ToString::to_string).collect::<Vec<_>>().join(separator);
    Some(errors.into_iter().next()?.with_text(text))
}

/// Returns what a user may do about an answer of the server.
pub(crate) fn hint_of(error: &ApiError) -> Option<String> {
    match &error.kind {
        ErrorKind::NoMatch(unserved) if unserved.served.is_empty() => {
            let gvk = &unserved.gvk;
            Some(format!(
                "the cluster does not serve {gvk}: put its CustomResourceDefinition into the chart's crds folder, or depend on what installs it"
            ))
        }
        ErrorKind::NoMatch(unserved) => {
            let served = unserved.served.join(", ");
            Some(format!("the cluster serves {} in {served}: change the apiVersion", unserved.gvk.kind))
        }
        _ if error.looks_immutable() && error.message.contains("immutable") => {
            Some("the field cannot be changed in place: delete the object, or uninstall the release first".into())
        }
        _ => None,
    }
}
