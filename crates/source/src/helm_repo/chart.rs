//! Charts of a repository: which version is meant, and its archive.

use std::{io::Read, time::Duration};

use jiff::Timestamp;
use reqwest::Url;
use semver::Version;
use sluice_object::Digest;

use super::{
    Error, HelmRepoSpec, HelmRepos,
    index::{self, ChartVersion},
};
use crate::{
    Limits,
    oci::{
        Problem,
        answer::{Ask, same_origin},
        token::basic,
    },
    semver::{Range, version_of_tag},
    store::Received,
};

const ACCEPT: &str = "application/gzip, application/x-tar, application/octet-stream, */*";

/// Why no version of a chart is meant; the texts are those of source-controller and Helm where they have some.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChoiceError {
    /// The index cannot be read.
    #[error("failed to load index: {0}")]
    Index(String),
    /// There is no such chart.
    #[error("no chart name found: the index has no chart '{0}'")]
    Name(String),
    /// There is no such version.
    #[error("no '{name}' chart with version matching '{wanted}' found; the index has {shown}")]
    Version {
        /// The chart.
        name: String,
        /// The version or range.
        wanted: String,
        /// What there is.
        shown: String,
    },
    /// The version is none, and no range.
    #[error("improper constraint: {0:?}")]
    Range(String),
}

/// Returns the version of a chart that is wanted: the one of exactly that name, or the newest in a range. Of versions
/// that differ in build metadata alone the one that was made last is taken.
///
/// # Errors
/// When there is none, or the index cannot be read.
pub fn choose(index: impl Read, name: &str, wanted: &str) -> Result<ChartVersion, ChoiceError> {
    let mut search =
        Search { wanted, range: Range::parse(if wanted.is_empty() { "*" } else { wanted }).ok(), ..Search::default() };
    let visit = |chart: &str, version: ChartVersion| {
        if chart == name {
            search.see(version);
        }
    };
    index::read(index, visit).map_err(ChoiceError::Index)?;
    search.found(name)
}

#[derive(Default)]
struct Search<'a> {
    wanted: &'a str,
    range: Option<Range>,
    exact: Option<ChartVersion>,
    newest: Option<(Version, Option<Timestamp>, ChartVersion)>,
    seen: Vec<String>,
    count: usize,
}

impl Search<'_> {
    fn see(&mut self, chart: ChartVersion) {
        self.count += 1;
        let (Some(text), Some(true)) = (&chart.version, chart.name.as_ref().map(|name| !name.is_empty())) else {
            return;
        };
        if self.seen.len() < 5 {
            self.seen.push(text.clone());
        }
        let version = version_of_tag(text);
        if text == self.wanted {
            self.exact.get_or_insert(chart);
            return;
        }
        let Some(version) = version else { return };
        if self.range.as_ref().is_some_and(|range| range.matches(&version)) {
            self.keep_newest(version, chart);
        }
    }

    fn keep_newest(&mut self, version: Version, chart: ChartVersion) {
        let created = chart.created.as_deref().and_then(|text| text.parse().ok());
        let is_newer = |(best, made, _): &(Version, Option<Timestamp>, ChartVersion)| {
            version.cmp_precedence(best).then_with(|| created.cmp(made)).is_gt()
        };
        if self.newest.as_ref().is_none_or(is_newer) {
            self.newest = Some((version, created, chart));
        }
    }

    fn found(self, name: &str) -> Result<ChartVersion, ChoiceError> {
        if let Some(chart) = self.exact {
            return Ok(chart);
        }
        if self.count == 0 {
            return Err(ChoiceError::Name(name.to_owned()));
        }
        if self.range.is_none() {
            return Err(ChoiceError::Range(self.wanted.to_owned()));
        }
        let more = if self.count > self.seen.len() { ", …" } else { "" };
        let shown = format!("{}{more}", self.seen.join(", "));
        let missing = || ChoiceError::Version { name: name.to_owned(), wanted: self.wanted.to_owned(), shown };
        self.newest.map(|(.., chart)| chart).ok_or_else(missing)
    }
}

impl HelmRepos {
    /// Downloads the archive of a chart. Credentials go to the host of the repository, or where the spec passes them on.
    ///
    /// # Errors
    /// When the server cannot be reached or declines, it is larger than the limits allow, or its digest is not that of
    /// the index.
    pub async fn download_chart(
        &self,
        spec: &HelmRepoSpec,
        pass_credentials: bool,
        chart: &ChartVersion,
        limits: &Limits,
    ) -> Result<Received, Error> {
        let url = chart_url(&spec.url, chart)?;
        let home = Url::parse(&spec.url).is_ok_and(|home| same_origin(&home, &url));
        let authorization = basic(&spec.login).map_err(Error::Pull)?.filter(|_| home || pass_credentials);
        let ask = Ask::get(url, ACCEPT);
        let pulled = self.downloaded(spec, &ask, authorization.as_ref(), limits);
        let pulled = tokio::time::timeout(spec.timeout, pulled).await;
        let pulled = pulled.unwrap_or_else(|_: tokio::time::error::Elapsed| Err(timed_out(spec.timeout)));
        let (received, _) = pulled.map_err(as_pull)?.ok_or_else(|| Error::Pull(ask.protocol("nothing came")))?;
        check_digest(chart, &received.digest(), &ask)?;
        Ok(received)
    }
}

fn timed_out(after: Duration) -> Error {
    Error::Pull(Problem::Timeout(after))
}

fn as_pull(error: Error) -> Error {
    match error {
        Error::Fetch(problem) => Error::Pull(problem),
        other => other,
    }
}

/// Resolves the first address of a chart below that of its repository, whose query it gets, as Helm does.
fn chart_url(repository: &str, chart: &ChartVersion) -> Result<Url, Error> {
    let refuse = |problem: String| Error::Pull(Problem::Name(problem));
    let name = chart.name.as_deref().unwrap_or_default();
    let address = chart.urls.iter().flatten().next();
    let address = address.ok_or_else(|| refuse(format!("chart '{name}' has no downloadable URLs")))?;
    let odd = |_| refuse(format!("the index has no URL of chart '{name}', but `{}`", address.escape_default()));
    let url = match Url::parse(address) {
        Ok(url) => url,
        Err(_) => {
            let mut base = Url::parse(repository).map_err(odd)?;
            let folder = format!("{}/", base.path().trim_end_matches('/'));
            base.set_path(&folder);
            let mut url = base.join(address).map_err(odd)?;
            url.set_query(base.query());
            url
        }
    };
    match url.scheme() {
        "http" | "https" => Ok(url),
        scheme => {
            Err(refuse(format!("chart '{name}' is at a URL with the scheme `{scheme}`, not at http:// or https://")))
        }
    }
}

/// Digests in indexes are written with or without their algorithm; of other algorithms nothing is said.
fn check_digest(chart: &ChartVersion, found: &Digest, ask: &Ask) -> Result<(), Error> {
    let wanted = chart.digest.as_deref().unwrap_or_default();
    let wanted = wanted.strip_prefix("sha256:").unwrap_or(wanted);
    if wanted.is_empty() || wanted.contains(':') || wanted.eq_ignore_ascii_case(found.hex()) {
        return Ok(());
    }
    Err(Error::Digest {
        asked: ask.shown(),
        expected: wanted.escape_default().to_string(),
        found: found.hex().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const INDEX: &str = "apiVersion: v1\nentries:\n  app:\n  - {name: app, version: 1.2.0}\n  - {name: app, version: 1.10.0, created: 2020-01-01T00:00:00Z}\n  - {name: app, version: 1.10.0+b, created: 2021-01-01T00:00:00Z}\n  - {name: app, version: 2.0.0-rc.1}\n  - {version: 9.0.0}\n  - {name: app, version: v0.3.0}\n  - {name: app, version: odd}\n  other:\n  - {name: other, version: 3.0.0}\n";

    fn chosen(name: &str, wanted: &str) -> Result<String, String> {
        let found = choose(INDEX.as_bytes(), name, wanted);
        found.map(|chart| chart.version.unwrap()).map_err(|error| error.to_string())
    }

    #[rstest]
    #[case("", Ok("1.10.0+b"))]
    #[case("*", Ok("1.10.0+b"))]
    #[case("1.2.0", Ok("1.2.0"))]
    #[case("1.2.x", Ok("1.2.0"))]
    #[case("1.10.0", Ok("1.10.0"))]
    #[case(">=1.0.0-0", Ok("2.0.0-rc.1"))]
    #[case("2.0.0-rc.1", Ok("2.0.0-rc.1"))]
    #[case("<1", Ok("v0.3.0"))]
    #[case("odd", Ok("odd"))]
    #[case(
        "3.x",
        Err(
            "no 'app' chart with version matching '3.x' found; the index has 1.2.0, 1.10.0, 1.10.0+b, 2.0.0-rc.1, v0.3.0, …"
        )
    )]
    #[case("one", Err("improper constraint: \"one\""))]
    fn a_version_is_chosen_as_flux_does(#[case] wanted: &str, #[case] expected: Result<&str, &str>) {
        assert_eq!(chosen("app", wanted), expected.map(str::to_owned).map_err(str::to_owned));
    }

    #[test]
    fn a_chart_that_is_not_there_is_named() {
        assert_eq!(chosen("none", "*"), Err("no chart name found: the index has no chart 'none'".into()));
        let broken = choose("<html>".as_bytes(), "app", "*").unwrap_err();
        assert!(matches!(broken, ChoiceError::Index(_)));
    }

    fn at(url: &str) -> ChartVersion {
        ChartVersion { name: Some("app".into()), urls: Some(vec![url.into()]), ..ChartVersion::default() }
    }

    #[rstest]
    #[case("https://x/charts", "app-1.tgz", "https://x/charts/app-1.tgz")]
    #[case("https://x/charts/?t=1", "a/app-1.tgz", "https://x/charts/a/app-1.tgz?t=1")]
    #[case("https://x/charts", "/app-1.tgz", "https://x/app-1.tgz")]
    #[case("https://x/charts", "http://y/app-1.tgz?z", "http://y/app-1.tgz?z")]
    fn relative_addresses_are_below_the_repository(#[case] home: &str, #[case] address: &str, #[case] expected: &str) {
        assert_eq!(chart_url(home, &at(address)).unwrap().as_str(), expected);
    }

    #[rstest]
    #[case("oci://x/app", "with the scheme `oci`")]
    #[case("file:///etc/passwd", "with the scheme `file`")]
    fn other_addresses_are_refused(#[case] address: &str, #[case] problem: &str) {
        let error = chart_url("https://x", &at(address)).unwrap_err();
        assert!(std::error::Error::source(&error).unwrap().to_string().contains(problem), "{error:?}");
        assert_eq!(error.reason(), "ChartPullError");
    }

    #[rstest]
    #[case("", true)]
    #[case("sha512:00", true)]
    #[case("2CF24DBA5FB0A30E26E83B2AC5B9E29E1B161E5C1FA7425E73043362938B9824", true)]
    #[case("sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824", true)]
    #[case("sha256:00", false)]
    fn the_digest_of_the_index_counts(#[case] digest: &str, #[case] good: bool) {
        let chart = ChartVersion { digest: Some(digest.into()), ..ChartVersion::default() };
        let ask = Ask::get(Url::parse("https://x/a.tgz").unwrap(), ACCEPT);
        assert_eq!(check_digest(&chart, &Digest::sha256(b"hello"), &ask).is_ok(), good);
    }
}
