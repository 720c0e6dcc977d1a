//! How a Kustomization's pass is told: conditions, history, events, in the words of kustomize-controller.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use sluice_api::{kustomize::KustomizationStatus, meta};
use sluice_cluster::EventType;
use sluice_object::{Digest, InventoryEntry};
use sluice_reconcile::Notice;

use super::GROUP;
use crate::marks::time;

/// Entries of `status.history`.
const HISTORY: usize = 5;

/// Returns an event that carries the revision.
pub(super) fn notice(type_: EventType, reason: &str, message: impl Into<String>, revision: Option<&str>) -> Notice {
    let revision = revision.map(|revision| (format!("{GROUP}/revision"), revision.to_owned()));
    Notice { type_, reason: reason.into(), message: message.into(), annotations: revision.into_iter().collect() }
}

/// Returns the event of every successful pass; commit statuses are made from it.
pub(super) fn finished(reason: &str, took: Duration, interval: Duration, revision: &str) -> Notice {
    let message = format!("Reconciliation finished in {}, next run in {}", shown(took), shown(interval));
    let mut notice = notice(EventType::Normal, reason, message, Some(revision));
    notice.annotations.insert(format!("{GROUP}/commit_status"), "update".into());
    notice
}

/// Writes a duration as Go does, in milliseconds.
pub(super) fn shown(duration: Duration) -> String {
    sluice_api::Duration(Duration::from_millis(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))).to_string()
}

pub(super) fn inventory(entries: &[InventoryEntry]) -> meta::Inventory {
    let entry = |entry: &InventoryEntry| meta::InventoryEntry { id: entry.id.to_inventory(), v: entry.version.clone() };
    meta::Inventory { entries: entries.iter().map(entry).collect() }
}

/// Notes a pass in the history: the same digest and result count up and move to the front.
pub(super) fn remember(
    status: &mut KustomizationStatus,
    digest: &Digest,
    result: &str,
    took: Duration,
    metadata: BTreeMap<String, String>,
    now: Timestamp,
) {
    let history = &mut status.history;
    let same = |entry: &meta::HistoryEntry| entry.digest == digest.as_str() && entry.last_reconciled_status == result;
    let old = history.iter().position(same).map(|index| history.remove(index));
    let entry = meta::HistoryEntry {
        digest: digest.to_string(),
        first_reconciled: old.as_ref().map_or_else(|| time(now), |old| old.first_reconciled.clone()),
        last_reconciled: time(now),
        last_reconciled_duration: sluice_api::Duration(took),
        last_reconciled_status: result.into(),
        total_reconciliations: old.map_or(0, |old| old.total_reconciliations) + 1,
        metadata,
    };
    history.insert(0, entry);
    history.truncate(HISTORY);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn history_counts_the_same_result_and_keeps_five() {
        let mut status = KustomizationStatus::default();
        let digest = |text: &str| Digest::sha256(text.as_bytes());
        let (took, now) = (Duration::from_secs(1), Timestamp::UNIX_EPOCH);
        for text in ["a", "b", "c", "d", "e", "f", "b"] {
            remember(&mut status, &digest(text), "ReconciliationSucceeded", took, BTreeMap::new(), now);
        }
        assert_eq!(status.history.len(), 5);
        assert_eq!(
            (status.history[0].digest.as_str(), status.history[0].total_reconciliations),
            (digest("b").as_str(), 2)
        );
        assert_eq!(status.history[4].digest, digest("c").as_str());
    }
}
