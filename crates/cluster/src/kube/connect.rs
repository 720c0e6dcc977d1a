//! From a configuration to a wire.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use kube::{Client, Config, client::ClientBuilder, config::AuthInfo};

use super::{answer, wire::Wire};
use crate::ApiError;

/// How an API server is talked to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// How long one try of a request may take. A call with its wait for a turn and its repeats takes at most four
    /// times as long.
    pub timeout: Duration,
    /// The `User-Agent` header.
    pub user_agent: String,
    /// How many requests may be under way at once, each on a connection of its own; watches are not counted.
    pub max_in_flight: usize,
}

impl Default for Options {
    fn default() -> Self {
        // 32: with answers in 5–10 ms that is over 3,000 requests a second, beyond what a first sync needs, and far
        // below the 600 that an API server serves at once by default.
        Self { timeout: Duration::from_secs(30), user_agent: "sluice".into(), max_in_flight: 32 }
    }
}

/// Makes the wire. Repeats are ours, and so is the kubeconfig's own impersonation, which a service account replaces.
pub(super) fn wire(mut config: Config, options: Options) -> Result<Wire, ApiError> {
    let server = config.cluster_url.authority().map(ToString::to_string).unwrap_or_default();
    config.default_retry = false;
    let impersonation = take_impersonation(&mut config.auth_info)?;
    config.headers.push((http::header::USER_AGENT, header(&options.user_agent)?));
    let builder = ClientBuilder::try_from(config).map_err(|error| answer::no_way(&server, &error))?;
    let client: Client = builder.build();
    Ok(Wire::new(client, server, impersonation, &options))
}

fn take_impersonation(auth: &mut AuthInfo) -> Result<HeaderMap, ApiError> {
    let mut headers = HeaderMap::new();
    let mut add = |name: &str, value: &str| -> Result<(), ApiError> {
        let name = HeaderName::try_from(name).map_err(|error| invalid(&error))?;
        headers.append(name, header(value)?);
        Ok(())
    };
    if let Some(user) = auth.impersonate.take() {
        add("impersonate-user", &user)?;
    }
    if let Some(uid) = auth.impersonate_uid.take() {
        add("impersonate-uid", &uid)?;
    }
    for group in auth.impersonate_groups.take().unwrap_or_default() {
        add("impersonate-group", &group)?;
    }
    for (key, values) in auth.impersonate_user_extra.take().unwrap_or_default() {
        for value in values {
            add(&format!("impersonate-extra-{}", super::path::escape(&key)), &value)?;
        }
    }
    Ok(headers)
}

pub(super) fn header(text: &str) -> Result<HeaderValue, ApiError> {
    HeaderValue::try_from(text).map_err(|error| invalid(&error))
}

fn invalid(error: &dyn std::error::Error) -> ApiError {
    ApiError::transport(format!("build the request's headers: {error}"))
}
