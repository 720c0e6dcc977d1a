//! Keys that sign requests: of an account's role, or the agent's own.

use jiff::{SignedDuration, Timestamp};

use crate::{
    Error, Secret,
    clouds::Session,
    environment::token_file,
    http::{self, element, required},
};

/// Keys of AWS.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    pub(crate) id: String,
    pub(crate) secret: Secret,
    pub(crate) session: Option<Secret>,
}

impl Session<'_> {
    /// The agent's own: of the environment, of its service account's role, or of EKS Pod Identity.
    pub(super) async fn own_keys(&self, sts: &str) -> Result<(Keys, Timestamp), Error> {
        let own = &self.environment.aws;
        if own.region.is_none() {
            let problem = "AWS_REGION environment variable is not set; hint: give the pod an IAM role, or set it";
            return Err(Error::Environment(problem.into()));
        }
        if let Some((id, secret)) = own.key.clone() {
            let keys = Keys { id, secret, session: own.session.clone() };
            return Ok((keys, self.now + SignedDuration::from_hours(1)));
        }
        if let (Some(role), Some(file)) = (&own.role, &own.token_file) {
            let proof = token_file(file).await?;
            return self.assume(sts, role, own.session_name.as_deref().unwrap_or("sluice"), &proof).await;
        }
        match (&own.container_url, &own.container_token_file) {
            (Some(url), Some(file)) => self.pod_identity(url, &token_file(file).await?).await,
            _ => Err(Error::Environment(
                "no credentials in the environment; hint: give the pod's service account an IAM role".into(),
            )),
        }
    }

    /// Takes the role of somebody whom AWS trusts by the token of a service account.
    pub(super) async fn assume(
        &self,
        sts: &str,
        role: &str,
        session: &str,
        proof: &Secret,
    ) -> Result<(Keys, Timestamp), Error> {
        const ACT: &str = "assume role";
        let form = [
            ("Action", "AssumeRoleWithWebIdentity"),
            ("Version", "2011-06-15"),
            ("RoleArn", role),
            ("RoleSessionName", session),
            ("WebIdentityToken", proof.expose()),
        ];
        let answer = http::text(ACT, self.http.post(&format!("{sts}/")).form(&form)).await?;
        let field = |name: &str| {
            let missing = || Error::Answer { act: ACT, problem: format!("the answer has no `{name}`") };
            element(&answer, name).ok_or_else(missing)
        };
        let keys = Keys {
            id: field("AccessKeyId")?,
            secret: Secret::new(field("SecretAccessKey")?),
            session: Some(Secret::new(field("SessionToken")?)),
        };
        Ok((keys, self.expiry(element(&answer, "Expiration").as_deref())))
    }

    async fn pod_identity(&self, url: &str, proof: &Secret) -> Result<(Keys, Timestamp), Error> {
        const ACT: &str = "get credentials of EKS Pod Identity";
        let answer = http::json(ACT, self.http.get(url).header("Authorization", proof.expose())).await?;
        let keys = Keys {
            id: required(ACT, &answer, "/AccessKeyId")?,
            secret: Secret::new(required(ACT, &answer, "/SecretAccessKey")?),
            session: Some(Secret::new(required(ACT, &answer, "/Token")?)),
        };
        Ok((keys, self.expiry(answer["Expiration"].as_str())))
    }

    fn expiry(&self, told: Option<&str>) -> Timestamp {
        told.and_then(|told| told.parse().ok()).unwrap_or_else(|| self.after(None))
    }
}
