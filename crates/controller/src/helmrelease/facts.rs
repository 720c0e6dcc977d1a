//! What a HelmRelease's pass reads at its start.

use sluice_api::{
    conditions::{READY, find_condition, reasons},
    helm::{HelmRelease, HelmReleaseStatus},
    meta,
};
use sluice_cluster::Identity;
use sluice_object::{InventoryEntry, Object, ObjectId};
use sluice_reconcile::{Context, Index, Kind};

use super::{
    GROUP, HelmReleases,
    chart::{self, NoChart, Source},
    report, settings,
    state::Digests,
    template::{self, Template},
    values::{self, Values},
};
use crate::{
    access::Wish,
    dependencies::{self, Blocked, Depends, Ready},
    expressions::{self, Compiled},
    requested::is_requested,
    source::Trouble,
};

/// What a pass starts from.
#[derive(Debug, Clone)]
pub struct Facts {
    /// What must be done about HelmCharts first.
    pub(super) template: Template,
    /// Why the HelmChart may not be made.
    pub(super) denied: Option<Trouble>,
    /// Where the chart comes from, or why there is none.
    pub(super) source: Result<Source, NoChart>,
    /// Why dependencies hold the pass up, if they do.
    pub(super) blocked: Option<Blocked>,
    /// What it says in expressions, or why these are refused.
    pub(super) expressions: Result<Compiled, Trouble>,
    /// The values, or why they can't be read.
    pub(super) values: Result<Values, Trouble>,
    /// On whose behalf the release is made, and at which cluster; or why nobody can.
    pub(super) identity: Result<Identity, Trouble>,
    /// The account whose absence leaves a deleted release in place.
    pub(super) missing_account: Option<String>,
    /// Whether every object of the inventory is as it was applied, as far as watches tell.
    pub(super) clean: bool,
    /// Digests of what is done to rendered manifests.
    pub(super) digests: Digests,
    pub(super) policy: super::Policy,
}

impl HelmReleases {
    pub(super) async fn facts(&self, object: &HelmRelease, cx: &Context) -> Facts {
        let status = object.status.clone().unwrap_or_default();
        let source = chart::source(object, &self.policy, &cx.index);
        let expressions = expressions::compile(&object.spec.health_check_exprs, &object.spec.depends_on);
        let blocked = match &expressions {
            Ok(compiled) => {
                let (programs, additive) = (compiled.ready.clone(), self.policy.additive_ready_expr);
                dependencies::blocked(object, Ready { programs, additive, revision: None }, cx).await
            }
            Err(_) => None,
        };
        let deletes = object.metadata.deletion_timestamp.is_some();
        let releases = !deletes && source.is_ok() && expressions.is_ok() && blocked.is_none();
        let values = if releases { values::read(object, cx).await } else { Ok(Values::default()) };
        let identity = match releases || deletes {
            true => self.policy.access.identity(wish(object), &self.clouds, cx).await.map_err(no_client),
            false => Ok(Identity::Agent),
        };
        let missing_account = match deletes && object.spec.kube_config.is_none() {
            true => self.policy.access.missing_account(wish(object), cx).await,
            false => None,
        };
        let chart = object.spec.chart.is_some().then(|| chart::source_id(object)).flatten();
        Facts {
            template: template::template(object, &status, &cx.index),
            denied: chart.and_then(|chart| chart::denied(object, &chart, &self.policy)),
            source,
            blocked,
            expressions,
            values,
            identity,
            missing_account,
            clean: is_clean(object, &status, cx),
            digests: settings::digests(object, self.policy.digests),
            policy: self.policy.clone(),
        }
    }
}

fn no_client(trouble: Trouble) -> Trouble {
    Trouble { reason: report::reasons::REST_CLIENT_ERROR.into(), ..trouble }
}

fn wish(object: &HelmRelease) -> Wish<'_> {
    let spec = &object.spec;
    Wish {
        namespace: object.own_namespace(),
        account: spec.service_account_name.as_deref(),
        cluster: spec.kube_config.as_ref(),
    }
}

/// Compares what the watches see with what was applied. Nobody knows what has changed at another cluster.
fn is_clean(object: &HelmRelease, status: &HelmReleaseStatus, cx: &Context) -> bool {
    let (owner, entries) = (id(object), inventory(status));
    object.spec.kube_config.is_none()
        && !is_requested(&object.metadata, status.last_handled_reconcile_at.as_ref())
        && status.inventory.is_some()
        && entries.iter().all(|entry| cx.watches.is_clean(&owner, &entry.id))
}

pub(super) fn id(object: &HelmRelease) -> ObjectId {
    ObjectId::new(&HelmReleases::gvk(), object.own_namespace(), object.own_name())
}

/// Returns the inventory of the status. Entries that cannot be read are passed over with a warning.
pub(super) fn inventory(status: &HelmReleaseStatus) -> Vec<InventoryEntry> {
    let entries = status.inventory.as_ref().map(|inventory| &inventory.entries).into_iter().flatten();
    let read = |entry: &meta::InventoryEntry| match ObjectId::from_inventory(&entry.id) {
        Ok(id) => Some(InventoryEntry { id, version: entry.v.clone() }),
        Err(error) => {
            tracing::warn!(entry = entry.id, %error, "inventory entry not read");
            None
        }
    };
    entries.filter_map(read).collect()
}

/// Returns what the object refers to.
pub(super) fn references(object: &HelmRelease) -> Vec<ObjectId> {
    dependencies::dependencies(object)
        .chain(chart::source_id(object))
        .chain(values::sources(object))
        .chain(wish(object).source())
        .collect()
}

/// Says whether a change of a reference must start a pass: another chart, or one that was waited for.
pub(super) fn concerns(object: &HelmRelease, index: &Index) -> bool {
    let status = object.status.clone().unwrap_or_default();
    let waits = [reasons::DEPENDENCY_NOT_READY, reasons::ARTIFACT_FAILED, report::reasons::SOURCE_NOT_READY];
    let waiting = find_condition(&status.conditions, READY).is_some_and(|ready| waits.contains(&ready.reason.as_str()));
    waiting || chart::source_id(object).and_then(|id| index.get(&id)).is_some_and(|found| is_news(&found, &status))
}

/// HelmCharts tell a version, other sources the digest behind one.
fn is_news(source: &Object, status: &HelmReleaseStatus) -> bool {
    let Some(revision) = source.value().pointer("/status/artifact/revision").and_then(|text| text.as_str()) else {
        return false;
    };
    let attempted = status.last_attempted_revision.as_deref();
    match status.last_attempted_revision_digest.as_deref().filter(|digest| !digest.is_empty()) {
        Some(digest) => !revision.ends_with(digest),
        None => attempted != Some(revision),
    }
}

impl Depends for HelmRelease {
    fn id(&self) -> ObjectId {
        id(self)
    }

    fn depends_on(&self) -> &[meta::Dependency] {
        &self.spec.depends_on
    }

    fn of(object: &Object) -> Option<Self> {
        HelmReleases::read(object).ok()
    }

    fn absent(id: &ObjectId) -> String {
        let ObjectId { namespace, name, .. } = id;
        format!("unable to get '{namespace}/{name}' dependency: helmreleases.{GROUP} \"{name}\" not found")
    }
}
