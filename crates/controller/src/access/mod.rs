//! On whose behalf objects are applied, and at which cluster: `spec.serviceAccountName` and `spec.kubeConfig`.

mod clouds;
mod remote;

use sluice_api::meta::KubeConfig;
use sluice_cloud::Clouds;
use sluice_cluster::{Identity, RemoteRules, Request, Target};
use sluice_object::{Gvk, ObjectId};
use sluice_reconcile::Context;

use crate::source::Trouble;

/// What the operator has set for whoever applies objects.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Access {
    /// Who applies where `spec.serviceAccountName` is empty (`--default-service-account`).
    pub default_service_account: Option<String>,
    /// What kubeconfigs of other clusters may ask for.
    pub remote: RemoteRules,
    /// Who shows a token to other clusters where none is named (`--default-kubeconfig-service-account`).
    pub default_remote_account: Option<String>,
    /// Whether objects may name the account whose token is shown (gate `ObjectLevelWorkloadIdentity`).
    pub object_level_identity: bool,
}

/// What an object says of whom it acts for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wish<'a> {
    /// Where the object is, and what it names with it.
    pub(crate) namespace: &'a str,
    /// `spec.serviceAccountName`
    pub(crate) account: Option<&'a str>,
    /// `spec.kubeConfig`
    pub(crate) cluster: Option<&'a KubeConfig>,
}

impl Wish<'_> {
    /// Returns the object that the cluster is described in.
    pub(crate) fn source(&self) -> Option<ObjectId> {
        let wanted = self.cluster?;
        let secret = wanted.secret_ref.as_ref().map(|secret| ("Secret", &secret.name));
        let (kind, name) = secret.or_else(|| wanted.config_map_ref.as_ref().map(|map| ("ConfigMap", &map.name)))?;
        Some(ObjectId::new(&Gvk::new("", "v1", kind), self.namespace, name))
    }
}

impl Access {
    /// Returns who acts, and where; or why nobody can.
    pub(crate) async fn identity(&self, wish: Wish<'_>, clouds: &Clouds, cx: &Context) -> Result<Identity, Trouble> {
        let remote = remote::read(wish, self, clouds, cx).await?;
        Ok(match (remote, self.account(wish)) {
            (Some(remote), Some((namespace, name))) => Identity::Remote(remote.acting_as(&namespace, &name)),
            (Some(remote), None) => Identity::Remote(remote),
            (None, Some((namespace, name))) => Identity::ServiceAccount { namespace, name },
            (None, None) => Identity::Agent,
        })
    }

    /// Returns the account that is impersonated, if it is not there. Deletion alone asks for it: elsewhere the API
    /// server's refusal says enough.
    pub(crate) async fn missing_account(&self, wish: Wish<'_>, cx: &Context) -> Option<String> {
        let (namespace, name) = self.account(wish)?;
        let shown = format!("service account '{namespace}/{name}'");
        let target = Target { gvk: Gvk::new("", "v1", "ServiceAccount"), namespace, name };
        let answer = cx.cluster.call(&Identity::Agent, Request::Get(target)).await;
        answer.is_err_and(|error| error.is_not_found()).then_some(shown)
    }

    /// Returns namespace and name of the account that is impersonated.
    fn account(&self, wish: Wish<'_>) -> Option<(String, String)> {
        let named = wish.account.filter(|name| !name.is_empty()).map(ToOwned::to_owned);
        Some((wish.namespace.to_owned(), named.or_else(|| self.default_service_account.clone())?))
    }
}
