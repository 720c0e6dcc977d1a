//! JSON patches (RFC 6902), as the library behind kustomize applies them.

use serde_json::{Map, Value as Json};
use sluice_yaml::{Duplicates, Flavor, Limits, Mapping, Node, Value, from_json, parse_all_v2, to_json};

use crate::{error::Problem, output::as_json, resource::string};

/// Integers up to here are the same as floats.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// One operation.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Operation {
    act: Act,
    path: String,
}

#[derive(Debug, Clone, PartialEq)]
enum Act {
    Add(Node),
    Remove,
    Replace(Node),
    Move(String),
    Copy(String),
    Test(Node),
}

/// Reads a list of operations, as JSON or YAML.
pub(crate) fn parse(text: &str, limits: &Limits) -> Result<Vec<Operation>, Problem> {
    let wrong = |error: &dyn std::fmt::Display| Problem::invalid(error.to_string());
    if text.is_empty() {
        return Err(Problem::invalid("empty json patch operations"));
    }
    let json = if text.starts_with('[') {
        serde_json::from_str(text).map_err(|error| wrong(&error))?
    } else {
        let documents = parse_all_v2(text, Duplicates::LastWins, limits).map_err(|error| wrong(&error))?;
        let first = documents.first().map(|node| to_json(node, Flavor::V2)).transpose();
        first.map_err(|error| wrong(&error))?.unwrap_or(Json::Null)
    };
    operations(&json)
}

fn operations(json: &Json) -> Result<Vec<Operation>, Problem> {
    match json {
        Json::Null => Ok(Vec::new()),
        Json::Array(items) => items.iter().map(operation).collect(),
        _ => Err(Problem::invalid("a JSON patch is a list of operations")),
    }
}

fn operation(json: &Json) -> Result<Operation, Problem> {
    let Json::Object(map) = json else { return Err(Problem::invalid("an operation of a JSON patch is a mapping")) };
    let text = |key: &str| map.get(key).and_then(Json::as_str).map(str::to_owned);
    let name = text("op").unwrap_or_default();
    let from = || text("from").ok_or_else(|| Problem::invalid(format!("operation `{name}` needs `from`")));
    let act = match name.as_str() {
        "add" => Act::Add(value(map)),
        "remove" => Act::Remove,
        "replace" => Act::Replace(value(map)),
        "move" => Act::Move(from()?),
        "copy" => Act::Copy(from()?),
        "test" => Act::Test(value(map)),
        _ => {
            return Err(Problem::invalid(format!("Unexpected kind: {name}"))
                .hint("`op` is one of add, remove, replace, move, copy, test"));
        }
    };
    let path = text("path").ok_or_else(|| Problem::invalid(format!("operation `{name}` needs `path`")))?;
    Ok(Operation { act, path })
}

fn value(map: &Map<String, Json>) -> Node {
    map.get("value").map_or_else(Node::null, from_json)
}

/// Applies operations one after the other.
pub(crate) fn apply(node: &mut Node, operations: &[Operation]) -> Result<(), Problem> {
    // kustomize patches JSON: of what was written before, the values are left.
    let json = |node: &Node| as_json(node).map_err(|error| Problem::new(error.to_string()));
    let mut patched = reread(&json(node)?);
    operations.iter().try_for_each(|operation| operation.apply(&mut patched))?;
    *node = Node { at: node.at, ..reread(&json(&patched)?) };
    Ok(())
}

/// Numbers become floats on the way, which cannot hold every large integer.
fn reread(json: &Json) -> Node {
    match json {
        Json::Number(number) => match number.as_f64() {
            Some(float) if float.abs() >= EXACT => from_json(&Json::from(float)),
            _ => from_json(json),
        },
        Json::String(text) => string(text),
        Json::Array(items) => Node::sequence(items.iter().map(reread).collect()),
        Json::Object(map) => {
            let mut mapping = Mapping::new();
            for (key, value) in map {
                mapping.insert(key.as_str(), reread(value));
            }
            Node::mapping(mapping)
        }
        other => from_json(other),
    }
}

impl Operation {
    fn apply(&self, node: &mut Node) -> Result<(), Problem> {
        let path = self.path.as_str();
        match &self.act {
            Act::Add(value) => add(node, path, value.clone()).map_err(|why| failed("add", &why)),
            Act::Remove => remove(node, path).map(drop).map_err(|why| failed("remove", &why)),
            Act::Replace(value) => replace(node, path, value.clone()),
            Act::Move(from) => {
                let value = remove(node, from).map_err(|why| failed("move", &why))?;
                add(node, path, value).map_err(|why| failed("move", &why))
            }
            Act::Copy(from) => {
                let value = value_at(node, from).map_err(|why| failed("copy", &why))?;
                add(node, path, value.cloned().unwrap_or_else(Node::null)).map_err(|why| failed("copy", &why))
            }
            Act::Test(value) => test(node, path, value),
        }
    }
}

fn failed(operation: &str, why: &str) -> Problem {
    Problem::target(format!("{operation} operation does not apply: {why}"))
}

fn missing(path: &str) -> String {
    format!("doc is missing path: \"{path}\": missing value")
}

/// Reads the parts of a pointer.
fn parts(path: &str) -> Vec<String> {
    path.split('/').skip(1).map(|part| part.replace("~1", "/").replace("~0", "~")).collect()
}

/// Returns what is at a path, if anything is. All before the last part must be there, and a list its element.
fn value_at<'n>(node: &'n Node, path: &str) -> Result<Option<&'n Node>, String> {
    let parts = parts(path);
    let Some((last, parents)) = parts.split_last() else { return Ok(Some(node)) };
    let below = |node: &'n Node, part: &String| match &node.value {
        Value::Mapping(mapping) => mapping.get(part),
        Value::Sequence(items) => items.get(index(part, items.len())?),
        Value::Scalar(_) => None,
    };
    let parent = parents.iter().try_fold(node, below).filter(|parent| !matches!(parent.value, Value::Scalar(_)));
    let parent = parent.ok_or_else(|| missing(path))?;
    match (below(parent, last), &parent.value) {
        (None, Value::Sequence(_)) => Err(missing(path)),
        (found, _) => Ok(found.filter(|found| !found.is_null())),
    }
}

fn container<'n>(node: &'n mut Node, parents: &[String]) -> Option<&'n mut Node> {
    let node = parents.iter().try_fold(node, |node, part| match &mut node.value {
        Value::Mapping(mapping) => mapping.get_mut(part),
        Value::Sequence(items) => {
            let index = index(part, items.len())?;
            items.get_mut(index)
        }
        Value::Scalar(_) => None,
    })?;
    (!matches!(node.value, Value::Scalar(_))).then_some(node)
}

/// Negative numbers count from the end.
fn index(part: &str, length: usize) -> Option<usize> {
    let number: i64 = part.parse().ok()?;
    let number = if number < 0 { number + i64::try_from(length).ok()? } else { number };
    usize::try_from(number).ok()
}

fn add(node: &mut Node, path: &str, value: Node) -> Result<(), String> {
    let parts = parts(path);
    let (last, parents) = parts.split_last().ok_or_else(|| missing(path))?;
    let container = container(node, parents).ok_or_else(|| missing(path))?;
    match &mut container.value {
        Value::Mapping(mapping) => {
            set(mapping, last, value);
            Ok(())
        }
        Value::Sequence(items) => insert(items, last, value, path),
        Value::Scalar(_) => Err(missing(path)),
    }
}

fn set(mapping: &mut Mapping, key: &str, value: Node) {
    mapping.insert(key, value);
}

fn insert(items: &mut Vec<Node>, part: &str, value: Node, path: &str) -> Result<(), String> {
    if part == "-" {
        items.push(value);
        return Ok(());
    }
    let length = items.len();
    // One more than there are, so that `-1` means the end.
    match index(part, length + 1).filter(|index| *index <= length) {
        Some(index) => {
            items.insert(index, value);
            Ok(())
        }
        None => Err(format!(
            "error in add for path: '{path}': Unable to access invalid index: {part}: invalid index referenced"
        )),
    }
}

fn remove(node: &mut Node, path: &str) -> Result<Node, String> {
    let parts = parts(path);
    let not_there = || format!("doc is missing path: {path}: missing value");
    let (last, parents) = parts.split_last().ok_or_else(not_there)?;
    let container = container(node, parents).ok_or_else(not_there)?;
    match &mut container.value {
        Value::Mapping(mapping) => mapping.remove(last).ok_or_else(not_there),
        Value::Sequence(items) => match index(last, items.len()).filter(|index| *index < items.len()) {
            Some(index) => Ok(items.remove(index)),
            None => Err(format!("Unable to access invalid index: {last}: invalid index referenced")),
        },
        Value::Scalar(_) => Err(not_there()),
    }
}

/// A key that isn't there is added, as the library does.
fn replace(node: &mut Node, path: &str, value: Node) -> Result<(), Problem> {
    let why = || failed("replace", &format!("doc is missing path: {path}: missing value"));
    let parts = parts(path);
    let Some((last, parents)) = parts.split_last() else {
        *node = value;
        return Ok(());
    };
    match &mut container(node, parents).ok_or_else(why)?.value {
        Value::Mapping(mapping) => {
            set(mapping, last, value);
            Ok(())
        }
        Value::Sequence(items) => {
            let index = index(last, items.len());
            *index.and_then(|index| items.get_mut(index)).ok_or_else(why)? = value;
            Ok(())
        }
        Value::Scalar(_) => Err(why()),
    }
}

fn test(node: &Node, path: &str, value: &Node) -> Result<(), Problem> {
    let json = |node: &Node| to_json(node, Flavor::V3).ok();
    let equal = match value_at(node, path).map_err(|why| failed("test", &why))? {
        Some(found) => json(found) == json(value),
        None => value.is_null(),
    };
    if equal { Ok(()) } else { Err(Problem::target(format!("testing value {path} failed: test failed"))) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn patched(document: &str, patch: &str) -> Result<String, String> {
        let limits = Limits::default();
        let mut node = sluice_yaml::parse_all(document, &limits).unwrap().remove(0);
        let operations = parse(patch, &limits).map_err(|problem| problem.text)?;
        apply(&mut node, &operations).map_err(|problem| problem.text)?;
        Ok(to_json(&node, Flavor::V3).unwrap().to_string())
    }

    #[rstest]
    #[case("- {op: add, path: /b/-, value: 3}", r#"{"a":1,"b":[1,2,3]}"#)]
    #[case("- {op: add, path: /b/0, value: 0}", r#"{"a":1,"b":[0,1,2]}"#)]
    #[case("- {op: add, path: /b/-1, value: 9}", r#"{"a":1,"b":[1,2,9]}"#)]
    #[case("- {op: remove, path: /a}", r#"{"b":[1,2]}"#)]
    #[case("- {op: replace, path: /c, value: 3}", r#"{"a":1,"b":[1,2],"c":3}"#)]
    #[case("- {op: move, from: /a, path: /c~1d}", r#"{"b":[1,2],"c/d":1}"#)]
    #[case("- {op: copy, from: /b/1, path: /c}", r#"{"a":1,"b":[1,2],"c":2}"#)]
    #[case("- {op: test, path: /a, value: 1}", r#"{"a":1,"b":[1,2]}"#)]
    fn operations_change_the_document(#[case] patch: &str, #[case] expected: &str) {
        let document = patched("{a: 1, b: [1, 2]}", patch).unwrap();
        let sorted: Json = serde_json::from_str(&document).unwrap();
        assert_eq!(sorted, serde_json::from_str::<Json>(expected).unwrap());
    }

    #[rstest]
    #[case(
        "- {op: add, path: /x/y, value: 3}",
        "add operation does not apply: doc is missing path: \"/x/y\": missing value"
    )]
    #[case("- {op: test, path: /a, value: 2}", "testing value /a failed: test failed")]
    #[case("- {op: nope, path: /a}", "Unexpected kind: nope")]
    fn what_does_not_apply_is_an_error(#[case] patch: &str, #[case] expected: &str) {
        assert_eq!(patched("{a: 1, b: [1, 2]}", patch), Err(expected.to_owned()));
    }
}
