//! The spec of a HelmRelease in the terms of the engines. Source: helm-controller's `internal/action`.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use jiff::SignedDuration;
use sluice_api::helm::{
    Action, ApplyMethod, CrdsPolicy, DeletionPropagation, HelmRelease, PostRenderStrategy, PostRenderer,
    WaitStrategyName,
};
use sluice_apply::health::Expressions;
use sluice_cluster::Propagation;
use sluice_helm::{
    release::{Algorithm, Digest},
    render::Strategy,
};
use sluice_kustomize::post_render::{self, CommonMetadata, Kustomize, PostRenderers};
use sluice_object::Object;
use sluice_release::{CrdPolicy, Crds, Options, ServerSide, Wait};

use super::{GROUP, MANAGER, Policy, state::Digests};

/// Returns how an action is done.
pub(super) fn options(
    object: &HelmRelease,
    storage: &str,
    action: Action,
    policy: &Policy,
    expressions: Arc<Expressions>,
) -> Options {
    let (install, upgrade, rollback) = (object.install(), object.upgrade(), object.rollback());
    let uninstall = object.uninstall();
    let pick = |on_install: bool, on_upgrade: bool, on_rollback: bool, on_uninstall: bool| match action {
        Action::Install => on_install,
        Action::Upgrade => on_upgrade,
        Action::Rollback => on_rollback,
        Action::Uninstall => on_uninstall,
        Action::Test => false,
    };
    let no_wait = pick(install.disable_wait, upgrade.disable_wait, rollback.disable_wait, uninstall.disable_wait);
    Options {
        manager: MANAGER.into(),
        concurrency: policy.concurrent_ssa,
        timeout: signed(object.timeout(Some(action))),
        wait: wait(object, policy, no_wait),
        wait_for_jobs: !pick(
            install.disable_wait_for_jobs,
            upgrade.disable_wait_for_jobs,
            rollback.disable_wait_for_jobs,
            false,
        ),
        disable_hooks: pick(
            install.disable_hooks,
            upgrade.disable_hooks,
            rollback.disable_hooks,
            uninstall.disable_hooks,
        ),
        server_side: server_side(object, action, policy),
        force_replace: pick(false, upgrade.force, rollback.force, false),
        take_ownership: !pick(install.disable_take_ownership, upgrade.disable_take_ownership, false, false),
        create_namespace: install.create_namespace && object.spec.target_namespace.is_some(),
        replace: install.replace,
        cleanup_on_fail: pick(false, upgrade.cleanup_on_fail, rollback.cleanup_on_fail, false),
        keep_history: uninstall.keep_history,
        max_history: if action == Action::Install { 0 } else { object.max_history() },
        propagation: propagation(uninstall.deletion_propagation),
        validate: !pick(install.disable_openapi_validation, upgrade.disable_openapi_validation, true, true),
        expressions,
        ..Options::new(storage)
    }
}

fn wait(object: &HelmRelease, policy: &Policy, no_wait: bool) -> Wait {
    match (no_wait, object.wait_strategy()) {
        (true, _) => Wait::HookOnly,
        (_, Some(WaitStrategyName::Poller)) => Wait::Poller,
        (_, Some(WaitStrategyName::Legacy)) => Wait::Legacy,
        (_, None) if policy.helm3_defaults => Wait::Legacy,
        (_, None) => Wait::Poller,
    }
}

/// New releases are applied by the server, older ones as they were.
fn server_side(object: &HelmRelease, action: Action, policy: &Policy) -> ServerSide {
    let side = |server: bool| if server { ServerSide::Yes } else { ServerSide::No };
    if action == Action::Install {
        return side(object.install().server_side_apply.unwrap_or(!policy.helm3_defaults));
    }
    match object.apply_method(action) {
        ApplyMethod::Enabled => ServerSide::Yes,
        ApplyMethod::Disabled => ServerSide::No,
        ApplyMethod::Auto => ServerSide::Auto,
    }
}

fn propagation(wanted: DeletionPropagation) -> Propagation {
    match wanted {
        DeletionPropagation::Background => Propagation::Background,
        DeletionPropagation::Foreground => Propagation::Foreground,
        DeletionPropagation::Orphan => Propagation::Orphan,
    }
}

/// Returns the definitions of a chart, with the labels of their origin. Flux reads `skipCRDs` no more.
pub(super) fn crds(object: &HelmRelease, action: Action, objects: Vec<Object>) -> Crds {
    let policy = match object.crds(action) {
        CrdsPolicy::Skip => CrdPolicy::Skip,
        CrdsPolicy::Create => CrdPolicy::Create,
        CrdsPolicy::CreateReplace => CrdPolicy::CreateReplace,
    };
    let labelled = |mut definition: Object| {
        for (key, value) in origin_labels(object) {
            definition.set_label(&key, &value);
        }
        definition
    };
    Crds { policy, objects: objects.into_iter().map(labelled).collect() }
}

/// Returns the labels that name a HelmRelease on what it installs.
pub(super) fn origin_labels(object: &HelmRelease) -> BTreeMap<String, String> {
    let label = |key: &str, value: &str| (format!("{GROUP}/{key}"), value.to_owned());
    [label("name", object.own_name()), label("namespace", object.own_namespace())].into_iter().collect()
}

/// Returns the digests of what is done to rendered manifests.
pub(super) fn digests(object: &HelmRelease, algorithm: Algorithm) -> Digests {
    let digest = |text: String| Digest::of(algorithm, text.as_bytes()).to_string();
    let renderers = post_renderers(object);
    let named = |text: Option<String>| text.map(digest).unwrap_or_default();
    Digests {
        post_renderers: named(
            (!renderers.kustomize.is_empty()).then(|| post_render::post_renderers_json(&renderers.kustomize)),
        ),
        common_metadata: named(renderers.common.as_ref().map(CommonMetadata::to_json)),
    }
}

/// Returns what is done to rendered manifests.
pub(super) fn post_renderers(object: &HelmRelease) -> PostRenderers {
    let kustomize = |renderer: &PostRenderer| {
        renderer.kustomize.as_ref().map(|kustomize| Kustomize {
            patches: kustomize.patches.iter().map(crate::kustomization::patch).collect(),
            images: kustomize.images.iter().map(crate::kustomization::image).collect(),
        })
    };
    let common = object.spec.common_metadata.clone();
    PostRenderers {
        kustomize: object.spec.post_renderers.iter().map(kustomize).collect(),
        common: common.map(|common| CommonMetadata { annotations: common.annotations, labels: common.labels }),
        origin: origin_labels(object),
    }
}

/// Returns what a post-renderer is given.
pub(super) fn post_render_strategy(object: &HelmRelease) -> Strategy {
    match object.spec.post_render_strategy.unwrap_or_default() {
        PostRenderStrategy::Combined => Strategy::Combined,
        PostRenderStrategy::NoHooks => Strategy::NoHooks,
        PostRenderStrategy::Separate => Strategy::Separate,
    }
}

/// The longest that can be said is longer than anybody waits.
pub(super) fn signed(time: Duration) -> SignedDuration {
    SignedDuration::try_from(time).unwrap_or(SignedDuration::from_hours(24 * 365))
}
