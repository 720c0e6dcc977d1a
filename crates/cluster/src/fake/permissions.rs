//! Who may not do what.

use sluice_object::Gvk;

use super::{errors::qualified, kinds::KindInfo};
use crate::{ApiError, Identity};

/// The user that the agent is.
pub const AGENT_USER: &str = "system:serviceaccount:flux-system:sluice";

/// What is forbidden: user, verb, kind, namespace; each may be `*`.
#[derive(Debug, Default)]
pub(super) struct Denials(Vec<[String; 4]>);

/// What somebody wants to do.
pub(super) struct Access<'a> {
    pub(super) who: &'a Identity,
    pub(super) verb: &'a str,
    pub(super) gvk: &'a Gvk,
    pub(super) info: &'a KindInfo,
    pub(super) subresource: &'a str,
    pub(super) namespace: &'a str,
    pub(super) name: &'a str,
}

impl Denials {
    pub(super) fn add(&mut self, denial: [&str; 4]) {
        self.0.push(denial.map(Into::into));
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Answers as the server's RBAC does.
    pub(super) fn check(&self, access: &Access) -> Result<(), ApiError> {
        let user = access.who.impersonated_user().unwrap_or_else(|| AGENT_USER.into());
        let kind = match access.gvk.group.as_str() {
            "" => access.gvk.kind.clone(),
            group => format!("{group}/{}", access.gvk.kind),
        };
        let wanted = [user.as_str(), access.verb, &kind, access.namespace];
        let covers = |denial: &[String; 4]| denial.iter().zip(wanted).all(|(rule, word)| rule == "*" || rule == word);
        if self.0.iter().any(covers) { Err(forbidden(access, &user)) } else { Ok(()) }
    }
}

fn forbidden(access: &Access, user: &str) -> ApiError {
    let Access { verb, info, namespace, name, subresource, .. } = access;
    let resource = match *subresource {
        "" => info.plural.clone(),
        subresource => format!("{}/{subresource}", info.plural),
    };
    let named = if name.is_empty() { String::new() } else { format!(" {name:?}") };
    let place = match *namespace {
        "" => "at the cluster scope".to_owned(),
        namespace => format!("in the namespace {namespace:?}"),
    };
    let subject = qualified(&info.plural, &info.group);
    let message = format!(
        "{subject}{named} is forbidden: User {user:?} cannot {verb} resource {resource:?} in API group {:?} {place}",
        info.group
    );
    ApiError::status(403, "Forbidden", message)
}
