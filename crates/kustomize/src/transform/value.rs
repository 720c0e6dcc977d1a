//! Writes one value into a field, or into a place of a file path in it (`ValueAddTransformer`).

use sluice_yaml::{Mapping, Node, Value};

use crate::{
    config::split_path,
    error::Problem,
    fields::wrong_kind,
    resource::{raw_text, set_plain},
};

/// Writes a value into the field at a path, which is made when it isn't there.
pub(crate) fn add(node: &mut Node, path: &str, value: &str, position: usize) -> Result<(), Problem> {
    let parts = split_path(path, '/');
    let target = descend(node, &parts)?;
    let Value::Scalar(_) = target.value else { return Err(wrong_kind("ScalarNode", target)) };
    let value = if position == 0 { value.to_owned() } else { insert(raw_text(target), position - 1, value) };
    set_plain(target, &value);
    Ok(())
}

fn descend<'n>(mut node: &'n mut Node, parts: &[String]) -> Result<&'n mut Node, Problem> {
    for (index, part) in parts.iter().enumerate() {
        let made = if index + 1 == parts.len() { Node::string("") } else { Node::mapping(Mapping::new()) };
        let kind = wrong_kind("MappingNode", node);
        let mapping = node.as_mapping_mut().ok_or(kind)?;
        if !mapping.contains(part) {
            mapping.insert(part.as_str(), made);
        }
        node = mapping.get_mut(part).ok_or_else(|| Problem::new(format!("field `{part}` is missing")))?;
    }
    Ok(node)
}

/// Puts a part into a file path; a leading slash stays.
fn insert(path: &str, position: usize, part: &str) -> String {
    let (slash, rest) = path.strip_prefix('/').map_or(("", path), |rest| ("/", rest));
    let mut parts: Vec<&str> = rest.split('/').filter(|part| !part.is_empty()).collect();
    parts.insert(position.min(parts.len()), part);
    format!("{slash}{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("", 0, "x")]
    #[case("/", 0, "/x")]
    #[case("/a/b", 1, "/a/x/b")]
    #[case("a/b", 99, "a/b/x")]
    fn puts_a_part_into_a_file_path(#[case] path: &str, #[case] position: usize, #[case] expected: &str) {
        assert_eq!(insert(path, position, "x"), expected);
    }
}
