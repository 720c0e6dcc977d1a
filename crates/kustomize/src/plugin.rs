//! The built-in generators and transformers, named by files under `generators` and `transformers`.
//!
//! Only those with `apiVersion: builtin` are offered: others would be programs.

use sluice_object::TreePath;
use sluice_yaml::{Duplicates, Flavor, Limits, Mapping, Node, parse_first};

use crate::{
    Release,
    build::{Accumulator, Build},
    config::FieldSpec,
    decode::{FromNode, Located, Source, record},
    error::{Error, Place, Problem},
    generate::{Generator, absorb},
    kustomization::{GeneratorArgs, Image, Pairs, Patch, PatchOptions, Replacement, Replica, SecretArgs, Selector},
    manifest,
    metadata::{self, Provenance},
    patch::{self, How},
    resource::Resource,
    selector, steps,
    target::Target,
    transform::{
        affix::{self, Side},
        hash, images, labels,
        namespace::{self, Namespace, Subjects},
        replicas, value,
    },
};

record! {
    /// The configuration of any built-in; each uses some of the fields.
    pub(crate) struct Configuration {
        metadata: Metadata = "metadata",
        path: String = "path",
        patch: String = "patch",
        target: Option<Selector> = "target",
        options: PatchOptions = "options",
        paths: Vec<String> = "paths",
        patches: String = "patches",
        json_op: String = "jsonOp",
        specs: Vec<FieldSpec> = "fieldSpecs",
        unset_only: bool = "unsetOnly",
        subjects: String = "setRoleBindingSubjects",
        prefix: String = "prefix",
        suffix: String = "suffix",
        labels: Pairs = "labels",
        annotations: Pairs = "annotations",
        image: Image = "imageTag",
        replica: Replica = "replica",
        replacements: Vec<Located<Replacement>> = "replacements",
        value: String = "value",
        targets: Vec<ValueTarget> = "targets",
        target_file: String = "targetFilePath",
    }
}

record! {
    /// The metadata of a configuration.
    pub(crate) struct Metadata {
        name: String = "name",
        namespace: String = "namespace",
    }
}

record! {
    /// Where `ValueAddTransformer` writes.
    pub(crate) struct ValueTarget {
        selector: Option<Selector> = "selector",
        field_path: String = "fieldPath",
        position: i64 = "filePathPosition",
    }
}

record! {
    /// The file that `targetFilePath` names.
    pub(crate) struct ValueTargets {
        targets: Vec<ValueTarget> = "targets",
    }
}

record! {
    /// The configuration of `IAMPolicyGenerator`.
    pub(crate) struct IamPolicy {
        cloud: String = "cloud",
        kubernetes_service: Metadata = "kubernetesService",
        service_account: Account = "serviceAccount",
    }
}

record! {
    /// An account of a cloud.
    pub(crate) struct Account {
        name: String = "name",
        project: String = "projectId",
    }
}

/// Runs what `generators` names.
pub(crate) fn generate(build: &mut Build<'_>, target: &Target, accumulated: &mut Accumulator) -> Result<(), Error> {
    for config in configurations(build, target, "generators", &target.kustomization.generators)? {
        let mut made = config.generate(build, target)?;
        if build.wanted.any {
            metadata::set_origin(&mut made, &config.provenance());
        }
        absorb(&mut accumulated.resources, made, build.release()).map_err(|problem| problem.at(&config.place))?;
    }
    Ok(())
}

/// Runs what `transformers` names.
pub(crate) fn transform(build: &mut Build<'_>, target: &Target, accumulated: &mut Accumulator) -> Result<(), Error> {
    for config in configurations(build, target, "transformers", &target.kustomization.transformers)? {
        config.transform(build, target, accumulated)?;
        if build.wanted.any {
            metadata::add_transformation(&mut accumulated.resources, &config.provenance());
        }
    }
    Ok(())
}

/// Reads the configurations: inline objects first, then those of files and directories.
pub(crate) fn configurations(
    build: &mut Build<'_>,
    target: &Target,
    field: &str,
    entries: &[Located<String>],
) -> Result<Vec<Plugin>, Error> {
    let mut read = Accumulator::default();
    let mut paths = Vec::new();
    for entry in entries {
        match manifest::read_inline(&entry.value, build.yaml_limits()) {
            Ok(nodes) => add_inline(build, target, field, entry.line, nodes, &mut read)?,
            Err(_) => paths.push(entry.clone()),
        }
    }
    build.add_resources(target, field, &paths, &mut read)?;
    read.resources.into_list().into_iter().map(|resource| Plugin::of(resource, field)).collect()
}

fn add_inline(
    build: &Build<'_>,
    target: &Target,
    field: &str,
    line: u32,
    nodes: Vec<Node>,
    read: &mut Accumulator,
) -> Result<(), Error> {
    for node in nodes {
        let mut resource = Resource::new(node, target.file.as_str());
        resource.origin.line = line;
        if build.wanted.any {
            let path = target.route.join(target.file.file_name());
            metadata::set_origin(&mut resource, &Provenance::file(path));
        }
        read.resources.append(resource).map_err(|id| Error::Duplicate {
            place: target.place(field, line),
            id: id.to_string(),
            hint: String::new(),
        })?;
    }
    Ok(())
}

/// A built-in generator or transformer with its configuration.
pub(crate) struct Plugin {
    resource: Resource,
    kind: String,
    /// Where it is written down.
    pub(crate) place: Place,
}

impl Plugin {
    fn of(resource: Resource, field: &str) -> Result<Self, Error> {
        let file = TreePath::parse(&resource.origin.file).unwrap_or_default();
        let kind = resource.kind().to_owned();
        let place = Place { file, line: resource.origin.line, field: format!("{field}: {kind}") };
        if resource.api_version() != "builtin" {
            return Err(Error::Unsupported {
                place,
                what: format!("external plugins disabled; unable to load external plugin '{kind}': running it"),
                hint: "only kinds with `apiVersion: builtin` can be used".into(),
            });
        }
        Ok(Self { resource, kind, place })
    }

    fn decode<T: FromNode>(&self) -> Result<T, Error> {
        Source::new(&self.place.file, &self.kind, false).decode(&self.resource.node)
    }

    fn unsupported(&self, what: &str) -> Error {
        let what = format!("built-in {what} `{}`", self.kind);
        Error::Unsupported { place: self.place.clone(), what, hint: String::new() }
    }

    /// Returns where the plugin is configured, for `buildMetadata`.
    fn provenance(&self) -> Provenance {
        let resource = &self.resource;
        let origin = resource.annotation(metadata::ORIGIN).unwrap_or_default();
        let origin =
            parse_first(origin, Flavor::V3, Duplicates::LastWins, &Limits::default()).unwrap_or_else(|_| Node::null());
        let field = |name: &str| origin.get(name).and_then(Node::as_scalar).unwrap_or_default().to_owned();
        Provenance {
            path: String::new(),
            repository: field("repo"),
            reference: field("ref"),
            configured_in: field("path"),
            configured_by: [resource.api_version(), resource.kind(), resource.name(), resource.namespace()]
                .map(str::to_owned),
        }
    }

    fn generate(&self, build: &mut Build<'_>, target: &Target) -> Result<Resource, Error> {
        let mut generator = Generator { loader: &mut build.loader, root: &target.root, place: &self.place };
        let metadata = self.decode::<Configuration>()?.metadata;
        match self.kind.as_str() {
            "ConfigMapGenerator" => {
                let args = named(self.decode()?, metadata);
                generator.config_map(&args)
            }
            "SecretGenerator" => {
                let (args, kind) = self.decode::<SecretArgs>()?.split();
                generator.secret(&named(args, metadata), &kind)
            }
            "IAMPolicyGenerator" => self.account(),
            _ => Err(self.unsupported("generator")),
        }
    }

    /// Makes a service account that stands for one of a cloud.
    fn account(&self) -> Result<Resource, Error> {
        let IamPolicy { cloud, kubernetes_service, service_account } = self.decode()?;
        if cloud != "gke" {
            let problem = format!("cloud provider {cloud} not supported yet");
            return Err(Problem::invalid(problem).at(&self.place));
        }
        let mut annotations = Mapping::new();
        let account = format!("{}@{}.iam.gserviceaccount.com", service_account.name, service_account.project);
        annotations.insert("iam.gke.io/gcp-service-account", Node::string(account));
        let mut metadata = Mapping::new();
        metadata.insert("annotations", Node::mapping(annotations));
        metadata.insert("name", Node::string(kubernetes_service.name));
        if !kubernetes_service.namespace.is_empty() {
            metadata.insert("namespace", Node::string(kubernetes_service.namespace));
        }
        let mut object = Mapping::new();
        object.insert("apiVersion", Node::string("v1"));
        object.insert("kind", Node::string("ServiceAccount"));
        object.insert("metadata", Node::mapping(metadata));
        Ok(Resource::new(Node::mapping(object), self.place.file.as_str()))
    }

    /// Runs a transformer.
    pub(crate) fn transform(
        &self,
        build: &mut Build<'_>,
        target: &Target,
        accumulated: &mut Accumulator,
    ) -> Result<(), Error> {
        let config: Configuration = self.decode()?;
        match self.kind.as_str() {
            "PatchTransformer" => self.patch(build, target, config, accumulated),
            "PatchStrategicMergeTransformer" => self.merge_patch(build, target, &config, accumulated),
            "PatchJson6902Transformer" => {
                let args = Patch { patch: config.json_op.clone(), ..patch_args(config) };
                steps::apply_json_patch(build, target, &args, &self.place, accumulated)
            }
            "ReplacementTransformer" => config
                .replacements
                .iter()
                .try_for_each(|entry| steps::apply_replacement(build, target, &entry.value, &self.place, accumulated)),
            "ValueAddTransformer" => self.add_value(build, target, config, accumulated),
            _ => self.simple(build.release(), config, accumulated),
        }
    }

    fn simple(&self, release: Release, config: Configuration, accumulated: &mut Accumulator) -> Result<(), Error> {
        if matches!(self.kind.as_str(), "PrefixTransformer" | "SuffixTransformer") && config.specs.is_empty() {
            return Err(Problem::invalid("fieldSpecs is not expected to be nil").at(&self.place));
        }
        let resources = &mut accumulated.resources;
        let specs = &config.specs;
        let done = match self.kind.as_str() {
            "NamespaceTransformer" => how(config).and_then(|how| namespace::apply(resources, &how)),
            "PrefixTransformer" => affix::apply(resources, Side::Prefix, &config.prefix, specs),
            "SuffixTransformer" => affix::apply(resources, Side::Suffix, &config.suffix, specs),
            "PrefixSuffixTransformer" => affix::apply(resources, Side::Prefix, &config.prefix, specs)
                .and_then(|()| affix::apply(resources, Side::Suffix, &config.suffix, specs)),
            "LabelTransformer" => labels::apply(resources, &config.labels, specs),
            "AnnotationsTransformer" => labels::apply(resources, &config.annotations, specs),
            "ImageTagTransformer" => images::apply(resources, &config.image, specs, release),
            "ReplicaCountTransformer" => replicas::apply(resources, &config.replica, specs),
            "HashTransformer" => hash::apply(resources),
            _ => return Err(self.unsupported("transformer")),
        };
        done.map_err(|problem| problem.at(&self.place))
    }

    fn patch(
        &self,
        build: &mut Build<'_>,
        target: &Target,
        config: Configuration,
        accumulated: &mut Accumulator,
    ) -> Result<(), Error> {
        steps::apply_patch(build, target, &patch_args(config), &self.place, accumulated)
    }

    fn merge_patch(
        &self,
        build: &mut Build<'_>,
        target: &Target,
        config: &Configuration,
        accumulated: &mut Accumulator,
    ) -> Result<(), Error> {
        let mut nodes = Vec::new();
        for path in &config.paths {
            nodes.extend(steps::merge_patch(build, target, path, &self.place)?);
        }
        if !config.patches.is_empty() {
            let inline = manifest::read_inline(&config.patches, build.yaml_limits());
            nodes.extend(inline.map_err(|problem| problem.at(&self.place))?);
        }
        if nodes.is_empty() {
            return Err(Problem::invalid("patch appears to be empty").at(&self.place));
        }
        let how = How { options: &config.options, types: build.types() };
        patch::apply_named(&mut accumulated.resources, &nodes, &how).map_err(|problem| problem.at(&self.place))
    }

    fn add_value(
        &self,
        build: &mut Build<'_>,
        target: &Target,
        mut config: Configuration,
        accumulated: &mut Accumulator,
    ) -> Result<(), Error> {
        if !config.target_file.is_empty() {
            let (file, text) = build.loader.load_text(&target.root, &config.target_file, &self.place)?;
            let node = build.document(&text, &file)?;
            config.targets.extend(Source::new(&file, &self.kind, false).decode::<ValueTargets>(&node)?.targets);
        }
        if config.targets.is_empty() {
            return Err(Problem::invalid("must specify at least one target").at(&self.place));
        }
        let text = match config.value.trim() {
            "" => target.root.directory.file_name().to_owned(),
            text => text.to_owned(),
        };
        config
            .targets
            .iter()
            .try_for_each(|to| write_value(accumulated, to, &text).map_err(|problem| problem.at(&self.place)))
    }
}

fn write_value(accumulated: &mut Accumulator, to: &ValueTarget, text: &str) -> Result<(), Problem> {
    if to.field_path.is_empty() {
        return Err(Problem::invalid("fieldPath cannot be empty"));
    }
    let position = usize::try_from(to.position)
        .map_err(|_| Problem::invalid(format!("value of FilePathPosition ({}) cannot be negative", to.position)))?;
    let selected = match &to.selector {
        Some(selector) => selector::select(&accumulated.resources, selector)?,
        None => (0..accumulated.resources.len()).collect(),
    };
    let list = accumulated.resources.list_mut();
    selected.into_iter().try_for_each(|index| match to.field_path.as_str() {
        "metadata/namespace" => {
            let how = Namespace { namespace: text.to_owned(), ..Namespace::default() };
            namespace::set(&mut list[index], &how)
        }
        path => value::add(&mut list[index].node, path, text, position),
    })
}

fn patch_args(config: Configuration) -> Patch {
    Patch { path: config.path, patch: config.patch, target: config.target, options: config.options }
}

fn how(config: Configuration) -> Result<Namespace, Problem> {
    Ok(Namespace {
        namespace: config.metadata.namespace,
        specs: config.specs,
        subjects: Subjects::parse(&config.subjects)?,
        unset_only: config.unset_only,
    })
}

/// A generator's name and namespace may stand in its metadata.
fn named(mut args: GeneratorArgs, metadata: Metadata) -> GeneratorArgs {
    if args.name.is_empty() {
        args.name = metadata.name;
    }
    if args.namespace.is_empty() {
        args.namespace = metadata.namespace;
    }
    args
}
