//! Google: a token from the security token service, where need be in the name of one of its accounts, and where the
//! cluster is from GKE.
//!
//! Source: fluxcd/pkg `auth/gcp`.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    Account, Error, Secret, Wish,
    access::Place,
    clouds::{Grant, Session, Subject, Token},
    environment::at,
    http::{self, required},
};

const EMAIL: &str = "iam.gke.io/gcp-service-account";
const PROVIDER: &str = "gcp.auth.fluxcd.io/workload-identity-provider";
const PLATFORM: &str = "https://www.googleapis.com/auth/cloud-platform";
const SCOPES: [&str; 2] = [PLATFORM, "https://www.googleapis.com/auth/userinfo.email"];
const FORM: &str = "projects/PROJECT/locations/LOCATION/clusters/NAME";

/// Returns the account of Google that an account acts as, if it does.
pub(crate) fn email(account: &Account) -> Result<Option<&str>, Error> {
    let Some(email) = account.annotation(EMAIL).filter(|email| !email.is_empty()) else { return Ok(None) };
    let is_name =
        |text: &str| (1..=100).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    let parts =
        email.split_once('@').and_then(|(name, host)| Some((name, host.strip_suffix(".iam.gserviceaccount.com")?)));
    match parts {
        Some((name, project)) if is_name(name) && is_name(project) => Ok(Some(email)),
        _ => {
            Err(account
                .wrong(format!("`{EMAIL}` is '{email}' and has not the form NAME@PROJECT.iam.gserviceaccount.com")))
        }
    }
}

/// Returns the provider that trusts this cluster where it is not Google's own.
fn provider(account: &Account) -> Result<Option<String>, Error> {
    let Some(given) = account.annotation(PROVIDER).filter(|given| !given.is_empty()) else { return Ok(None) };
    let parts: Vec<_> = given.split('/').collect();
    let fits = matches!(parts[..], ["projects", number, "locations", "global", "workloadIdentityPools", pool, "providers", name]
        if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) && !pool.is_empty() && !name.is_empty());
    if !fits {
        return Err(account.wrong(format!(
            "`{PROVIDER}` is '{given}' and has not the form \
             projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/NAME"
        )));
    }
    Ok(Some(format!("//iam.googleapis.com/{given}")))
}

/// Returns who an account's token is for: the provider that is named, or the pool of the cluster it runs in.
pub(crate) async fn audience(session: &Session<'_>, account: &Account) -> Result<String, Error> {
    match provider(account)? {
        Some(audience) => Ok(audience),
        None => Ok(format!("{}.svc.id.goog", session.metadata("project/project-id").await?)),
    }
}

pub(crate) async fn grant(session: &Session<'_>, wish: &Wish, subject: Subject<'_>) -> Result<Grant, Error> {
    let given = wish.place();
    if given.is_none() {
        check(&wish.cluster)?;
    }
    let (token, expires) = match subject {
        Subject::Agent => session.own_token().await?,
        Subject::Account(account, proof) => session.exchanged(account, proof).await?,
    };
    let place = match given {
        Some(place) => place,
        None => wish.prefer(session.gke(&wish.cluster, &token).await?),
    };
    Ok(Grant { place, token: Token::Bearer(token), expires })
}

/// The name becomes a path.
fn check(cluster: &str) -> Result<(), Error> {
    let parts: Vec<_> = cluster.split('/').collect();
    let is_name = |text: &str| {
        text.chars().all(|c| c.is_ascii_alphanumeric() || "-_:.".contains(c)) && !["", ".."].contains(&text)
    };
    match parts[..] {
        ["projects", project, "locations", location, "clusters", name]
            if [project, location, name].into_iter().all(is_name) =>
        {
            Ok(())
        }
        _ => Err(Error::Cluster { kind: "GKE cluster ID", given: cluster.into(), form: FORM }),
    }
}

impl Session<'_> {
    async fn metadata(&self, path: &str) -> Result<String, Error> {
        const ACT: &str = "read GKE's metadata service";
        let host = at(self.environment.endpoints.gcp_metadata.as_ref(), "http://metadata.google.internal");
        let request = self.http.get(&format!("{host}/computeMetadata/v1/{path}"));
        let text = http::text(ACT, request.header("Metadata-Flavor", "Google")).await?;
        match text.trim() {
            "" => Err(Error::Answer { act: ACT, problem: format!("`{path}` is empty") }),
            text => Ok(text.to_owned()),
        }
    }

    async fn own_token(&self) -> Result<(Secret, Timestamp), Error> {
        const ACT: &str = "get an access token of the node or pod";
        if let Some(file) = &self.environment.gcp_key_file {
            let problem = format!(
                "`{file}`, which GOOGLE_APPLICATION_CREDENTIALS names, is not read; hint: use Workload Identity"
            );
            return Err(Error::Environment(problem));
        }
        let path = format!("instance/service-accounts/default/token?scopes={}", SCOPES.join(","));
        let answer: Value = serde_json::from_str(&self.metadata(&path).await?)
            .map_err(|_| Error::Answer { act: ACT, problem: "the answer is no JSON".into() })?;
        self.token_of(ACT, &answer)
    }

    fn token_of(&self, act: &'static str, answer: &Value) -> Result<(Secret, Timestamp), Error> {
        let token = required(act, answer, "/access_token")?;
        Ok((Secret::new(token), self.after(answer["expires_in"].as_i64())))
    }

    async fn exchanged(&self, account: &Account, proof: &Secret) -> Result<(Secret, Timestamp), Error> {
        let email = email(account)?;
        let audience = match provider(account)? {
            Some(audience) => audience,
            None => self.own_pool().await?,
        };
        // Who acts as another needs no more than the platform's scope for that.
        let scope = if email.is_some() { PLATFORM.to_owned() } else { SCOPES.join(" ") };
        let (token, expires) = self.federated(&audience, &scope, proof).await?;
        match email {
            None => Ok((token, expires)),
            Some(email) => self.acting_as(email, &token).await,
        }
    }

    async fn own_pool(&self) -> Result<String, Error> {
        let project = self.metadata("project/project-id").await?;
        let location = self.metadata("instance/attributes/cluster-location").await?;
        let name = self.metadata("instance/attributes/cluster-name").await?;
        let cluster = format!("projects/{project}/locations/{location}/clusters/{name}");
        Ok(format!("identitynamespace:{project}.svc.id.goog:https://container.googleapis.com/v1/{cluster}"))
    }

    async fn federated(&self, audience: &str, scope: &str, proof: &Secret) -> Result<(Secret, Timestamp), Error> {
        const ACT: &str = "get an access token for cluster";
        let sts = at(self.environment.endpoints.gcp_sts.as_ref(), "https://sts.googleapis.com");
        let form = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("audience", audience),
            ("scope", scope),
            ("requested_token_type", "urn:ietf:params:oauth:token-type:access_token"),
            ("subject_token_type", "urn:ietf:params:oauth:token-type:jwt"),
            ("subject_token", proof.expose()),
        ];
        let answer = http::json(ACT, self.http.post(&format!("{sts}/v1/token")).form(&form)).await?;
        self.token_of(ACT, &answer)
    }

    async fn acting_as(&self, email: &str, token: &Secret) -> Result<(Secret, Timestamp), Error> {
        const ACT: &str = "get an access token of the Google service account";
        let public = "https://iamcredentials.googleapis.com";
        let host = at(self.environment.endpoints.gcp_credentials.as_ref(), public);
        let url = format!("{host}/v1/projects/-/serviceAccounts/{email}:generateAccessToken");
        let wanted = json!({"scope": SCOPES, "lifetime": "3600s"});
        let answer = http::json(ACT, self.http.post(&url).bearer_auth(token.expose()).json(&wanted)).await?;
        let expires = answer["expireTime"].as_str().and_then(|time| time.parse().ok());
        let token = Secret::new(required(ACT, &answer, "/accessToken")?);
        Ok((token, expires.unwrap_or_else(|| self.after(None))))
    }

    async fn gke(&self, cluster: &str, token: &Secret) -> Result<Place, Error> {
        const ACT: &str = "describe GKE cluster";
        let host = at(self.environment.endpoints.gcp_container.as_ref(), "https://container.googleapis.com");
        let request = self.http.get(&format!("{host}/v1/{cluster}")).bearer_auth(token.expose());
        let answer = http::json(ACT, request).await?;
        let ca = required(ACT, &answer, "/masterAuth/clusterCaCertificate")?;
        let ca = STANDARD.decode(ca).ok().and_then(|ca| String::from_utf8(ca).ok());
        let ca = ca.ok_or_else(|| Error::Answer { act: ACT, problem: "the authority is no Base64 of PEM".into() })?;
        Ok(Place { address: required(ACT, &answer, "/endpoint")?, ca: Some(ca) })
    }
}
