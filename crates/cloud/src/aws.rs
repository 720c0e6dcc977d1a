//! AWS: credentials of a role from STS, where the cluster is from EKS, and a signed request as the token.
//!
//! Source: fluxcd/pkg `auth/aws`.

mod keys;
mod sign;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::Timestamp;

use self::{keys::Keys, sign::Target};
use crate::{
    Account, Error, Wish,
    access::Place,
    clouds::{Grant, Session, Subject, Token},
    environment::at,
    http,
};

pub(crate) use self::sign::Signed;

pub(crate) const AUDIENCE: &str = "sts.amazonaws.com";
const ROLE: &str = "eks.amazonaws.com/role-arn";
const FORM: &str = "arn:aws:eks:REGION:ACCOUNT:cluster/NAME";

/// Returns the role of an account.
pub(crate) fn role(account: &Account) -> Result<&str, Error> {
    let role = account.annotation(ROLE).unwrap_or_default();
    let parts: Vec<_> = role.splitn(6, ':').collect();
    match parts[..] {
        ["arn", partition, "iam", "", owner, name] if is_partition(partition) && is_number(owner) && is_role(name) => {
            Ok(role)
        }
        _ => Err(account.wrong(format!("`{ROLE}` is '{role}' and has not the form arn:aws:iam::ACCOUNT:role/NAME"))),
    }
}

fn is_partition(text: &str) -> bool {
    text.starts_with("aws") && text.chars().all(|char| char.is_ascii_alphanumeric() || "-_".contains(char))
}

fn is_number(text: &str) -> bool {
    (1..=30).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_role(text: &str) -> bool {
    text.strip_prefix("role/").is_some_and(|name| (1..=200).contains(&name.chars().count()))
}

/// A cluster, as its full name tells.
#[derive(Debug, PartialEq, Eq)]
struct Cluster<'a> {
    region: &'a str,
    name: &'a str,
}

/// Region and name become parts of URLs.
fn cluster(given: &str) -> Result<Cluster<'_>, Error> {
    let parts: Vec<_> = given.splitn(6, ':').collect();
    let is_region =
        |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    let is_name = |text: &str| {
        (1..=200).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
    };
    if let ["arn", partition, "eks", region, owner, cluster] = parts[..]
        && let Some(name) = cluster.strip_prefix("cluster/")
        && is_partition(partition)
        && is_region(region)
        && is_number(owner)
        && is_name(name)
    {
        return Ok(Cluster { region, name });
    }
    Err(Error::Cluster { kind: "EKS cluster ARN", given: given.into(), form: FORM })
}

/// Returns the domain of a region's services.
fn domain(region: &str) -> &'static str {
    let domains = [
        ("cn-", "amazonaws.com.cn"),
        ("us-iso-", "c2s.ic.gov"),
        ("us-isob-", "sc2s.sgov.gov"),
        ("eu-isoe-", "cloud.adc-e.uk"),
        ("us-isof-", "csp.hci.ic.gov"),
        ("eusc-", "amazonaws.eu"),
    ];
    domains.iter().find(|(prefix, _)| region.starts_with(prefix)).map_or("amazonaws.com", |(_, domain)| domain)
}

pub(crate) async fn grant(session: &Session<'_>, wish: &Wish, subject: Subject<'_>) -> Result<Grant, Error> {
    let cluster = cluster(&wish.cluster)?;
    let sts = session.sts(cluster.region);
    let (keys, expires) = session.keys(subject, &sts, cluster.region).await?;
    let place = match wish.place() {
        Some(place) => place,
        None => wish.prefer(session.eks(&cluster, &keys).await?),
    };
    let signed = Signed { keys, sts, region: cluster.region.into(), cluster: cluster.name.into() };
    Ok(Grant { place, token: Token::Signed(signed), expires })
}

impl Session<'_> {
    fn sts(&self, region: &str) -> String {
        at(self.environment.endpoints.aws_sts.as_ref(), &format!("https://sts.{region}.{}", domain(region)))
    }

    async fn keys(&self, subject: Subject<'_>, sts: &str, region: &str) -> Result<(Keys, Timestamp), Error> {
        match subject {
            Subject::Agent => self.own_keys(sts).await,
            Subject::Account(account, proof) => {
                let session = format!("{}.{}.{region}.fluxcd.io", account.name, account.namespace);
                self.assume(sts, role(account)?, &session, proof).await
            }
        }
    }

    async fn eks(&self, cluster: &Cluster<'_>, keys: &Keys) -> Result<Place, Error> {
        const ACT: &str = "describe EKS cluster";
        let public = format!("https://eks.{}.{}", cluster.region, domain(cluster.region));
        let endpoint = at(self.environment.endpoints.aws_eks.as_ref(), &public);
        let path = format!("/clusters/{}", cluster.name);
        let target = Target { service: "eks", region: cluster.region, host: sign::host(&endpoint), path: &path };
        let headers = sign::headers(keys, &target, self.now);
        let request = self.http.get(&format!("{endpoint}{path}"));
        let request = headers.into_iter().fold(request, |request, (name, value)| request.header(name, value));
        let answer = http::json(ACT, request).await?;
        let ca = http::required(ACT, &answer, "/cluster/certificateAuthority/data")?;
        let ca = STANDARD.decode(ca).ok().and_then(|ca| String::from_utf8(ca).ok());
        let ca = ca.ok_or_else(|| Error::Answer { act: ACT, problem: "the authority is no Base64 of PEM".into() })?;
        Ok(Place { address: http::required(ACT, &answer, "/cluster/endpoint")?, ca: Some(ca) })
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("arn:aws:eks:eu-west-1:123456789012:cluster/prod", Some(("eu-west-1", "prod")))]
    #[case("arn:aws-cn:eks:cn-north-1:1:cluster/a_b-c", Some(("cn-north-1", "a_b-c")))]
    #[case("arn:aws:eks:eu-west-1:123456789012:cluster/../x", None)]
    #[case("arn:aws:eks:evil.example.com/:1:cluster/a", None)]
    #[case("arn:aws:iam:eu-west-1:1:cluster/a", None)]
    #[case("prod", None)]
    fn clusters_are_named_in_full(#[case] given: &str, #[case] expected: Option<(&str, &str)>) {
        assert_eq!(cluster(given).ok().map(|cluster| (cluster.region, cluster.name)), expected);
    }

    #[rstest]
    #[case("arn:aws:iam::123456789012:role/deploy", true)]
    #[case("arn:aws-us-gov:iam::1:role/path/deploy", true)]
    #[case("arn:aws:iam::123456789012:user/deploy", false)]
    #[case("", false)]
    fn roles_are_named_in_full(#[case] given: &str, #[case] good: bool) {
        let annotations = [(ROLE.to_owned(), given.to_owned())].into();
        let account = Account { namespace: "ns".into(), name: "sa".into(), annotations };
        assert_eq!(role(&account).is_ok(), good);
    }

    #[rstest]
    #[case("eu-west-1", "amazonaws.com")]
    #[case("cn-north-1", "amazonaws.com.cn")]
    #[case("us-isob-east-1", "sc2s.sgov.gov")]
    #[case("us-gov-west-1", "amazonaws.com")]
    fn regions_have_their_domain(#[case] region: &str, #[case] expected: &str) {
        assert_eq!(domain(region), expected);
    }
}
