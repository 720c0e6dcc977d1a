use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Duration,
    duration::{INTERVAL, TIMEOUT},
    meta::LocalObjectReference,
    schema::rules,
};

/// A service to send events to.
#[derive(Clone, CustomResource, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[kube(
    group = "notification.toolkit.fluxcd.io",
    version = "v1beta3",
    kind = "Provider",
    plural = "providers",
    namespaced,
    derive = "PartialEq",
    doc = "A service that Alerts send events to."
)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = rules(&[(
    "self.type == 'github' || self.type == 'gitlab' || self.type == 'gitea' || self.type == 'bitbucketserver' \
     || self.type == 'bitbucket' || self.type == 'azuredevops' || !has(self.commitStatusExpr)",
    "commitStatusExpr is only for the providers that set a commit's status",
)])))]
pub struct ProviderSpec {
    /// What service it is.
    #[serde(rename = "type")]
    pub type_: ProviderType,
    /// Accepted, and without effect.
    #[schemars(regex(pattern = INTERVAL))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<Duration>,
    /// Channel, room, topic or the like to send to.
    #[schemars(length(max = 2048))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// Name to send under.
    #[schemars(length(max = 2048))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// Address of the service. That in the Secret goes before it.
    #[schemars(length(max = 2048))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// How long sending an event may take; 15 s if not set.
    #[schemars(regex(pattern = TIMEOUT))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Duration>,
    /// Address of the proxy to go through. Use `proxySecretRef` instead.
    #[schemars(length(max = 2048), regex(pattern = r"^(http|https)://.*$"))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy: Option<String>,
    /// Secret with the proxy to go through: `address`, and `username` and `password` if it asks for them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy_secret_ref: Option<LocalObjectReference>,
    /// Secret with the credentials; its keys depend on the service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<LocalObjectReference>,
    /// ServiceAccount, in the same namespace, to get credentials as.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_account_name: Option<String>,
    /// Secret with `ca.crt` for a private authority, and `tls.crt` and `tls.key` for a client certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cert_secret_ref: Option<LocalObjectReference>,
    /// Sends nothing while true.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub suspend: bool,
    /// CEL expression that names the commit status, from `event`, `alert` and `provider`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit_status_expr: Option<String>,
}

/// A service that events can be sent to.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ProviderType {
    /// Slack.
    Slack,
    /// Discord.
    Discord,
    /// Microsoft Teams.
    MsTeams,
    /// Rocket.Chat.
    Rocket,
    /// Any webhook.
    Generic,
    /// Any webhook, with a signature.
    #[serde(rename = "generic-hmac")]
    GenericHmac,
    /// Commit statuses on GitHub.
    Github,
    /// Commit statuses on GitLab.
    Gitlab,
    /// Commit statuses on Gitea.
    Gitea,
    /// Comments on pull requests of Gitea.
    GiteaPullRequestComment,
    /// Commit statuses on Bitbucket Server.
    BitbucketServer,
    /// Commit statuses on Bitbucket.
    Bitbucket,
    /// Commit statuses on Azure DevOps.
    AzureDevops,
    /// Google Chat.
    GoogleChat,
    /// Google Pub/Sub.
    GooglePubsub,
    /// Webex.
    Webex,
    /// Sentry.
    Sentry,
    /// Azure Event Hubs.
    AzureEventHub,
    /// Telegram.
    Telegram,
    /// Lark.
    Lark,
    /// Matrix.
    Matrix,
    /// Opsgenie.
    Opsgenie,
    /// Alertmanager.
    Alertmanager,
    /// Annotations in Grafana.
    Grafana,
    /// Repository dispatch on GitHub.
    GithubDispatch,
    /// Comments on pull requests of GitHub.
    GithubPullRequestComment,
    /// Comments on merge requests of GitLab.
    GitlabMergeRequestComment,
    /// PagerDuty.
    PagerDuty,
    /// Datadog.
    Datadog,
    /// NATS.
    Nats,
    /// Zulip.
    Zulip,
    /// OpenTelemetry traces.
    Otel,
    /// Zoom.
    Zoom,
    /// incident.io.
    #[serde(rename = "incident.io")]
    IncidentIo,
}
