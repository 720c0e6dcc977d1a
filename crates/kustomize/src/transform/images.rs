//! Changes names, tags and digests of images.

use regex::Regex;
use sluice_yaml::{Node, Value};

use crate::{
    Release,
    config::FieldSpec,
    error::Problem,
    fields::{self, Make, wrong_kind},
    kustomization::Image,
    resource::{raw_text, set_plain},
    resources::Resources,
};

/// Changes one image wherever it is used.
///
/// kustomize looks twice: at every list called `containers` or `initContainers`, then at the specs. A tag suffix is
/// therefore added twice where both look.
pub(crate) fn apply(
    resources: &mut Resources,
    image: &Image,
    specs: &[FieldSpec],
    release: Release,
) -> Result<(), Problem> {
    let Some(pattern) = pattern(&image.name, release)? else { return Ok(()) };
    let update = |node: &mut Node| update(node, &pattern, image);
    for resource in resources.list_mut().iter_mut().filter(|resource| resource.kind() != "CustomResourceDefinition") {
        walk(&mut resource.node, &update)?;
        fields::visit_all(resource, specs, Make::Nothing, &mut |node| update(node))?;
    }
    Ok(())
}

/// The name goes into the pattern as it is, as in kustomize: a `.` fits any letter. A name that is no pattern breaks
/// 5.8.1, and fits nothing in 5.8.2.
fn pattern(name: &str, release: Release) -> Result<Option<Regex>, Problem> {
    let tag = "[a-zA-Z0-9_.{}-]*";
    let algorithm = match release {
        Release::V5_8_1 => "sha256",
        Release::V5_8_2 => "[a-zA-Z0-9]+([.+_-][a-zA-Z0-9]+)*",
    };
    match Regex::new(&format!("^{name}(:{tag})?(@{algorithm}:{tag})?$")) {
        Ok(regex) => Ok(Some(regex)),
        Err(_) if release == Release::V5_8_2 => Ok(None),
        Err(_) => Err(Problem::invalid(format!("image name `{name}` is not a regular expression"))
            .hint("put a backslash before characters such as `+` and `(`")),
    }
}

fn walk(node: &mut Node, update: &impl Fn(&mut Node) -> Result<(), Problem>) -> Result<(), Problem> {
    match &mut node.value {
        Value::Sequence(items) => items.iter_mut().try_for_each(|item| walk(item, update)),
        Value::Mapping(mapping) => mapping.entries_mut().iter_mut().try_for_each(|(key, value)| {
            walk(value, update)?;
            match raw_text(key) {
                "containers" | "initContainers" => containers(value, update),
                _ => Ok(()),
            }
        }),
        Value::Scalar(_) => Ok(()),
    }
}

fn containers(node: &mut Node, update: &impl Fn(&mut Node) -> Result<(), Problem>) -> Result<(), Problem> {
    let Value::Sequence(items) = &mut node.value else { return Ok(()) };
    for item in items.iter_mut().filter(|item| !item.is_null()) {
        if item.as_mapping().is_none() {
            return Err(wrong_kind("MappingNode", item));
        }
        item.get_mut("image").map_or(Ok(()), update)?;
    }
    Ok(())
}

fn update(node: &mut Node, pattern: &Regex, image: &Image) -> Result<(), Problem> {
    let Value::Scalar(text) = &node.value else { return Err(wrong_kind("ScalarNode", node)) };
    if !node.is_null() && pattern.is_match(text) {
        let changed = changed(text, image);
        set_plain(node, &changed);
    }
    Ok(())
}

fn changed(text: &str, image: &Image) -> String {
    let (name, old_tag, old_digest) = split(text);
    let name = if image.new_name.is_empty() { name } else { &image.new_name };
    let (tag, digest) = match (image.new_tag.as_str(), image.digest.as_str(), image.tag_suffix.as_str()) {
        ("", "", "") => (old_tag.to_owned(), old_digest),
        ("", "", suffix) => (format!("{old_tag}{suffix}"), ""),
        (tag, digest, _) => (tag.to_owned(), digest),
    };
    let tag = if tag.is_empty() { tag } else { format!(":{tag}") };
    let digest = if digest.is_empty() { String::new() } else { format!("@{digest}") };
    format!("{name}{tag}{digest}")
}

/// Splits an image into name, tag and digest. A colon before the first slash belongs to the name.
fn split(image: &str) -> (&str, &str, &str) {
    let start = image.find('/').unwrap_or(0);
    let after = |mark: char| image[start..].find(mark).map(|at| at + start);
    match (after(':'), after('@')) {
        (None, None) => (image, "", ""),
        (tag, Some(digest)) if tag.is_none_or(|tag| digest < tag) => (&image[..digest], "", &image[digest + 1..]),
        (Some(tag), Some(digest)) => (&image[..tag], &image[tag + 1..digest], &image[digest + 1..]),
        (Some(tag), None) => (&image[..tag], &image[tag + 1..], ""),
        (None, Some(digest)) => (&image[..digest], "", &image[digest + 1..]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("nginx", ("nginx", "", ""))]
    #[case("nginx:1", ("nginx", "1", ""))]
    #[case("host:5000/a/b:1@sha256:0", ("host:5000/a/b", "1", "sha256:0"))]
    #[case("host:5000/a/b@sha256:0", ("host:5000/a/b", "", "sha256:0"))]
    #[case("localhost:5000", ("localhost", "5000", ""))]
    fn images_have_a_name_a_tag_and_a_digest(#[case] image: &str, #[case] expected: (&str, &str, &str)) {
        assert_eq!(split(image), expected);
    }

    #[rstest]
    #[case("a:1@sha256:0", Image { new_tag: "2".into(), ..Image::default() }, "a:2")]
    #[case("a:1", Image { digest: "sha256:9".into(), ..Image::default() }, "a@sha256:9")]
    #[case("a:1@sha256:0", Image { new_name: "b".into(), ..Image::default() }, "b:1@sha256:0")]
    #[case("a:1@sha256:0", Image { tag_suffix: "-x".into(), ..Image::default() }, "a:1-x")]
    fn a_new_tag_or_digest_replaces_both(#[case] text: &str, #[case] image: Image, #[case] expected: &str) {
        assert_eq!(changed(text, &image), expected);
    }
}
