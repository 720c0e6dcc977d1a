//! Why a chart cannot be made, in the words of source-controller.

use std::error::Error;

use sluice_source::{
    helm_repo,
    oci::{self, Problem},
};

use crate::source::{Trouble, chain};

/// The step that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    Reference,
    Pull,
    Patch,
    Values,
    Dependencies,
    Package,
}

impl Failure {
    pub(super) fn of(self, message: impl std::fmt::Display) -> Trouble {
        let (reason, summary) = match self {
            Self::Reference => ("InvalidChartReference", "invalid chart reference"),
            Self::Pull => ("ChartPullError", "chart pull error"),
            Self::Patch => ("MetadataPatchError", "chart metadata patch error"),
            Self::Values => ("ValuesFilesError", "values files merge error"),
            Self::Dependencies => ("DependencyBuildError", "dependency build error"),
            Self::Package => ("ChartPackageError", "chart package error"),
        };
        Trouble { reason: reason.into(), message: format!("{summary}: {message}") }
    }
}

/// A repository that does not answer as it should. Where it asks for other credentials, that is told.
pub(super) fn of_repository(error: &helm_repo::Error) -> Trouble {
    let text = chain(error, error.hint());
    match error {
        helm_repo::Error::Store(error) => Trouble::storage(error),
        helm_repo::Error::Client(_) => refused(&text),
        helm_repo::Error::Fetch(problem) | helm_repo::Error::Pull(problem) if is_refusal(problem) => refused(&text),
        _ => pull(&text),
    }
}

/// The same of a registry.
pub(super) fn of_registry(error: &oci::Error) -> Trouble {
    let text = chain(error, error.hint());
    match error.problem() {
        Problem::Store(error) => Trouble::storage(error),
        problem if is_refusal(problem) || error.reason() == "AuthenticationFailed" => refused(&text),
        _ => pull(&text),
    }
}

fn is_refusal(problem: &Problem) -> bool {
    matches!(problem, Problem::Denied { .. } | Problem::Certificate { .. } | Problem::Credentials)
}

fn refused(text: &str) -> Trouble {
    Trouble::access(format!("failed to authenticate with the Helm repository: {text}"))
}

fn pull(text: &str) -> Trouble {
    Failure::Pull.of(format!("failed to download chart for remote reference: {text}"))
}

/// An error with all of its causes.
pub(super) fn text(error: &dyn Error) -> String {
    chain(error, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refused_credentials_are_told_from_a_server_that_is_away() {
        let denied = Problem::Denied { asked: "GET https://x".into(), status: 401, text: "no".into(), sent: true };
        let trouble = of_repository(&helm_repo::Error::Pull(denied));
        assert_eq!(trouble.reason, "AuthenticationFailed");
        assert!(
            trouble.message.starts_with("failed to authenticate with the Helm repository: "),
            "{}",
            trouble.message
        );
        let busy = Problem::Throttled { asked: "GET https://x".into(), after: None };
        let trouble = of_repository(&helm_repo::Error::Pull(busy));
        assert_eq!(trouble.reason, "ChartPullError");
        assert!(trouble.message.starts_with("chart pull error: failed to download chart"), "{}", trouble.message);
    }
}
