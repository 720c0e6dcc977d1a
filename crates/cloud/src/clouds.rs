//! The front door: access that is kept until most of its life is over.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use sluice_object::Digest;

use crate::{Access, Account, Environment, Error, Provider, Secret, Wish, access::Place, aws, azure, gcp, http::Http};

/// As in Flux: so many tokens are kept, and none for longer than this.
const KEPT: usize = 100;
const LONGEST: SignedDuration = SignedDuration::from_hours(1);

/// The providers, and what they have given out.
#[derive(Debug)]
pub struct Clouds {
    environment: Environment,
    kept: Mutex<HashMap<Digest, Slot>>,
}

/// Who finds it empty fills it; others wait, and find it full.
type Slot = Arc<futures::lock::Mutex<Option<Kept>>>;

#[derive(Debug, Clone)]
struct Kept {
    grant: Grant,
    until: Timestamp,
}

/// What a provider has given out.
#[derive(Debug, Clone)]
pub(crate) struct Grant {
    pub(crate) place: Place,
    pub(crate) token: Token,
    pub(crate) expires: Timestamp,
}

/// What opens the cluster.
#[derive(Debug, Clone)]
pub(crate) enum Token {
    Bearer(Secret),
    /// EKS takes a signed request for a token: one is signed for each pass, and lives for a quarter of an hour.
    Signed(aws::Signed),
}

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Subject<'a> {
    Agent,
    Account(&'a Account, &'a Secret),
}

/// What a provider's module works with.
pub(crate) struct Session<'a> {
    pub(crate) http: Http,
    pub(crate) environment: &'a Environment,
    pub(crate) now: Timestamp,
}

impl Clouds {
    /// Makes the front door. Nothing is sent before it is used.
    pub fn new(environment: Environment) -> Self {
        Self { environment, kept: Mutex::default() }
    }

    /// Returns the way to a cluster, for the agent itself or for an account. What was given out before is used until
    /// four fifths of its life are over; only then `prove` is asked for a token of the account, for the given audiences.
    ///
    /// # Errors
    /// When the wish has not the provider's form, the identity is not described, or the provider declines.
    pub async fn access<'a>(
        &self,
        wish: &Wish,
        account: Option<&Account>,
        prove: impl FnOnce(Vec<String>) -> BoxFuture<'a, Result<Secret, String>>,
        now: Timestamp,
    ) -> Result<Access, Error> {
        let slot = self.slot(&key(wish, account), now);
        let mut slot = slot.lock().await;
        if let Some(kept) = slot.as_ref().filter(|kept| now < kept.until) {
            return Ok(kept.grant.access(now));
        }
        let session = Session { http: Http::new()?, environment: &self.environment, now };
        let grant = match account {
            None => session.grant(wish, Subject::Agent).await?,
            Some(account) => {
                session.check(wish, account)?;
                let proof = prove(session.audiences(wish, account).await?).await.map_err(Error::Proof)?;
                session.grant(wish, Subject::Account(account, &proof)).await?
            }
        };
        let access = grant.access(now);
        *slot = Some(Kept { until: until(now, grant.expires), grant });
        Ok(access)
    }

    fn slot(&self, key: &Digest, now: Timestamp) -> Slot {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT && !kept.contains_key(key) {
            let is_fresh =
                |slot: &Slot| slot.try_lock().is_none_or(|kept| kept.as_ref().is_some_and(|kept| now < kept.until));
            kept.retain(|_, slot| is_fresh(slot));
        }
        if kept.len() >= KEPT && !kept.contains_key(key) {
            kept.clear();
        }
        kept.entry(key.clone()).or_default().clone()
    }
}

/// An account that is made anew, or says that it is somebody else, gets a token of its own.
fn key(wish: &Wish, account: Option<&Account>) -> Digest {
    Digest::sha256(format!("{wish:?} {account:?}").as_bytes())
}

fn until(now: Timestamp, expires: Timestamp) -> Timestamp {
    let life = expires.duration_since(now);
    now + (life / 5 * 4).min(LONGEST)
}

impl Grant {
    fn access(&self, now: Timestamp) -> Access {
        let token = match &self.token {
            Token::Bearer(token) => token.clone(),
            Token::Signed(signed) => signed.token(now),
        };
        Access { address: self.place.address.clone(), ca: self.place.ca.clone(), token }
    }
}

impl Session<'_> {
    async fn audiences(&self, wish: &Wish, account: &Account) -> Result<Vec<String>, Error> {
        if !wish.audiences.is_empty() {
            return Ok(wish.audiences.clone());
        }
        Ok(vec![match wish.provider {
            Provider::Aws => aws::AUDIENCE.into(),
            Provider::Azure => azure::AUDIENCE.into(),
            Provider::Gcp => gcp::audience(self, account).await?,
        }])
    }

    /// Refuses what cannot succeed before any token is asked for.
    fn check(&self, wish: &Wish, account: &Account) -> Result<(), Error> {
        match wish.provider {
            Provider::Aws => aws::role(account).map(|_| ()),
            Provider::Azure => azure::identity(account).map(|_| ()),
            Provider::Gcp => gcp::email(account).map(|_| ()),
        }
    }

    async fn grant(&self, wish: &Wish, subject: Subject<'_>) -> Result<Grant, Error> {
        match wish.provider {
            Provider::Aws => aws::grant(self, wish, subject).await,
            Provider::Azure => azure::grant(self, wish, subject).await,
            Provider::Gcp => gcp::grant(self, wish, subject).await,
        }
    }

    /// Returns when something ends that lasts for so many seconds.
    pub(crate) fn after(&self, seconds: Option<i64>) -> Timestamp {
        const DAY: i64 = 24 * 3600;
        self.now + SignedDuration::from_secs(seconds.unwrap_or(300).clamp(0, DAY))
    }
}
