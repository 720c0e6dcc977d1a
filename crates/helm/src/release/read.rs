//! Releases from JSON, as Go's decoder reads it into Helm's structs.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Map as JsonMap, Value as Json};

use crate::{
    File,
    chart::decode::{Decode, Item, Place, Struct},
    hook::{Event, Execution, Hook, Phase},
};

use super::{ApplyMethod, Info, Release, Released, Status, Time, text::floats};

/// Why JSON is no release; what it holds is not told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(String);

impl Release {
    /// Reads what [`Release::to_json`] writes, and what other versions of Helm write.
    ///
    /// # Errors
    /// When it is no JSON, or a field has another type.
    pub fn from_json(json: &[u8]) -> Result<Self, Unreadable> {
        let json: Json = serde_json::from_slice(json).map_err(|error| Unreadable(error.to_string()))?;
        let mut release = Self::default();
        release.decode(&json, &Place::default()).map_err(Unreadable)?;
        Ok(release)
    }
}

impl Struct for Release {
    const TYPE: &'static str = "v1.Release";
    const NAME: &'static str = "Release";
    const FIELDS: &'static [&'static str] =
        &["name", "info", "chart", "config", "manifest", "hooks", "version", "namespace", "apply_method"];

    fn field(&mut self, name: &str) -> Option<&mut dyn Decode> {
        Some(match name {
            "name" => &mut self.name,
            "info" => &mut self.info,
            "chart" => &mut self.chart,
            "config" => &mut self.config,
            "manifest" => &mut self.manifest,
            "hooks" => &mut self.hooks,
            "version" => &mut self.version,
            "namespace" => &mut self.namespace,
            "apply_method" => &mut self.apply_method,
            _ => return None,
        })
    }
}

impl Struct for Info {
    const TYPE: &'static str = "v1.infoJSON";
    const NAME: &'static str = "infoJSON";
    const FIELDS: &'static [&'static str] =
        &["first_deployed", "last_deployed", "deleted", "description", "status", "notes"];

    fn field(&mut self, name: &str) -> Option<&mut dyn Decode> {
        Some(match name {
            "first_deployed" => &mut self.first_deployed,
            "last_deployed" => &mut self.last_deployed,
            "deleted" => &mut self.deleted,
            "description" => &mut self.description,
            "status" => &mut self.status,
            "notes" => &mut self.notes,
            _ => return None,
        })
    }
}

impl Struct for Hook {
    const TYPE: &'static str = "v1.Hook";
    const NAME: &'static str = "Hook";
    const FIELDS: &'static [&'static str] =
        &["name", "kind", "path", "manifest", "events", "last_run", "weight", "delete_policies", "output_log_policies"];

    fn field(&mut self, name: &str) -> Option<&mut dyn Decode> {
        Some(match name {
            "name" => &mut self.name,
            "kind" => &mut self.kind,
            "path" => &mut self.path,
            "manifest" => &mut self.manifest,
            "events" => &mut self.events,
            "last_run" => &mut self.last_run,
            "weight" => &mut self.weight,
            "delete_policies" => &mut self.delete_policies,
            "output_log_policies" => &mut self.output_log_policies,
            _ => return None,
        })
    }
}

impl Struct for Execution {
    const TYPE: &'static str = "v1.hookExecutionJSON";
    const NAME: &'static str = "hookExecutionJSON";
    const FIELDS: &'static [&'static str] = &["started_at", "completed_at", "phase"];

    fn field(&mut self, name: &str) -> Option<&mut dyn Decode> {
        Some(match name {
            "started_at" => &mut self.started,
            "completed_at" => &mut self.completed,
            "phase" => &mut self.phase,
            _ => return None,
        })
    }
}

/// The stored chart, whose schema has its time beside it.
#[derive(Default)]
struct Stored {
    chart: Released,
    schema: Option<Bytes>,
    schema_modified: Option<Timestamp>,
}

impl Struct for Stored {
    const TYPE: &'static str = "v2.Chart";
    const NAME: &'static str = "Chart";
    const FIELDS: &'static [&'static str] =
        &["metadata", "lock", "templates", "values", "schema", "schemamodtime", "files", "modtime"];

    fn field(&mut self, name: &str) -> Option<&mut dyn Decode> {
        Some(match name {
            "metadata" => &mut self.chart.metadata,
            "lock" => &mut self.chart.lock,
            "templates" => &mut self.chart.templates,
            "values" => &mut self.chart.values,
            "schema" => &mut self.schema,
            "schemamodtime" => &mut self.schema_modified,
            "files" => &mut self.chart.files,
            "modtime" => &mut self.chart.modified,
            _ => return None,
        })
    }
}

impl Decode for Option<Arc<Released>> {
    fn decode(&mut self, json: &Json, at: &Place) -> Result<(), String> {
        if json.is_null() {
            *self = None;
            return Ok(());
        }
        let mut stored = Stored::default();
        stored.decode(json, at)?;
        let modified = stored.schema_modified;
        let schema = stored.schema.map(|data| File { name: "values.schema.json".into(), data, modified });
        *self = Some(Arc::new(Released { schema, ..stored.chart }));
        Ok(())
    }
}

impl Struct for File {
    const TYPE: &'static str = "common.File";
    const NAME: &'static str = "File";
    const FIELDS: &'static [&'static str] = &["name", "data", "modtime"];

    fn field(&mut self, name: &str) -> Option<&mut dyn Decode> {
        Some(match name {
            "name" => &mut self.name,
            "data" => &mut self.data,
            "modtime" => &mut self.modified,
            _ => return None,
        })
    }
}

impl Item for File {
    const SLICE: &'static str = "[]*common.File";
    fn empty() -> Self {
        Self::new("", "")
    }
}

impl Item for Hook {
    const SLICE: &'static str = "[]*v1.Hook";
    fn empty() -> Self {
        Self::default()
    }
}

impl Item for Event {
    const SLICE: &'static str = "[]v1.HookEvent";
    fn empty() -> Self {
        Self::Test
    }
}

impl Decode for Event {
    fn decode(&mut self, json: &Json, at: &Place) -> Result<(), String> {
        let name = word(json, at)?;
        *self = Self::of_name(&name).ok_or_else(|| format!("a hook is for the unknown event `{name}`"))?;
        Ok(())
    }
}

impl Decode for Status {
    fn decode(&mut self, json: &Json, at: &Place) -> Result<(), String> {
        *self = Self::of(&word(json, at)?);
        Ok(())
    }
}

impl Decode for Phase {
    fn decode(&mut self, json: &Json, at: &Place) -> Result<(), String> {
        *self = Self::of(&word(json, at)?);
        Ok(())
    }
}

impl Decode for Option<ApplyMethod> {
    fn decode(&mut self, json: &Json, at: &Place) -> Result<(), String> {
        *self = ApplyMethod::of(&word(json, at)?);
        Ok(())
    }
}

fn word(json: &Json, at: &Place) -> Result<String, String> {
    let mut word = String::new();
    word.decode(json, at)?;
    Ok(word)
}

impl Decode for i64 {
    fn decode(&mut self, json: &Json, at: &Place) -> Result<(), String> {
        match json {
            Json::Null => {}
            json => *self = json.as_i64().ok_or_else(|| at.mismatch(json, "int"))?,
        }
        Ok(())
    }
}

impl Decode for JsonMap<String, Json> {
    fn decode(&mut self, json: &Json, at: &Place) -> Result<(), String> {
        match floats(json) {
            Json::Null => self.clear(),
            Json::Object(entries) => *self = entries,
            other => return Err(at.mismatch(&other, "map[string]interface {}")),
        }
        Ok(())
    }
}

impl Decode for Arc<JsonMap<String, Json>> {
    fn decode(&mut self, json: &Json, at: &Place) -> Result<(), String> {
        Self::make_mut(self).decode(json, at)
    }
}

impl Decode for Arc<str> {
    fn decode(&mut self, json: &Json, at: &Place) -> Result<(), String> {
        // `null` leaves a text as it is.
        let mut text = self.to_string();
        text.decode(json, at)?;
        *self = text.into();
        Ok(())
    }
}

impl Decode for Bytes {
    fn decode(&mut self, json: &Json, at: &Place) -> Result<(), String> {
        let text = word(json, at)?;
        *self = STANDARD.decode(text).map_err(|error| error.to_string())?.into();
        Ok(())
    }
}

/// An empty text is a time that nobody has set.
impl Decode for Option<Time> {
    fn decode(&mut self, json: &Json, at: &Place) -> Result<(), String> {
        let text = word(json, at)?;
        if text.is_empty() {
            *self = None;
            return Ok(());
        }
        *self = Time::parse(&text).ok_or_else(|| format!("`{text}` is no time"))?;
        Ok(())
    }
}

impl Decode for Option<Timestamp> {
    fn decode(&mut self, json: &Json, at: &Place) -> Result<(), String> {
        let mut time: Option<Time> = None;
        time.decode(json, at)?;
        *self = time.map(Time::timestamp);
        Ok(())
    }
}
