//! Why a cloud gives no access. No text holds a token.

/// Why a cloud gives no access.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The name of the cluster has not the provider's form.
    #[error("invalid {kind} '{given}'; hint: it has the form {form}")]
    Cluster {
        /// What is named.
        kind: &'static str,
        /// What was given.
        given: String,
        /// How it should look.
        form: &'static str,
    },
    /// The service account does not say who it is at the provider.
    #[error("failed to get provider identity from service account '{account}' annotations: {problem}")]
    Annotation {
        /// The account.
        account: String,
        /// What is missing or wrong.
        problem: String,
    },
    /// The environment of the agent does not say who it is at the provider.
    #[error("failed to create provider access token for the controller: {0}")]
    Environment(String),
    /// The account's own token was not given out.
    #[error("{0}")]
    Proof(String),
    /// The provider declines.
    #[error("failed to {act}: {host} answered with status {status}{message}")]
    Refused {
        /// What was asked for.
        act: &'static str,
        /// Who was asked.
        host: String,
        /// The HTTP status.
        status: u16,
        /// Its reason, shortened, with a colon before it.
        message: String,
    },
    /// There is no answer.
    #[error("failed to {act}: {host} gave no answer: {problem}")]
    Unreachable {
        /// What was asked for.
        act: &'static str,
        /// Who was asked.
        host: String,
        /// What happened.
        problem: String,
    },
    /// The answer is not what was asked for.
    #[error("failed to {act}: {problem}")]
    Answer {
        /// What was asked for.
        act: &'static str,
        /// What is wrong with it.
        problem: String,
    },
}
