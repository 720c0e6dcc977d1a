//! Signature Version 4, for the two requests that need one; neither has a body.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use ring::{digest, hmac};

use super::keys::Keys;
use crate::Secret;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// What is signed.
pub(super) struct Target<'a> {
    pub(super) service: &'a str,
    pub(super) region: &'a str,
    pub(super) host: &'a str,
    pub(super) path: &'a str,
}

/// What a token for EKS is made of.
#[derive(Debug, Clone)]
pub(crate) struct Signed {
    pub(super) keys: Keys,
    pub(super) sts: String,
    pub(super) region: String,
    pub(super) cluster: String,
}

impl Signed {
    /// Returns a token: a signed request to STS that says who the caller is, and which EKS sends.
    pub(crate) fn token(&self, now: Timestamp) -> Secret {
        Secret::new(format!("k8s-aws-v1.{}", URL_SAFE_NO_PAD.encode(self.url(now))))
    }

    fn url(&self, now: Timestamp) -> String {
        const HEADERS: &str = "host;x-k8s-aws-id";
        let target = Target { service: "sts", region: &self.region, host: host(&self.sts), path: "/" };
        let (time, scope) = (stamp(now), scope(&target, now));
        let credential = format!("{}/{scope}", self.keys.id);
        let mut query = vec![
            ("Action", "GetCallerIdentity"),
            ("Version", "2011-06-15"),
            ("X-Amz-Algorithm", ALGORITHM),
            ("X-Amz-Credential", &credential),
            ("X-Amz-Date", &time),
            ("X-Amz-Expires", "900"),
        ];
        query.extend(self.keys.session.as_ref().map(|session| ("X-Amz-Security-Token", session.expose())));
        query.push(("X-Amz-SignedHeaders", HEADERS));
        let query: Vec<_> = query.iter().map(|(name, value)| format!("{name}={}", escape(value))).collect();
        let (query, headers) = (query.join("&"), format!("host:{}\nx-k8s-aws-id:{}\n", target.host, self.cluster));
        let signature = signature(&self.keys, &target, &format!("{query}\n{headers}\n{HEADERS}"), now);
        format!("{}/?{query}&X-Amz-Signature={signature}", self.sts)
    }
}

/// Returns the headers of a signed request without query.
pub(super) fn headers(keys: &Keys, target: &Target<'_>, now: Timestamp) -> Vec<(&'static str, String)> {
    let mut headers = vec![("x-amz-date", stamp(now))];
    headers.extend(keys.session.as_ref().map(|session| ("x-amz-security-token", session.expose().to_owned())));
    let names: Vec<_> = ["host"].into_iter().chain(headers.iter().map(|(name, _)| *name)).collect();
    let names = names.join(";");
    let lines: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let signature = signature(keys, target, &format!("\nhost:{}\n{lines}\n{names}", target.host), now);
    let credential = format!("{}/{}", keys.id, scope(target, now));
    let authorization = format!("{ALGORITHM} Credential={credential}, SignedHeaders={names}, Signature={signature}");
    headers.push(("authorization", authorization));
    headers
}

/// `what` is the middle of the canonical request: query, headers, names of headers.
fn signature(keys: &Keys, target: &Target<'_>, what: &str, now: Timestamp) -> String {
    let request = format!("GET\n{}\n{what}\n{}", target.path, hex(digest::digest(&digest::SHA256, b"").as_ref()));
    let hash = hex(digest::digest(&digest::SHA256, request.as_bytes()).as_ref());
    let text = format!("{ALGORITHM}\n{}\n{}\n{hash}", stamp(now), scope(target, now));
    let first = format!("AWS4{}", keys.secret.expose()).into_bytes();
    let parts = [&date(now), target.region, target.service, "aws4_request"];
    let key = parts.iter().fold(first, |key, part| mac(&key, part));
    hex(&mac(&key, &text))
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes()).as_ref().to_vec()
}

fn scope(target: &Target<'_>, now: Timestamp) -> String {
    format!("{}/{}/{}/aws4_request", date(now), target.region, target.service)
}

fn stamp(now: Timestamp) -> String {
    now.strftime("%Y%m%dT%H%M%SZ").to_string()
}

fn date(now: Timestamp) -> String {
    now.strftime("%Y%m%d").to_string()
}

/// Returns host and port of an endpoint.
pub(super) fn host(endpoint: &str) -> &str {
    endpoint.split_once("://").map_or(endpoint, |(_, host)| host)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn escape(text: &str) -> String {
    let one = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(one).collect()
}

/// The signatures were made by AWS's SDK for Go (signer v4 of aws-sdk-go-v2 1.42.0) of the same values.
#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> Keys {
        Keys {
            id: "AKIDEXAMPLE".into(),
            secret: Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
            session: Some(Secret::new("session/token+with=signs")),
        }
    }

    fn now() -> Timestamp {
        "2026-01-02T03:04:05Z".parse().unwrap()
    }

    #[test]
    fn a_token_is_what_the_sdk_makes() {
        let sts = "https://sts.eu-west-1.amazonaws.com".to_owned();
        let signed = Signed { keys: keys(), sts, region: "eu-west-1".into(), cluster: "my cluster_1".into() };
        let url = signed.url(now());
        let signature = "98170962429e6c7fd18b2b0acf9dd3ed2f2c150e64afebc76b4406564dfd07de";
        assert_eq!(
            url,
            format!(
                "https://sts.eu-west-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15\
                 &X-Amz-Algorithm=AWS4-HMAC-SHA256\
                 &X-Amz-Credential=AKIDEXAMPLE%2F20260102%2Feu-west-1%2Fsts%2Faws4_request\
                 &X-Amz-Date=20260102T030405Z&X-Amz-Expires=900\
                 &X-Amz-Security-Token=session%2Ftoken%2Bwith%3Dsigns\
                 &X-Amz-SignedHeaders=host%3Bx-k8s-aws-id&X-Amz-Signature={signature}"
            )
        );
        let token = signed.token(now());
        let encoded = token.expose().strip_prefix("k8s-aws-v1.").unwrap();
        assert_eq!(URL_SAFE_NO_PAD.decode(encoded).unwrap(), url.as_bytes());
    }

    #[test]
    fn a_request_is_signed_as_the_sdk_signs_it() {
        let (host, path) = ("eks.eu-west-1.amazonaws.com", "/clusters/my_cluster-1");
        let target = Target { service: "eks", region: "eu-west-1", host, path };
        let headers = headers(&keys(), &target, now());
        assert_eq!(
            headers.last().unwrap().1,
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/eu-west-1/eks/aws4_request, \
             SignedHeaders=host;x-amz-date;x-amz-security-token, \
             Signature=1b83002a48cd8347c1e3b978ba5e53b7c60e45929833fef2d0703b29eb5956cc"
        );
    }
}
