//! `spec.kubeConfig`: the cluster that objects are applied to. Source: fluxcd/pkg `runtime/client` and `auth/generic`.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::json;
use sluice_api::{
    conditions::reasons,
    meta::{KubeConfig, SecretKeyReference},
};
use sluice_cloud::Clouds;
use sluice_cluster::{ApiError, Identity, Remote, Request, Response, Target};
use sluice_object::{Gvk, Object};
use sluice_reconcile::Context;

use super::{Access, Wish, clouds};
use crate::source::Trouble;

/// Returns the cluster that is named, or nothing for the agent's own.
///
/// The reference is read with the agent's own permissions, as in Flux, and only in the object's namespace.
pub(super) async fn read(
    wish: Wish<'_>,
    access: &Access,
    clouds: &Clouds,
    cx: &Context,
) -> Result<Option<Remote>, Trouble> {
    let namespace = wish.namespace;
    match wish.cluster {
        None => Ok(None),
        Some(KubeConfig { secret_ref: Some(secret), .. }) => from_secret(namespace, secret, access, cx).await.map(Some),
        Some(KubeConfig { config_map_ref: Some(map), .. }) => {
            let found = get(cx, "ConfigMap", namespace, &map.name).await;
            let found =
                found.map_err(|error| failed(format!("failed to get configmap {namespace}/{}: {error}", map.name)))?;
            match clouds::provider(&found)? {
                Some(provider) => clouds::read(provider, &found, access, clouds, cx).await.map(Some),
                None => generic(&found, access, cx).await.map(Some),
            }
        }
        Some(_) => Err(failed("spec.kubeConfig names neither a Secret nor a ConfigMap".into())),
    }
}

async fn get(cx: &Context, kind: &str, namespace: &str, name: &str) -> Result<Object, ApiError> {
    let target = Target { gvk: Gvk::new("", "v1", kind), namespace: namespace.into(), name: name.into() };
    object(cx.cluster.call(&Identity::Agent, Request::Get(target)).await?)
}

pub(super) fn object(answer: Response) -> Result<Object, ApiError> {
    answer.into_object().ok_or_else(|| ApiError::transport("the answer holds no object"))
}

async fn from_secret(
    namespace: &str,
    reference: &SecretKeyReference,
    access: &Access,
    cx: &Context,
) -> Result<Remote, Trouble> {
    let shown = format!("{namespace}/{}", reference.name);
    let secret = get(cx, "Secret", namespace, &reference.name).await;
    let secret =
        secret.map_err(|error| failed(format!("unable to read KubeConfig secret '{shown}' error: {error}")))?;
    let wanted = reference.key.as_deref().filter(|key| !key.is_empty());
    let keys = wanted.map_or(vec!["value", "value.yaml"], |key| vec![key]);
    let text = keys.iter().find_map(|key| decoded(&secret, key)).ok_or_else(|| {
        failed(format!("KubeConfig secret '{shown}' does not contain a '{}' key with a kubeconfig", keys[0]))
    })?;
    Remote::from_kubeconfig(&text, access.remote)
        .map_err(|error| failed(format!("KubeConfig secret '{shown}': {error}")))
}

fn decoded(secret: &Object, key: &str) -> Option<String> {
    let bytes = STANDARD.decode(secret.value()["data"][key].as_str()?).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// The provider `generic`: the other cluster trusts tokens of this one.
async fn generic(map: &Object, access: &Access, cx: &Context) -> Result<Remote, Trouble> {
    let address = text(map, "address");
    let address = address.ok_or_else(|| failed("cluster address is required to create a REST config".into()))?;
    let server = server(address)?;
    let audiences = audiences(map);
    let audiences = if audiences.is_empty() { vec![address.to_owned()] } else { audiences };
    let named = named_account(map.namespace(), text(map, "serviceAccountName"), access)?;
    let account = match named {
        Some(account) => account,
        None => own_account(cx).await?,
    };
    let token = token(account, audiences, cx).await?;
    Ok(Remote::with_token(&server, text(map, "ca.crt"), &token))
}

pub(super) fn text<'a>(map: &'a Object, key: &str) -> Option<&'a str> {
    map.value()["data"][key].as_str().map(str::trim).filter(|text| !text.is_empty())
}

/// Returns who a token is for, one a line.
pub(super) fn audiences(map: &Object) -> Vec<String> {
    let lines = text(map, "audiences").into_iter().flat_map(str::lines).map(str::trim);
    lines.filter(|line| !line.is_empty()).map(ToOwned::to_owned).collect()
}

pub(super) async fn token(account: Target, audiences: Vec<String>, cx: &Context) -> Result<String, Trouble> {
    let shown = format!("{}/{}", account.namespace, account.name);
    let answer = cx.cluster.call(&Identity::Agent, Request::Token { account, audiences }).await.and_then(object);
    let answer = answer
        .map_err(|error| failed(format!("failed to create kubernetes token for service account '{shown}': {error}")))?;
    Ok(answer.value()["status"]["token"].as_str().unwrap_or_default().to_owned())
}

/// Returns the account whose token is shown, if one is named and the gate allows that.
pub(super) fn named_account(namespace: &str, name: Option<&str>, access: &Access) -> Result<Option<Target>, Trouble> {
    let Some(name) = name.or(access.default_remote_account.as_deref()) else { return Ok(None) };
    if !access.object_level_identity {
        let message = format!(
            "to use service account '{name}' for access to another cluster the feature gate ObjectLevelWorkloadIdentity must be enabled"
        );
        return Err(Trouble { reason: reasons::FEATURE_GATE_DISABLED.into(), message });
    }
    Ok(Some(service_account(namespace, name)))
}

fn service_account(namespace: &str, name: &str) -> Target {
    Target { gvk: Gvk::new("", "v1", "ServiceAccount"), namespace: namespace.into(), name: name.into() }
}

async fn own_account(cx: &Context) -> Result<Target, Trouble> {
    let user = own_name(cx).await.map_err(|error| failed(format!("failed to learn the agent's own name: {error}")))?;
    let parts = user.strip_prefix("system:serviceaccount:").and_then(|rest| rest.split_once(':'));
    let (namespace, name) =
        parts.ok_or_else(|| failed(format!("the agent runs as '{user}', which is no service account")))?;
    Ok(service_account(namespace, name))
}

async fn own_name(cx: &Context) -> Result<String, ApiError> {
    let review = json!({
        "apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview", "metadata": {"name": "self"},
    });
    let review = Object::new(review).map_err(|error| ApiError::transport(error.to_string()))?;
    let request = Request::Create { object: review, manager: String::new() };
    let answer = object(cx.cluster.call(&Identity::Agent, request).await?)?;
    Ok(answer.value().pointer("/status/userInfo/username").and_then(|name| name.as_str()).unwrap_or_default().into())
}

/// Returns an address in the form `https://host:port`.
pub(super) fn server(address: &str) -> Result<String, Trouble> {
    let address = if address.starts_with("http") { address.to_owned() } else { format!("https://{address}") };
    let Some(host) = address.strip_prefix("https://") else {
        return Err(failed(format!("the Kubernetes API server address '{address}' must use https scheme")));
    };
    let host = host.split('/').next().unwrap_or_default().to_lowercase();
    let port =
        host.rsplit_once(':').is_some_and(|(_, port)| !port.is_empty() && port.bytes().all(|c| c.is_ascii_digit()));
    Ok(if port { format!("https://{host}") } else { format!("https://{host}:443") })
}

pub(super) fn failed(message: String) -> Trouble {
    Trouble { reason: reasons::RECONCILIATION_FAILED.into(), message }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("cluster.example.com", "https://cluster.example.com:443")]
    #[case("https://Cluster.example.com:6443/path", "https://cluster.example.com:6443")]
    #[case("https://[::1]", "https://[::1]:443")]
    fn addresses_get_scheme_and_port(#[case] address: &str, #[case] expected: &str) {
        assert_eq!(server(address).unwrap(), expected);
    }

    #[test]
    fn an_address_without_tls_is_refused() {
        assert!(server("http://cluster").unwrap_err().message.contains("must use https"));
    }
}
