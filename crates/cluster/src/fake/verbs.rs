//! What each request does.

use serde_json::{Map, Value, json};
use sluice_object::{Gvk, LabelSelector, Object};

use super::{
    Admission,
    apply::{self, Write},
    errors,
    garbage::{FOREGROUND, INSTANCES},
    immutable,
    kinds::KindInfo,
    managed, patch,
    schema::Schema,
    stamp::{count_generation, drop_empty},
    store::{Key, State},
    strategic,
    watchers::view,
};
use crate::{ApiError, Body, Event, Identity, Precondition, Propagation, Request, Response, Target, bodies};

/// Returns what a request is about, for the log.
pub(super) fn target_of(request: &Request) -> Target {
    let kind = |gvk: &Gvk, namespace: Option<&str>| Target {
        gvk: gvk.clone(),
        namespace: namespace.unwrap_or_default().into(),
        name: String::new(),
    };
    match request {
        Request::Get(target) | Request::Delete { target, .. } | Request::JsonPatch { target, .. } => target.clone(),
        Request::MergePatch { target, .. } | Request::StrategicPatch { target, .. } => target.clone(),
        Request::Status { target, .. } => target.clone(),
        Request::Token { account, .. } => account.clone(),
        Request::List { gvk, namespace, .. } => kind(gvk, namespace.as_deref()),
        Request::Apply { object, .. } | Request::Create { object, .. } => Target::of(object),
        Request::Replace { object, .. } => Target::of(object),
        Request::Event(event) => event.about.clone(),
        Request::Resolve(gvk) => kind(gvk, None),
        Request::Discover => kind(&Gvk::new("", "", ""), None),
    }
}

/// Does a request.
pub(super) fn perform(
    state: &mut State,
    admission: &mut Option<Admission>,
    who: &Identity,
    request: Request,
) -> Result<Response, ApiError> {
    let gvk = match &request {
        Request::Discover => return Ok(Response::Server(state.kinds.server().into())),
        Request::Event(_) => Gvk::new("", "v1", "Event"),
        request => target_of(request).gvk,
    };
    let info = state.kinds.resolve(&gvk)?.clone();
    let mut target = target_of(&request);
    if !info.namespaced {
        target.namespace.clear();
    }
    let mut desk = Desk { key: Key::of(&target), state, admission, who, gvk, info };
    match request {
        Request::Resolve(_) => Ok(Response::Resolved((&desk.info).into())),
        Request::List { namespace, labels, body, .. } => desk.list(namespace.as_deref(), &labels, body),
        Request::Event(event) => desk.event(event),
        request => {
            desk.must_have_namespace()?;
            desk.object(request)
        }
    }
}

/// One request about objects of one kind.
pub(super) struct Desk<'a> {
    pub(super) state: &'a mut State,
    pub(super) admission: &'a mut Option<Admission>,
    pub(super) who: &'a Identity,
    pub(super) gvk: Gvk,
    pub(super) info: KindInfo,
    pub(super) key: Key,
}

impl Desk<'_> {
    fn object(&mut self, request: Request) -> Result<Response, ApiError> {
        match request {
            Request::Get(_) => self.get(),
            Request::Apply { object, manager, force, dry_run } => self.apply(&object, &manager, force, dry_run),
            Request::Create { object, manager } => self.create(&object, &manager),
            Request::Replace { object, manager } => self.replace(object.value().clone(), &manager),
            Request::JsonPatch { patch, manager, .. } => {
                self.patch(&manager, |live| patch::json(live, &patch).map_err(errors::bad_patch))
            }
            Request::MergePatch { patch, manager, .. } => self.patch(&manager, |live| {
                patch::merge(live, &patch);
                Ok(())
            }),
            Request::StrategicPatch { .. } if self.is_custom() => Err(errors::unknown_patch()),
            Request::StrategicPatch { patch, manager, .. } => self.patch(&manager, |live| {
                strategic::merge(live, &patch);
                Ok(())
            }),
            Request::Status { patch, manager, .. } => self.status(&bodies::status(&patch), &manager),
            Request::Delete { only_if, propagation, .. } => self.delete(&only_if, propagation),
            Request::Token { audiences, .. } => self.token(&audiences),
            Request::List { .. } | Request::Event(_) | Request::Resolve(_) | Request::Discover => Ok(Response::Done),
        }
    }

    fn get(&self) -> Result<Response, ApiError> {
        self.check("get", "")?;
        Ok(Response::Object(view(self.live()?, &self.gvk.version, Body::Full)))
    }

    fn token(&self, audiences: &[String]) -> Result<Response, ApiError> {
        self.check("create", "")?;
        let account = self.live()?;
        let mut answer = bodies::token_request(audiences);
        answer["metadata"] = json!({ "name": account.name(), "namespace": account.namespace() });
        answer["status"] = json!({ "token": format!("token of {}", account.name()) });
        Object::new(answer).map(Response::Object).map_err(|error| ApiError::transport(error.to_string()))
    }

    fn list(&self, namespace: Option<&str>, labels: &str, body: Body) -> Result<Response, ApiError> {
        self.check("list", "")?;
        let selector = LabelSelector::parse(labels).map_err(|error| errors::bad_request(error.to_string()))?;
        let namespace = namespace.filter(|namespace| !namespace.is_empty());
        let keys = self.state.keys(&self.gvk.group, &self.gvk.kind, namespace);
        let objects = keys.iter().filter_map(|key| self.state.objects.get(key));
        let selected = objects.filter(|object| selector.matches(|key| object.label(key)));
        Ok(Response::List(selected.map(|object| view(object, &self.gvk.version, body)).collect()))
    }

    fn create(&mut self, object: &Object, manager: &str) -> Result<Response, ApiError> {
        self.check("create", "")?;
        self.namespace_accepts()?;
        if self.state.objects.contains_key(&self.key) {
            return Err(errors::already_exists(&self.info.resource(), &self.key.name));
        }
        let new = self.without_status(object.value(), None);
        let new = self.tracked(manager, "", |write| Ok(apply::update(None, new, write)))?;
        self.store(new, false)
    }

    fn apply(&mut self, object: &Object, manager: &str, force: bool, dry_run: bool) -> Result<Response, ApiError> {
        self.check("patch", "")?;
        if manager.is_empty() {
            let why = "Required value: is required for apply patch";
            return Err(errors::invalid("PatchOptions.meta.k8s.io", "", "fieldManager", why));
        }
        let live = self.state.objects.get(&self.key).map(|live| live.value().clone());
        let config = object.value();
        match &live {
            None => self.may_be_created(config)?,
            Some(live) => self.must_be_version(config, live).and_then(|()| self.must_be_uid(config, live))?,
        }
        let config = self.applied_part(config);
        let new = self.tracked(manager, "", |write| apply::apply(live.as_ref(), &config, force, write))?;
        self.store(new, dry_run)
    }

    /// Leaves out of a configuration what an apply cannot set.
    fn applied_part(&self, config: &Value) -> Value {
        let mut config = config.clone();
        if let Some(fields) = config.as_object_mut().filter(|_| self.info.status) {
            fields.remove("status");
        }
        if let Some(metadata) = config["metadata"].as_object_mut() {
            for field in ["uid", "resourceVersion", "generation", "creationTimestamp", "managedFields"] {
                metadata.remove(field);
            }
            if !self.info.namespaced {
                metadata.remove("namespace");
            }
            drop_empty(metadata);
        }
        config
    }

    fn patch(
        &mut self,
        manager: &str,
        change: impl FnOnce(&mut Value) -> Result<(), ApiError>,
    ) -> Result<Response, ApiError> {
        self.check("patch", "")?;
        let live = view(self.live()?, &self.gvk.version, Body::Full).into_value();
        let mut new = live.clone();
        change(&mut new)?;
        let new = self.same_object(new, &live)?;
        self.must_be_uid(&new, &live)?;
        let new = self.without_status(&new, Some(&live));
        let new = self.tracked(manager, "", |write| Ok(apply::update(Some(&live), new, write)))?;
        self.store(new, false)
    }

    fn replace(&mut self, mut new: Value, manager: &str) -> Result<Response, ApiError> {
        self.check("update", "")?;
        let live = view(self.live()?, &self.gvk.version, Body::Full).into_value();
        self.must_say_version(&new)?;
        self.must_be_version(&new, &live)?;
        if new["metadata"]["managedFields"].is_null() {
            new["metadata"]["managedFields"] = live["metadata"]["managedFields"].clone();
        }
        let new = self.without_status(&new, Some(&live));
        let new = self.tracked(manager, "", |write| Ok(apply::update(Some(&live), new, write)))?;
        self.store(new, false)
    }

    fn status(&mut self, patch: &Value, manager: &str) -> Result<Response, ApiError> {
        if !self.info.status {
            return Err(errors::unknown_path());
        }
        self.check("patch", "status")?;
        let live = view(self.live()?, &self.gvk.version, Body::Full).into_value();
        let mut patched = live.clone();
        patch::merge(&mut patched, patch);
        let mut patched = self.same_object(patched, &live)?;
        if !self.is_custom() {
            self.must_be_uid(&patched, &live)?;
        }
        let mut new = live.clone();
        match patched["status"].take() {
            Value::Null => drop(new.as_object_mut().map(|fields| fields.remove("status"))),
            status => new["status"] = status,
        }
        let new = self.tracked(manager, "status", |write| Ok(apply::update(Some(&live), new, write)))?;
        self.store(new, false)
    }

    fn delete(&mut self, only_if: &Precondition, propagation: Propagation) -> Result<Response, ApiError> {
        self.check("delete", "")?;
        let live = self.live()?.clone();
        self.must_hold(only_if, &live)?;
        match propagation {
            Propagation::Foreground => self.add_finalizer(FOREGROUND),
            Propagation::Orphan => self.state.orphan(live.uid()),
            Propagation::Background => {}
        }
        if self.key.is("apiextensions.k8s.io", "CustomResourceDefinition") {
            self.add_finalizer(INSTANCES);
        }
        self.state.delete(&self.key);
        self.state.settle();
        Ok(Response::Done)
    }

    fn event(&mut self, event: Event) -> Result<Response, ApiError> {
        self.key.namespace = bodies::event_namespace(&event).to_owned();
        self.key.kind = "Event".into();
        self.key.group.clear();
        self.key.name = format!("{}.{:x}", event.about.name, self.state.events.len());
        self.check("create", "")?;
        self.namespace_accepts()?;
        let body = bodies::event(&event, &self.key.name);
        self.state.events.push(event);
        self.store(body, false)
    }

    /// Stores an object, or only says what would be stored.
    fn store(&mut self, mut new: Value, dry_run: bool) -> Result<Response, ApiError> {
        let live = self.state.objects.get(&self.key).map(|live| live.value().clone());
        self.state.stamp(&self.key, &self.info, &mut new);
        if let Some(live) = &live {
            immutable::check(&self.gvk, live, &new)?;
            count_generation(&self.info, live, &mut new);
        }
        let object = Object::new(new).map_err(|error| errors::bad_request(error.to_string()))?;
        if let Some(admission) = self.admission {
            admission(self.who, &object)?;
        }
        if let Some(live) = live.filter(|live| managed::same_but_times(live, object.value())) {
            let live = Object::new(live).map_err(|error| errors::bad_request(error.to_string()))?;
            return Ok(Response::Object(view(&live, &self.gvk.version, Body::Full)));
        }
        if dry_run {
            return Ok(Response::Object(object));
        }
        self.state.commit(&self.key, object.value());
        // As the server answers before any controller has seen the write.
        let stored = self.state.read(&self.key, &self.gvk.version).unwrap_or(object);
        self.state.settle();
        Ok(Response::Object(stored))
    }

    /// Computes an object with its ownership.
    fn tracked(
        &self,
        manager: &str,
        subresource: &str,
        compute: impl FnOnce(&Write) -> Result<Value, ApiError>,
    ) -> Result<Value, ApiError> {
        let (schema, api_version) = (self.info.schema(&self.gvk.version), self.gvk.api_version());
        let now = self.state.now();
        let manager = if manager.is_empty() { "unknown" } else { manager };
        compute(&Write { schema: &schema, manager, subresource, api_version: &api_version, now: &now })
    }

    /// A write to the object leaves the status alone where that is a subresource.
    fn without_status(&self, new: &Value, live: Option<&Value>) -> Value {
        let mut new = new.clone();
        if let Some(fields) = new.as_object_mut().filter(|_| self.info.status) {
            match live.and_then(|live| live.get("status")) {
                Some(status) => drop(fields.insert("status".into(), status.clone())),
                None => drop(fields.remove("status")),
            }
        }
        new
    }

    fn add_finalizer(&mut self, finalizer: &str) {
        let Some(mut new) = self.state.objects.get(&self.key).map(|live| live.value().clone()) else { return };
        let metadata = new["metadata"].as_object_mut().map(std::mem::take).unwrap_or_default();
        new["metadata"] = Value::Object(with_finalizer(metadata, finalizer));
        self.state.commit(&self.key, &new);
    }

    pub(super) fn is_custom(&self) -> bool {
        !matches!(self.info.schema(&self.gvk.version), Schema::BuiltIn)
    }

    fn live(&self) -> Result<&Object, ApiError> {
        let live = self.state.objects.get(&self.key);
        live.map(|live| &**live).ok_or_else(|| errors::not_found(&self.info.resource(), &self.key.name))
    }
}

fn with_finalizer(mut metadata: Map<String, Value>, finalizer: &str) -> Map<String, Value> {
    let list = metadata.entry("finalizers").or_insert_with(|| Value::Array(Vec::new()));
    if let Some(list) = list.as_array_mut().filter(|list| !list.iter().any(|held| held == finalizer)) {
        list.push(finalizer.into());
    }
    metadata
}
