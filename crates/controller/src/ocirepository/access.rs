//! Who asks a registry: what the secrets of an object, and of its service account, say.

use sluice_api::source::RegistryProvider;
use sluice_cluster::{Identity, Request, Target};
use sluice_object::{Gvk, Object};
use sluice_reconcile::Context;
use sluice_source::oci::Keychain;

use crate::{
    source::{Trouble, value},
    unserved::NOT_SERVED_YET,
};

/// Adds what a pull secret says. Secrets of other types say nothing, as in Flux.
pub(crate) fn add(keychain: &mut Keychain, secret: &Object) -> Result<(), Trouble> {
    let type_ = secret.value()["type"].as_str().unwrap_or_default();
    let added = match type_ {
        "kubernetes.io/dockerconfigjson" => value(secret, ".dockerconfigjson").map(|json| keychain.add_config(&json)),
        "kubernetes.io/dockercfg" => value(secret, ".dockercfg").map(|json| keychain.add_legacy(&json)),
        _ => None,
    };
    added.unwrap_or(Ok(())).map_err(|problem| {
        let (namespace, name) = (secret.namespace(), secret.name());
        Trouble::access(format!("failed to get credential: read secret '{namespace}/{name}': {problem}"))
    })
}

/// Returns the names of the pull secrets of a service account.
pub(super) async fn pull_secrets(namespace: &str, account: &str, cx: &Context) -> Result<Vec<String>, Trouble> {
    let failed = |cause: String| Trouble::access(format!("failed to get credential: {cause}"));
    let shown = format!("serviceaccount '{namespace}/{account}'");
    let target =
        Target { gvk: Gvk::new("", "v1", "ServiceAccount"), namespace: namespace.into(), name: account.into() };
    match cx.cluster.call(&Identity::Agent, Request::Get(target)).await {
        Ok(answer) => Ok(answer.into_object().map(|account| names(&account)).unwrap_or_default()),
        Err(error) if error.is_not_found() => Err(failed(format!("{shown} not found"))),
        Err(error) => Err(failed(format!("failed to get {shown}: {error}"))),
    }
}

fn names(account: &Object) -> Vec<String> {
    let secrets = account.value()["imagePullSecrets"].as_array();
    secrets.into_iter().flatten().filter_map(|secret| Some(secret["name"].as_str()?.to_owned())).collect()
}

/// Refuses to ask as nobody where a cloud was to say who asks.
pub(crate) fn check_provider(
    provider: RegistryProvider,
    account: Option<&str>,
    object_level_identity: bool,
) -> Result<(), Trouble> {
    let name = match provider {
        RegistryProvider::Generic => return Ok(()),
        RegistryProvider::Aws => "aws",
        RegistryProvider::Azure => "azure",
        RegistryProvider::Gcp => "gcp",
    };
    if account.is_some() && !object_level_identity {
        let message = "to use spec.serviceAccountName for provider authentication please enable the \
             ObjectLevelWorkloadIdentity feature gate in the controller";
        let reason = sluice_api::conditions::reasons::FEATURE_GATE_DISABLED.into();
        return Err(Trouble { reason, message: message.into() });
    }
    let message = format!(
        "`spec.provider: {name}` without `spec.secretRef` is not served yet by this version of Sluice; \
         name a secret of type kubernetes.io/dockerconfigjson in `spec.secretRef`"
    );
    Err(Trouble { reason: NOT_SERVED_YET.into(), message })
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, prelude::BASE64_STANDARD};
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    const CONFIG: &str = r#"{"auths": {"ghcr.io": {"username": "u", "password": "hunter2"}}}"#;

    fn secret(type_: &str, key: &str, text: &str) -> Object {
        let metadata = json!({"name": "pull", "namespace": "ns"});
        let data = json!({ key: BASE64_STANDARD.encode(text) });
        Object::new(json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": type_, "data": data}))
            .unwrap()
    }

    #[rstest]
    #[case("kubernetes.io/dockerconfigjson", ".dockerconfigjson", CONFIG, true)]
    #[case("kubernetes.io/dockercfg", ".dockercfg", r#"{"ghcr.io": {"username": "u", "password": "p"}}"#, true)]
    #[case("Opaque", ".dockerconfigjson", CONFIG, false)]
    #[case("kubernetes.io/dockerconfigjson", "config.json", CONFIG, false)]
    fn pull_secrets_are_those_of_kubernetes(
        #[case] type_: &str,
        #[case] key: &str,
        #[case] text: &str,
        #[case] counts: bool,
    ) {
        let mut keychain = Keychain::default();
        add(&mut keychain, &secret(type_, key, text)).unwrap();
        assert_eq!(!keychain.is_empty(), counts);
    }

    #[test]
    fn a_broken_secret_is_named_and_not_shown() {
        let secret = secret("kubernetes.io/dockerconfigjson", ".dockerconfigjson", "{\"auths\": hunter2}");
        let trouble = add(&mut Keychain::default(), &secret).unwrap_err();
        assert_eq!(trouble.reason, "AuthenticationFailed");
        assert!(trouble.message.contains("'ns/pull'") && !trouble.message.contains("hunter2"), "{}", trouble.message);
    }

    #[test]
    fn an_account_names_its_pull_secrets() {
        let account = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "a"}, "imagePullSecrets": [{"name": "x"}, {"name": "y"}]});
        assert_eq!(names(&Object::new(account).unwrap()), ["x", "y"]);
    }

    #[rstest]
    #[case(RegistryProvider::Generic, Some("a"), false, None)]
    #[case(RegistryProvider::Azure, None, false, Some("NotServedYet"))]
    #[case(RegistryProvider::Aws, Some("a"), false, Some("FeatureGateDisabled"))]
    #[case(RegistryProvider::Gcp, Some("a"), true, Some("NotServedYet"))]
    fn a_cloud_is_not_asked_as_nobody(
        #[case] provider: RegistryProvider,
        #[case] account: Option<&str>,
        #[case] gate: bool,
        #[case] reason: Option<&str>,
    ) {
        let found = check_provider(provider, account, gate).err().map(|trouble| trouble.reason);
        assert_eq!(found.as_deref(), reason);
    }
}
