//! Credentials as Docker writes them: `config.json`, in secrets of the types `kubernetes.io/dockerconfigjson` and
//! `kubernetes.io/dockercfg`.

use std::collections::BTreeMap;

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::Deserialize;

use super::name::hub;
use crate::Secret;

/// Who asks a registry.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub enum Login {
    /// Nobody.
    #[default]
    Anonymous,
    /// A user.
    Basic {
        /// The name.
        username: String,
        /// The password, or a token in its place.
        password: Secret,
    },
    /// Whoever holds a refresh token.
    Identity(Secret),
    /// Whoever holds a token of the registry itself.
    Registry(Secret),
}

/// Credentials by host and path.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Keychain {
    /// Host with path, and who asks there.
    entries: Vec<(String, Login)>,
}

#[derive(Deserialize)]
struct Config {
    #[serde(default)]
    auths: BTreeMap<String, Auth>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Auth {
    username: String,
    password: String,
    auth: String,
    identitytoken: String,
    registrytoken: String,
}

impl Keychain {
    /// Returns a keychain that has one login for every registry.
    pub fn of(login: Login) -> Self {
        Self { entries: vec![("*".into(), login)] }
    }

    /// Adds the entries of a `config.json`; those that are there already go first.
    ///
    /// # Errors
    /// When it is none; the error says where, and shows nothing of it.
    pub fn add_config(&mut self, json: &[u8]) -> Result<(), String> {
        let config: Config = serde_json::from_slice(json).map_err(|error| position(&error))?;
        self.add_auths(config.auths)
    }

    /// Adds the entries of a `.dockercfg`, the older form.
    ///
    /// # Errors
    /// As [`Self::add_config`].
    pub fn add_legacy(&mut self, json: &[u8]) -> Result<(), String> {
        let auths = serde_json::from_slice(json).map_err(|error| position(&error))?;
        self.add_auths(auths)
    }

    fn add_auths(&mut self, auths: BTreeMap<String, Auth>) -> Result<(), String> {
        for (key, auth) in auths {
            let login = login(auth).map_err(|problem| format!("the entry for `{key}`: {problem}"))?;
            self.entries.push((scope(&key), login));
        }
        // Longer keys are for less; the sort is stable, so that the first of two alike wins.
        self.entries.sort_by(|(a, _), (b, _)| b.cmp(a));
        Ok(())
    }

    /// Says whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Returns who asks for a repository, given as host and path.
    pub(super) fn login(&self, repository: &str) -> Login {
        let found = self.entries.iter().find(|(scope, _)| scope == "*" || covers(scope, repository));
        found.map_or(Login::Anonymous, |(_, login)| login.clone())
    }
}

/// What serde says of JSON may quote it.
fn position(error: &serde_json::Error) -> String {
    format!("it is not the JSON of a Docker configuration (line {}, column {})", error.line(), error.column())
}

/// What `auth` says goes before username and password.
fn login(auth: Auth) -> Result<Login, &'static str> {
    let (username, password) = match auth.auth.is_empty() {
        true => (auth.username, auth.password),
        false => decode(&auth.auth)?,
    };
    Ok(match (auth.registrytoken.is_empty(), auth.identitytoken.is_empty()) {
        (false, _) => Login::Registry(Secret::new(auth.registrytoken)),
        (true, false) => Login::Identity(Secret::new(auth.identitytoken)),
        _ if username.is_empty() && password.is_empty() => Login::Anonymous,
        _ => Login::Basic { username, password: Secret::new(password) },
    })
}

fn decode(auth: &str) -> Result<(String, String), &'static str> {
    let bytes = BASE64_STANDARD.decode(auth.trim()).map_err(|_| "`auth` is no Base64")?;
    let text = String::from_utf8(bytes).map_err(|_| "`auth` is no text")?;
    let (username, password) = text.split_once(':').ok_or("`auth` has no `:` between user and password")?;
    Ok((username.to_owned(), password.trim_end_matches('\0').to_owned()))
}

/// Cuts scheme and API version off the key of an entry: `https://index.docker.io/v1/` is `index.docker.io`.
fn scope(key: &str) -> String {
    let key = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://")).unwrap_or(key);
    let (host, path) = key.split_at(key.find('/').unwrap_or(key.len()));
    let path = ["/v1/", "/v2/"].iter().find_map(|version| path.strip_prefix(version)).unwrap_or(path);
    let (host, path) = (hub(host), path.trim_matches('/'));
    if path.is_empty() { host.to_owned() } else { format!("{host}/{path}") }
}

/// Kubernetes' rule: parts of the host may hold `*`, the path is a prefix.
fn covers(scope: &str, repository: &str) -> bool {
    let split = |text: &str| text.split_once('/').map_or((text.to_owned(), String::new()), own);
    let ((wanted, prefix), (host, path)) = (split(scope), split(repository));
    let port = |host: &str| host.rsplit_once(':').map_or(String::new(), |(_, port)| port.to_owned());
    let parts = |host: &str| host.split('.').map(str::to_owned).collect::<Vec<_>>();
    let (wanted_parts, host_parts) = (parts(&wanted), parts(&host));
    port(&wanted) == port(&host)
        && wanted_parts.len() == host_parts.len()
        && wanted_parts.iter().zip(&host_parts).all(|(pattern, part)| fits(pattern, part))
        && path.starts_with(&prefix)
}

fn own((host, path): (&str, &str)) -> (String, String) {
    (host.to_owned(), path.to_owned())
}

/// Says whether a part of a host fits a pattern with `*` for any characters.
fn fits(pattern: &str, part: &str) -> bool {
    let Some((before, after)) = pattern.split_once('*') else { return pattern == part };
    let Some(mut rest) = part.strip_prefix(before) else { return false };
    loop {
        if fits(after, rest) {
            return true;
        }
        let mut chars = rest.chars();
        if chars.next().is_none() {
            return false;
        }
        rest = chars.as_str();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::{Value, json};

    fn keychain(auths: Value) -> Keychain {
        let mut keychain = Keychain::default();
        keychain.add_config(json!({ "auths": auths }).to_string().as_bytes()).unwrap();
        keychain
    }

    fn user(name: &str) -> Value {
        json!({"username": name, "password": "hunter2"})
    }

    #[rstest]
    #[case("ghcr.io", "ghcr.io/org/app", true)]
    #[case("https://ghcr.io", "ghcr.io/org/app", true)]
    #[case("https://ghcr.io/v2/", "ghcr.io/org/app", true)]
    #[case("ghcr.io/org", "ghcr.io/org/app", true)]
    #[case("ghcr.io/other", "ghcr.io/org/app", false)]
    #[case("*.azurecr.io", "fleet.azurecr.io/app", true)]
    #[case("*.azurecr.io", "a.fleet.azurecr.io/app", false)]
    #[case("fl*t.azurecr.io", "fleet.azurecr.io/app", true)]
    #[case("localhost", "localhost:5000/app", false)]
    #[case("localhost:5000", "localhost:5000/app", true)]
    #[case("https://index.docker.io/v1/", "index.docker.io/library/nginx", true)]
    #[case("docker.io", "index.docker.io/library/nginx", true)]
    #[case("registry-1.docker.io", "index.docker.io/library/nginx", true)]
    fn an_entry_is_for_a_host_and_what_is_below_a_path(#[case] key: &str, #[case] asked: &str, #[case] fits: bool) {
        let keychain = keychain(json!({ key: user("u") }));
        assert_eq!(keychain.login(asked) != Login::Anonymous, fits);
    }

    #[test]
    fn the_entry_for_less_goes_first() {
        let keychain = keychain(json!({"ghcr.io": user("all"), "ghcr.io/org": user("org"), "*.io": user("any")}));
        let name = |asked| match keychain.login(asked) {
            Login::Basic { username, .. } => username,
            other => panic!("{other:?}"),
        };
        assert_eq!([name("ghcr.io/org/app"), name("ghcr.io/x"), name("quay.io/x")], ["org", "all", "any"]);
    }

    #[rstest]
    #[case::auth(json!({"auth": "dTpwOnc=", "username": "x", "password": "y"}), Login::Basic { username: "u".into(), password: Secret::new("p:w") })]
    #[case::identity(json!({"auth": "PHRva2VuPjo=", "identitytoken": "t"}), Login::Identity(Secret::new("t")))]
    #[case::registry(json!({"registrytoken": "t", "identitytoken": "i"}), Login::Registry(Secret::new("t")))]
    #[case::empty(json!({"email": "a@example.com"}), Login::Anonymous)]
    fn an_entry_says_who_asks(#[case] entry: Value, #[case] expected: Login) {
        assert_eq!(keychain(json!({ "ghcr.io": entry })).login("ghcr.io/a"), expected);
    }

    #[rstest]
    #[case::json("{\"auths\": hunter2}", "line 1, column")]
    #[case::base64(r#"{"auths": {"ghcr.io": {"auth": "hunter2!"}}}"#, "the entry for `ghcr.io`: `auth` is no Base64")]
    #[case::colon(r#"{"auths": {"ghcr.io": {"auth": "aHVudGVyMg=="}}}"#, "no `:` between user and password")]
    fn a_broken_secret_is_told_without_its_text(#[case] text: &str, #[case] problem: &str) {
        let error = Keychain::default().add_config(text.as_bytes()).unwrap_err();
        assert!(error.contains(problem) && !error.contains("hunter2"), "{error}");
    }

    #[test]
    fn the_older_form_has_no_outer_field() {
        let mut keychain = Keychain::default();
        keychain.add_legacy(json!({"ghcr.io": user("u")}).to_string().as_bytes()).unwrap();
        assert_ne!(keychain.login("ghcr.io/a"), Login::Anonymous);
        assert!(!format!("{keychain:?}").contains("hunter2"));
    }
}
