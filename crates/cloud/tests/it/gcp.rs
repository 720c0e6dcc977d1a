use base64::{Engine as _, engine::general_purpose::STANDARD};
use rstest::rstest;
use serde_json::{Value, json};
use sluice_cloud::{Account, Clouds, Endpoints, Provider, Wish};

use crate::service::{PEM, Service, access, account, environment, wish};

const CLUSTER: &str = "projects/p/locations/europe-west1/clusters/prod";
const EMAIL: &str = "deploy@p.iam.gserviceaccount.com";
const POOL: &str = "projects/1/locations/global/workloadIdentityPools/pool/providers/cluster";

async fn cloud() -> Service {
    let service = Service::start().await;
    service.answer("/v1/token", 200, json!({"access_token": "federated", "expires_in": 3600}));
    let acting = json!({"accessToken": "s3cret", "expireTime": "2026-01-02T04:04:05Z"});
    service.answer(&format!("/v1/projects/-/serviceAccounts/{EMAIL}:generateAccessToken"), 200, acting);
    let master = json!({"clusterCaCertificate": STANDARD.encode(PEM)});
    service.answer(&format!("/v1/{CLUSTER}"), 200, json!({"endpoint": "192.0.2.1", "masterAuth": master}));
    for (path, value) in [
        ("project/project-id", "p"),
        ("instance/attributes/cluster-location", "europe-west1"),
        ("instance/attributes/cluster-name", "here"),
        ("instance/service-accounts/default/token", r#"{"access_token": "own", "expires_in": 3600}"#),
    ] {
        service.answer(&format!("/computeMetadata/v1/{path}"), 200, value);
    }
    service
}

fn clouds(service: &Service, variables: &[(&str, &str)]) -> Clouds {
    let url = Some(service.url.clone());
    let endpoints = Endpoints {
        gcp_sts: url.clone(),
        gcp_credentials: url.clone(),
        gcp_container: url.clone(),
        gcp_metadata: url,
        ..Endpoints::default()
    };
    Clouds::new(environment(variables).with_endpoints(endpoints))
}

fn federated() -> Account {
    account(&[("gcp.auth.fluxcd.io/workload-identity-provider", POOL)])
}

#[tokio::test]
async fn an_account_of_another_cluster_is_exchanged_and_the_cluster_is_found() {
    let service = cloud().await;
    let found = access(&clouds(&service, &[]), &wish(Provider::Gcp, CLUSTER), Some(&federated())).await.unwrap();
    assert_eq!((found.address.as_str(), found.ca.as_deref()), ("192.0.2.1", Some(PEM)));
    assert_eq!(found.token.expose(), "federated");
    let asked = service.asked();
    let lines: Vec<_> = asked.iter().map(|asked| asked.line.clone()).collect();
    assert_eq!(lines, ["POST /v1/token".to_owned(), format!("GET /v1/{CLUSTER}")]);
    let audience = format!("%2F%2Fiam.googleapis.com%2F{}", POOL.replace('/', "%2F"));
    let scope = "https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fcloud-platform\
        +https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fuserinfo.email";
    let expected = format!(
        "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange&audience={audience}&scope={scope}\
         &requested_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aaccess_token\
         &subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Ajwt&subject_token=proof-for-{audience}"
    );
    assert_eq!(asked[0].body, expected);
    assert_eq!(asked[1].header("authorization"), "Bearer federated");
}

#[tokio::test]
async fn an_account_of_gke_acts_as_an_account_of_google() {
    let service = cloud().await;
    let account = account(&[("iam.gke.io/gcp-service-account", EMAIL)]);
    let found = access(&clouds(&service, &[]), &wish(Provider::Gcp, CLUSTER), Some(&account)).await.unwrap();
    assert_eq!(found.token.expose(), "s3cret");
    let asked = service.asked();
    let exchange = asked.iter().find(|asked| asked.line == "POST /v1/token").unwrap();
    let here = "audience=identitynamespace%3Ap.svc.id.goog%3Ahttps%3A%2F%2Fcontainer.googleapis.com%2Fv1%2F\
        projects%2Fp%2Flocations%2Feurope-west1%2Fclusters%2Fhere\
        &scope=https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fcloud-platform&";
    assert!(exchange.body.contains(here), "{}", exchange.body);
    assert!(exchange.body.ends_with("subject_token=proof-for-p.svc.id.goog"), "{}", exchange.body);
    let acting = asked.iter().find(|asked| asked.line.ends_with(":generateAccessToken")).unwrap();
    assert_eq!(acting.header("authorization"), "Bearer federated");
    let wanted: Value = serde_json::from_str(&acting.body).unwrap();
    assert_eq!((&wanted["lifetime"], wanted["scope"].as_array().map(Vec::len)), (&json!("3600s"), Some(2)));
}

#[tokio::test]
async fn the_agent_asks_the_metadata_service() {
    let service = cloud().await;
    let (address, ca) = (Some("gke.example.com".to_owned()), Some(PEM.to_owned()));
    let given = Wish { address, ca, ..wish(Provider::Gcp, "") };
    let found = access(&clouds(&service, &[]), &given, None).await.unwrap();
    assert_eq!((found.token.expose(), found.address.as_str()), ("own", "gke.example.com"));
    let asked = service.asked();
    assert_eq!((asked.len(), asked[0].header("metadata-flavor")), (1, "Google"));
}

#[rstest]
#[case::email(&[("iam.gke.io/gcp-service-account", "deploy@example.com")], CLUSTER, &[], "has not the form NAME@PROJECT")]
#[case::provider(&[("gcp.auth.fluxcd.io/workload-identity-provider", "pool")], CLUSTER, &[], "has not the form")]
#[case::cluster(&[("gcp.auth.fluxcd.io/workload-identity-provider", POOL)], "projects/p/locations/../clusters/a", &[],
    "invalid GKE cluster ID")]
#[tokio::test]
async fn what_has_not_the_form_is_not_asked_for(
    #[case] annotations: &[(&str, &str)],
    #[case] cluster: &str,
    #[case] variables: &[(&str, &str)],
    #[case] why: &str,
) {
    let service = cloud().await;
    let account = account(annotations);
    let error = access(&clouds(&service, variables), &wish(Provider::Gcp, cluster), Some(&account)).await.unwrap_err();
    assert!(error.to_string().contains(why) && service.asked().is_empty(), "{error}");
}

#[tokio::test]
async fn a_key_file_is_refused() {
    let service = cloud().await;
    let variables = [("GOOGLE_APPLICATION_CREDENTIALS", "/etc/key.json")];
    let error = access(&clouds(&service, &variables), &wish(Provider::Gcp, CLUSTER), None).await.unwrap_err();
    assert!(error.to_string().contains("`/etc/key.json`, which GOOGLE_APPLICATION_CREDENTIALS names"), "{error}");
}
