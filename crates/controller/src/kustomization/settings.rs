//! The spec of a Kustomization in the terms of the engines.

use sluice_api::{
    kustomize::{self, BuildMetadata, Kustomization},
    meta,
};
use sluice_apply::{
    finalize::DeletionPolicy,
    ignore::{IgnoreRule, IgnoreRules, IgnoreTarget, InvalidRule},
    prepare::CommonMetadata,
};
use sluice_kustomize::flux::{Image, Overrides, Patch, Target};

/// Returns what is put into the kustomization file before the build.
pub(super) fn overrides(object: &Kustomization) -> Overrides {
    let spec = &object.spec;
    Overrides {
        target_namespace: text(&spec.target_namespace),
        name_prefix: text(&spec.name_prefix),
        name_suffix: text(&spec.name_suffix),
        patches: spec.patches.iter().map(patch).collect(),
        images: spec.images.iter().map(image).collect(),
        components: spec.components.clone(),
        ignore_missing_components: spec.ignore_missing_components,
        build_metadata: spec.build_metadata.iter().map(build_metadata).collect(),
    }
}

/// Returns what is put onto every object right before it is applied.
pub(super) fn common_metadata(object: &Kustomization) -> CommonMetadata {
    let meta::CommonMetadata { labels, annotations } = object.spec.common_metadata.clone().unwrap_or_default();
    CommonMetadata { labels, annotations }
}

/// Returns the fields that are left to others.
pub(crate) fn ignore_rules(rules: &[meta::IgnoreRule]) -> Result<IgnoreRules, InvalidRule> {
    let rule = |rule: &meta::IgnoreRule| IgnoreRule {
        paths: rule.paths.clone(),
        target: rule.target.as_ref().map(|target| IgnoreTarget {
            group: text(&target.group),
            version: text(&target.version),
            kind: text(&target.kind),
            name: text(&target.name),
            namespace: text(&target.namespace),
            labels: text(&target.label_selector),
            annotations: text(&target.annotation_selector),
        }),
    };
    IgnoreRules::new(&rules.iter().map(rule).collect::<Vec<_>>())
}

pub(super) fn deletion_policy(object: &Kustomization) -> DeletionPolicy {
    match object.spec.deletion_policy() {
        kustomize::DeletionPolicy::MirrorPrune => DeletionPolicy::MirrorPrune,
        kustomize::DeletionPolicy::Delete => DeletionPolicy::Delete,
        kustomize::DeletionPolicy::WaitForTermination => DeletionPolicy::WaitForTermination,
        kustomize::DeletionPolicy::Orphan => DeletionPolicy::Orphan,
    }
}

/// Returns a patch in the engine's terms.
pub(crate) fn patch(patch: &meta::Patch) -> Patch {
    Patch { patch: patch.patch.clone(), target: patch.target.as_ref().map(target) }
}

fn target(target: &meta::Selector) -> Target {
    Target {
        group: text(&target.group),
        version: text(&target.version),
        kind: text(&target.kind),
        name: text(&target.name),
        namespace: text(&target.namespace),
        label_selector: text(&target.label_selector),
        annotation_selector: text(&target.annotation_selector),
    }
}

/// Returns a change of images in the engine's terms.
pub(crate) fn image(image: &meta::Image) -> Image {
    Image {
        name: image.name.clone(),
        new_name: text(&image.new_name),
        new_tag: text(&image.new_tag),
        digest: text(&image.digest),
    }
}

fn build_metadata(wanted: &BuildMetadata) -> String {
    match wanted {
        BuildMetadata::OriginAnnotations => "originAnnotations".into(),
        BuildMetadata::TransformerAnnotations => "transformerAnnotations".into(),
    }
}

fn text(value: &Option<String>) -> String {
    value.clone().unwrap_or_default()
}
