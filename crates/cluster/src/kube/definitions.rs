//! Whether a kind that is not served has a definition all the same.
//!
//! A server says which kinds it serves a moment after their definitions have changed. Whoever takes a kind that is not
//! served for one that has gone would lose its objects in that moment.

use serde_json::Value;
use sluice_object::Gvk;

use super::{
    answer,
    wire::{Call, PARTIAL_LIST, Wire},
};
use crate::{ApiError, Identity, Verb};

const PATH: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

/// Returns the name of the CustomResourceDefinition of a kind, if there is one.
pub(super) async fn of_kind(wire: &Wire, gvk: &Gvk) -> Result<Option<String>, ApiError> {
    let suffix = format!(".{}", gvk.group);
    let call = Call { accept: PARTIAL_LIST, ..Call::get(Verb::Discovery, PATH.into()) };
    let list = ask(wire, &call).await?;
    let names = list["items"].as_array().into_iter().flatten().filter_map(|item| item["metadata"]["name"].as_str());
    // Names are `<plural>.<group>`; the kind stands inside.
    for name in names.filter(|name| name.ends_with(&suffix)) {
        let definition = ask(wire, &Call::get(Verb::Discovery, format!("{PATH}/{name}"))).await?;
        if definition["spec"]["names"]["kind"] == gvk.kind && definition["spec"]["group"] == gvk.group {
            return Ok(Some(name.to_owned()));
        }
    }
    Ok(None)
}

async fn ask(wire: &Wire, call: &Call) -> Result<Value, ApiError> {
    match wire.exchange(&Identity::Agent, call).await {
        Ok(body) => answer::json(&body),
        Err(error) if error.is_not_found() => Ok(Value::Null),
        Err(error) => Err(error),
    }
}
