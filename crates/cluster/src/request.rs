//! Requests and answers.

use std::collections::BTreeMap;

use serde_json::Value;
use sluice_object::{Gvk, Object, ObjectId};

use crate::remote::Remote;

/// On whose behalf a request is made.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub enum Identity {
    /// The agent's own credentials.
    #[default]
    Agent,
    /// A service account, by impersonation.
    ServiceAccount {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
    },
    /// Whoever a kubeconfig names, at another cluster.
    Remote(Remote),
}

impl Identity {
    /// Returns the user name for impersonation, `system:serviceaccount:<namespace>:<name>`.
    pub fn impersonated_user(&self) -> Option<String> {
        match self {
            Self::Agent => None,
            Self::Remote(remote) => remote.identity().impersonated_user(),
            Self::ServiceAccount { namespace, name } => Some(format!("system:serviceaccount:{namespace}:{name}")),
        }
    }
}

/// One object by kind and name; the namespace is empty for cluster scope.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Target {
    /// Kind with version.
    pub gvk: Gvk,
    /// Namespace, or empty.
    pub namespace: String,
    /// Name.
    pub name: String,
}

impl Target {
    /// Returns the target of an object.
    pub fn of(object: &Object) -> Self {
        Self { gvk: object.gvk(), namespace: object.namespace().into(), name: object.name().into() }
    }

    /// Returns the target of an id in a version.
    pub fn by_id(id: &ObjectId, version: &str) -> Self {
        let gvk = Gvk::new(&id.group, version, &id.kind);
        Self { gvk, namespace: id.namespace.clone(), name: id.name.clone() }
    }

    /// Returns what names the object whatever its version.
    pub fn id(&self) -> ObjectId {
        ObjectId::new(&self.gvk, &self.namespace, &self.name)
    }
}

/// How much of each object is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Body {
    /// The whole object.
    #[default]
    Full,
    /// Type and metadata only (`PartialObjectMetadata`).
    Metadata,
}

/// What must still hold for a delete to happen.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Precondition {
    /// The object's uid.
    pub uid: Option<String>,
    /// The object's version.
    pub resource_version: Option<String>,
}

/// What happens to an object's dependents when it is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Propagation {
    /// They are collected afterwards.
    #[default]
    Background,
    /// They go first.
    Foreground,
    /// They stay.
    Orphan,
}

/// One request, bounded and safe to repeat.
#[derive(Debug, Clone, PartialEq)]
pub enum Request {
    /// Reads an object. Answer: [`Response::Object`].
    Get(Target),
    /// Lists a kind, in a namespace or everywhere, by label selector. Answer: [`Response::List`].
    List {
        /// Kind with version.
        gvk: Gvk,
        /// Namespace, or all.
        namespace: Option<String>,
        /// Label selector, or empty.
        labels: String,
        /// How much of each.
        body: Body,
    },
    /// Server-side apply. Answer: [`Response::Object`] as the server has, or would have, stored it.
    Apply {
        /// The fields to own.
        object: Object,
        /// Field manager.
        manager: String,
        /// Whether to take fields from other managers.
        force: bool,
        /// Whether the server only pretends.
        dry_run: bool,
    },
    /// Creates an object that must not exist. Answer: [`Response::Object`].
    Create {
        /// The object.
        object: Object,
        /// Field manager.
        manager: String,
    },
    /// Replaces an object that exists. Answer: [`Response::Object`].
    Replace {
        /// The object. With a `metadata.resourceVersion` it takes the place of that version only; custom resources and
        /// a few other kinds must have one.
        object: Object,
        /// Field manager.
        manager: String,
    },
    /// JSON patch (RFC 6902). Answer: [`Response::Object`].
    JsonPatch {
        /// What to patch.
        target: Target,
        /// The operations.
        patch: Value,
        /// Field manager.
        manager: String,
    },
    /// JSON merge patch of the object. Answer: [`Response::Object`].
    MergePatch {
        /// What to patch.
        target: Target,
        /// The fields.
        patch: Value,
        /// Field manager.
        manager: String,
    },
    /// Strategic merge patch of the object: custom resources take none. Answer: [`Response::Object`].
    StrategicPatch {
        /// What to patch.
        target: Target,
        /// The fields, with directives as `$patch`.
        patch: Value,
        /// Field manager.
        manager: String,
    },
    /// JSON merge patch of the status subresource. Answer: [`Response::Object`].
    Status {
        /// What to patch.
        target: Target,
        /// The value of `status`; `metadata.resourceVersion` beside it is the caller's to add.
        patch: Value,
        /// Field manager.
        manager: String,
    },
    /// Deletes an object. Answer: [`Response::Done`], also when it is being finalized.
    Delete {
        /// What to delete.
        target: Target,
        /// What must still hold.
        only_if: Precondition,
        /// What happens to dependents.
        propagation: Propagation,
    },
    /// Asks for a token of a service account. Answer: [`Response::Object`], a TokenRequest with the token in its status.
    Token {
        /// The account.
        account: Target,
        /// Who is to accept the token; empty for the API server itself.
        audiences: Vec<String>,
    },
    /// Writes a Kubernetes Event. Answer: [`Response::Object`], the Event.
    Event(Event),
    /// Looks a kind up in the discovery table. Answer: [`Response::Resolved`]; no request when the table knows it.
    Resolve(Gvk),
    /// Asks what the server is. Answer: [`Response::Server`]; no request while the discovery table is up to date.
    Discover,
}

/// The verb of a request, for metrics and counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verb {
    /// `get`
    Get,
    /// `list`
    List,
    /// A server-side apply.
    Apply,
    /// A server-side apply with `dryRun=All`.
    DryRun,
    /// `create`
    Create,
    /// `update`
    Update,
    /// `patch` of an object.
    Patch,
    /// `patch` of a status.
    Status,
    /// `delete`
    Delete,
    /// `create` of an Event.
    Event,
    /// Discovery.
    Discovery,
    /// `watch`
    Watch,
}

impl Verb {
    /// Returns the verb as metrics spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::List => "list",
            Self::Apply => "apply",
            Self::DryRun => "dry-run",
            Self::Create => "create",
            Self::Update => "update",
            Self::Patch => "patch",
            Self::Status => "status",
            Self::Delete => "delete",
            Self::Event => "event",
            Self::Discovery => "discovery",
            Self::Watch => "watch",
        }
    }
}

impl Request {
    /// Returns the verb.
    pub fn verb(&self) -> Verb {
        match self {
            Self::Get(_) => Verb::Get,
            Self::List { .. } => Verb::List,
            Self::Apply { dry_run: true, .. } => Verb::DryRun,
            Self::Apply { .. } => Verb::Apply,
            Self::Create { .. } | Self::Token { .. } => Verb::Create,
            Self::Replace { .. } => Verb::Update,
            Self::JsonPatch { .. } | Self::MergePatch { .. } | Self::StrategicPatch { .. } => Verb::Patch,
            Self::Status { .. } => Verb::Status,
            Self::Delete { .. } => Verb::Delete,
            Self::Event(_) => Verb::Event,
            Self::Resolve(_) | Self::Discover => Verb::Discovery,
        }
    }
}

/// The type of an Event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventType {
    /// `Normal`
    Normal,
    /// `Warning`
    Warning,
}

/// A Kubernetes Event about an object.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The object it is about.
    pub about: Target,
    /// Its uid.
    pub uid: String,
    /// Its version.
    pub resource_version: String,
    /// Normal or Warning.
    pub type_: EventType,
    /// One PascalCase word.
    pub reason: String,
    /// Text for people.
    pub message: String,
    /// `source.component`: `kustomize-controller`, `source-controller`.
    pub component: String,
    /// Annotations of the Event.
    pub annotations: BTreeMap<String, String>,
    /// When, RFC 3339.
    pub at: String,
}

/// What discovery says of a kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// The resource name in paths.
    pub plural: String,
    /// Whether objects live in namespaces.
    pub namespaced: bool,
}

/// What a server is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Server {
    /// Its version: `v1.33.4-gke.1245000`.
    pub version: String,
    /// The kinds that it serves, sorted.
    pub kinds: Vec<Gvk>,
}

/// The answer to a request.
#[derive(Debug, Clone, PartialEq)]
pub enum Response {
    /// An object.
    Object(Object),
    /// Objects of a list.
    List(Vec<Object>),
    /// A discovery entry.
    Resolved(Resolved),
    /// The server.
    Server(std::sync::Arc<Server>),
    /// Nothing to hand back.
    Done,
}

impl Response {
    /// Returns the object of an answer that has one.
    pub fn into_object(self) -> Option<Object> {
        match self {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }

    /// Returns the objects of a list.
    pub fn into_list(self) -> Vec<Object> {
        match self {
            Self::List(items) => items,
            Self::Object(object) => vec![object],
            _ => Vec::new(),
        }
    }
}
