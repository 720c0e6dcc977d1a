use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use rstest::rstest;
use serde_json::json;
use sluice_cloud::{Account, Clouds, Endpoints, Provider, Secret, Wish};

use crate::service::{PEM, Service, access, account, environment, wish};

const CLUSTER: &str = "arn:aws:eks:eu-west-1:123456789012:cluster/prod";
const ROLE: &str = "arn:aws:iam::123456789012:role/deploy";

fn deployer() -> Account {
    account(&[("eks.amazonaws.com/role-arn", ROLE)])
}

async fn cloud() -> Service {
    let service = Service::start().await;
    let keys = "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>\
        <AccessKeyId>AKID</AccessKeyId><SecretAccessKey>s3cret</SecretAccessKey><SessionToken>session</SessionToken>\
        <Expiration>2026-01-02T04:04:05Z</Expiration></Credentials></AssumeRoleWithWebIdentityResult>\
        </AssumeRoleWithWebIdentityResponse>";
    let ca = STANDARD.encode(PEM);
    service.answer("/", 200, keys).answer(
        "/clusters/prod",
        200,
        json!({"cluster": {"endpoint": "https://eks.example.com", "certificateAuthority": {"data": ca}}}),
    );
    service
}

fn clouds(service: &Service, variables: &[(&str, &str)]) -> Clouds {
    let url = Some(service.url.clone());
    let endpoints = Endpoints { aws_sts: url.clone(), aws_eks: url, ..Endpoints::default() };
    Clouds::new(environment(variables).with_endpoints(endpoints))
}

fn opened(token: &Secret) -> String {
    let encoded = token.expose().strip_prefix("k8s-aws-v1.").unwrap();
    String::from_utf8(URL_SAFE_NO_PAD.decode(encoded).unwrap()).unwrap()
}

#[tokio::test]
async fn a_role_is_taken_and_the_cluster_is_found() {
    let service = cloud().await;
    let found = access(&clouds(&service, &[]), &wish(Provider::Aws, CLUSTER), Some(&deployer())).await.unwrap();
    assert_eq!((found.address.as_str(), found.ca.as_deref()), ("https://eks.example.com", Some(PEM)));
    let asked = service.asked();
    assert_eq!((asked.len(), asked[0].line.as_str(), asked[1].line.as_str()), (2, "POST /", "GET /clusters/prod"));
    let expected = "Action=AssumeRoleWithWebIdentity&Version=2011-06-15\
        &RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fdeploy\
        &RoleSessionName=deployer.apps.eu-west-1.fluxcd.io&WebIdentityToken=proof-for-sts.amazonaws.com";
    assert_eq!(asked[0].body, expected);
    let signed = "AWS4-HMAC-SHA256 Credential=AKID/20260102/eu-west-1/eks/aws4_request, \
        SignedHeaders=host;x-amz-date;x-amz-security-token, Signature=";
    assert!(asked[1].header("authorization").starts_with(signed), "{}", asked[1].header("authorization"));
    assert_eq!(
        (asked[1].header("x-amz-security-token"), asked[1].header("x-amz-date")),
        ("session", "20260102T030405Z")
    );
    let url = opened(&found.token);
    assert!(url.starts_with(&format!("{}/?Action=GetCallerIdentity&", service.url)), "{url}");
    assert!(url.contains("X-Amz-Credential=AKID%2F20260102%2Feu-west-1%2Fsts%2Faws4_request"), "{url}");
}

#[tokio::test]
async fn what_is_given_is_not_asked_for() {
    let service = cloud().await;
    let (address, ca) = (Some("eks.example.com".to_owned()), Some(PEM.to_owned()));
    let given = Wish { address, ca, ..wish(Provider::Aws, CLUSTER) };
    access(&clouds(&service, &[]), &given, Some(&deployer())).await.unwrap();
    assert_eq!(service.asked().len(), 1);
}

#[rstest]
#[case::keys(&[("AWS_ACCESS_KEY_ID", "OWN"), ("AWS_SECRET_ACCESS_KEY", "s")], "OWN", "")]
#[case::role(&[("AWS_ROLE_ARN", ROLE), ("AWS_WEB_IDENTITY_TOKEN_FILE", "Cargo.toml")], "AKID", "RoleSessionName=sluice")]
#[tokio::test]
async fn the_agent_is_who_its_environment_says(
    #[case] variables: &[(&str, &str)],
    #[case] key: &str,
    #[case] sent: &str,
) {
    let service = cloud().await;
    let variables = [variables, &[("AWS_REGION", "eu-west-1")]].concat();
    let found = access(&clouds(&service, &variables), &wish(Provider::Aws, CLUSTER), None).await.unwrap();
    assert!(opened(&found.token).contains(&format!("X-Amz-Credential={key}%2F")));
    assert!(service.asked()[0].body.contains(sent));
}

#[tokio::test]
async fn pod_identity_shows_its_token() {
    let service = cloud().await;
    let keys =
        json!({"AccessKeyId": "POD", "SecretAccessKey": "s", "Token": "t", "Expiration": "2026-01-02T04:04:05Z"});
    service.answer("/v1/credentials", 200, keys);
    let (url, token) = (format!("{}/v1/credentials", service.url), tempfile::NamedTempFile::new().unwrap());
    std::fs::write(token.path(), "pod-token\n").unwrap();
    let variables = [
        ("AWS_REGION", "eu-west-1"),
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", url.as_str()),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", token.path().to_str().unwrap()),
    ];
    let found = access(&clouds(&service, &variables), &wish(Provider::Aws, CLUSTER), None).await.unwrap();
    assert!(opened(&found.token).contains("X-Amz-Credential=POD%2F"));
    assert_eq!(service.asked()[0].header("authorization"), "pod-token");
}

#[rstest]
#[case::region(&[], None, CLUSTER, "AWS_REGION environment variable is not set")]
#[case::nobody(&[("AWS_REGION", "eu-west-1")], None, CLUSTER, "no credentials in the environment")]
#[case::role(&[], Some(""), CLUSTER, "`eks.amazonaws.com/role-arn` is ''")]
#[case::name(&[], Some(ROLE), "prod", "invalid EKS cluster ARN 'prod'")]
#[tokio::test]
async fn what_cannot_succeed_is_not_asked_for(
    #[case] variables: &[(&str, &str)],
    #[case] role: Option<&str>,
    #[case] cluster: &str,
    #[case] why: &str,
) {
    let service = cloud().await;
    let account = role.map(|role| account(&[("eks.amazonaws.com/role-arn", role)]));
    let error = access(&clouds(&service, variables), &wish(Provider::Aws, cluster), account.as_ref()).await;
    let error = error.unwrap_err().to_string();
    assert!(error.contains(why) && service.asked().is_empty(), "{error}");
}

#[tokio::test]
async fn a_refusal_is_told() {
    let service = cloud().await;
    let refused =
        "<ErrorResponse><Error><Code>AccessDenied</Code><Message>Not authorized</Message></Error></ErrorResponse>";
    service.answer("/", 403, refused);
    let error = access(&clouds(&service, &[]), &wish(Provider::Aws, CLUSTER), Some(&deployer())).await.unwrap_err();
    let expected = "failed to assume role: 127.0.0.1 answered with status 403: AccessDenied: Not authorized";
    assert_eq!(error.to_string(), expected);
}
