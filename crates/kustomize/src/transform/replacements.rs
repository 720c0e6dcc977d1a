//! Copies values from one object into fields of others.

use sluice_yaml::{Node, Value};

use super::{
    path::{self, Create},
    structured,
};
use crate::{
    Release,
    error::Problem,
    id::{ResId, or},
    kustomization::{FieldOptions, Replacement, SourceSelector, TargetSelector},
    resource::{Resource, raw_text, set_plain, set_typed},
    resources::Resources,
    selector::Pattern,
};

const DEFAULT_PATH: &str = "metadata.name";

/// Copies one value.
pub(crate) fn apply(resources: &mut Resources, replacement: &Replacement, release: Release) -> Result<(), Problem> {
    let targets = match (&replacement.targets, replacement.source.is_some() || replacement.source_value.is_some()) {
        (Some(targets), true) => targets,
        _ => return Err(Problem::invalid("replacements must specify a source and at least one target")),
    };
    let value = value(resources, replacement)?;
    for target in targets {
        apply_to(resources, &value, target, release)?;
    }
    Ok(())
}

fn value(resources: &Resources, replacement: &Replacement) -> Result<Node, Problem> {
    match (&replacement.source_value, &replacement.source) {
        (Some(_), Some(_)) => Err(Problem::invalid("value and resource selectors are mutually exclusive")),
        (Some(value), None) => {
            let mut node = Node::string("");
            set_plain(&mut node, value);
            Ok(node)
        }
        (None, Some(source)) => source_value(resources, source),
        (None, None) => Err(Problem::invalid("replacements must specify a source and at least one target")),
    }
}

fn source_value(resources: &Resources, source: &SourceSelector) -> Result<Node, Problem> {
    let found = source_object(resources, source)?;
    let field = or(&source.field_path, DEFAULT_PATH);
    let node = path::lookup(&found.node, &path::split(field))
        .map_err(|problem| problem.within("error looking up replacement source"))?;
    match node.filter(|node| !is_empty(node)) {
        Some(node) => part(node, &source.options),
        None => Err(Problem::target(format!("fieldPath `{field}` is missing for replacement source {}", source.id()))),
    }
}

fn source_object<'r>(resources: &'r Resources, source: &SourceSelector) -> Result<&'r Resource, Problem> {
    let id = source.id();
    let mut found = resources.iter().filter(|resource| resource.all_ids().any(|known| known.is_selected_by(&id)));
    match (found.next(), found.next()) {
        (Some(resource), None) => Ok(resource),
        (None, _) => Err(Problem::target(format!("nothing selected by {}", shown(source)))),
        _ => Err(Problem::target(format!("multiple matches for selector {}", shown(source)))
            .hint("add `namespace`, `group` or `version`")),
    }
}

fn shown(source: &SourceSelector) -> String {
    let (id, options) = (source.id(), &source.options);
    let mut text = id.to_string();
    if !source.field_path.is_empty() {
        text = format!("{text}:{}", source.field_path);
    }
    if !options.delimiter.is_empty() || options.create {
        text = format!("{text}:{}({}), create={}", options.delimiter, options.index, options.create);
    }
    text
}

/// An empty text is a value.
fn is_empty(node: &Node) -> bool {
    match &node.value {
        Value::Scalar(_) => node.is_null(),
        Value::Sequence(items) => items.is_empty(),
        Value::Mapping(mapping) => mapping.is_empty(),
    }
}

/// Returns the part of a text that the options ask for.
fn part(node: &Node, options: &FieldOptions) -> Result<Node, Problem> {
    if options.delimiter.is_empty() {
        return Ok(node.clone());
    }
    let Value::Scalar(text) = &node.value else { return Err(not_scalar()) };
    let parts: Vec<&str> = text.split(options.delimiter.as_str()).collect();
    let index = usize::try_from(options.index).ok();
    let Some(part) = index.and_then(|index| parts.get(index)) else {
        return Err(Problem::target(format!("options.index {} is out of bounds for value {text}", options.index)));
    };
    Ok(Node { value: Value::Scalar((*part).to_owned()), ..node.clone() })
}

fn not_scalar() -> Problem {
    Problem::new("delimiter option can only be used with scalar nodes")
}

fn apply_to(resources: &mut Resources, value: &Node, target: &TargetSelector, release: Release) -> Result<(), Problem> {
    let Some(select) = &target.select else {
        return Err(Problem::invalid("target must specify resources to select"));
    };
    let select = Pattern::of(select)?;
    let reject = target.reject.iter().map(Pattern::of).collect::<Result<Vec<_>, _>>()?;
    for resource in resources.list_mut() {
        let ids: Vec<ResId> = resource.all_ids().collect();
        if is_target(resource, &ids, &select, &reject) {
            copy(resource, value, target, release)?;
        }
    }
    Ok(())
}

/// The namespace is compared as written here, not as the effective one.
fn is_target(resource: &Resource, ids: &[ResId], select: &Pattern, reject: &[Pattern]) -> bool {
    select.fits_metadata(resource)
        && ids.iter().any(|id| select.fits_id(id))
        && !reject.iter().any(|reject| {
            (reject.names_metadata() && reject.fits_metadata(resource))
                || (reject.names_id() && ids.iter().any(|id| reject.fits_id(id)))
        })
}

fn copy(resource: &mut Resource, value: &Node, target: &TargetSelector, release: Release) -> Result<(), Problem> {
    let default = [DEFAULT_PATH.to_owned()];
    let paths = if target.field_paths.is_empty() { &default[..] } else { &target.field_paths };
    let create = if target.options.create { Create::like(value) } else { Create::No };
    for field in paths {
        let parts = path::split(field);
        let set = &mut |node: &mut Node, made: bool| set(node, value, &target.options, made);
        let inside = match release {
            Release::V5_8_1 => {
                structured::set(&mut resource.node, &parts, create, &mut |node, made| copy_whole(node, value, made))
            }
            Release::V5_8_2 => structured::set(&mut resource.node, &parts, create, set),
        };
        if inside {
            continue;
        }
        match path::visit(&mut resource.node, &parts, create, set) {
            Ok(0) => return Err(missing(field, create)),
            Ok(_) => {}
            Err(problem) => {
                let text = missing(field, create).text;
                return Err(problem.within(text));
            }
        }
    }
    Ok(())
}

/// Inside of text, 5.8.1 overlooks delimiters.
fn copy_whole(node: &mut Node, value: &Node, made: bool) -> Result<(), Problem> {
    let options = FieldOptions::default();
    set(node, value, &options, made)
}

fn missing(field: &str, create: Create) -> Problem {
    let act = if create == Create::No { "find" } else { "find or create" };
    let problem = Problem::target(format!("unable to {act} field \"{field}\" in replacement target"));
    if create == Create::No { problem.hint("`options.create: true` makes it") } else { problem }
}

/// Only the text of a scalar changes: its type stays, unless it was made just now.
fn set(node: &mut Node, value: &Node, options: &FieldOptions, made: bool) -> Result<(), Problem> {
    let mut value = value.clone();
    if !options.delimiter.is_empty() {
        let Value::Scalar(old) = &node.value else { return Err(not_scalar()) };
        let joined = join(old, raw_text(&value), options);
        value.value = Value::Scalar(joined);
    }
    match (&node.value, value.value) {
        (Value::Scalar(_), Value::Scalar(text)) if made => set_plain(node, &text),
        (Value::Scalar(_), Value::Scalar(text)) => set_typed(node, &text)?,
        // kustomize copies the text of a mapping or list here, which is none.
        (Value::Scalar(_), _) => node.value = Value::Scalar(String::new()),
        (_, inner) => {
            value.value = inner;
            *node = value;
        }
    }
    Ok(())
}

fn join(old: &str, new: &str, options: &FieldOptions) -> String {
    let mut parts: Vec<&str> = old.split(options.delimiter.as_str()).collect();
    match usize::try_from(options.index) {
        Err(_) => parts.insert(0, new),
        Ok(index) => match parts.get_mut(index) {
            Some(part) => *part = new,
            None => parts.push(new),
        },
    }
    parts.join(&options.delimiter)
}
