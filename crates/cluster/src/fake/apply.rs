//! Server-side apply, and the ownership that other writes leave.

use serde_json::Value;

use super::{
    compare::{difference, merge, without, without_nulls},
    fields::{FieldSet, Path, display, owned},
    managed::{Entry, Manager, Managers},
    schema::Schema,
};
use crate::{ApiError, Cause};

/// What is known of a write besides the object.
pub(super) struct Write<'a> {
    pub(super) schema: &'a Schema,
    pub(super) manager: &'a str,
    pub(super) subresource: &'a str,
    pub(super) api_version: &'a str,
    pub(super) now: &'a str,
}

/// Applies a configuration to what is there; the answer is the same object where nothing changes.
pub(super) fn apply(live: Option<&Value>, config: &Value, force: bool, write: &Write) -> Result<Value, ApiError> {
    let config = without_nulls(config);
    let none = Value::Object(serde_json::Map::default());
    let before = live.map_or_else(Managers::default, |live| known(live, write));
    let live_fields = live.map_or(none, bare);
    let who = Manager::applier(write.manager);
    let applied: FieldSet = owned(&config, write.schema).into_keys().collect();

    let merged = merge(&live_fields, &config, &mut Vec::new(), write.schema);
    let last = before.find(&who, write.api_version).map(|entry| entry.fields.clone()).unwrap_or_default();
    let others = before.0.iter().filter(|entry| entry.who != who).flat_map(|entry| &entry.fields);
    let keep: FieldSet = others.chain(&applied).cloned().collect();
    let mut result = without(merged, &(&last - &applied), &keep, write.schema);

    let changes = difference(&live_fields, &result, write.schema);
    if !force {
        refuse_conflicts(&before, &who, &changes.changed)?;
    }
    let mut after = before.clone();
    after.lose(&changes, &who, write.api_version);
    let time = write.now.to_owned();
    after.set(Entry { who, api_version: write.api_version.into(), time, fields: applied });
    if let Some(live) = live.filter(|_| result == live_fields && after.same_but_times(&before)) {
        return Ok(live.clone());
    }
    after.write(&mut result);
    Ok(result)
}

/// An object that was never tracked belongs to an unnamed manager from before.
fn known(live: &Value, write: &Write) -> Managers {
    let managers = Managers::of(live);
    if !managers.0.is_empty() {
        return managers;
    }
    let who = Manager::updater("before-first-apply", "");
    let fields = owned(live, write.schema).into_keys().collect();
    Managers(vec![Entry { who, api_version: write.api_version.into(), time: write.now.into(), fields }])
}

fn bare(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(metadata) = object["metadata"].as_object_mut() {
        metadata.remove("managedFields");
    }
    object
}

fn refuse_conflicts(managers: &Managers, who: &Manager, changed: &FieldSet) -> Result<(), ApiError> {
    let mut others: Vec<&Entry> = managers.0.iter().filter(|entry| entry.who != *who).collect();
    others.sort_by_key(|entry| entry.display());
    let conflicts: Vec<(String, &Path)> = others
        .iter()
        .flat_map(|entry| entry.fields.intersection(changed).map(|path| (entry.display(), path)))
        .collect();
    if conflicts.is_empty() {
        return Ok(());
    }
    let cause = |(manager, path): &(String, &Path)| Cause {
        reason: "FieldManagerConflict".into(),
        message: format!("conflict with {manager}"),
        field: display(path),
    };
    let error = ApiError::status(409, "Conflict", conflict_message(&conflicts));
    Err(ApiError { causes: conflicts.iter().map(cause).collect(), ..error })
}

fn conflict_message(conflicts: &[(String, &Path)]) -> String {
    if let [(manager, path)] = conflicts {
        return format!("Apply failed with 1 conflict: conflict with {manager}: {}", display(path));
    }
    let mut lines = Vec::new();
    let mut last = "";
    for (manager, path) in conflicts {
        if last != manager {
            lines.push(format!("conflicts with {manager}:"));
            last = manager;
        }
        lines.push(format!("- {}", display(path)));
    }
    format!("Apply failed with {} conflicts: {}", conflicts.len(), lines.join("\n"))
}

/// Returns an updated object with its ownership. Managed fields that the writer has changed are taken as they are,
/// an empty list as the wish to track no more.
pub(super) fn update(live: Option<&Value>, mut new: Value, write: &Write) -> Value {
    let Some(mut managers) = base(live, &new, write) else {
        Managers::default().write(&mut new);
        return new;
    };
    let new_fields = bare(&new);
    let none = Value::Object(serde_json::Map::default());
    let changes = difference(&live.map_or(none, bare), &new_fields, write.schema);
    let who = Manager::updater(write.manager, write.subresource);
    managers.lose(&changes, &who, write.api_version);
    if !changes.changed.is_empty() {
        let mut fields = changes.changed;
        if let Some(entry) = managers.find(&who, write.api_version) {
            fields.extend(entry.fields.iter().cloned());
        }
        let (api_version, time) = (write.api_version.into(), write.now.into());
        managers.set(Entry { who, api_version, time, fields });
    }
    managers.write(&mut new);
    new
}

/// Returns the managers before an update; none when the object is not tracked.
fn base(live: Option<&Value>, new: &Value, write: &Write) -> Option<Managers> {
    let Some(live) = live else { return Some(Managers::default()) };
    let written = &new["metadata"]["managedFields"];
    let reset =
        written.as_array().is_some_and(|entries| entries.len() == 1 && entries[0] == Value::Object(Default::default()));
    let managers = match Managers::of(new) {
        _ if reset => Managers::default(),
        written if !written.0.is_empty() && write.subresource.is_empty() => written,
        _ => Managers::of(live),
    };
    (!managers.0.is_empty()).then_some(managers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn write<'a>(manager: &'a str, now: &'a str) -> Write<'a> {
        Write { schema: &Schema::BuiltIn, manager, subresource: "", api_version: "v1", now }
    }

    fn map(data: Value) -> Value {
        json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "a" }, "data": data })
    }

    fn applied(live: Option<&Value>, data: Value, manager: &str) -> Value {
        apply(live, &map(data), true, &write(manager, "1")).unwrap()
    }

    #[test]
    fn what_is_applied_no_more_goes_unless_somebody_else_has_it() {
        let first = applied(None, json!({ "a": "1", "b": "1" }), "one");
        let second = applied(Some(&first), json!({ "b": "1" }), "two");
        let third = applied(Some(&second), json!({ "c": "1" }), "one");
        assert_eq!(third["data"], json!({ "b": "1", "c": "1" }));
    }

    #[test]
    fn an_unchanged_apply_changes_nothing() {
        let first = applied(None, json!({ "a": "1" }), "one");
        let again = apply(Some(&first), &map(json!({ "a": "1" })), false, &write("one", "2"));
        assert_eq!(again, Ok(first));
    }

    #[test]
    fn conflicts_are_told_in_the_servers_words() {
        let first = applied(None, json!({ "a": "1", "b": "1" }), "one");
        let error = apply(Some(&first), &map(json!({ "a": "2", "b": "2" })), false, &write("two", "2")).unwrap_err();
        assert_eq!(error.message, "Apply failed with 2 conflicts: conflicts with \"one\":\n- .data.a\n- .data.b");
        assert_eq!((error.code(), error.causes[0].field.as_str()), (409, ".data.a"));
    }

    #[test]
    fn an_update_takes_what_it_changes() {
        let first = applied(None, json!({ "a": "1", "b": "1" }), "one");
        let mut edited = first.clone();
        edited["data"]["a"] = "2".into();
        let edited = update(Some(&first), edited, &write("edit", "2"));
        let owners = Managers::of(&edited);
        let owned_by = |index: usize| owners.0[index].fields.iter().map(display).collect::<Vec<_>>();
        assert_eq!((owned_by(0), owned_by(1)), (vec![".data.b".to_owned()], vec![".data.a".to_owned()]));
        let error = apply(Some(&edited), &map(json!({ "a": "1", "b": "1" })), false, &write("one", "3")).unwrap_err();
        assert_eq!(error.message, "Apply failed with 1 conflict: conflict with \"edit\" using v1: .data.a");
    }
}
