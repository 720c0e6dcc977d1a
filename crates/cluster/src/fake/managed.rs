//! `metadata.managedFields`: who owns what.

use serde_json::{Value, json};

use super::{
    compare::Difference,
    fields::{FieldSet, decode, encode},
};

/// One manager's entry.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub(super) who: Manager,
    pub(super) api_version: String,
    pub(super) time: String,
    pub(super) fields: FieldSet,
}

/// What tells entries apart. Updates are told apart by version too.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Manager {
    pub(super) name: String,
    pub(super) applies: bool,
    pub(super) subresource: String,
}

/// The entries of an object.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Managers(pub(super) Vec<Entry>);

impl Manager {
    /// Returns who applies.
    pub(super) fn applier(name: &str) -> Self {
        Self { name: name.into(), applies: true, subresource: String::new() }
    }

    /// Returns who updates.
    pub(super) fn updater(name: &str, subresource: &str) -> Self {
        Self { name: name.into(), applies: false, subresource: subresource.into() }
    }
}

impl Entry {
    /// Returns the manager as messages name it.
    pub(super) fn display(&self) -> String {
        let mut text = format!("{:?}", self.who.name);
        if !self.who.subresource.is_empty() {
            text.push_str(&format!(" with subresource {:?}", self.who.subresource));
        }
        if !self.who.applies {
            text.push_str(&format!(" using {}", self.api_version));
        }
        text
    }
}

impl Managers {
    /// Reads an object's entries.
    pub(super) fn of(object: &Value) -> Self {
        let entries = object["metadata"]["managedFields"].as_array().into_iter().flatten();
        let text = |entry: &Value, key: &str| entry[key].as_str().unwrap_or_default().to_owned();
        let read = |entry: &Value| Entry {
            who: Manager {
                name: text(entry, "manager"),
                applies: entry["operation"] == "Apply",
                subresource: text(entry, "subresource"),
            },
            api_version: text(entry, "apiVersion"),
            time: text(entry, "time"),
            fields: decode(&entry["fieldsV1"]),
        };
        Self(entries.map(read).filter(|entry| !entry.who.name.is_empty()).collect())
    }

    /// Writes the entries into an object, in the server's order.
    pub(super) fn write(&self, object: &mut Value) {
        let mut entries: Vec<&Entry> = self.0.iter().filter(|entry| !entry.fields.is_empty()).collect();
        entries.sort_by_key(|entry| (!entry.who.applies, &entry.time, &entry.who.name, &entry.who.subresource));
        let Some(metadata) = object["metadata"].as_object_mut() else { return };
        if entries.is_empty() {
            metadata.remove("managedFields");
        } else {
            metadata.insert("managedFields".into(), entries.into_iter().map(encoded).collect());
        }
    }

    /// Returns a manager's entry. One that applies has one whatever the version.
    pub(super) fn find(&self, who: &Manager, api_version: &str) -> Option<&Entry> {
        self.0.iter().find(|entry| is(entry, who, api_version))
    }

    /// Sets a manager's entry.
    pub(super) fn set(&mut self, new: Entry) {
        match self.0.iter_mut().find(|entry| is(entry, &new.who, &new.api_version)) {
            Some(entry) => *entry = new,
            None => self.0.push(new),
        }
    }

    /// Takes what changed from all but one manager, and what is gone from all.
    pub(super) fn lose(&mut self, difference: &Difference, but: &Manager, api_version: &str) {
        for entry in &mut self.0 {
            let spared = is(entry, but, api_version);
            let lost = |path: &_| difference.removed.contains(path) || !spared && difference.changed.contains(path);
            entry.fields.retain(|path| !lost(path));
        }
        self.0.retain(|entry| !entry.fields.is_empty());
    }

    /// Says whether others own the same, whenever they wrote it.
    pub(super) fn same_but_times(&self, other: &Self) -> bool {
        let timeless = |managers: &Self| {
            let mut entries = managers.0.clone();
            entries.iter_mut().for_each(|entry| entry.time.clear());
            entries.sort_by_key(|entry| (entry.display(), entry.who.applies));
            entries
        };
        timeless(self) == timeless(other)
    }
}

/// Says whether two objects differ in no more than when their fields were written: then nothing is stored.
pub(super) fn same_but_times(one: &Value, other: &Value) -> bool {
    let timeless = |object: &Value| {
        let mut object = object.clone();
        let mut managers = Managers::of(&object);
        managers.0.iter_mut().for_each(|entry| entry.time.clear());
        managers.write(&mut object);
        object
    };
    timeless(one) == timeless(other)
}

fn is(entry: &Entry, who: &Manager, api_version: &str) -> bool {
    entry.who == *who && (who.applies || entry.api_version == api_version)
}

fn encoded(entry: &Entry) -> Value {
    let mut value = json!({
        "manager": entry.who.name,
        "operation": if entry.who.applies { "Apply" } else { "Update" },
        "apiVersion": entry.api_version,
        "time": entry.time,
        "fieldsType": "FieldsV1",
        "fieldsV1": encode(&entry.fields),
    });
    if !entry.who.subresource.is_empty() {
        value["subresource"] = entry.who.subresource.clone().into();
    }
    value
}
