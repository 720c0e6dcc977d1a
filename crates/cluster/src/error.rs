//! What an API server, or the way to it, answers instead of an object.

use std::fmt;

use sluice_object::Gvk;

/// A failed request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    /// The class of the failure.
    pub kind: ErrorKind,
    /// The `reason` of a Status (`NotFound`, `Invalid`, `Forbidden` …), or empty.
    pub reason: String,
    /// The server's own message, or the transport's.
    pub message: String,
    /// The `details.causes` of a Status.
    pub causes: Vec<Cause>,
}

/// The class of a failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ErrorKind {
    /// The server answered with a Status of this code.
    Status(u16),
    /// The server does not serve the kind in this version.
    NoMatch(Box<NoMatch>),
    /// No answer: connection refused, reset, TLS.
    Transport,
    /// No answer in time.
    Timeout,
}

/// A kind that the server does not serve in the version that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoMatch {
    /// The kind that was asked for.
    pub gvk: Gvk,
    /// The versions in which the server does serve it.
    pub served: Vec<String>,
}

/// One cause in a Status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// `FieldManagerConflict`, `FieldValueInvalid` …
    pub reason: String,
    /// Text.
    pub message: String,
    /// The field.
    pub field: String,
}

impl ApiError {
    /// Returns an error of a status code.
    pub fn status(code: u16, reason: &str, message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Status(code), reason: reason.into(), message: message.into(), causes: Vec::new() }
    }

    /// Returns the error for a kind that is not served, in client-go's words.
    pub fn no_match(gvk: &Gvk, served: Vec<String>) -> Self {
        let message = format!("no matches for kind {:?} in version {:?}", gvk.kind, gvk.api_version());
        let kind = ErrorKind::NoMatch(Box::new(NoMatch { gvk: gvk.clone(), served }));
        Self { kind, reason: String::new(), message, causes: Vec::new() }
    }

    /// Returns the error for a kind that is defined, but in no version served: that often lasts a moment only.
    pub fn not_served_yet(gvk: &Gvk, definition: &str) -> Self {
        let (kind, version) = (&gvk.kind, gvk.api_version());
        let message = format!(
            "no matches for kind {kind:?} in version {version:?}: the server does not serve it yet, \
             though CustomResourceDefinition/{definition} is there"
        );
        Self::status(503, "ServiceUnavailable", message)
    }

    /// Returns an error of the way to the server.
    pub fn transport(message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Transport, reason: String::new(), message: message.into(), causes: Vec::new() }
    }

    /// Returns the status code, zero when there was no answer.
    pub fn code(&self) -> u16 {
        match self.kind {
            ErrorKind::Status(code) => code,
            _ => 0,
        }
    }

    /// Says whether the object is not there.
    pub fn is_not_found(&self) -> bool {
        self.code() == 404
    }

    /// Says whether the same request may go through later without any change of ours.
    pub fn is_transient(&self) -> bool {
        match self.kind {
            ErrorKind::Transport | ErrorKind::Timeout => true,
            ErrorKind::Status(code) => code == 429 || code >= 500,
            ErrorKind::NoMatch(_) => false,
        }
    }

    /// Says whether Flux takes the error for an immutable field: 409, 422, or its text.
    pub fn looks_immutable(&self) -> bool {
        matches!(self.code(), 409 | 422)
            || ["is immutable", "immutable field"].iter().any(|text| self.message.contains(text))
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ApiError {}
