//! Makes ConfigMaps and Secrets from literals, files and lines of `KEY=value`.

mod absorb;
mod pairs;

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sluice_object::TreePath;
use sluice_yaml::{Mapping, Node};

use crate::{
    error::{Error, Place, Problem},
    kustomization::{GeneratorArgs, GeneratorOptions, Pairs},
    loader::{Loader, Root},
    resource::{Generated, Resource},
};

pub(crate) use absorb::absorb;

/// Where a generator is written down, and what it may read.
pub(crate) struct Generator<'a, 't> {
    pub(crate) loader: &'a mut Loader<'t>,
    pub(crate) root: &'a Root,
    pub(crate) place: &'a Place,
}

impl Generator<'_, '_> {
    /// Makes a ConfigMap.
    pub(crate) fn config_map(&mut self, args: &GeneratorArgs) -> Result<Resource, Error> {
        let mut object = self.base("ConfigMap", args)?;
        let (mut data, mut binary) = (Mapping::new(), Mapping::new());
        for (key, value) in self.data(args)? {
            match String::from_utf8(value) {
                Ok(text) => data.insert(key, Node::string(text)),
                Err(bytes) => binary.insert(key, Node::string(wrapped_base64(bytes.as_bytes()))),
            };
        }
        for (field, map) in [("data", data), ("binaryData", binary)] {
            if !map.is_empty() {
                object.insert(field, Node::mapping(map));
            }
        }
        Ok(self.finished(object, args))
    }

    /// Makes a Secret.
    pub(crate) fn secret(&mut self, args: &GeneratorArgs, kind: &str) -> Result<Resource, Error> {
        let mut object = self.base("Secret", args)?;
        let mut data = Mapping::new();
        for (key, value) in self.data(args)? {
            data.insert(key, Node::string(wrapped_base64(&value)));
        }
        object.insert("type", Node::string(if kind.is_empty() { "Opaque" } else { kind }));
        object.insert("data", Node::mapping(data));
        Ok(self.finished(object, args))
    }

    fn base(&self, kind: &str, args: &GeneratorArgs) -> Result<Mapping, Error> {
        if args.name.is_empty() {
            return Err(Problem::invalid("a configmap must have a name").at(self.place));
        }
        let mut metadata = Mapping::new();
        metadata.insert("name", Node::string(&args.name));
        if !args.namespace.is_empty() {
            metadata.insert("namespace", Node::string(&args.namespace));
        }
        let mut object = Mapping::new();
        object.insert("apiVersion", Node::string("v1"));
        object.insert("kind", Node::string(kind));
        object.insert("metadata", Node::mapping(metadata));
        Ok(object)
    }

    fn data(&mut self, args: &GeneratorArgs) -> Result<BTreeMap<String, Vec<u8>>, Error> {
        let mut data = BTreeMap::new();
        for (key, value) in pairs::load(self, args)? {
            if data.contains_key(&key) {
                let text = format!("configmap {} illegally repeats the key `{key}`", args.name);
                return Err(Problem::invalid(text).at(self.place));
            }
            data.insert(key, value);
        }
        Ok(data)
    }

    fn finished(&self, mut object: Mapping, args: &GeneratorArgs) -> Resource {
        let options = args.options.clone().unwrap_or_default();
        if options.immutable {
            object.insert("immutable", Node::bool(true));
        }
        let mut resource = Resource::new(Node::mapping(object), file_text(&self.place.file));
        resource.origin.line = self.place.line;
        let pairs = |map: Pairs| map.into_iter().collect::<Vec<_>>();
        resource.set_metadata("labels", pairs(options.labels));
        resource.set_metadata("annotations", pairs(options.annotations));
        resource.generated = Some(behavior(&args.behavior));
        resource.needs_hash = !options.disable_name_suffix_hash;
        resource
    }
}

fn file_text(path: &TreePath) -> String {
    path.as_str().to_owned()
}

/// A behavior that isn't known counts as none, as in kustomize.
fn behavior(text: &str) -> Generated {
    match text {
        "create" => Generated::Create,
        "merge" => Generated::Merge,
        "replace" => Generated::Replace,
        _ => Generated::Unspecified,
    }
}

/// Puts the options for all generators behind those of one.
pub(crate) fn with_global(args: &GeneratorArgs, global: Option<&GeneratorOptions>) -> GeneratorArgs {
    let mut args = args.clone();
    if let Some(global) = global {
        let options = args.options.get_or_insert_default();
        fill(&mut options.labels, &global.labels);
        fill(&mut options.annotations, &global.annotations);
        options.disable_name_suffix_hash |= global.disable_name_suffix_hash;
        options.immutable |= global.immutable;
    }
    args
}

fn fill(map: &mut Pairs, defaults: &Pairs) {
    for (key, value) in defaults {
        map.entry(key.clone()).or_insert_with(|| value.clone());
    }
}

/// Writes base64 in lines of 70 letters, each ended, once it is that long.
pub(crate) fn wrapped_base64(bytes: &[u8]) -> String {
    const WIDTH: usize = 70;
    let text = STANDARD.encode(bytes);
    if text.len() < WIDTH {
        return text;
    }
    let mut wrapped = String::with_capacity(text.len() + text.len() / WIDTH + 1);
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, more) = rest.split_at(rest.len().min(WIDTH));
        wrapped.push_str(line);
        wrapped.push('\n');
        rest = more;
    }
    wrapped
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(51, 0)]
    #[case(52, 2)]
    #[case(105, 2)]
    #[case(106, 3)]
    fn long_base64_is_written_in_lines(#[case] bytes: usize, #[case] lines: usize) {
        assert_eq!(wrapped_base64(&vec![0; bytes]).matches('\n').count(), lines);
    }
}
