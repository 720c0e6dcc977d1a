use base64::{Engine as _, engine::general_purpose::STANDARD};
use rstest::rstest;
use serde_json::{Value, json};
use sluice_cloud::{Account, Clouds, Endpoints, Provider, Wish};

use crate::service::{PEM, Service, access, account, environment, wish};

const CLUSTER: &str = "/subscriptions/12345678-1234-1234-1234-123456789012/resourceGroups/rg/providers/\
    Microsoft.ContainerService/managedClusters/prod";
const TOKENS: &str = "/tenant/oauth2/v2.0/token";

fn deployer() -> Account {
    account(&[("azure.workload.identity/tenant-id", "tenant"), ("azure.workload.identity/client-id", "client")])
}

fn kubeconfig(server: &str) -> Value {
    let text = format!(
        "current-context: c\ncontexts: [{{name: c, context: {{cluster: aks, user: u}}}}]\n\
         clusters: [{{name: aks, cluster: {{server: '{server}', certificate-authority-data: {}}}}}]\n\
         users: [{{name: u, user: {{exec: {{command: kubelogin}}}}}}]\n",
        STANDARD.encode(PEM)
    );
    json!({"name": "clusterUser", "value": STANDARD.encode(text)})
}

/// A cloud with one cluster, that gives everybody the token `s3cret`.
async fn cloud(properties: Value) -> Service {
    let service = Service::start().await;
    service.answer(TOKENS, 200, json!({"access_token": "s3cret", "expires_in": 3600}));
    service.answer(CLUSTER, 200, json!({"properties": properties}));
    let kubeconfigs = [kubeconfig("https://private.example.com:443"), kubeconfig("https://public.example.com:443")];
    service.answer(&format!("{CLUSTER}/listClusterUserCredential"), 200, json!({"kubeconfigs": kubeconfigs}));
    service
}

fn clouds(service: &Service, variables: &[(&str, &str)]) -> Clouds {
    let url = Some(service.url.clone());
    let endpoints = Endpoints {
        azure_authority: url.clone(),
        azure_manager: url.clone(),
        azure_metadata: url,
        ..Endpoints::default()
    };
    Clouds::new(environment(variables).with_endpoints(endpoints))
}

#[tokio::test]
async fn an_account_is_exchanged_and_the_cluster_is_found() {
    let service = cloud(json!({"aadProfile": {"managed": true}})).await;
    let found = access(&clouds(&service, &[]), &wish(Provider::Azure, CLUSTER), Some(&deployer())).await.unwrap();
    assert_eq!((found.address.as_str(), found.ca.as_deref()), ("https://private.example.com:443", Some(PEM)));
    assert_eq!(found.token.expose(), "s3cret");
    assert!(!format!("{found:?}").contains("s3cret"));
    let asked = service.asked();
    let lines: Vec<_> = asked.iter().map(|asked| asked.line.as_str()).collect();
    let version = "?api-version=2024-09-01";
    assert_eq!(
        lines,
        [
            format!("POST {TOKENS}"),
            format!("POST {TOKENS}"),
            format!("GET {CLUSTER}{version}"),
            format!("POST {CLUSTER}/listClusterUserCredential{version}"),
        ]
    );
    let expected = "grant_type=client_credentials&client_id=client\
        &scope=6dae42f8-4368-4678-94ff-3960e28e3630%2F.default\
        &client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer\
        &client_assertion=proof-for-api%3A%2F%2FAzureADTokenExchange";
    assert_eq!(asked[0].body, expected);
    assert!(asked[1].body.contains("scope=https%3A%2F%2Fmanagement.core.windows.net%2F.default"), "{}", asked[1].body);
    assert_eq!(
        (asked[2].header("authorization"), asked[3].header("authorization")),
        ("Bearer s3cret", "Bearer s3cret")
    );
}

#[tokio::test]
async fn what_is_given_is_not_asked_for() {
    let service = cloud(json!({})).await;
    let (address, ca) = (Some("aks.example.com".to_owned()), Some(PEM.to_owned()));
    let given = Wish { address, ca, ..wish(Provider::Azure, "") };
    let found = access(&clouds(&service, &[]), &given, Some(&deployer())).await.unwrap();
    assert_eq!((found.address.as_str(), service.asked().len()), ("aks.example.com", 1));
}

#[rstest]
#[case("https://PUBLIC.example.com", Ok("https://PUBLIC.example.com"))]
#[case("other.example.com", Err("'https://private.example.com:443', 'https://public.example.com:443'"))]
#[tokio::test]
async fn an_address_chooses_among_the_clusters_addresses(#[case] address: &str, #[case] expected: Result<&str, &str>) {
    let service = cloud(json!({"aadProfile": {}})).await;
    let given = Wish { address: Some(address.into()), ..wish(Provider::Azure, CLUSTER) };
    match (access(&clouds(&service, &[]), &given, Some(&deployer())).await, expected) {
        (Ok(found), Ok(expected)) => assert_eq!((found.address.as_str(), found.ca.as_deref()), (expected, Some(PEM))),
        (Err(error), Err(expected)) => assert!(error.to_string().contains(expected), "{error}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_cluster_without_entra_id_is_refused() {
    let service = cloud(json!({"aadProfile": null})).await;
    let error = access(&clouds(&service, &[]), &wish(Provider::Azure, CLUSTER), Some(&deployer())).await.unwrap_err();
    assert!(error.to_string().contains("Microsoft Entra ID integration is not enabled"), "{error}");
}

#[rstest]
#[case::principal(&[("AZURE_TENANT_ID", "tenant"), ("AZURE_CLIENT_ID", "own"), ("AZURE_CLIENT_SECRET", "hunter2")],
    "client_secret=hunter2")]
#[case::workload(&[("AZURE_TENANT_ID", "tenant"), ("AZURE_CLIENT_ID", "own"), ("AZURE_FEDERATED_TOKEN_FILE", "Cargo.toml")],
    "client_assertion=%5Bpackage%5D")]
#[tokio::test]
async fn the_agent_is_who_its_environment_says(#[case] variables: &[(&str, &str)], #[case] proof: &str) {
    let service = cloud(json!({"aadProfile": {}})).await;
    access(&clouds(&service, variables), &wish(Provider::Azure, CLUSTER), None).await.unwrap();
    let asked = service.asked();
    assert!(asked[0].body.contains("client_id=own") && asked[0].body.contains(proof), "{}", asked[0].body);
}

#[tokio::test]
async fn a_managed_identity_asks_the_metadata_service() {
    let service = cloud(json!({"aadProfile": {}})).await;
    service.answer("/metadata/identity/oauth2/token", 200, json!({"access_token": "managed", "expires_in": "3600"}));
    let own = [("AZURE_CLIENT_ID", "own")];
    let found = access(&clouds(&service, &own), &wish(Provider::Azure, CLUSTER), None).await.unwrap();
    assert_eq!(found.token.expose(), "managed");
    let asked = &service.asked()[0];
    assert_eq!(
        (asked.line.as_str(), asked.header("metadata")),
        (
            "GET /metadata/identity/oauth2/token?api-version=2018-02-01\
             &resource=6dae42f8-4368-4678-94ff-3960e28e3630&client_id=own",
            "true"
        )
    );
}

#[rstest]
#[case::no_tenant(&[("azure.workload.identity/client-id", "c")], CLUSTER, "`azure.workload.identity/tenant-id` is not set")]
#[case::tenant_that_leads_elsewhere(&[("azure.workload.identity/tenant-id", "../t"), ("azure.workload.identity/client-id", "c")],
    CLUSTER, "no identifier")]
#[case::name(&[("azure.workload.identity/tenant-id", "t"), ("azure.workload.identity/client-id", "c")],
    "prod", "invalid AKS cluster ID 'prod'")]
#[case::way_out(&[("azure.workload.identity/tenant-id", "t"), ("azure.workload.identity/client-id", "c")],
    "/subscriptions/12345678-1234-1234-1234-123456789012/resourceGroups/../providers/Microsoft.ContainerService/managedClusters/a",
    "invalid AKS cluster ID")]
#[tokio::test]
async fn what_has_not_the_form_is_not_asked_for(
    #[case] annotations: &[(&str, &str)],
    #[case] cluster: &str,
    #[case] why: &str,
) {
    let service = cloud(json!({})).await;
    let error = access(&clouds(&service, &[]), &wish(Provider::Azure, cluster), Some(&account(annotations))).await;
    let error = error.unwrap_err().to_string();
    assert!(error.contains(why) && service.asked().is_empty(), "{error}");
}

#[tokio::test]
async fn a_refusal_is_told_without_what_was_sent() {
    let service = cloud(json!({})).await;
    let long = format!("AADSTS700213: no match for assertion {}", "x".repeat(200));
    service.answer(TOKENS, 401, json!({"error": "invalid_client", "error_description": long}));
    let error = access(&clouds(&service, &[]), &wish(Provider::Azure, CLUSTER), Some(&deployer())).await.unwrap_err();
    let expected = "failed to get an access token for cluster: 127.0.0.1 answered with status 401: \
        invalid_client: AADSTS700213: no match for assertion ***";
    assert_eq!(error.to_string(), expected);
}
