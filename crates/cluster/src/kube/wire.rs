//! One exchange with the server: its turn, its time, its repeats, its count.

use std::{
    future::poll_fn,
    pin::Pin,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Method, Response, header};
use hyper::body::Body as _;
use hyper_util::client::legacy::Error as ClientError;
use kube::{Client, client::Body};
use tokio::{
    sync::Semaphore,
    time::{sleep, timeout},
};

use super::{Counters, Options, Stats, answer, connect::header as value, stats::Gauge};
use crate::{ApiError, Identity, Verb};

pub(super) const JSON: &str = "application/json";
pub(super) const PARTIAL_LIST: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
pub(super) const JSON_PATCH: &str = "application/json-patch+json";
pub(super) const MERGE_PATCH: &str = "application/merge-patch+json";
pub(super) const STRATEGIC_PATCH: &str = "application/strategic-merge-patch+json";
pub(super) const APPLY_PATCH: &str = "application/apply-patch+yaml";

/// A call may take this many times the timeout of one try, its wait for a turn included.
const CALL_TRIES: u32 = 4;
/// How often a call that the server puts off (429, or 5xx with `Retry-After`) is tried.
const PUT_OFF_TRIES: u32 = 6;
/// How often a call that got no connection, or lost it, is tried: a restart of the server takes longer than any
/// number of tries worth waiting for, and the caller tries again anyway.
const CONNECT_TRIES: u32 = 3;
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// `Retry-After` is obeyed up to here.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// The longest answer, and the longest line of a watch: a page of 500 of the largest objects that etcd takes fits.
const LONGEST_ANSWER: usize = 768 << 20;
const LONGEST_LINE: usize = 64 << 20;

/// A request on its way to HTTP.
#[derive(Clone)]
pub(super) struct Call {
    pub(super) verb: Verb,
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) accept: &'static str,
    pub(super) content: &'static str,
    pub(super) body: Bytes,
}

impl Call {
    /// Returns a read.
    pub(super) fn get(verb: Verb, path: String) -> Self {
        Self { verb, method: Method::GET, path, accept: JSON, content: "", body: Bytes::new() }
    }

    /// Returns a write.
    pub(super) fn write(verb: Verb, method: Method, path: String, content: &'static str, body: Bytes) -> Self {
        Self { verb, method, path, accept: JSON, content, body }
    }

    /// Says whether doing it twice is doing it once: a create or a JSON patch may have been done before the
    /// connection was lost.
    fn is_repeatable(&self) -> bool {
        self.method != Method::POST && self.content != JSON_PATCH
    }
}

/// Why one try failed.
struct Failure {
    error: ApiError,
    retry_after: Option<Duration>,
    /// Whether the server cannot have seen the request.
    unsent: bool,
}

/// The way to an API server.
pub(super) struct Wire {
    client: Client,
    server: String,
    impersonation: HeaderMap,
    timeout: Duration,
    turns: Semaphore,
    counters: Arc<Counters>,
}

impl Wire {
    pub(super) fn new(client: Client, server: String, impersonation: HeaderMap, options: &Options) -> Self {
        let turns = Semaphore::new(options.max_in_flight.max(1));
        Self { client, server, impersonation, timeout: options.timeout, turns, counters: Arc::default() }
    }

    pub(super) fn stats(&self) -> Stats {
        self.counters.stats()
    }

    pub(super) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Does a request and returns the body of a good answer.
    pub(super) async fn exchange(&self, who: &Identity, call: &Call) -> Result<Bytes, ApiError> {
        let limit = self.timeout * CALL_TRIES;
        timeout(limit, self.tries(who, call)).await.unwrap_or_else(|_| Err(answer::no_answer(&self.server, limit)))
    }

    async fn tries(&self, who: &Identity, call: &Call) -> Result<Bytes, ApiError> {
        let mut tried = 0;
        loop {
            tried += 1;
            let failure = match self.attempt(who, call).await {
                Ok(body) => return Ok(body),
                Err(failure) => failure,
            };
            match pause(&failure, call.is_repeatable(), tried) {
                Some(pause) => sleep(pause).await,
                None => return Err(failure.error),
            }
        }
    }

    async fn attempt(&self, who: &Identity, call: &Call) -> Result<Bytes, Failure> {
        let _turn = self.turns.acquire().await;
        let _flight = self.counters.flight();
        let started = Instant::now();
        let tried = timeout(self.timeout, self.answer(who, call)).await;
        let tried = tried.unwrap_or_else(|_| Err(answer::no_answer(&self.server, self.timeout).into()));
        self.count(call.verb, &tried, |(code, _)| *code, started);
        tried.map(|(_, body)| body)
    }

    async fn answer(&self, who: &Identity, call: &Call) -> Result<(u16, Bytes), Failure> {
        let response = self.send(who, call).await?;
        Ok((response.status().as_u16(), collect(response, &self.server).await?))
    }

    fn count<T>(&self, verb: Verb, tried: &Result<T, Failure>, good: impl FnOnce(&T) -> u16, started: Instant) {
        let code = tried.as_ref().map_or_else(|failure| failure.error.code(), good);
        self.counters.count(verb, code, started.elapsed());
    }

    /// Opens a stream of lines.
    pub(super) async fn open(&self, who: &Identity, call: &Call) -> Result<Lines, ApiError> {
        let started = Instant::now();
        let tried = timeout(self.timeout, self.send(who, call)).await;
        let tried = tried.unwrap_or_else(|_| Err(answer::no_answer(&self.server, self.timeout).into()));
        self.count(call.verb, &tried, |response| response.status().as_u16(), started);
        let response = tried.map_err(|failure| failure.error)?;
        Ok(Lines {
            body: response.into_body(),
            buffer: BytesMut::new(),
            searched: 0,
            server: self.server.clone(),
            _open: self.counters.watch(),
        })
    }

    async fn send(&self, who: &Identity, call: &Call) -> Result<Response<Body>, Failure> {
        let request = self.request(who, call)?;
        let response = self.client.send(request).await.map_err(|error| self.lost(&error))?;
        let (code, after) = (response.status().as_u16(), answer::retry_after(response.headers()));
        if response.status().is_success() {
            return Ok(response);
        }
        let body = collect(response, &self.server).await?;
        Err(Failure { error: answer::failure(code, &body), retry_after: after, unsent: false })
    }

    fn request(&self, who: &Identity, call: &Call) -> Result<http::Request<Body>, ApiError> {
        let mut request = http::Request::builder().method(call.method.clone()).uri(&call.path);
        request = request.header(header::ACCEPT, call.accept);
        if !call.content.is_empty() {
            request = request.header(header::CONTENT_TYPE, call.content);
        }
        let request = request.body(Body::from(call.body.clone()));
        let mut request = request.map_err(|error| ApiError::transport(format!("build the request: {error}")))?;
        match who.impersonated_user() {
            // The server adds a service account's groups itself; naming them would need the right to.
            Some(user) => drop(request.headers_mut().insert("impersonate-user", value(&user)?)),
            None => request.headers_mut().extend(self.impersonation.clone()),
        }
        Ok(request)
    }

    fn lost(&self, error: &kube::Error) -> Failure {
        let unsent = match error {
            kube::Error::Service(error) => error.downcast_ref::<ClientError>().is_some_and(ClientError::is_connect),
            _ => false,
        };
        Failure { error: answer::no_way(&self.server, error), retry_after: None, unsent }
    }
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        Self { error, retry_after: None, unsent: false }
    }
}

/// Decides whether a failed try is repeated, and when. As client-go, an answer of 429, or of 5xx with a
/// `Retry-After`, was not acted on and may be repeated whatever the verb.
fn pause(failure: &Failure, repeatable: bool, tried: u32) -> Option<Duration> {
    let backoff = FIRST_PAUSE * 2_u32.saturating_pow(tried - 1);
    match (failure.error.code(), failure.retry_after) {
        (429 | 500.., Some(after)) if tried < PUT_OFF_TRIES => Some(after.clamp(FIRST_PAUSE, LONGEST_PAUSE)),
        (429, None) if tried < PUT_OFF_TRIES => Some(backoff),
        (0, _) if tried < CONNECT_TRIES && (repeatable || failure.unsent) && !is_timeout(&failure.error) => {
            Some(backoff)
        }
        _ => None,
    }
}

fn is_timeout(error: &ApiError) -> bool {
    error.kind == crate::ErrorKind::Timeout
}

async fn collect(response: Response<Body>, server: &str) -> Result<Bytes, Failure> {
    let mut body = response.into_body();
    let mut all = BytesMut::new();
    while let Some(more) = chunk(&mut body, server).await? {
        if all.len() + more.len() > LONGEST_ANSWER {
            return Err(too_long("answer", LONGEST_ANSWER).into());
        }
        all.extend_from_slice(&more);
    }
    Ok(all.freeze())
}

async fn chunk(body: &mut Body, server: &str) -> Result<Option<Bytes>, ApiError> {
    loop {
        match poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await {
            None => return Ok(None),
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => return Ok(Some(data)),
                Err(_trailers) => {}
            },
            Some(Err(error)) => return Err(answer::no_way(server, &error)),
        }
    }
}

fn too_long(what: &str, limit: usize) -> ApiError {
    ApiError::transport(format!("the API server's {what} is longer than {} MiB", limit >> 20))
}

/// The lines of an open watch.
pub(super) struct Lines {
    body: Body,
    buffer: BytesMut,
    searched: usize,
    server: String,
    _open: Gauge,
}

impl Lines {
    /// Returns the next line; none at the end of the stream. May be dropped and called again.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, ApiError> {
        loop {
            if let Some(end) = self.buffer[self.searched..].iter().position(|byte| *byte == b'\n') {
                let line = self.buffer.split_to(self.searched + end + 1).freeze();
                self.searched = 0;
                return Ok(Some(line.slice(..line.len() - 1)));
            }
            self.searched = self.buffer.len();
            if self.searched > LONGEST_LINE {
                return Err(too_long("watch event", LONGEST_LINE));
            }
            match chunk(&mut self.body, &self.server).await? {
                Some(more) => self.buffer.extend_from_slice(&more),
                None => return Ok(None),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::told_to_wait(429, Some(3), false, 1, Some(3000))]
    #[case::not_told_how_long(429, None, false, 2, Some(400))]
    #[case::enough(429, Some(1), true, 6, None)]
    #[case::overloaded(503, Some(1), false, 1, Some(1000))]
    #[case::broken(500, None, true, 1, None)]
    #[case::lost_read(0, None, true, 1, Some(200))]
    #[case::lost_create(0, None, false, 1, None)]
    #[case::lost_thrice(0, None, true, 3, None)]
    #[case::refused(403, None, true, 1, None)]
    fn repeats_only_what_may_be_repeated(
        #[case] code: u16,
        #[case] after: Option<u64>,
        #[case] repeatable: bool,
        #[case] tried: u32,
        #[case] expected: Option<u64>,
    ) {
        let error = if code == 0 { ApiError::transport("lost") } else { ApiError::status(code, "", "") };
        let failure = Failure { error, retry_after: after.map(Duration::from_secs), unsent: false };
        assert_eq!(pause(&failure, repeatable, tried), expected.map(Duration::from_millis));
    }
}
