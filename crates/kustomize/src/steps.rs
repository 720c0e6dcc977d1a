//! The transformers of a kustomization, in the order kustomize runs them whatever the order in the file.

use crate::{
    build::{Accumulator, Build},
    decode::{Located, Source},
    error::{Error, Place, Problem},
    id::or,
    kustomization::{Patch as PatchArgs, PatchOptions, Replacement},
    patch::{self, How, json6902},
    plugin, selector,
    target::Target,
    transform::{
        affix::{self, Side},
        images, labels,
        namespace::{self, Namespace},
        replacements, replicas,
    },
};

type Step = fn(&mut Build<'_>, &Target, &mut Accumulator) -> Result<(), Error>;

const STEPS: [Step; 12] = [
    merge_patches,
    patches,
    set_namespace,
    prefix,
    suffix,
    add_labels,
    annotations,
    json_patches,
    set_replicas,
    set_images,
    replace,
    plugin::transform,
];

/// Runs all transformers of a kustomization.
pub(crate) fn transform(build: &mut Build<'_>, target: &Target, accumulated: &mut Accumulator) -> Result<(), Error> {
    STEPS.iter().try_for_each(|step| step(build, target, accumulated))
}

fn merge_patches(build: &mut Build<'_>, target: &Target, accumulated: &mut Accumulator) -> Result<(), Error> {
    let entries = &target.kustomization.patches_strategic_merge;
    let Some(first) = entries.first() else { return Ok(()) };
    let mut nodes = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        let place = target.entry("patchesStrategicMerge", index, entry.line);
        nodes.extend(merge_patch(build, target, &entry.value, &place)?);
    }
    let place = target.place("patchesStrategicMerge", first.line);
    if nodes.is_empty() {
        let files: Vec<&str> = entries.iter().map(|entry| entry.value.as_str()).collect();
        let problem = format!("patch appears to be empty; files=[{}], Patch=", files.join(" "));
        return Err(Problem::invalid(problem).at(&place));
    }
    let how = How { options: &PatchOptions::default(), types: build.types() };
    patch::apply_named(&mut accumulated.resources, &nodes, &how).map_err(|problem| problem.at(&place))?;
    build.ran(target, "PatchStrategicMergeTransformer", accumulated);
    Ok(())
}

/// Reads an entry of `patchesStrategicMerge`: a patch, or else the path of one.
pub(crate) fn merge_patch(
    build: &mut Build<'_>,
    target: &Target,
    entry: &str,
    place: &Place,
) -> Result<Vec<sluice_yaml::Node>, Error> {
    match crate::manifest::read_inline(entry, build.yaml_limits()) {
        Ok(nodes) => Ok(nodes),
        Err(problem) if entry.contains('\n') => Err(problem.at(place)),
        Err(_) => {
            let (file, text) = build.loader.load_text(&target.root, entry, place)?;
            crate::manifest::read(&text, &file, build.yaml_limits())
        }
    }
}

fn patches(build: &mut Build<'_>, target: &Target, accumulated: &mut Accumulator) -> Result<(), Error> {
    for (index, entry) in target.kustomization.patches.iter().enumerate() {
        let place = target.entry("patches", index, entry.line);
        apply_patch(build, target, &entry.value, &place, accumulated)?;
        build.ran(target, "PatchTransformer", accumulated);
    }
    Ok(())
}

/// Reads and applies an entry of `patches`.
pub(crate) fn apply_patch(
    build: &mut Build<'_>,
    target: &Target,
    args: &PatchArgs,
    place: &Place,
    accumulated: &mut Accumulator,
) -> Result<(), Error> {
    let (text, shown) = patch_text(build, target, args, place)?;
    let patch = patch::parse(&text, &shown, build.yaml_limits()).map_err(|problem| problem.at(place))?;
    let how = How { options: &args.options, types: build.types() };
    patch::apply(&mut accumulated.resources, &patch, args.target.as_ref(), &shown, &how)
        .map_err(|problem| problem.at(place))
}

fn patch_text(
    build: &mut Build<'_>,
    target: &Target,
    args: &PatchArgs,
    place: &Place,
) -> Result<(String, String), Error> {
    let inline = args.patch.trim();
    match (inline, args.path.as_str()) {
        ("", "") => Err(Problem::invalid("must specify one of patch and path").at(place)),
        (inline, "") => Ok((inline.to_owned(), format!("[patch: {}]", sluice_yaml::quote(inline)))),
        ("", path) => {
            let (_, text) = build.loader.load_text(&target.root, path, place)?;
            Ok((text, format!("[path: {}]", sluice_yaml::quote(path))))
        }
        _ => Err(Problem::invalid("patch and path can't be set at the same time").at(place)),
    }
}

fn set_namespace(build: &mut Build<'_>, target: &Target, accumulated: &mut Accumulator) -> Result<(), Error> {
    let Located { line, value } = &target.kustomization.namespace;
    if value.is_empty() {
        return Ok(());
    }
    let specs = accumulated.config.namespace.clone();
    let how = Namespace { namespace: value.clone(), specs, ..Namespace::default() };
    namespace::apply(&mut accumulated.resources, &how)
        .map_err(|problem| problem.at(&target.place("namespace", *line)))?;
    build.ran(target, "NamespaceTransformer", accumulated);
    Ok(())
}

fn prefix(build: &mut Build<'_>, target: &Target, accumulated: &mut Accumulator) -> Result<(), Error> {
    let Located { line, value } = &target.kustomization.name_prefix;
    if value.is_empty() {
        return Ok(());
    }
    let Accumulator { resources, config, .. } = accumulated;
    affix::apply(resources, Side::Prefix, value, &config.name_prefix)
        .map_err(|problem| problem.at(&target.place("namePrefix", *line)))?;
    build.ran(target, "PrefixTransformer", accumulated);
    Ok(())
}

fn suffix(build: &mut Build<'_>, target: &Target, accumulated: &mut Accumulator) -> Result<(), Error> {
    let Located { line, value } = &target.kustomization.name_suffix;
    if value.is_empty() {
        return Ok(());
    }
    let Accumulator { resources, config, .. } = accumulated;
    affix::apply(resources, Side::Suffix, value, &config.name_suffix)
        .map_err(|problem| problem.at(&target.place("nameSuffix", *line)))?;
    build.ran(target, "SuffixTransformer", accumulated);
    Ok(())
}

/// Each entry of `labels`, then `commonLabels`, which counts as run even if there are none.
fn add_labels(build: &mut Build<'_>, target: &Target, accumulated: &mut Accumulator) -> Result<(), Error> {
    let kustomization = &target.kustomization;
    if kustomization.labels.is_empty() && kustomization.common_labels.value.is_empty() {
        return Ok(());
    }
    for (index, label) in kustomization.labels.iter().enumerate() {
        let place = target.entry("labels", index, label.line);
        let added = labels::specs(&label.value, &accumulated.config)
            .and_then(|specs| labels::apply(&mut accumulated.resources, &label.value.pairs, &specs));
        added.map_err(|problem| problem.at(&place))?;
        build.ran(target, "LabelTransformer", accumulated);
    }
    let Accumulator { resources, config, .. } = accumulated;
    let Located { line, value } = &kustomization.common_labels;
    labels::apply(resources, value, &config.common_labels)
        .map_err(|problem| problem.at(&target.place("commonLabels", *line)))?;
    build.ran(target, "LabelTransformer", accumulated);
    Ok(())
}

fn annotations(build: &mut Build<'_>, target: &Target, accumulated: &mut Accumulator) -> Result<(), Error> {
    let Located { line, value } = &target.kustomization.common_annotations;
    if value.is_empty() {
        return Ok(());
    }
    let Accumulator { resources, config, .. } = accumulated;
    labels::apply(resources, value, &config.common_annotations)
        .map_err(|problem| problem.at(&target.place("commonAnnotations", *line)))?;
    build.ran(target, "AnnotationsTransformer", accumulated);
    Ok(())
}

fn json_patches(build: &mut Build<'_>, target: &Target, accumulated: &mut Accumulator) -> Result<(), Error> {
    for (index, entry) in target.kustomization.patches_json6902.iter().enumerate() {
        let place = target.entry("patchesJson6902", index, entry.line);
        apply_json_patch(build, target, &entry.value, &place, accumulated)?;
        build.ran(target, "PatchJson6902Transformer", accumulated);
    }
    Ok(())
}

/// Reads and applies an entry of `patchesJson6902`.
pub(crate) fn apply_json_patch(
    build: &mut Build<'_>,
    target: &Target,
    args: &PatchArgs,
    place: &Place,
    accumulated: &mut Accumulator,
) -> Result<(), Error> {
    let Some(select) = args.target.as_ref().filter(|target| !target.name.is_empty()) else {
        return Err(Problem::invalid("must specify the target name").at(place));
    };
    let text = match (args.patch.as_str(), args.path.as_str()) {
        ("", "") => return Err(Problem::invalid("empty file path and empty jsonOp").at(place)),
        (inline, "") => inline.to_owned(),
        ("", path) => build.loader.load_text(&target.root, path, place)?.1,
        _ => return Err(Problem::invalid("must specify a file path or jsonOp, not both").at(place)),
    };
    let operations = json6902::parse(&text, build.yaml_limits())
        .map_err(|problem| problem.within(format!("decoding {}", sluice_yaml::quote(&text))).at(place))?;
    if operations.is_empty() {
        let path = or(&args.path, "");
        let problem = format!("patch appears to be empty; file={path}, JsonOp={text}");
        return Err(Problem::invalid(problem).at(place));
    }
    let resources = &mut accumulated.resources;
    selector::select(resources, select)
        .and_then(|selected| patch::apply_json(resources, &selected, &operations, false))
        .map_err(|problem| problem.at(place))
}

fn set_replicas(build: &mut Build<'_>, target: &Target, accumulated: &mut Accumulator) -> Result<(), Error> {
    for (index, replica) in target.kustomization.replicas.iter().enumerate() {
        let Accumulator { resources, config, .. } = &mut *accumulated;
        replicas::apply(resources, &replica.value, &config.replicas)
            .map_err(|problem| problem.at(&target.entry("replicas", index, replica.line)))?;
        build.ran(target, "ReplicaCountTransformer", accumulated);
    }
    Ok(())
}

fn set_images(build: &mut Build<'_>, target: &Target, accumulated: &mut Accumulator) -> Result<(), Error> {
    for (index, image) in target.kustomization.images.iter().enumerate() {
        let Accumulator { resources, config, .. } = &mut *accumulated;
        images::apply(resources, &image.value, &config.images, build.release())
            .map_err(|problem| problem.at(&target.entry("images", index, image.line)))?;
        build.ran(target, "ImageTagTransformer", accumulated);
    }
    Ok(())
}

fn replace(build: &mut Build<'_>, target: &Target, accumulated: &mut Accumulator) -> Result<(), Error> {
    let entries = &target.kustomization.replacements;
    if entries.is_empty() {
        return Ok(());
    }
    for (index, entry) in entries.iter().enumerate() {
        let place = target.entry("replacements", index, entry.line);
        apply_replacement(build, target, &entry.value, &place, accumulated)?;
    }
    build.ran(target, "ReplacementTransformer", accumulated);
    Ok(())
}

/// Applies a replacement, or those in the file it names.
pub(crate) fn apply_replacement(
    build: &mut Build<'_>,
    target: &Target,
    entry: &Replacement,
    place: &Place,
    accumulated: &mut Accumulator,
) -> Result<(), Error> {
    if entry.path.is_empty() {
        return replacements::apply(&mut accumulated.resources, entry, build.release())
            .map_err(|problem| problem.at(place));
    }
    if entry.source.is_some() || entry.targets.as_ref().is_some_and(|targets| !targets.is_empty()) {
        return Err(Problem::invalid("cannot specify both path and inline replacement").at(place));
    }
    let (file, text) = build.loader.load_text(&target.root, &entry.path, place)?;
    let node = build.document(&text, &file)?;
    let source = Source::new(&file, "Replacement", false);
    let list: Vec<Replacement> = match node.as_sequence() {
        Some(_) => source.decode(&node)?,
        None => vec![source.decode(&node)?],
    };
    let place = Place { file, ..Place::default() };
    list.iter().try_for_each(|replacement| {
        replacements::apply(&mut accumulated.resources, replacement, build.release())
            .map_err(|problem| problem.at(&place))
    })
}
