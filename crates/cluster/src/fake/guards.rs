//! What must hold before a request is done.

use serde_json::Value;
use sluice_object::Object;

use super::{errors, permissions::Access, store::Key, verbs::Desk};
use crate::{ApiError, Precondition};

impl Desk<'_> {
    pub(super) fn check(&self, verb: &str, subresource: &str) -> Result<(), ApiError> {
        self.state.denials.check(&Access {
            who: self.who,
            verb,
            gvk: &self.gvk,
            info: &self.info,
            subresource,
            namespace: &self.key.namespace,
            name: if verb == "create" { "" } else { &self.key.name },
        })
    }

    pub(super) fn may_be_created(&self, config: &Value) -> Result<(), ApiError> {
        self.check("create", "")?;
        self.namespace_accepts()?;
        let uid = config["metadata"]["uid"].as_str().unwrap_or_default();
        if uid.is_empty() {
            return Ok(());
        }
        let why = format!("uid mismatch: the provided object specified uid {uid}, and no existing object was found");
        Err(errors::conflict(&self.info.resource(), &self.key.name, &why))
    }

    /// A patch may not make another object of it.
    pub(super) fn same_object(&self, new: Value, live: &Value) -> Result<Value, ApiError> {
        let object = Object::new(new).map_err(|error| errors::bad_request(error.to_string()))?;
        if object.gvk() != self.gvk {
            return Err(errors::bad_request("the kind of the object does not match that on the URL"));
        }
        let pairs = [("name", object.name(), &self.key.name), ("namespace", object.namespace(), &self.key.namespace)];
        for (field, found, wanted) in pairs {
            if found != wanted {
                let why =
                    format!("the {field} of the object ({found}) does not match the {field} on the URL ({wanted})");
                return Err(errors::bad_request(why));
            }
        }
        let new = object.into_value();
        self.must_be_version(&new, live)?;
        Ok(new)
    }

    pub(super) fn must_be_version(&self, new: &Value, live: &Value) -> Result<(), ApiError> {
        let wanted = &new["metadata"]["resourceVersion"];
        let open = wanted.as_str().is_none_or(str::is_empty);
        if open || *wanted == live["metadata"]["resourceVersion"] {
            return Ok(());
        }
        Err(errors::modified(&self.info.resource(), &self.key.name))
    }

    /// Only of Kubernetes' own kinds may whatever version is there be replaced.
    pub(super) fn must_say_version(&self, new: &Value) -> Result<(), ApiError> {
        if !self.is_custom() || new["metadata"]["resourceVersion"].as_str().is_some_and(|version| !version.is_empty()) {
            return Ok(());
        }
        let kind = errors::qualified(&self.gvk.kind, &self.gvk.group);
        let why = "Invalid value: 0: must be specified for an update";
        Err(errors::invalid(&kind, &self.key.name, "metadata.resourceVersion", why))
    }

    /// Custom resources do not get here with their status: the server then looks at nothing else.
    pub(super) fn must_be_uid(&self, new: &Value, live: &Value) -> Result<(), ApiError> {
        let wanted = &new["metadata"]["uid"];
        if wanted.is_null() || *wanted == live["metadata"]["uid"] {
            return Ok(());
        }
        let kind = errors::qualified(&self.gvk.kind, &self.gvk.group);
        let why = format!("Invalid value: {wanted}: field is immutable");
        Err(errors::invalid(&kind, &self.key.name, "metadata.uid", &why))
    }

    pub(super) fn must_hold(&self, only_if: &Precondition, live: &Object) -> Result<(), ApiError> {
        let pairs = [
            ("UID", &only_if.uid, live.uid(), "deleted and then recreated"),
            ("ResourceVersion", &only_if.resource_version, live.resource_version(), "modified"),
        ];
        // The server names the kind here where it names the resource elsewhere.
        let kind = errors::qualified(&self.gvk.kind, &self.gvk.group);
        for (field, wanted, found, what) in pairs {
            if let Some(wanted) = wanted.as_deref().filter(|wanted| *wanted != found) {
                let why = format!(
                    "the {field} in the precondition ({wanted}) does not match the {field} in record ({found}). \
                     The object might have been {what}"
                );
                return Err(errors::conflict(&kind, &self.key.name, &why));
            }
        }
        Ok(())
    }

    pub(super) fn must_have_namespace(&self) -> Result<(), ApiError> {
        if self.info.namespaced && self.key.namespace.is_empty() {
            return Err(errors::bad_request("an empty namespace may not be set when a resource name is provided"));
        }
        Ok(())
    }

    pub(super) fn namespace_accepts(&self) -> Result<(), ApiError> {
        if !self.info.namespaced {
            return Ok(());
        }
        match self.state.objects.get(&Key::namespace(&self.key.namespace)) {
            None => Err(errors::not_found("namespaces", &self.key.namespace)),
            Some(namespace) if namespace.is_deleting() => {
                Err(errors::terminating(&self.info.resource(), &self.key.name, &self.key.namespace))
            }
            Some(_) => Ok(()),
        }
    }
}
