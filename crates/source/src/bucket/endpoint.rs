//! The address of a storage account.

use std::net::IpAddr;

use reqwest::Url;

use super::Error;

/// Where an account is served, and a SAS that came with the address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Endpoint {
    /// Without query and trailing slash.
    pub(super) url: String,
    pub(super) account: String,
    pub(super) secure: bool,
    /// The query.
    pub(super) query: Vec<(String, String)>,
}

impl Endpoint {
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        let refuse = |problem: &str| Error::Endpoint { endpoint: shown(text), problem: problem.into() };
        let mut url = Url::parse(text).map_err(|_| refuse("it is no URL"))?;
        if !matches!(url.scheme(), "https" | "http") {
            return Err(refuse("it must begin with `https://` or `http://`"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refuse("credentials belong into the secret of `spec.secretRef`"));
        }
        let account = account(&url).ok_or_else(|| refuse("it does not name the storage account"))?;
        let query = url.query_pairs().into_owned().collect();
        url.set_query(None);
        url.set_fragment(None);
        let secure = url.scheme() == "https";
        Ok(Self { url: url.as_str().trim_end_matches('/').to_owned(), account, secure, query })
    }

    /// Says whether the query signs requests.
    pub(super) fn is_signed(&self) -> bool {
        self.query.iter().any(|(key, _)| key == "sig")
    }

    /// Joins a SAS with the query; the SAS wins, as in Flux.
    pub(super) fn with_sas(&self, sas: &str) -> Vec<(String, String)> {
        let sas = sas.trim().trim_start_matches('?');
        let read = Url::parse(&format!("http://x/?{sas}"));
        let mut pairs: Vec<(String, String)> = read.iter().flat_map(|url| url.query_pairs().into_owned()).collect();
        let others = self.query.iter().filter(|(key, _)| !pairs.iter().any(|(given, _)| given == key));
        let others: Vec<_> = others.cloned().collect();
        pairs.extend(others);
        pairs
    }
}

/// The first part of the host, or of the path where the host is an address or has no domain, as emulators are reached.
fn account(url: &Url) -> Option<String> {
    let host = url.host_str()?;
    let in_path = host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok() || !host.contains('.');
    let account = if in_path { url.path_segments()?.next()? } else { host.split('.').next()? };
    (!account.is_empty()).then(|| account.to_owned())
}

/// Cuts what may be secret out of an address.
pub(super) fn shown(text: &str) -> String {
    let text = text.split(['?', '#']).next().unwrap_or_default();
    match text.split_once("://") {
        Some((scheme, rest)) => format!("{scheme}://{}", rest.rsplit_once('@').map_or(rest, |(_, host)| host)),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("https://fleet.blob.core.windows.net", "https://fleet.blob.core.windows.net", "fleet")]
    #[case("https://fleet.blob.core.windows.net/", "https://fleet.blob.core.windows.net", "fleet")]
    #[case("http://127.0.0.1:10000/devstoreaccount1", "http://127.0.0.1:10000/devstoreaccount1", "devstoreaccount1")]
    #[case("http://[::1]:10000/dev/", "http://[::1]:10000/dev", "dev")]
    #[case("http://azurite:10000/dev?sv=1&sig=x", "http://azurite:10000/dev", "dev")]
    fn an_endpoint_names_the_account(#[case] text: &str, #[case] url: &str, #[case] account: &str) {
        let endpoint = Endpoint::parse(text).unwrap();
        assert_eq!((endpoint.url.as_str(), endpoint.account.as_str()), (url, account));
        assert_eq!(endpoint.is_signed(), text.contains("sig="));
    }

    #[rstest]
    #[case("fleet.blob.core.windows.net", "it is no URL")]
    #[case("ftp://fleet.blob.core.windows.net", "must begin with `https://`")]
    #[case("https://me:hunter2@fleet.example.com", "credentials belong into the secret")]
    #[case("http://127.0.0.1:10000/?sig=hunter2", "does not name the storage account")]
    fn other_endpoints_are_refused(#[case] text: &str, #[case] problem: &str) {
        let error = Endpoint::parse(text).unwrap_err().to_string();
        assert!(error.contains(problem) && !error.contains("hunter2"), "{error}");
    }

    #[test]
    fn a_sas_wins_over_the_query_of_the_endpoint() {
        let endpoint = Endpoint::parse("https://a.example.com/?sv=old&sr=c").unwrap();
        let pairs = endpoint.with_sas("?sv=new&sig=a%2Bb%3D\n");
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(pairs, [pair("sv", "new"), pair("sig", "a+b="), pair("sr", "c")]);
    }
}
