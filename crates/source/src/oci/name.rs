//! Names: the registry and the repository that a URL means.

use std::net::Ipv4Addr;

use super::Problem;

/// Where the Docker Hub really is, and the name that stands for it everywhere.
const HUB: &str = "index.docker.io";

/// A repository of a registry.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Repository {
    /// Host, with the port if one is given.
    pub(super) host: String,
    pub(super) path: String,
}

impl Repository {
    /// Reads `oci://<host>/<path>`. A first part without dot and colon is no host, as everywhere in the world of Docker.
    pub(super) fn parse(url: &str) -> Result<Self, Problem> {
        let refuse = |problem: &str| Problem::Name(problem.to_owned());
        let name =
            url.strip_prefix("oci://").ok_or_else(|| refuse("URL must be in format 'oci://<domain>/<org>/<repo>'"))?;
        let (host, path) = match name.split_once('/') {
            Some((host, path)) if host.contains(['.', ':']) => (host, path),
            _ => ("", name),
        };
        if let Some((_, tag)) = path.split_once(':') {
            return Err(Problem::Name(format!("URL must not contain a tag; remove ':{tag}'")));
        }
        if !is_path(path) {
            return Err(refuse("the path of a repository has small letters, digits and `_-./` only"));
        }
        if !host.is_empty() && !is_host(host) {
            return Err(refuse("the part before the first slash is no host"));
        }
        Ok(Self::of(host, path))
    }

    fn of(host: &str, path: &str) -> Self {
        let host = hub(host).to_owned();
        let path = if host == HUB && !path.contains('/') { format!("library/{path}") } else { path.to_owned() };
        Self { host, path }
    }

    /// Returns host and path, as credentials are looked up by.
    pub(super) fn shown(&self) -> String {
        format!("{}/{}", self.host, self.path)
    }

    /// Says whether plain HTTP is tried where HTTPS does not answer: on the machine itself and in private networks, as
    /// go-containerregistry does.
    pub(super) fn is_near(&self) -> bool {
        let name = self.host.rsplit_once(':').map_or(self.host.as_str(), |(name, _)| name);
        let private = name.parse::<Ipv4Addr>().is_ok_and(|address| address.is_private() || address.is_loopback());
        private || self.host.starts_with("localhost:") || name == "[::1]" || name.ends_with(".local")
    }
}

/// Returns the one name of the Docker Hub for all of them.
pub(super) fn hub(host: &str) -> &str {
    match host {
        "" | "docker.io" | "registry-1.docker.io" => HUB,
        host => host,
    }
}

fn is_path(path: &str) -> bool {
    let plain = |char: char| char.is_ascii_lowercase() || char.is_ascii_digit() || "_-.".contains(char);
    let part = |part: &str| !part.is_empty() && part != "." && part != ".." && part.chars().all(plain);
    path.len() <= 255 && path.split('/').all(part)
}

fn is_host(host: &str) -> bool {
    let url = reqwest::Url::parse(&format!("https://{host}/"));
    let plain = |char: char| char.is_ascii_alphanumeric() || ".-:[]".contains(char);
    url.is_ok_and(|url| url.username().is_empty()) && host.chars().all(plain)
}

/// Says whether a text may be a tag.
pub(super) fn is_tag(text: &str) -> bool {
    let plain = |char: char| char.is_ascii_alphanumeric() || "_-.".contains(char);
    !text.is_empty() && text.len() <= 128 && !text.starts_with(['.', '-']) && text.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("oci://ghcr.io/org/app", "ghcr.io", "org/app")]
    #[case("oci://localhost:5000/app", "localhost:5000", "app")]
    #[case("oci://[::1]:5000/app", "[::1]:5000", "app")]
    #[case("oci://docker.io/nginx", "index.docker.io", "library/nginx")]
    #[case("oci://bitnami/nginx", "index.docker.io", "bitnami/nginx")]
    #[case("oci://docker.io/bitnami/nginx", "index.docker.io", "bitnami/nginx")]
    fn a_url_names_a_registry_and_a_repository(#[case] url: &str, #[case] host: &str, #[case] path: &str) {
        let expected = Repository { host: host.into(), path: path.into() };
        assert_eq!(Repository::parse(url).unwrap(), expected);
    }

    #[rstest]
    #[case("https://ghcr.io/org/app", "URL must be in format 'oci://<domain>/<org>/<repo>'")]
    #[case("oci://ghcr.io/org/app:v1", "URL must not contain a tag; remove ':v1'")]
    #[case("oci://ghcr.io/org/app@sha256:12", "URL must not contain a tag")]
    #[case("oci://ghcr.io/Org/app", "small letters")]
    #[case("oci://ghcr.io/a/../b", "small letters")]
    #[case("oci://ghcr.io/a?b=c", "small letters")]
    #[case("oci://ghcr.io/", "small letters")]
    #[case("oci://me:pw@ghcr.io/a", "no host")]
    fn other_urls_are_refused(#[case] url: &str, #[case] problem: &str) {
        let error = Repository::parse(url).unwrap_err().to_string();
        assert!(error.contains(problem), "{error}");
    }

    #[rstest]
    #[case("127.0.0.1:5000", true)]
    #[case("10.1.2.3", true)]
    #[case("localhost:5000", true)]
    #[case("[::1]:5000", true)]
    #[case("registry.local:5000", true)]
    #[case("ghcr.io", false)]
    #[case("8.8.8.8", false)]
    #[case("registry.flux-system.svc.cluster.local.example.com", false)]
    fn plain_http_is_for_near_registries(#[case] host: &str, #[case] near: bool) {
        assert_eq!(Repository { host: host.into(), path: "a".into() }.is_near(), near);
    }

    #[rstest]
    #[case("v1.0_2-rc.1", true)]
    #[case("a/b", false)]
    #[case("..", false)]
    #[case("", false)]
    fn tags_have_plain_characters(#[case] tag: &str, #[case] good: bool) {
        assert_eq!(is_tag(tag), good);
    }
}
