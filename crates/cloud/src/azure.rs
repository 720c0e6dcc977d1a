//! Azure: a token of Entra ID for AKS, and where the cluster is, from the resource manager.
//!
//! Source: fluxcd/pkg `auth/azure`.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use serde_json::Value;
use sluice_yaml::{Duplicates, Flavor, Limits, parse_first, to_json};

use crate::{
    Account, Error, Secret, Wish,
    access::Place,
    clouds::{Grant, Session, Subject, Token},
    environment::{Azure, at, token_file},
    http,
};

pub(crate) const AUDIENCE: &str = "api://AzureADTokenExchange";
/// The application that stands for every AKS cluster with Entra ID.
const AKS: &str = "6dae42f8-4368-4678-94ff-3960e28e3630";
const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const AUTHORITY: &str = "https://login.microsoftonline.com";
const METADATA: &str = "http://169.254.169.254";
const API: &str = "2024-09-01";
const FORM: &str = "/subscriptions/ID/resourceGroups/GROUP/providers/Microsoft.ContainerService/managedClusters/NAME";

/// Returns tenant and client of an account.
pub(crate) fn identity(account: &Account) -> Result<(&str, &str), Error> {
    let [tenant, client] = ["tenant-id", "client-id"].map(|name| {
        let key = format!("azure.workload.identity/{name}");
        let value = account.annotation(&key).filter(|value| is_plain(value));
        value.ok_or_else(|| account.wrong(format!("`{key}` is not set, or is no identifier")))
    });
    Ok((tenant?, client?))
}

/// Both become parts of URLs.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|char| char.is_ascii_alphanumeric() || "-.".contains(char))
}

pub(crate) async fn grant(session: &Session<'_>, wish: &Wish, subject: Subject<'_>) -> Result<Grant, Error> {
    let given = wish.place();
    let cluster = if given.is_some() { None } else { Some(path(&wish.cluster)?) };
    let (token, expires) = session.azure_token(subject, AKS).await?;
    let place = match cluster {
        None => given.unwrap_or(Place { address: String::new(), ca: None }),
        Some(path) => {
            let manager = Manager::of(session);
            let (token, _) = session.azure_token(subject, &manager.audience).await?;
            wish.prefer(manager.place(session, &path, &token, wish).await?)
        }
    };
    Ok(Grant { place, token: Token::Bearer(token), expires })
}

/// Checks a cluster's name, which is a path of the resource manager.
fn path(cluster: &str) -> Result<String, Error> {
    let wrong = || Error::Cluster { kind: "AKS cluster ID", given: cluster.into(), form: FORM };
    let parts: Vec<_> = cluster.strip_prefix('/').unwrap_or_default().split('/').collect();
    let [subscriptions, id, groups, group, providers, provider, clusters, name] = parts[..] else {
        return Err(wrong());
    };
    let fixed = [subscriptions, groups, providers, provider, clusters].map(str::to_lowercase);
    let expected = ["subscriptions", "resourcegroups", "providers", "microsoft.containerservice", "managedclusters"];
    let is_name =
        |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.()".contains(c));
    let fits = fixed == expected && is_name(group) && is_name(name) && id.len() == 36 && is_plain(id);
    if !fits || [group, name].contains(&"..") {
        return Err(wrong());
    }
    Ok(format!(
        "/subscriptions/{id}/resourceGroups/{group}/providers/Microsoft.ContainerService/managedClusters/{name}"
    ))
}

impl Session<'_> {
    async fn azure_token(&self, subject: Subject<'_>, audience: &str) -> Result<(Secret, Timestamp), Error> {
        match subject {
            Subject::Account(account, proof) => {
                let (tenant, client) = identity(account)?;
                let proof = [("client_assertion_type", ASSERTION), ("client_assertion", proof.expose())];
                self.entra(tenant, client, audience, &proof).await
            }
            Subject::Agent => self.azure_agent(&self.environment.azure, audience).await,
        }
    }

    /// Flux's order: a service principal, the workload's identity, a managed identity.
    async fn azure_agent(&self, own: &Azure, audience: &str) -> Result<(Secret, Timestamp), Error> {
        match (&own.tenant, &own.client, &own.secret, &own.token_file) {
            (Some(tenant), Some(client), Some(secret), _) => {
                self.entra(tenant, client, audience, &[("client_secret", secret.expose())]).await
            }
            (Some(tenant), Some(client), None, Some(file)) => {
                let token = token_file(file).await?;
                let proof = [("client_assertion_type", ASSERTION), ("client_assertion", token.expose())];
                self.entra(tenant, client, audience, &proof).await
            }
            (_, client, ..) => self.managed(client.as_deref(), audience).await,
        }
    }

    async fn entra(
        &self,
        tenant: &str,
        client: &str,
        audience: &str,
        proof: &[(&str, &str)],
    ) -> Result<(Secret, Timestamp), Error> {
        const ACT: &str = "get an access token for cluster";
        let authority = at(self.environment.endpoints.azure_authority.as_ref(), AUTHORITY);
        let scope = format!("{}/.default", audience.trim_end_matches('/'));
        let mut form = vec![("grant_type", "client_credentials"), ("client_id", client), ("scope", &scope)];
        form.extend(proof);
        let request = self.http.post(&format!("{authority}/{tenant}/oauth2/v2.0/token")).form(&form);
        self.given(ACT, &http::json(ACT, request).await?)
    }

    async fn managed(&self, client: Option<&str>, audience: &str) -> Result<(Secret, Timestamp), Error> {
        const ACT: &str = "get an access token of the managed identity";
        let host = at(self.environment.endpoints.azure_metadata.as_ref(), METADATA);
        let mut query = vec![("api-version", "2018-02-01"), ("resource", audience)];
        query.extend(client.map(|client| ("client_id", client)));
        let request = self.http.get(&format!("{host}/metadata/identity/oauth2/token")).query(&query);
        self.given(ACT, &http::json(ACT, request.header("Metadata", "true")).await?)
    }

    /// The metadata service writes numbers as texts.
    fn given(&self, act: &'static str, answer: &Value) -> Result<(Secret, Timestamp), Error> {
        let lasts = answer["expires_in"].as_i64().or_else(|| answer["expires_in"].as_str()?.parse().ok());
        Ok((Secret::new(http::required(act, answer, "/access_token")?), self.after(lasts)))
    }
}

/// The resource manager of the cloud that gives out the tokens.
struct Manager {
    url: String,
    audience: String,
}

impl Manager {
    fn of(session: &Session<'_>) -> Self {
        let endpoints = &session.environment.endpoints;
        let authority = endpoints.azure_authority.as_deref().unwrap_or_default();
        let (url, audience) = if authority.contains("chinacloudapi.cn") {
            ("https://management.chinacloudapi.cn", "https://management.core.chinacloudapi.cn")
        } else if authority.contains("microsoftonline.us") {
            ("https://management.usgovcloudapi.net", "https://management.core.usgovcloudapi.net")
        } else {
            ("https://management.azure.com", "https://management.core.windows.net/")
        };
        Self { url: at(endpoints.azure_manager.as_ref(), url), audience: audience.into() }
    }

    async fn place(&self, session: &Session<'_>, path: &str, token: &Secret, wish: &Wish) -> Result<Place, Error> {
        const ACT: &str = "describe AKS cluster";
        const LIST: &str = "list kubeconfigs of AKS cluster";
        let version = [("api-version", API)];
        let url = format!("{}{path}", self.url);
        let request = session.http.get(&url).query(&version).bearer_auth(token.expose());
        let described = http::json(ACT, request).await?;
        if described.pointer("/properties/aadProfile").is_none_or(Value::is_null) {
            let problem = "Microsoft Entra ID integration is not enabled; hint: enable it for the cluster".into();
            return Err(Error::Answer { act: ACT, problem });
        }
        let url = format!("{url}/listClusterUserCredential");
        let request = session.http.post(&url).query(&version).bearer_auth(token.expose()).body("");
        let listed = http::json(LIST, request).await?;
        let found: Vec<_> = listed["kubeconfigs"].as_array().into_iter().flatten().filter_map(place).collect();
        let addresses: Vec<_> = found.iter().map(|place| format!("'{}'", place.address)).collect();
        let fits =
            |place: &Place| wish.address.as_deref().is_none_or(|given| canonical(given) == canonical(&place.address));
        found.iter().find(|place| fits(place)).cloned().ok_or_else(|| {
            let problem = format!("none has the given address; its addresses are: [{}]", addresses.join(", "));
            Error::Answer { act: LIST, problem }
        })
    }
}

/// Takes server and authority from a kubeconfig; who it says the user is does not matter.
fn place(kubeconfig: &Value) -> Option<Place> {
    let text = String::from_utf8(STANDARD.decode(kubeconfig["value"].as_str()?).ok()?).ok()?;
    let node = parse_first(&text, Flavor::V3, Duplicates::LastWins, &Limits::default()).ok()?;
    let whole = to_json(&node, Flavor::V3).ok()?;
    let named = |list: &str, name: &Value| {
        whole[list].as_array().into_iter().flatten().find(|one| one["name"] == *name).cloned()
    };
    let context = named("contexts", &whole["current-context"])?;
    let cluster = named("clusters", &context["context"]["cluster"])?;
    let ca = cluster["cluster"]["certificate-authority-data"].as_str().and_then(|ca| STANDARD.decode(ca).ok());
    Some(Place {
        address: cluster["cluster"]["server"].as_str()?.to_owned(),
        ca: ca.and_then(|ca| String::from_utf8(ca).ok()),
    })
}

fn canonical(address: &str) -> String {
    let host = address.trim_start_matches("https://").split('/').next().unwrap_or_default().to_lowercase();
    host.strip_suffix(":443").map_or(host.clone(), ToOwned::to_owned)
}
