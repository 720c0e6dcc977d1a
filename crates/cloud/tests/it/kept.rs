//! What is given out is kept, for a while, and only for whom it was given to.

use futures::FutureExt;
use jiff::SignedDuration;
use rstest::rstest;
use serde_json::json;
use sluice_cloud::{Account, Clouds, Endpoints, Environment, Provider, Secret, Wish};

use crate::service::{PEM, Service, account, now, wish};

fn deployer(client: &str) -> Account {
    account(&[("azure.workload.identity/tenant-id", "tenant"), ("azure.workload.identity/client-id", client)])
}

struct Bench {
    service: Service,
    clouds: Clouds,
}

impl Bench {
    async fn new(lasts: i64) -> Self {
        let service = Service::start().await;
        service.answer("/tenant/oauth2/v2.0/token", 200, json!({"access_token": "t", "expires_in": lasts}));
        let endpoints = Endpoints { azure_authority: Some(service.url.clone()), ..Endpoints::default() };
        let clouds = Clouds::new(Environment::default().with_endpoints(endpoints));
        Self { service, clouds }
    }

    /// Asks some minutes later; returns whether the provider was asked.
    async fn asks(&self, account: &Account, address: &str, minutes: i64) -> bool {
        let (address, ca) = (Some(address.to_owned()), Some(PEM.to_owned()));
        let wish = Wish { address, ca, ..wish(Provider::Azure, "") };
        let prove = |_| async { Ok(Secret::new("proof")) }.boxed();
        let later = now() + SignedDuration::from_mins(minutes);
        self.clouds.access(&wish, Some(account), prove, later).await.unwrap();
        !self.service.asked().is_empty()
    }
}

#[rstest]
#[case::most_of_its_life(3600, 47, false)]
#[case::until_four_fifths(3600, 48, true)]
#[case::an_hour_at_most(24 * 3600, 59, false)]
#[case::no_longer(24 * 3600, 60, true)]
#[tokio::test]
async fn a_token_is_used_again(#[case] lasts: i64, #[case] minutes: i64, #[case] asked: bool) {
    let bench = Bench::new(lasts).await;
    assert!(bench.asks(&deployer("a"), "there", 0).await);
    assert_eq!(bench.asks(&deployer("a"), "there", minutes).await, asked);
}

#[tokio::test]
async fn another_identity_or_cluster_gets_its_own() {
    let bench = Bench::new(3600).await;
    for (account, address) in [("a", "there"), ("b", "there"), ("a", "elsewhere")] {
        assert!(bench.asks(&deployer(account), address, 0).await, "{account} {address}");
    }
    assert!(!bench.asks(&deployer("b"), "there", 0).await);
}

#[tokio::test]
async fn many_clusters_do_not_fill_the_memory() {
    let bench = Bench::new(3600).await;
    for index in 0..101 {
        assert!(bench.asks(&deployer("a"), &format!("there-{index}"), 0).await);
    }
    assert!(!bench.asks(&deployer("a"), "there-100", 0).await);
    assert!(bench.asks(&deployer("a"), "there-0", 0).await);
}

#[tokio::test]
async fn without_its_own_token_an_account_is_nobody() {
    let bench = Bench::new(3600).await;
    let wish = wish(Provider::Azure, "");
    let wish = Wish { address: Some("there".into()), ca: Some(PEM.into()), ..wish };
    let refused = |_| async { Err("no such account".to_owned()) }.boxed();
    let error = bench.clouds.access(&wish, Some(&deployer("a")), refused, now()).await.unwrap_err();
    assert_eq!((error.to_string().as_str(), bench.service.asked().len()), ("no such account", 0));
}
