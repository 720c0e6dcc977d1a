//! References that give no values.

use std::fmt;

use super::Reference;

/// A reference that gives no values, in Flux's words; of a Secret's contents nothing is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferenceError {
    reference: Box<Reference>,
    namespace: String,
    reason: Reason,
}

/// Why a reference gives no values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// The object is missing.
    Missing,
    /// The object was missing when another reference wanted it.
    StillMissing,
    /// The key is missing.
    Key,
    /// Nothing can be read of objects of the kind.
    Kind,
    /// The data is no YAML, or no mapping.
    Read(String),
    /// The value cannot be put where it belongs.
    Merge(String),
}

impl Reason {
    /// Says whether an optional reference may have it.
    pub(super) fn is_absence(&self) -> bool {
        matches!(self, Self::Missing | Self::StillMissing | Self::Key)
    }
}

impl ReferenceError {
    pub(super) fn new(reference: &Reference, namespace: &str, reason: Reason) -> Self {
        let reason = reason.told_of(&reference.kind);
        Self { reference: Box::new(reference.clone()), namespace: namespace.to_owned(), reason }
    }

    /// Returns why.
    pub fn reason(&self) -> &Reason {
        &self.reason
    }
}

impl Reason {
    /// Takes out what a text may have of a Secret.
    fn told_of(self, kind: &str) -> Self {
        match self {
            Self::Read(text) if kind == "Secret" => Self::Read(read(&text)),
            Self::Merge(_) if kind == "Secret" => Self::Merge("failed to merge value".to_owned()),
            other => other,
        }
    }
}

/// Returns where the YAML is broken, and nothing of it.
fn read(text: &str) -> String {
    let line = text.split("yaml: line ").nth(1).and_then(|rest| rest.split(':').next());
    match line.and_then(|line| line.parse::<usize>().ok()) {
        Some(line) => format!("failed to read values data: no YAML at line {line}"),
        None => "failed to read values data: no YAML mapping".to_owned(),
    }
}

impl fmt::Display for ReferenceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Reference { kind, name, optional, .. } = self.reference.as_ref();
        let optional = if *optional { " optional" } else { "" };
        let space = if kind.is_empty() { "" } else { " " };
        write!(f, "could not resolve{optional}{space}{kind} chart values reference '{}/{name}'", self.namespace)?;
        write!(f, " with key '{}': ", self.reference.key())?;
        match &self.reason {
            Reason::Missing => write!(f, "{}s \"{name}\" not found", kind.to_lowercase()),
            Reason::StillMissing => f.write_str("resource not found"),
            Reason::Key => f.write_str("key not found"),
            Reason::Kind => f.write_str("unsupported values reference kind"),
            Reason::Read(text) | Reason::Merge(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for ReferenceError {}
