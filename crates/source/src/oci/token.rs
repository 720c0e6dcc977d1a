//! Tokens of a registry: who gives them, for what, and for how long.

use std::{
    net::IpAddr,
    time::{Duration, Instant},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use reqwest::{
    Client, Method, Response, Url,
    header::{CONTENT_TYPE, HeaderValue},
};
use serde::Deserialize;

use super::{
    Problem,
    answer::{Ask, small},
    keychain::Login,
};
use crate::Secret;

/// How long a token holds where nothing is said of it.
const USUAL: Duration = Duration::from_secs(60);

/// A token is not used up to its last second.
const MARGIN: Duration = Duration::from_secs(10);

/// A token, and until when it is good.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) value: Secret,
    until: Instant,
}

impl Token {
    pub(super) fn is_good(&self) -> bool {
        Instant::now() < self.until
    }
}

/// What a token is asked for.
pub(super) struct Wanted<'a> {
    /// The registry's own address.
    pub(super) registry: &'a Url,
    pub(super) realm: &'a str,
    pub(super) service: &'a str,
    pub(super) scope: &'a str,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    token: String,
    #[serde(default)]
    access_token: String,
    expires_in: Option<u64>,
}

/// Gets a token; anonymous ones are for what everybody may pull.
pub(super) async fn get(client: &Client, wanted: &Wanted<'_>, login: &Login) -> Result<Token, Problem> {
    let realm = realm(wanted.realm, wanted.registry).map_err(Problem::Token)?;
    let (ask, response) = match login {
        Login::Identity(secret) => exchange(client, &realm, wanted, secret).await?,
        login => ask_for(client, &realm, wanted, login).await?,
    };
    let response = ask.check(response, *login != Login::Anonymous).await?;
    let bytes = small(&ask, response).await?;
    read(&bytes).ok_or_else(|| Problem::Token(format!("the answer of `{}` holds none", ask.shown())))
}

async fn ask_for(client: &Client, realm: &Url, wanted: &Wanted<'_>, login: &Login) -> Result<(Ask, Response), Problem> {
    let mut ask = Ask::get(realm.clone(), "application/json");
    ask.url.query_pairs_mut().extend_pairs([("service", wanted.service), ("scope", wanted.scope)]);
    let response = ask.send(client, basic(login)?.as_ref()).await?;
    Ok((ask, response))
}

/// Trades a refresh token. Redirects are not followed: the token is in the request's body.
async fn exchange(
    client: &Client,
    realm: &Url,
    wanted: &Wanted<'_>,
    secret: &Secret,
) -> Result<(Ask, Response), Problem> {
    let ask = Ask::new(Method::POST, realm.clone(), "application/json");
    let form = [
        ("grant_type", "refresh_token"),
        ("service", wanted.service),
        ("scope", wanted.scope),
        ("client_id", "sluice"),
        ("refresh_token", secret.expose()),
    ];
    let mut body = Url::parse("form:").map_err(|_| Problem::Credentials)?;
    body.query_pairs_mut().extend_pairs(form);
    let request = client.post(realm.clone()).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    let request = request.body(body.query().unwrap_or_default().to_owned());
    let response = request.send().await.map_err(|error| ask.failed(error))?;
    Ok((ask, response))
}

fn read(bytes: &[u8]) -> Option<Token> {
    let Answer { token, access_token, expires_in } = serde_json::from_slice(bytes).ok()?;
    let value = [token, access_token].into_iter().find(|token| !token.is_empty())?;
    let good = expires_in.map_or(USUAL, |seconds| Duration::from_secs(seconds.min(86_400)));
    Some(Token { value: Secret::new(value), until: Instant::now() + good.saturating_sub(MARGIN).max(MARGIN / 2) })
}

/// Returns the header for a user with a password.
pub(crate) fn basic(login: &Login) -> Result<Option<HeaderValue>, Problem> {
    match login {
        Login::Basic { username, password } => {
            let pair = BASE64_STANDARD.encode(format!("{username}:{}", password.expose()));
            sensitive(&format!("Basic {pair}")).map(Some)
        }
        _ => Ok(None),
    }
}

pub(super) fn bearer(token: &Secret) -> Result<HeaderValue, Problem> {
    sensitive(&format!("Bearer {}", token.expose()))
}

fn sensitive(text: &str) -> Result<HeaderValue, Problem> {
    let mut value = HeaderValue::try_from(text).map_err(|_| Problem::Credentials)?;
    value.set_sensitive(true);
    Ok(value)
}

/// Checks who is to be shown the credentials: a registry must not send the agent to a service inside of the cluster or
/// of the node.
fn realm(text: &str, registry: &Url) -> Result<Url, String> {
    let refuse = |problem: &str| format!("the realm `{}` {problem}", text.split('?').next().unwrap_or_default());
    let url = Url::parse(text).map_err(|_| refuse("is no URL"))?;
    match (url.scheme(), registry.scheme()) {
        ("https", _) | ("http", "http") => {}
        _ => return Err(refuse("is not encrypted")),
    }
    let same = url.host_str() == registry.host_str() && url.port_or_known_default() == registry.port_or_known_default();
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    if !same && host.parse().is_ok_and(is_inside) {
        return Err(refuse("is an address inside of a network, other than the registry's own"));
    }
    Ok(url)
}

fn is_inside(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_unspecified(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local() || v6.is_unspecified(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("https://auth.example.com/token", "https://r.example.com/", "")]
    #[case("https://10.0.0.1:5000/token", "https://10.0.0.1:5000/", "")]
    #[case("http://localhost:5001/token", "http://localhost:5000/", "")]
    #[case("http://auth.example.com/token", "https://r.example.com/", "is not encrypted")]
    #[case("ftp://auth.example.com/token", "http://r.example.com/", "is not encrypted")]
    #[case("https://10.0.0.2/token", "https://r.example.com/", "inside of a network")]
    #[case("https://169.254.169.254/token", "https://r.example.com/", "inside of a network")]
    #[case("https://[::ffff:127.0.0.1]/token", "https://r.example.com/", "inside of a network")]
    #[case("https://[fd00::1]/token", "https://r.example.com/", "inside of a network")]
    #[case("token?sig=hunter2", "https://r.example.com/", "is no URL")]
    fn credentials_are_not_shown_to_just_anybody(#[case] text: &str, #[case] registry: &str, #[case] problem: &str) {
        let found = realm(text, &Url::parse(registry).unwrap()).err().unwrap_or_default();
        assert!(found.contains(problem) && found.is_empty() == problem.is_empty(), "{found}");
        assert!(!found.contains("hunter2"));
    }

    #[rstest]
    #[case(r#"{"token":"t","expires_in":300}"#, Some(290))]
    #[case(r#"{"access_token":"t"}"#, Some(50))]
    #[case(r#"{"token":"t","expires_in":3}"#, Some(5))]
    #[case(r#"{"token":"t","expires_in":99999999999}"#, Some(86_390))]
    #[case(r#"{"token":""}"#, None)]
    #[case("<html>", None)]
    fn a_token_is_kept_until_it_is_about_to_run_out(#[case] answer: &str, #[case] seconds: Option<u64>) {
        let token = read(answer.as_bytes());
        let left = token.as_ref().map(|token| token.until.duration_since(Instant::now()).as_secs_f64().round() as u64);
        assert_eq!(left, seconds);
        assert!(token.is_none_or(|token| token.is_good()));
    }
}
