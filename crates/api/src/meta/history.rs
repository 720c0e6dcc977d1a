use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Time;
use crate::Duration;

/// The objects that a reconcile applied and owns.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Inventory {
    /// One entry per object.
    pub entries: Vec<InventoryEntry>,
}

/// An object in an inventory.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InventoryEntry {
    /// `<namespace>_<name>_<group>_<kind>`; the namespace and the group may be empty, and a colon in a name is written
    /// as two underscores.
    pub id: String,
    /// API version that the object was applied at, without the group.
    pub v: String,
}

/// What became of one digest of the built manifests. Newest first, at most five.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HistoryEntry {
    /// Digest of what was built, as `sha256:<hex>`.
    pub digest: String,
    /// When this outcome was first seen.
    pub first_reconciled: Time,
    /// When this outcome was last seen.
    pub last_reconciled: Time,
    /// How long the last pass with this outcome took.
    pub last_reconciled_duration: Duration,
    /// Outcome, as the reason of the `Ready` condition.
    pub last_reconciled_status: String,
    /// How often this outcome was seen in a row.
    pub total_reconciliations: i64,
    /// More about the pass, such as the revision of the source.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
}
