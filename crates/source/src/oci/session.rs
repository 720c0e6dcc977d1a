//! A repository as one identity sees it: where it answers, how it wants to be asked, and the token for it.

use reqwest::{Client, Response, StatusCode, Url, header::HeaderValue};
use tokio::sync::Mutex;

use super::{
    Problem,
    answer::{Ask, challenge},
    challenge::Challenge,
    keychain::Login,
    name::Repository,
    retry::retried,
    token::{self, Token, Wanted, basic, bearer},
};

/// A repository of a registry, with what was learnt of it. Passes share it.
#[derive(Debug)]
pub(super) struct Session {
    client: Client,
    pub(super) repository: Repository,
    login: Login,
    /// Whether plain HTTP is tried too.
    plain: bool,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    base: Option<Url>,
    challenge: Option<Challenge>,
    token: Option<Token>,
}

impl Session {
    pub(super) fn new(client: Client, repository: Repository, login: Login, insecure: bool) -> Self {
        let plain = insecure || repository.is_near();
        Self { client, repository, login, plain, known: Mutex::default() }
    }

    /// Returns the URL of something in the repository, such as `manifests/latest`.
    pub(super) async fn url(&self, tail: &str) -> Result<Url, Problem> {
        let base = retried(|| self.base()).await?;
        let path = format!("/v2/{}/{tail}", self.repository.path);
        base.join(&path).map_err(|_| Problem::Name(format!("`{path}` is no path")))
    }

    /// Sends a request; where the registry does not take the token for it, with a new one.
    pub(super) async fn send(&self, ask: &Ask) -> Result<Response, Problem> {
        let authorization = self.authorization().await?;
        let mut response = self.call(ask, authorization.as_ref()).await?;
        if response.status() == StatusCode::UNAUTHORIZED
            && let Some(challenge) = challenge(&response)
            && self.learn(challenge, authorization.as_ref()).await
        {
            response = self.call(ask, self.authorization().await?.as_ref()).await?;
        }
        ask.check(response, self.login != Login::Anonymous).await
    }

    async fn call(&self, ask: &Ask, authorization: Option<&HeaderValue>) -> Result<Response, Problem> {
        let answer = ask.send(&self.client, authorization).await;
        if let Err(Problem::Unreachable { .. }) = answer {
            // What answers next may be another server, which speaks HTTPS, or not.
            self.known.lock().await.base = None;
        }
        answer
    }

    /// Says whether asking again may help: not with a password that was refused.
    async fn learn(&self, challenge: Challenge, refused: Option<&HeaderValue>) -> bool {
        let mut known = self.known.lock().await;
        let current = known.token.as_ref().and_then(|token| bearer(&token.value).ok());
        if current.is_some() && current.as_ref() != refused {
            return true;
        }
        known.token = None;
        let again = refused.is_none() || matches!(challenge, Challenge::Bearer { .. });
        known.challenge = Some(challenge);
        again
    }

    async fn authorization(&self) -> Result<Option<HeaderValue>, Problem> {
        let mut known = self.known.lock().await;
        let (Some(base), Some(challenge)) = (&known.base, &known.challenge) else { return Ok(None) };
        match (challenge, &self.login) {
            (Challenge::Basic, login) => basic(login),
            (Challenge::Bearer { .. }, Login::Registry(token)) => bearer(token).map(Some),
            (Challenge::Bearer { realm, service, scope }, login) => {
                if let Some(token) = known.token.as_ref().filter(|token| token.is_good()) {
                    return bearer(&token.value).map(Some);
                }
                let pull = format!("repository:{}:pull", self.repository.path);
                let scope = scope.as_deref().unwrap_or(&pull);
                let wanted = Wanted { registry: base, realm, service, scope };
                let token = retried(|| token::get(&self.client, &wanted, login)).await?;
                let value = bearer(&token.value)?;
                known.token = Some(token);
                Ok(Some(value))
            }
        }
    }

    /// Finds out once where and how the registry answers.
    async fn base(&self) -> Result<Url, Problem> {
        let mut known = self.known.lock().await;
        if let Some(base) = &known.base {
            return Ok(base.clone());
        }
        let (base, challenge) = match self.ping("https").await {
            Err(Problem::Unreachable { .. }) if self.plain => self.ping("http").await?,
            Err(untrusted @ Problem::Certificate { .. }) if self.plain => {
                self.ping("http").await.map_err(|_| untrusted)?
            }
            found => found?,
        };
        (known.base, known.challenge) = (Some(base.clone()), challenge);
        Ok(base)
    }

    async fn ping(&self, scheme: &str) -> Result<(Url, Option<Challenge>), Problem> {
        let base = Url::parse(&format!("{scheme}://{}/v2/", self.repository.host));
        let base = base.map_err(|error| Problem::Name(error.to_string()))?;
        let ask = Ask::get(base.clone(), "*/*");
        let response = ask.send(&self.client, None).await?;
        match (response.status(), challenge(&response)) {
            // The scope of this answer is made up: it is not about our repository.
            (StatusCode::UNAUTHORIZED, Some(Challenge::Bearer { realm, service, .. })) => {
                Ok((base, Some(Challenge::Bearer { realm, service, scope: None })))
            }
            (StatusCode::UNAUTHORIZED, Some(challenge)) => Ok((base, Some(challenge))),
            _ => ask.check(response, false).await.map(|_| (base, None)),
        }
    }
}
