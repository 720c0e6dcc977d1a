//! The variables of `spec.postBuild`, read at the start of each pass. Source: fluxcd/pkg `kustomize.LoadVariables`.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sluice_api::{
    conditions::reasons,
    kustomize::{Kustomization, SubstituteKind, SubstituteReference, SubstituteStrategy},
};
use sluice_cluster::{Identity, Request, Target};
use sluice_kustomize::Variables;
use sluice_object::{Digest, Gvk, Object, ObjectId};
use sluice_reconcile::Context;

use super::facts::namespace;
use crate::source::Trouble;

/// Returns the variables, or nothing where manifests stay as they are.
///
/// Objects are read with the agent's own permissions, as in Flux, and only in the Kustomization's namespace. Later
/// references go before earlier ones, and `substitute` before all of them.
pub(super) async fn read(object: &Kustomization, strict: bool, cx: &Context) -> Result<Option<Variables>, Trouble> {
    let Some(wanted) = &object.spec.post_build else { return Ok(None) };
    let mut variables = Variables { strict, ..Variables::default() };
    for reference in &wanted.substitute_from {
        if let Some(found) = referenced(&namespace(object), reference, cx).await? {
            let is_secret = reference.kind == SubstituteKind::Secret;
            add(&mut variables, entries(&found, reference.kind), is_secret);
        }
    }
    add(&mut variables, wanted.substitute.clone(), false);
    variables.values.values_mut().for_each(|value| value.retain(|c| c != '\n'));
    let always = wanted.substitute_strategy == Some(SubstituteStrategy::Always);
    Ok((always || !variables.values.is_empty()).then_some(variables))
}

fn add(variables: &mut Variables, values: impl IntoIterator<Item = (String, String)>, are_secret: bool) {
    for (name, value) in values {
        match are_secret {
            true => _ = variables.secret.insert(name.clone()),
            false => _ = variables.secret.remove(&name),
        }
        variables.values.insert(name, value);
    }
}

/// Returns the objects that values come from.
pub(super) fn sources(object: &Kustomization) -> Vec<ObjectId> {
    let references = object.spec.post_build.iter().flat_map(|wanted| &wanted.substitute_from);
    let source = |reference: &SubstituteReference| {
        ObjectId::new(&Gvk::new("", "v1", kind(reference.kind)), namespace(object), &reference.name)
    };
    references.map(source).collect()
}

/// Returns what tells other values from these.
pub(super) fn digest(variables: &Variables) -> Digest {
    let pairs = variables.values.iter().map(|(name, value)| format!("{name}={value}\n"));
    Digest::sha256(format!("{}\n{}", variables.strict, pairs.collect::<String>()).as_bytes())
}

async fn referenced(namespace: &str, reference: &SubstituteReference, cx: &Context) -> Result<Option<Object>, Trouble> {
    let kind = kind(reference.kind);
    let target = Target { gvk: Gvk::new("", "v1", kind), namespace: namespace.into(), name: reference.name.clone() };
    match cx.cluster.call(&Identity::Agent, Request::Get(target)).await {
        Ok(answer) => Ok(answer.into_object()),
        Err(error) if error.is_not_found() && reference.optional => Ok(None),
        Err(error) => {
            let hint = match error.is_not_found() {
                true => format!("; hint: create it in the namespace {namespace}, or mark the reference optional"),
                false => String::new(),
            };
            let message = format!("substitute from '{kind}/{}' error: {error}{hint}", reference.name);
            Err(Trouble { reason: reasons::BUILD_FAILED.into(), message })
        }
    }
}

fn kind(kind: SubstituteKind) -> &'static str {
    match kind {
        SubstituteKind::Secret => "Secret",
        SubstituteKind::ConfigMap => "ConfigMap",
    }
}

fn entries(found: &Object, kind: SubstituteKind) -> Vec<(String, String)> {
    let data = found.value()["data"].as_object().into_iter().flatten();
    let texts = data.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
    match kind {
        SubstituteKind::ConfigMap => texts.collect(),
        SubstituteKind::Secret => texts.map(|(name, value)| (name, decoded(&value))).collect(),
    }
}

fn decoded(value: &str) -> String {
    String::from_utf8_lossy(&STANDARD.decode(value).unwrap_or_default()).into_owned()
}
