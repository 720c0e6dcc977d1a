//! The exchange with a server: Git's smart protocol over HTTP, version 2, or 0 where the server knows no other.

use bytes::Bytes;
use gix::ObjectId;
use reqwest::{
    Client, Response, Url,
    header::{ACCEPT, CONTENT_TYPE, HeaderValue, LOCATION},
};

use super::{
    Auth, Error, GitSpec,
    http::{Call, Http, authorization, parse_url},
    pack::Writer,
    packet::{Decoder, Packet, Request},
    refs::Ref,
};
use crate::{Limit, Limits};

const SERVICE: &str = "git-upload-pack";

/// Bytes of a list of references; some 300,000 of them.
const LISTING: u64 = 32 << 20;

const REDIRECTS: usize = 5;

/// A repository as one client sees it.
pub(super) struct Remote<'a> {
    pub(super) shown: String,
    pub(super) url: Url,
    spec: &'a GitSpec,
    client: Client,
    authorization: Option<HeaderValue>,
}

/// What was learned about a server: where it really is, and what it speaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Session {
    /// Without trailing slash.
    base: String,
    pub(super) redirected: bool,
    /// Whether credentials may be sent there.
    trusted: bool,
    pub(super) protocol: Protocol,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Protocol {
    /// References are listed on request, by prefix.
    V2,
    /// All references come with the greeting. Holds those of our capabilities that the server has.
    V0(Vec<&'static str>),
}

/// What to fetch.
pub(super) struct Wanted<'a> {
    pub(super) ids: &'a [ObjectId],
    /// One commit only, or all of history.
    pub(super) shallow: bool,
    pub(super) limits: &'a Limits,
}

impl<'a> Remote<'a> {
    pub(super) fn new(http: &Http, spec: &'a GitSpec) -> Result<Self, Error> {
        let (url, from_url) = parse_url(&spec.url)?;
        let auth = if spec.auth == Auth::None { &from_url } else { &spec.auth };
        let authorization = authorization(auth)?;
        let shown = url.as_str().trim_end_matches('/').to_owned();
        Ok(Self { shown, url, spec, client: http.client(spec)?, authorization })
    }

    /// Greets the server. Older protocols list all references at once.
    pub(super) async fn discover(&self) -> Result<(Session, Option<Vec<Ref>>), Error> {
        let tail = format!("/info/refs?service={SERVICE}");
        let mut url = self.parse(&format!("{}{tail}", self.shown))?;
        for _ in 0..=REDIRECTS {
            let trusted = may_have_credentials(&self.url, &url);
            let response = self.call(trusted).send(self.client.get(url.clone())).await?;
            if !response.status().is_redirection() {
                let base = url.as_str().strip_suffix(&tail).unwrap_or_default().to_owned();
                let (protocol, refs) = self.greeting(response).await?;
                let redirected = base != self.shown;
                return Ok((Session { base, redirected, trusted, protocol }, refs));
            }
            url = self.redirect(&url, &response, &tail)?;
        }
        Err(self.redirect_error(&url, "there are too many redirects"))
    }

    fn redirect(&self, from: &Url, response: &Response, tail: &str) -> Result<Url, Error> {
        let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let to = from.join(location).map_err(|_| self.redirect_error(from, "it is no URL"))?;
        match follow(from, &to, tail) {
            Ok(()) => Ok(to),
            Err(problem) => Err(self.redirect_error(&to, problem)),
        }
    }

    fn redirect_error(&self, to: &Url, problem: &'static str) -> Error {
        let mut to = to.clone();
        // Signed URLs carry secrets in their query.
        to.set_query(None);
        to.set_fragment(None);
        let _ = (to.set_username(""), to.set_password(None));
        Error::Redirect { url: self.shown.clone(), to: to.into(), problem }
    }

    async fn greeting(&self, response: Response) -> Result<(Protocol, Option<Vec<Ref>>), Error> {
        let kind = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if !kind.starts_with(&format!("application/x-{SERVICE}-advertisement")) {
            return Err(self.protocol_error(format!("it is `{kind}`, not Git's smart HTTP protocol")));
        }
        let lines = self.lines(response).await?;
        let mut lines = lines.iter().map(String::as_str).filter(|line| !line.starts_with("# ")).peekable();
        if lines.next_if(|line| line.trim_end() == "version 2").is_some() {
            return self
                .check_hash(lines.any(|line| line.trim_end() == "object-format=sha256"))
                .map(|()| (Protocol::V2, None));
        }
        lines.next_if(|line| line.trim_end() == "version 1");
        let capabilities = lines.peek().and_then(|line| line.split_once('\0')).map_or("", |(_, rest)| rest);
        let words: Vec<&str> = capabilities.split_whitespace().collect();
        self.check_hash(words.contains(&"object-format=sha256"))?;
        let ours = ["side-band-64k", "ofs-delta", "shallow", "no-progress"];
        let protocol = Protocol::V0(ours.into_iter().filter(|ours| words.contains(ours)).collect());
        let refs = Ref::parse_v0(lines).ok_or_else(|| self.protocol_error("a reference cannot be read"))?;
        Ok((protocol, Some(refs)))
    }

    fn check_hash(&self, sha256: bool) -> Result<(), Error> {
        match sha256 {
            true => Err(self.protocol_error("repositories with SHA-256 object names are not supported")),
            false => Ok(()),
        }
    }

    /// Lists references by prefixes; for protocol 2 only.
    pub(super) async fn list(&self, session: &Session, prefixes: &[String]) -> Result<Vec<Ref>, Error> {
        let prefixes = prefixes.iter().map(|prefix| format!("ref-prefix {prefix}"));
        let request = Request::default().line("command=ls-refs").delimiter().line("peel").lines(prefixes).flush();
        let response = self.post(session, request).await?;
        let lines = self.lines(response).await?;
        let refs = lines.iter().filter(|line| !line.starts_with("unborn ")).map(|line| Ref::parse_v2(line));
        refs.collect::<Option<_>>().ok_or_else(|| self.protocol_error("a reference cannot be read"))
    }

    /// Receives a pack and writes it.
    pub(super) async fn fetch(&self, session: &Session, wanted: &Wanted<'_>, mut to: Writer) -> Result<(), Error> {
        let request = match &session.protocol {
            Protocol::V2 => request_v2(wanted),
            Protocol::V0(capabilities) if capabilities.contains(&"side-band-64k") => request_v0(wanted, capabilities),
            Protocol::V0(_) => return Err(self.protocol_error("the server does not speak `side-band-64k`")),
        };
        let mut packets = Packets::new(self, self.post(session, request).await?);
        self.skip_to_pack(&mut packets).await?;
        let mut size = 0;
        while let Some(Packet::Data(data)) = packets.next().await? {
            let (band, payload) = data.split_first().ok_or_else(|| self.protocol_error("a packet is empty"))?;
            match band {
                1 => {
                    size += payload.len() as u64;
                    wanted.limits.check(Limit::Download, size, &self.shown)?;
                    to.write(payload).await?;
                }
                3 => return Err(self.refused(payload)),
                _ => {}
            }
        }
        to.finish().await
    }

    /// Before the pack come the shallow commits, and what both sides have.
    async fn skip_to_pack(&self, packets: &mut Packets<'_>) -> Result<(), Error> {
        while let Some(packet) = packets.next().await? {
            match packet {
                Packet::Data(line) if matches!(&line[..], b"packfile\n" | b"NAK\n" | b"NAK") => return Ok(()),
                _ => {}
            }
        }
        Err(self.protocol_error("there is no pack in it"))
    }

    async fn post(&self, session: &Session, body: Request) -> Result<Response, Error> {
        let url = self.parse(&format!("{}/{SERVICE}", session.base))?;
        let request = self
            .client
            .post(url.clone())
            .header(CONTENT_TYPE, format!("application/x-{SERVICE}-request"))
            .header(ACCEPT, format!("application/x-{SERVICE}-result"))
            .body(body.into_bytes());
        let response = self.call(session.trusted).send(request).await?;
        match response.status().is_redirection() {
            true => Err(self.redirect_error(&url, "a request was redirected that may not be")),
            false => Ok(response),
        }
    }

    /// Reads all lines of an answer. A server that does not understand the question may answer nothing at all.
    async fn lines(&self, response: Response) -> Result<Vec<String>, Error> {
        let mut packets = Packets::new(self, response);
        let (mut lines, mut size, mut complete) = (Vec::new(), 0, false);
        while let Some(packet) = packets.next().await? {
            complete = packet == Packet::Flush;
            let Packet::Data(data) = packet else { continue };
            size += data.len() as u64;
            if size > LISTING {
                return Err(self.protocol_error("the list of references is longer than 32 MiB"));
            }
            lines.push(String::from_utf8_lossy(&data).into_owned());
        }
        if complete { Ok(lines) } else { Err(self.protocol_error("it ends too early")) }
    }

    fn call(&self, trusted: bool) -> Call<'_> {
        let authorization = self.authorization.as_ref().filter(|_| trusted);
        Call { spec: self.spec, shown: &self.shown, authorization }
    }

    fn parse(&self, url: &str) -> Result<Url, Error> {
        Url::parse(url).map_err(|error| Error::Url { url: self.shown.clone(), problem: error.to_string() })
    }

    pub(super) fn protocol_error(&self, problem: impl Into<String>) -> Error {
        Error::Protocol { url: self.shown.clone(), problem: problem.into() }
    }

    fn refused(&self, message: &[u8]) -> Error {
        let message = String::from_utf8_lossy(message).trim().chars().take(300).collect();
        Error::Refused { url: self.shown.clone(), message }
    }
}

fn request_v2(wanted: &Wanted<'_>) -> Request {
    let wants = wanted.ids.iter().map(|id| format!("want {id}"));
    let depth = wanted.shallow.then(|| "deepen 1".to_owned());
    let request = Request::default().line("command=fetch").delimiter().line("no-progress").line("ofs-delta");
    request.lines(depth).lines(wants).line("done").flush()
}

fn request_v0(wanted: &Wanted<'_>, capabilities: &[&'static str]) -> Request {
    let first = |at: usize| if at == 0 { format!(" {}", capabilities.join(" ")) } else { String::new() };
    let wants = wanted.ids.iter().enumerate().map(|(at, id)| format!("want {id}{}", first(at)));
    let depth = (wanted.shallow && capabilities.contains(&"shallow")).then(|| "deepen 1".to_owned());
    Request::default().lines(wants).lines(depth).flush().line("done")
}

/// Says why a redirect is not followed, as `git` does not either.
fn follow(from: &Url, to: &Url, tail: &str) -> Result<(), &'static str> {
    match (from.scheme(), to.scheme()) {
        ("https", "http") => Err("it is not encrypted"),
        (_, "http" | "https") if to.as_str().ends_with(tail) => Ok(()),
        _ => Err("it leads away from the repository"),
    }
}

/// Credentials go to the host that they are for, and nowhere else.
fn may_have_credentials(home: &Url, to: &Url) -> bool {
    let upgraded = (home.scheme(), to.scheme()) == ("http", "https") && home.port().is_none() && to.port().is_none();
    let same = home.scheme() == to.scheme() && home.port_or_known_default() == to.port_or_known_default();
    home.host_str() == to.host_str() && (same || upgraded)
}

/// The packets of an answer as they arrive.
struct Packets<'a> {
    remote: &'a Remote<'a>,
    response: Response,
    decoder: Decoder,
}

impl<'a> Packets<'a> {
    fn new(remote: &'a Remote<'a>, response: Response) -> Self {
        Self { remote, response, decoder: Decoder::default() }
    }

    /// Returns the next packet, or `None` at the end. An error line of the server is an error.
    async fn next(&mut self) -> Result<Option<Packet>, Error> {
        loop {
            let malformed = |_| self.remote.protocol_error("it is not made of Git's packets");
            match self.decoder.next().map_err(malformed)? {
                Some(Packet::Data(line)) if line.starts_with(b"ERR ") => return Err(self.remote.refused(&line[4..])),
                Some(packet) => return Ok(Some(packet)),
                None => {}
            }
            match self.chunk().await? {
                Some(bytes) => self.decoder.feed(&bytes),
                None if self.decoder.is_empty() => return Ok(None),
                None => return Err(self.remote.protocol_error("it ends too early")),
            }
        }
    }

    async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        self.response.chunk().await.map_err(|error| self.remote.call(false).failed(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[rstest]
    #[case("https://a/x", "https://a/y", true)]
    #[case("http://a/x", "https://a/x", true)]
    #[case("https://a/x", "https://a:443/x", true)]
    #[case("https://a/x", "https://b/x", false)]
    #[case("https://a/x", "https://a:8443/x", false)]
    #[case("http://a:8080/x", "https://a/x", false)]
    #[case("https://a/x", "http://a/x", false)]
    fn credentials_stay_at_their_host(#[case] home: &str, #[case] to: &str, #[case] expected: bool) {
        assert_eq!(may_have_credentials(&url(home), &url(to)), expected);
    }

    #[rstest]
    #[case("https://a/r/info/refs", "https://b/s/info/refs", Ok(()))]
    #[case("http://a/r/info/refs", "https://a/r/info/refs", Ok(()))]
    #[case("https://a/r/info/refs", "http://a/r/info/refs", Err("it is not encrypted"))]
    #[case("https://a/r/info/refs", "https://a/login", Err("it leads away from the repository"))]
    #[case("https://a/r/info/refs", "ftp://a/r/info/refs", Err("it leads away from the repository"))]
    fn redirects_lead_to_a_repository(
        #[case] from: &str,
        #[case] to: &str,
        #[case] expected: Result<(), &'static str>,
    ) {
        assert_eq!(follow(&url(from), &url(to), "/info/refs"), expected);
    }
}
