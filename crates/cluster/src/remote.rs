//! Clusters other than the agent's own, as kubeconfigs describe them.

use std::{fmt, hash, sync::Arc};

use kube::config::{AuthInfo, Cluster, Kubeconfig};
use serde_json::json;
use sluice_object::Digest;

use crate::Identity;

/// Another cluster, and who acts there. It holds credentials, so nothing shows more of it than its server.
#[derive(Clone)]
pub struct Remote {
    kubeconfig: Arc<Kubeconfig>,
    digest: Digest,
    server: String,
    account: Option<(String, String)>,
}

/// What a kubeconfig may ask for; either lets whoever writes it do more than talk to a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RemoteRules {
    /// Run a program for credentials (`--insecure-kubeconfig-exec`).
    pub exec: bool,
    /// Take any certificate for the server's (`--insecure-kubeconfig-tls`).
    pub insecure_tls: bool,
}

/// Why a kubeconfig is not used. The text holds nothing of its content but names of fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidKubeconfig(String);

impl fmt::Display for InvalidKubeconfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for InvalidKubeconfig {}

impl Remote {
    /// Reads the cluster of a kubeconfig's current context.
    ///
    /// As in Flux, a kubeconfig stands for itself: files it names are not read and its own impersonation is left out.
    ///
    /// # Errors
    /// When it cannot be read, its context is incomplete, or it asks for what the rules forbid.
    pub fn from_kubeconfig(text: &str, rules: RemoteRules) -> Result<Self, InvalidKubeconfig> {
        // The reader's own message may quote the text, and with it credentials.
        let whole = Kubeconfig::from_yaml(text).map_err(|_| invalid("it is not the YAML of a kubeconfig"))?;
        let (mut cluster, mut user) = current(&whole)?;
        let server = cluster.server.clone().ok_or_else(|| invalid("its cluster has no `server`"))?;
        check_cluster(&cluster, rules)?;
        check_user(&user, rules)?;
        cluster.extensions = None;
        (user.impersonate, user.impersonate_uid) = (None, None);
        (user.impersonate_groups, user.impersonate_user_extra) = (None, None);
        Ok(Self::new(server, &json!(cluster), &json!(user), &format!("{text}{rules:?}")))
    }

    /// Makes the way to a server by a bearer token. `ca` is in PEM; without it the system's authorities are trusted.
    pub fn with_token(server: &str, ca: Option<&str>, token: &str) -> Self {
        let ca = ca.map(|ca| base64(ca.as_bytes()));
        let cluster = json!({"server": server, "certificate-authority-data": ca});
        Self::new(server.into(), &cluster, &json!({"token": token}), &format!("{server}\n{ca:?}\n{token}"))
    }

    fn new(server: String, cluster: &serde_json::Value, user: &serde_json::Value, origin: &str) -> Self {
        let name = "remote";
        let whole = json!({
            "current-context": name,
            "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
            "clusters": [{"name": name, "cluster": cluster}],
            "users": [{"name": name, "user": user}],
        });
        let kubeconfig = Arc::new(serde_json::from_value(whole).unwrap_or_default());
        Self { kubeconfig, digest: Digest::sha256(origin.as_bytes()), server, account: None }
    }

    /// Acts as a service account of that cluster, by impersonation.
    #[must_use]
    pub fn acting_as(mut self, namespace: &str, name: &str) -> Self {
        self.account = Some((namespace.into(), name.into()));
        self
    }

    /// Returns the URL of the API server.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// Returns who acts, seen from that cluster.
    pub fn identity(&self) -> Identity {
        match self.account.clone() {
            Some((namespace, name)) => Identity::ServiceAccount { namespace, name },
            None => Identity::Agent,
        }
    }

    pub(crate) fn digest(&self) -> &Digest {
        &self.digest
    }

    pub(crate) fn kubeconfig(&self) -> Kubeconfig {
        (*self.kubeconfig).clone()
    }
}

impl PartialEq for Remote {
    fn eq(&self, other: &Self) -> bool {
        self.digest == other.digest && self.account == other.account
    }
}

impl Eq for Remote {}

impl hash::Hash for Remote {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        (self.digest.as_str(), &self.account).hash(state);
    }
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remote").field("server", &self.server).field("account", &self.account).finish_non_exhaustive()
    }
}

fn invalid(text: impl Into<String>) -> InvalidKubeconfig {
    InvalidKubeconfig(text.into())
}

fn current(whole: &Kubeconfig) -> Result<(Cluster, AuthInfo), InvalidKubeconfig> {
    let name = whole.current_context.as_deref().filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| invalid("it has no `current-context`"))?;
    let missing = |what: &str, name: &str| invalid(format!("its {what} `{name}` is missing"));
    let context = whole.contexts.iter().find(|context| context.name == name);
    let context = context.and_then(|named| named.context.as_ref()).ok_or_else(|| missing("context", name))?;
    let cluster = whole.clusters.iter().find(|cluster| cluster.name == context.cluster);
    let cluster = cluster.and_then(|named| named.cluster.clone());
    let user = context.user.clone().unwrap_or_default();
    let found = whole.auth_infos.iter().find(|found| found.name == user).and_then(|named| named.auth_info.clone());
    Ok((cluster.ok_or_else(|| missing("cluster", &context.cluster))?, found.ok_or_else(|| missing("user", &user))?))
}

fn check_cluster(cluster: &Cluster, rules: RemoteRules) -> Result<(), InvalidKubeconfig> {
    if cluster.certificate_authority.is_some() {
        return Err(file("certificate-authority", "certificate-authority-data"));
    }
    if cluster.insecure_skip_tls_verify == Some(true) && !rules.insecure_tls {
        return Err(invalid(
            "`insecure-skip-tls-verify` is not allowed; hint: give `certificate-authority-data`, \
             or allow it with `--insecure-kubeconfig-tls`",
        ));
    }
    Ok(())
}

fn check_user(user: &AuthInfo, rules: RemoteRules) -> Result<(), InvalidKubeconfig> {
    let files = [
        (user.token_file.is_some(), "tokenFile", "token"),
        (user.client_certificate.is_some(), "client-certificate", "client-certificate-data"),
        (user.client_key.is_some(), "client-key", "client-key-data"),
    ];
    if let Some((_, field, instead)) = files.into_iter().find(|(used, ..)| *used) {
        return Err(file(field, instead));
    }
    if user.auth_provider.is_some() {
        return Err(invalid("`auth-provider` is not known any more; hint: use a token or a client certificate"));
    }
    if user.exec.is_some() && !rules.exec {
        return Err(invalid(
            "`exec` runs a program and is not allowed; hint: use a token or a client certificate, \
             or allow it with `--insecure-kubeconfig-exec`",
        ));
    }
    Ok(())
}

fn file(field: &str, instead: &str) -> InvalidKubeconfig {
    invalid(format!(
        "`{field}` names a file, and files of the agent are not read; hint: put its content in `{instead}`"
    ))
}

fn base64(bytes: &[u8]) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    STANDARD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn kubeconfig(cluster: &str, user: &str) -> String {
        format!(
            "current-context: c\ncontexts: [{{name: c, context: {{cluster: there, user: me}}}}]\n\
             clusters: [{{name: there, cluster: {{server: 'https://there:6443'{cluster}}}}}]\n\
             users: [{{name: me, user: {{{user}}}}}]\n"
        )
    }

    fn refused(text: &str) -> String {
        Remote::from_kubeconfig(text, RemoteRules::default()).unwrap_err().to_string()
    }

    #[test]
    fn the_current_context_counts_and_nothing_of_it_is_shown() {
        let remote =
            Remote::from_kubeconfig(&kubeconfig("", "token: s3cret, as: admin"), RemoteRules::default()).unwrap();
        assert_eq!((remote.server(), remote.identity()), ("https://there:6443", Identity::Agent));
        assert!(!format!("{remote:?}").contains("s3cret"));
        let user = remote.kubeconfig().auth_infos[0].auth_info.clone().unwrap();
        assert_eq!((user.token.is_some(), user.impersonate), (true, None));
    }

    #[test]
    fn whoever_acts_differently_is_another() {
        let made = |token| Remote::with_token("https://there", None, token);
        assert_eq!(made("a"), made("a"));
        assert_ne!(made("a"), made("b"));
        let tenant = made("a").acting_as("apps", "deployer");
        assert_ne!(made("a"), tenant);
        assert_eq!(tenant.identity().impersonated_user().as_deref(), Some("system:serviceaccount:apps:deployer"));
    }

    #[rstest]
    #[case("", "exec: {command: sh}", "`exec` runs a program")]
    #[case("", "auth-provider: {name: gcp}", "`auth-provider`")]
    #[case("", "tokenFile: /etc/token", "`tokenFile` names a file")]
    #[case("", "client-certificate: /etc/crt", "`client-certificate` names a file")]
    #[case("", "client-key: /etc/key", "`client-key` names a file")]
    #[case(", certificate-authority: /etc/ca", "token: t", "`certificate-authority` names a file")]
    #[case(", insecure-skip-tls-verify: true", "token: t", "`--insecure-kubeconfig-tls`")]
    fn what_reaches_beyond_the_cluster_is_refused(#[case] cluster: &str, #[case] user: &str, #[case] told: &str) {
        let error = refused(&kubeconfig(cluster, user));
        assert!(error.contains(told), "{error}");
    }

    #[rstest]
    #[case(", insecure-skip-tls-verify: true", "token: t")]
    #[case("", "exec: {command: sh}")]
    fn the_operator_may_allow_it(#[case] cluster: &str, #[case] user: &str) {
        let rules = RemoteRules { exec: true, insecure_tls: true };
        assert!(Remote::from_kubeconfig(&kubeconfig(cluster, user), rules).is_ok());
    }

    #[rstest]
    #[case("s3cret: [", "it is not the YAML of a kubeconfig")]
    #[case("{}", "it has no `current-context`")]
    #[case("current-context: c", "its context `c` is missing")]
    #[case("current-context: c\ncontexts: [{name: c, context: {cluster: x, user: y}}]", "its cluster `x` is missing")]
    fn an_incomplete_one_is_refused(#[case] text: &str, #[case] told: &str) {
        assert_eq!(refused(text), told);
    }
}
