//! Requests to a provider: bounded in time and size, with errors that quote no credentials.

use std::time::Duration;

use reqwest::{Client, RequestBuilder, Response, redirect::Policy};
use serde_json::Value;

use crate::Error;

/// As in Flux.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Descriptions of clusters are some 20 KB.
const LARGEST: usize = 4 << 20;
/// The longest message that is told, in characters.
const LONGEST: usize = 300;
/// Longer words are no words: they may be tokens.
const LONGEST_WORD: usize = 80;

#[derive(Debug)]
pub(crate) struct Http(Client);

impl Http {
    pub(crate) fn new() -> Result<Self, Error> {
        // Without a default provider the client cannot be built; a second installation changes nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = Client::builder().user_agent("sluice").timeout(TIMEOUT).redirect(Policy::none());
        let client = builder.build().map_err(|error| Error::Environment(error.to_string()))?;
        Ok(Self(client))
    }

    pub(crate) fn get(&self, url: &str) -> RequestBuilder {
        self.0.get(url)
    }

    pub(crate) fn post(&self, url: &str) -> RequestBuilder {
        self.0.post(url)
    }
}

/// Sends a request and reads the answer as JSON.
pub(crate) async fn json(act: &'static str, request: RequestBuilder) -> Result<Value, Error> {
    let text = text(act, request).await?;
    serde_json::from_str(&text).map_err(|_| Error::Answer { act, problem: "the answer is no JSON".into() })
}

/// Sends a request and reads the answer.
pub(crate) async fn text(act: &'static str, request: RequestBuilder) -> Result<String, Error> {
    let response = request.send().await.map_err(|error| unreachable(act, &error))?;
    let (status, host) = (response.status(), response.url().host_str().unwrap_or_default().to_owned());
    let body = body(act, response).await?;
    if status.is_success() {
        return Ok(body);
    }
    Err(Error::Refused { act, host, status: status.as_u16(), message: message(&body) })
}

async fn body(act: &'static str, mut response: Response) -> Result<String, Error> {
    let mut whole = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| unreachable(act, &error))? {
        if whole.len() + chunk.len() > LARGEST {
            return Err(Error::Answer { act, problem: format!("the answer is larger than {LARGEST} bytes") });
        }
        whole.extend_from_slice(&chunk);
    }
    Ok(String::from_utf8_lossy(&whole).into_owned())
}

/// The library's own text holds the URL, and a URL may hold a signature.
fn unreachable(act: &'static str, error: &reqwest::Error) -> Error {
    let host = error.url().and_then(|url| url.host_str()).unwrap_or("the provider").to_owned();
    let problem = if error.is_timeout() {
        format!("not within {TIMEOUT:?}")
    } else if error.is_connect() {
        "the connection failed".into()
    } else {
        "the connection broke".into()
    };
    Error::Unreachable { act, host, problem }
}

/// Finds the reason in the forms that the providers have: OAuth, Azure's and Google's APIs, AWS's JSON and XML.
fn message(body: &str) -> String {
    let said = match serde_json::from_str::<Value>(body) {
        Ok(value) => from_json(&value),
        Err(_) => ["Code", "Message"].iter().filter_map(|tag| element(body, tag)).collect(),
    };
    if said.is_empty() { String::new() } else { format!(": {}", plain(&said.join(": "))) }
}

fn from_json(value: &Value) -> Vec<String> {
    let pointers =
        ["/error", "/error/code", "/error/status", "/error_description", "/error/message", "/__type", "/message"];
    let found = pointers.iter().filter_map(|pointer| value.pointer(pointer)?.as_str());
    found.map(ToOwned::to_owned).collect()
}

fn plain(text: &str) -> String {
    let word = |word: &str| if word.chars().count() > LONGEST_WORD { "***".to_owned() } else { word.to_owned() };
    let words: Vec<_> = text.split_whitespace().map(word).collect();
    words.join(" ").chars().take(LONGEST).collect()
}

/// Returns the text of the first element of a name.
pub(crate) fn element(xml: &str, name: &str) -> Option<String> {
    let mut reader = quick_xml::Reader::from_str(xml);
    loop {
        match reader.read_event().ok()? {
            quick_xml::events::Event::Start(start) if start.local_name().as_ref() == name.as_bytes() => {
                let text = reader.read_text(start.name()).ok()?;
                let text = text.decode().ok()?;
                return quick_xml::escape::unescape(&text).ok().map(|text| text.into_owned());
            }
            quick_xml::events::Event::Eof => return None,
            _ => {}
        }
    }
}

/// Returns a text of an answer, which must be there.
pub(crate) fn required(act: &'static str, value: &Value, pointer: &str) -> Result<String, Error> {
    let text = value.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty());
    let missing = || Error::Answer { act, problem: format!("the answer has no `{}`", pointer.trim_start_matches('/')) };
    text.map(ToOwned::to_owned).ok_or_else(missing)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::oauth(
        r#"{"error": "invalid_client", "error_description": "AADSTS70021: no match"}"#,
        ": invalid_client: AADSTS70021: no match"
    )]
    #[case::arm(
        r#"{"error": {"code": "AuthorizationFailed", "message": "not allowed"}}"#,
        ": AuthorizationFailed: not allowed"
    )]
    #[case::google(
        r#"{"error": {"code": 403, "status": "PERMISSION_DENIED", "message": "no"}}"#,
        ": PERMISSION_DENIED: no"
    )]
    #[case::eks(r#"{"message": "No cluster found for name: a."}"#, ": No cluster found for name: a.")]
    #[case::sts(
        "<E><Error><Code>AccessDenied</Code><Message>no &amp; never</Message></Error></E>",
        ": AccessDenied: no & never"
    )]
    #[case::page("<html>busy", "")]
    fn reasons_are_found(#[case] body: &str, #[case] told: &str) {
        assert_eq!(message(body), told);
    }

    #[test]
    fn what_may_be_a_token_is_not_told() {
        let token = "e".repeat(81);
        let told = message(&format!(r#"{{"error": "invalid", "error_description": "bad {token} here"}}"#));
        assert_eq!(told, ": invalid: bad *** here");
        assert_eq!(plain(&"word ".repeat(100)).len(), LONGEST);
    }
}
