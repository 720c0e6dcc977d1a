//! The fields of a kustomization file.

use std::collections::BTreeMap;

use sluice_yaml::Node;

use crate::{
    config::FieldSpec,
    decode::{At, FromNode, Located, record},
    error::Error,
    id::{Gvk, ResId},
};

/// The kind of an ordinary kustomization.
pub(crate) const KUSTOMIZATION: &str = "Kustomization";
/// The kind of a component.
pub(crate) const COMPONENT: &str = "Component";
const KUSTOMIZATION_VERSION: &str = "kustomize.config.k8s.io/v1beta1";
const COMPONENT_VERSION: &str = "kustomize.config.k8s.io/v1alpha1";

pub(crate) type Strings = Vec<Located<String>>;
pub(crate) type Pairs = BTreeMap<String, String>;

record! {
    /// A kustomization or component, as written.
    pub(crate) struct Kustomization {
        api_version: String = "apiVersion",
        kind: String = "kind",
        metadata: Option<ObjectMeta> = "metadata",
        openapi: Option<Pairs> = "openapi",
        name_prefix: Located<String> = "namePrefix",
        name_suffix: Located<String> = "nameSuffix",
        namespace: Located<String> = "namespace",
        common_labels: Located<Pairs> = "commonLabels",
        labels: Vec<Located<Label>> = "labels",
        common_annotations: Located<Pairs> = "commonAnnotations",
        patches_strategic_merge: Strings = "patchesStrategicMerge",
        patches_json6902: Vec<Located<Patch>> = "patchesJson6902",
        patches: Vec<Located<Patch>> = "patches",
        images: Vec<Located<Image>> = "images",
        image_tags: Vec<Located<Image>> = "imageTags",
        replacements: Vec<Located<Replacement>> = "replacements",
        replicas: Vec<Located<Replica>> = "replicas",
        vars: Vec<Located<Var>> = "vars",
        sort_options: Option<Located<SortOptions>> = "sortOptions",
        resources: Strings = "resources",
        components: Strings = "components",
        crds: Strings = "crds",
        bases: Strings = "bases",
        config_map_generator: Vec<Located<GeneratorArgs>> = "configMapGenerator",
        secret_generator: Vec<Located<SecretArgs>> = "secretGenerator",
        helm_globals: Option<Raw> = "helmGlobals",
        helm_charts: Vec<Located<Raw>> = "helmCharts",
        helm_chart_inflation_generator: Vec<Located<Raw>> = "helmChartInflationGenerator",
        generator_options: Option<GeneratorOptions> = "generatorOptions",
        configurations: Strings = "configurations",
        generators: Strings = "generators",
        transformers: Strings = "transformers",
        validators: Strings = "validators",
        build_metadata: Vec<String> = "buildMetadata",
    }
}

record! {
    /// `metadata`, which is only looked at for being right.
    pub(crate) struct ObjectMeta {
        name: String = "name",
        namespace: String = "namespace",
        labels: Pairs = "labels",
        annotations: Pairs = "annotations",
    }
}

record! {
    /// An entry of `labels`.
    pub(crate) struct Label {
        pairs: Pairs = "pairs",
        include_selectors: bool = "includeSelectors",
        include_templates: bool = "includeTemplates",
        include_claims: bool = "includeVolumeClaimTemplates",
        fields: Vec<FieldSpec> = "fields",
    }
}

record! {
    /// An entry of `patches` or `patchesJson6902`.
    pub(crate) struct Patch {
        path: String = "path",
        patch: String = "patch",
        target: Option<Selector> = "target",
        options: PatchOptions = "options",
    }
}

record! {
    /// What a patch may change besides contents.
    pub(crate) struct PatchOptions {
        allow_name_change: bool = "allowNameChange",
        allow_kind_change: bool = "allowKindChange",
    }
}

record! {
    /// Which objects something is for; each part is a regular expression or a label selector.
    pub(crate) struct Selector {
        group: String = "group",
        version: String = "version",
        kind: String = "kind",
        name: String = "name",
        namespace: String = "namespace",
        annotations: String = "annotationSelector",
        labels: String = "labelSelector",
    }
}

record! {
    /// An entry of `images`.
    pub(crate) struct Image {
        name: String = "name",
        new_name: String = "newName",
        tag_suffix: String = "tagSuffix",
        new_tag: String = "newTag",
        digest: String = "digest",
    }
}

record! {
    /// An entry of `replicas`.
    pub(crate) struct Replica {
        name: String = "name",
        count: i64 = "count",
    }
}

record! {
    /// An entry of `replacements`, inline or in a file of its own.
    pub(crate) struct Replacement {
        path: String = "path",
        source: Option<SourceSelector> = "source",
        source_value: Option<String> = "sourceValue",
        targets: Option<Vec<TargetSelector>> = "targets",
    }
}

record! {
    /// Where the value of a replacement comes from; the parts are exact.
    pub(crate) struct SourceSelector {
        group: String = "group",
        version: String = "version",
        kind: String = "kind",
        name: String = "name",
        namespace: String = "namespace",
        field_path: String = "fieldPath",
        options: FieldOptions = "options",
    }
}

record! {
    /// Where the value of a replacement goes.
    pub(crate) struct TargetSelector {
        select: Option<Selector> = "select",
        reject: Vec<Selector> = "reject",
        field_paths: Vec<String> = "fieldPaths",
        options: FieldOptions = "options",
    }
}

record! {
    /// How a replacement reads or writes a field.
    pub(crate) struct FieldOptions {
        delimiter: String = "delimiter",
        index: i64 = "index",
        encoding: String = "encoding",
        create: bool = "create",
    }
}

record! {
    /// An entry of `vars`.
    pub(crate) struct Var {
        name: String = "name",
        objref: VarTarget = "objref",
        fieldref: FieldSelector = "fieldref",
    }
}

record! {
    /// The object a var reads.
    pub(crate) struct VarTarget {
        api_version: String = "apiVersion",
        group: String = "group",
        version: String = "version",
        kind: String = "kind",
        name: String = "name",
        namespace: String = "namespace",
    }
}

record! {
    /// The field a var reads.
    pub(crate) struct FieldSelector {
        field_path: String = "fieldPath",
    }
}

record! {
    /// `sortOptions`.
    pub(crate) struct SortOptions {
        order: String = "order",
        legacy: Option<LegacySortOptions> = "legacySortOptions",
    }
}

record! {
    /// Which kinds come first and last.
    pub(crate) struct LegacySortOptions {
        first: Vec<String> = "orderFirst",
        last: Vec<String> = "orderLast",
    }
}

record! {
    /// An entry of `configMapGenerator`.
    pub(crate) struct GeneratorArgs {
        namespace: String = "namespace",
        name: String = "name",
        behavior: String = "behavior",
        literals: Vec<String> = "literals",
        files: Vec<String> = "files",
        envs: Vec<String> = "envs",
        env: String = "env",
        options: Option<GeneratorOptions> = "options",
    }
}

record! {
    /// An entry of `secretGenerator`.
    pub(crate) struct SecretArgs {
        namespace: String = "namespace",
        name: String = "name",
        behavior: String = "behavior",
        literals: Vec<String> = "literals",
        files: Vec<String> = "files",
        envs: Vec<String> = "envs",
        env: String = "env",
        options: Option<GeneratorOptions> = "options",
        secret_type: String = "type",
    }
}

record! {
    /// `generatorOptions`, or the options of one generator.
    pub(crate) struct GeneratorOptions {
        labels: Pairs = "labels",
        annotations: Pairs = "annotations",
        disable_name_suffix_hash: bool = "disableNameSuffixHash",
        immutable: bool = "immutable",
    }
}

/// A field that is only looked at for being there.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Raw;

impl FromNode for Raw {
    fn from_node(_: &Node, _: &At<'_>) -> Result<Self, Error> {
        Ok(Self)
    }
}

impl SecretArgs {
    /// Splits off what a Secret has beyond a ConfigMap.
    pub(crate) fn split(self) -> (GeneratorArgs, String) {
        let Self { namespace, name, behavior, literals, files, envs, env, options, secret_type } = self;
        (GeneratorArgs { namespace, name, behavior, literals, files, envs, env, options }, secret_type)
    }
}

impl SourceSelector {
    /// Returns the id that is asked for; empty parts fit anything.
    pub(crate) fn id(&self) -> ResId {
        ResId::new(Gvk::new(&self.group, &self.version, &self.kind), &self.name, &self.namespace)
    }
}

impl VarTarget {
    /// Returns the kind with what `apiVersion` says.
    pub(crate) fn gvk(&self) -> Gvk {
        match self.api_version.split('/').collect::<Vec<_>>()[..] {
            [group, version] => Gvk::new(group, version, &self.kind),
            [version] if !version.is_empty() => Gvk::new(&self.group, version, &self.kind),
            _ => Gvk::new(&self.group, &self.version, &self.kind),
        }
    }
}

impl Kustomization {
    /// Fills in what may be left out, and puts old fields into the place of the new ones.
    pub(crate) fn normalized(mut self) -> Self {
        if self.kind.is_empty() {
            self.kind = KUSTOMIZATION.into();
        }
        if self.api_version.is_empty() {
            self.api_version = required_version(&self.kind).into();
        }
        self.resources.append(&mut self.bases);
        self.images.append(&mut self.image_tags);
        for args in &mut self.config_map_generator {
            fold_env(&mut args.value.envs, &mut args.value.env);
        }
        for args in &mut self.secret_generator {
            fold_env(&mut args.value.envs, &mut args.value.env);
        }
        self
    }

    /// Says whether this is a component.
    pub(crate) fn is_component(&self) -> bool {
        self.kind == COMPONENT
    }

    /// Returns what is wrong with `kind` and `apiVersion`.
    pub(crate) fn wrong_type(&self) -> Option<String> {
        let mut problems = Vec::new();
        if ![KUSTOMIZATION, COMPONENT].contains(&self.kind.as_str()) {
            problems.push(format!("kind should be {KUSTOMIZATION} or {COMPONENT}"));
        }
        let required = required_version(&self.kind);
        if self.api_version != required {
            problems.push(format!("apiVersion for {} should be {required}", self.kind));
        }
        (!problems.is_empty()).then(|| problems.join("\n"))
    }

    /// Returns a warning for each deprecated field, in kustomize's words.
    pub(crate) fn deprecations(&self) -> Vec<String> {
        let used = [
            ("bases", "resources", !self.bases.is_empty()),
            ("commonLabels", "labels", !self.common_labels.value.is_empty()),
            ("imageTags", "images", !self.image_tags.is_empty()),
            ("patchesJson6902", "patches", !self.patches_json6902.is_empty()),
            ("patchesStrategicMerge", "patches", !self.patches_strategic_merge.is_empty()),
            ("vars", "replacements", !self.vars.is_empty()),
        ];
        used.iter().filter(|(.., used)| *used).map(|(old, new, _)| deprecation(old, new)).collect()
    }
}

fn required_version(kind: &str) -> &'static str {
    if kind == COMPONENT { COMPONENT_VERSION } else { KUSTOMIZATION_VERSION }
}

fn deprecation(old: &str, new: &str) -> String {
    let experimental = if old == "vars" { "[EXPERIMENTAL] " } else { "" };
    format!(
        "# Warning: '{old}' is deprecated. Please use '{new}' instead. {experimental}Run 'kustomize edit fix' to \
         update your Kustomization automatically."
    )
}

fn fold_env(envs: &mut Vec<String>, env: &mut String) {
    if !env.is_empty() {
        envs.push(std::mem::take(env));
    }
}
