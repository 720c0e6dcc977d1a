//! Clusters of cloud providers, by what a ConfigMap says of them. Source: fluxcd/pkg `auth/utils`.

use futures::FutureExt;
use serde_json::Value;
use sluice_api::conditions::reasons;
use sluice_cloud::{Account, Clouds, Provider, Secret, Wish};
use sluice_cluster::{Identity, Remote, Request, Target};
use sluice_object::Object;
use sluice_reconcile::Context;

use super::{Access, remote};
use crate::source::Trouble;

/// Returns the way to a provider's cluster, for the account that is named or for the agent itself.
pub(super) async fn read(
    provider: Provider,
    map: &Object,
    access: &Access,
    clouds: &Clouds,
    cx: &Context,
) -> Result<Remote, Trouble> {
    let wish = wish(provider, map);
    let target = remote::named_account(map.namespace(), remote::text(map, "serviceAccountName"), access)?;
    let account = match &target {
        Some(target) => Some(account(target, cx).await?),
        None => None,
    };
    let prove = |audiences| token(target.clone(), audiences, cx).boxed();
    let way = clouds.access(&wish, account.as_ref(), prove, cx.now()).await;
    let way = way.map_err(|error| remote::failed(error.to_string()))?;
    Ok(Remote::with_token(&remote::server(&way.address)?, way.ca.as_deref(), way.token.expose()))
}

fn wish(provider: Provider, map: &Object) -> Wish {
    let text = |key: &str| remote::text(map, key).map(ToOwned::to_owned);
    Wish {
        provider,
        cluster: text("cluster").unwrap_or_default(),
        address: text("address"),
        ca: text("ca.crt"),
        audiences: remote::audiences(map),
    }
}

/// Its annotations say who it is at the provider.
async fn account(target: &Target, cx: &Context) -> Result<Account, Trouble> {
    let (namespace, name) = (target.namespace.clone(), target.name.clone());
    let found = cx.cluster.call(&Identity::Agent, Request::Get(target.clone())).await.and_then(remote::object);
    let found = found
        .map_err(|error| remote::failed(format!("failed to get service account '{namespace}/{name}': {error}")))?;
    let annotations = found.value()["metadata"]["annotations"].as_object().into_iter().flatten();
    let annotations = annotations.filter_map(|(key, value)| Some((key.clone(), Value::as_str(value)?.to_owned())));
    Ok(Account { annotations: annotations.collect(), namespace, name })
}

async fn token(account: Option<Target>, audiences: Vec<String>, cx: &Context) -> Result<Secret, String> {
    let account = account.ok_or("no service account is named")?;
    remote::token(account, audiences, cx).await.map(Secret::new).map_err(|trouble| trouble.message)
}

/// Returns the provider that a ConfigMap names.
pub(super) fn provider(map: &Object) -> Result<Option<Provider>, Trouble> {
    let named = remote::text(map, "provider");
    match (named, named.and_then(Provider::named)) {
        (Some("generic"), _) => Ok(None),
        (Some(_), Some(provider)) => Ok(Some(provider)),
        (other, _) => Err(Trouble {
            reason: reasons::RECONCILIATION_FAILED.into(),
            message: format!(
                "configmap {}/{} has '{}' for its key 'provider'; hint: use aws, azure, gcp or generic",
                map.namespace(),
                map.name(),
                other.unwrap_or_default()
            ),
        }),
    }
}
