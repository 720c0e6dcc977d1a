//! The values of a HelmRelease: what is read of ConfigMaps and Secrets for it.

use std::{collections::BTreeMap, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde_json::{Map as JsonMap, Value as Json};
use sluice_api::helm::{HelmRelease, ValuesKind, ValuesReference};
use sluice_cluster::{Identity, Request, Target};
use sluice_helm::{
    Chart, Nulls, coalesce,
    release::{Release, values_of},
    values::references::{self, ObjectKey, Objects, Reference},
};
use sluice_object::{Gvk, Object, ObjectId};
use sluice_reconcile::Context;

use super::report::reasons;
use crate::source::Trouble;

/// Values, as they go into a chart and as they are compared.
#[derive(Clone, Default)]
pub(super) struct Values {
    /// For templates.
    pub(super) map: sluice_template::Map,
    /// For digests.
    pub(super) json: JsonMap<String, Json>,
}

/// Values may hold secrets.
impl std::fmt::Debug for Values {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Values(***)")
    }
}

/// Reads what the values are made of, with the agent's own permissions, as Flux does, and puts it together.
pub(super) async fn read(object: &HelmRelease, cx: &Context) -> Result<Values, Trouble> {
    let references: Vec<_> = object.spec.values_from.iter().map(reference).collect();
    let mut objects = Objects::new();
    for key in references::objects(&references) {
        let data = fetch(object.own_namespace(), &key, cx).await?;
        objects.insert(key, data);
    }
    let inline = match &object.spec.values {
        Some(Json::Object(values)) => values.clone(),
        _ => JsonMap::new(),
    };
    let composed = references::compose(&references, object.own_namespace(), &objects, &inline);
    let composed = composed.map_err(|error| failed(error.to_string()))?;
    for missing in &composed.missing {
        tracing::info!("{missing}");
    }
    Ok(Values { json: values_of(&composed.values), map: composed.values })
}

/// Returns the objects that values come from.
pub(super) fn sources(object: &HelmRelease) -> Vec<ObjectId> {
    let source = |reference: &ValuesReference| {
        ObjectId::new(&Gvk::new("", "v1", kind(reference.kind)), object.own_namespace(), &reference.name)
    };
    object.spec.values_from.iter().map(source).collect()
}

fn failed(message: String) -> Trouble {
    Trouble { reason: reasons::VALUES_ERROR.into(), message }
}

fn kind(kind: ValuesKind) -> &'static str {
    match kind {
        ValuesKind::Secret => "Secret",
        ValuesKind::ConfigMap => "ConfigMap",
    }
}

fn reference(reference: &ValuesReference) -> Reference {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    Reference {
        kind: kind(reference.kind).into(),
        name: reference.name.clone(),
        values_key: text(&reference.values_key),
        target_path: text(&reference.target_path),
        literal: reference.literal,
        optional: reference.optional,
    }
}

async fn fetch(namespace: &str, key: &ObjectKey, cx: &Context) -> Result<Option<BTreeMap<String, Bytes>>, Trouble> {
    let ObjectKey { kind, name } = key;
    let target = Target { gvk: Gvk::new("", "v1", kind), namespace: namespace.into(), name: name.clone() };
    match cx.cluster.call(&Identity::Agent, Request::Get(target)).await {
        Ok(answer) => Ok(answer.into_object().map(|found| data(&found))),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => {
            Err(failed(format!("could not resolve {kind} chart values reference '{namespace}/{name}': {error}")))
        }
    }
}

fn data(found: &Object) -> BTreeMap<String, Bytes> {
    let secret = found.kind() == "Secret";
    let part = |field: &str, encoded: bool| {
        let entries = found.value()[field].as_object().into_iter().flatten();
        let read = move |(key, value): (&String, &Json)| {
            let text = value.as_str()?;
            let bytes = if encoded { STANDARD.decode(text).ok()? } else { text.as_bytes().to_vec() };
            Some((key.clone(), Bytes::from(bytes)))
        };
        entries.filter_map(read).collect::<Vec<_>>()
    };
    let binary = if secret { Vec::new() } else { part("binaryData", true) };
    part("data", secret).into_iter().chain(binary).collect()
}

/// Keeps what a revision says where new values say nothing (`upgrade.preserveValues`): the chart's defaults become what
/// was in force, and the old values come below the new ones.
pub(super) fn reuse(chart: &Arc<Chart>, values: &Values, kept: &Release) -> Result<(Arc<Chart>, Values), String> {
    let old = sluice_template::Value::from_json(&Json::Object((*kept.config).clone()));
    let sluice_template::Value::Map(old) = old else { return Ok((chart.clone(), values.clone())) };
    let before = match &kept.chart {
        Some(released) => {
            let mut notices = Vec::new();
            coalesce(&released.to_chart(), &old, Nulls::Delete, &mut notices)
                .map_err(|error| format!("failed to rebuild old values: {error}"))?
        }
        None => old.clone(),
    };
    let mut chart = Chart::clone(chart);
    chart.values = Some(before);
    Ok((Arc::new(chart), above(&old, values)))
}

/// Returns what a revision with these values says if it keeps what an earlier one says (`upgrade.preserveValues`).
pub(super) fn kept(values: &Values, kept: &Release) -> Values {
    match sluice_template::Value::from_json(&Json::Object((*kept.config).clone())) {
        sluice_template::Value::Map(old) => above(&old, values),
        _ => values.clone(),
    }
}

fn above(old: &sluice_template::Map, values: &Values) -> Values {
    let map = sluice_helm::values::merged(old, &values.map);
    Values { json: values_of(&map), map }
}
