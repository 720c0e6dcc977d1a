//! Deleting, and what goes along.

use serde_json::{Value, json};
use sluice_object::{Gvk, Object};

use super::bench::{Bench, MANAGER, Outcome, bad, good, holds, same};
use crate::{Cluster, Precondition, Propagation, Target};

pub(super) async fn a_deleted_object_is_gone(cluster: &dyn Cluster, namespace: &str) -> Outcome {
    let bench = Bench::new(cluster, namespace);
    let target = bench.core("ConfigMap", "deleted");
    let first = good(bench.apply(bench.map("deleted", json!({}))).await)?;
    good(bench.delete(&target).await)?;
    same("the code", bad(bench.get(&target).await)?.code(), 404)?;
    let second = good(bench.apply(bench.map("deleted", json!({}))).await)?;
    same("a new uid", first.uid() == second.uid(), false)
}

pub(super) async fn a_finalizer_holds_the_object(cluster: &dyn Cluster, namespace: &str) -> Outcome {
    let bench = Bench::new(cluster, namespace);
    let target = bench.target(Gvk::new("apps", "v1", "Deployment"), "held");
    let mut object = bench.deployment("held", 0, "i:1");
    object["metadata"]["finalizers"] = json!(["contract.test/held"]);
    good(bench.apply(object).await)?;
    good(bench.delete(&target).await)?;
    let held = good(bench.get(&target).await)?;
    same("being deleted", held.is_deleting(), true)?;
    same("the generation", held.generation(), Some(2))?;
    good(bench.delete(&target).await)?;
    good(bench.merge(&target, MANAGER, json!({ "metadata": { "finalizers": null } })).await)?;
    bench.gone(&target).await
}

pub(super) async fn preconditions_must_hold(cluster: &dyn Cluster, namespace: &str) -> Outcome {
    let bench = Bench::new(cluster, namespace);
    let target = bench.core("ConfigMap", "guarded");
    let object = good(bench.apply(bench.map("guarded", json!({}))).await)?;
    let uid = |uid: &str| Precondition { uid: Some(uid.into()), resource_version: None };
    let delete = |only_if: Precondition| bench.delete_if(&target, only_if, Propagation::Background);
    let other = "11111111-2222-4333-8444-555555555555";
    let error = bad(delete(uid(other)).await)?;
    same("the code for another uid", error.code(), 409)?;
    let why = format!("the UID in the precondition ({other}) does not match the UID in record ({}).", object.uid());
    holds(&error.message, &format!("Operation cannot be fulfilled on ConfigMap \"guarded\": {why}"))?;
    let error = bad(delete(Precondition { uid: None, resource_version: Some("1".into()) }).await)?;
    same("the code for an old version", error.code(), 409)?;
    holds(
        &error.message,
        "the ResourceVersion in the precondition (1) does not match the ResourceVersion in record (",
    )?;
    let resource_version = Some(object.resource_version().to_owned());
    good(delete(Precondition { resource_version, ..uid(object.uid()) }).await)?;
    same("the code", bad(bench.get(&target).await)?.code(), 404)
}

pub(super) async fn a_deleted_owner_takes_its_dependents(cluster: &dyn Cluster, namespace: &str) -> Outcome {
    let bench = Bench::new(cluster, namespace);
    for (name, propagation) in [("owner-1", Propagation::Background), ("owner-2", Propagation::Foreground)] {
        let (owner, dependent) = owner_and_dependent(&bench, name).await?;
        good(bench.delete_if(&owner, Precondition::default(), propagation).await)?;
        bench.gone(&owner).await?;
        bench.gone(&dependent).await?;
    }
    Ok(())
}

pub(super) async fn an_orphaned_dependent_stays(cluster: &dyn Cluster, namespace: &str) -> Outcome {
    let bench = Bench::new(cluster, namespace);
    let (owner, dependent) = owner_and_dependent(&bench, "owner-3").await?;
    good(bench.delete_if(&owner, Precondition::default(), Propagation::Orphan).await)?;
    bench.gone(&owner).await?;
    let orphan = good(bench.get(&dependent).await)?;
    same("being deleted", orphan.is_deleting(), false)?;
    same("its owners", orphan.value()["metadata"].get("ownerReferences"), None)
}

async fn owner_and_dependent(bench: &Bench<'_>, name: &str) -> Outcome<(Target, Target)> {
    let owner = good(bench.apply(bench.map(name, json!({}))).await)?;
    let dependent = format!("{name}-dependent");
    let mut object = bench.map(&dependent, json!({}));
    object["metadata"]["ownerReferences"] = json!([reference(&owner)]);
    good(bench.apply(object).await)?;
    Ok((bench.core("ConfigMap", name), bench.core("ConfigMap", &dependent)))
}

fn reference(owner: &Object) -> Value {
    json!({
        "apiVersion": "v1", "kind": owner.kind(), "name": owner.name(), "uid": owner.uid(), "blockOwnerDeletion": true,
    })
}

pub(super) async fn a_namespace_goes_with_its_contents(cluster: &dyn Cluster, namespace: &str) -> Outcome {
    let name = format!("{namespace}-ends");
    let bench = Bench::new(cluster, &name);
    let target = Target { namespace: String::new(), ..bench.core("Namespace", &name) };
    let made = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } });
    let made = good(bench.apply(made).await)?;
    same("its label", made.label("kubernetes.io/metadata.name"), Some(name.as_str()))?;
    same("its phase", &made.value()["status"]["phase"], &json!("Active"))?;
    let mut held = bench.map("last", json!({}));
    held["metadata"]["finalizers"] = json!(["contract.test/last"]);
    good(bench.apply(held).await)?;
    good(bench.delete(&target).await)?;
    let ending = good(bench.get(&target).await)?;
    same("its phase in the end", &ending.value()["status"]["phase"], &json!("Terminating"))?;
    let error = bad(bench.apply(bench.map("late", json!({}))).await)?;
    same("the code", error.code(), 403)?;
    holds(&error.message, "configmaps \"late\" is forbidden: unable to create new content in namespace ")?;
    holds(&error.message, "because it is being terminated")?;
    let last = bench.core("ConfigMap", "last");
    good(bench.merge(&last, MANAGER, json!({ "metadata": { "finalizers": null } })).await)?;
    bench.gone(&last).await?;
    bench.gone(&target).await
}
