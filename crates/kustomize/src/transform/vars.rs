//! Puts the values of `vars` in the place of `$(NAME)`.

use std::collections::{BTreeMap, BTreeSet};

use sluice_yaml::{Node, Tag, Value};

use super::path;
use crate::{
    config::FieldSpec,
    error::Problem,
    fields::{self, Make},
    id::{ResId, gvk_text, or},
    kustomization::Var,
    resource::Resource,
    resources::Resources,
};

/// The vars of a build by name.
pub(crate) type Vars = BTreeMap<String, Var>;

/// Adds the vars of one kustomization and marks the objects they read.
pub(crate) fn add<'v>(
    vars: &mut Vars,
    resources: &mut Resources,
    more: impl IntoIterator<Item = &'v Var>,
) -> Result<(), Problem> {
    for var in more {
        mark(resources, var)?;
        insert(vars, var.clone())?;
    }
    Ok(())
}

/// Adds the vars of a base.
pub(crate) fn merge(vars: &mut Vars, more: Vars) -> Result<(), Problem> {
    more.into_values().try_for_each(|var| insert(vars, var))
}

fn insert(vars: &mut Vars, var: Var) -> Result<(), Problem> {
    if vars.contains_key(&var.name) {
        return Err(Problem::invalid(format!("var '{}' already encountered", var.name)));
    }
    vars.insert(var.name.clone(), var);
    Ok(())
}

fn mark(resources: &mut Resources, var: &Var) -> Result<(), Problem> {
    let id = ResId::new(var.objref.gvk(), &var.objref.name, &var.objref.namespace);
    let exact = !id.namespace.is_empty() || id.is_cluster_scoped();
    let found = resources.named(&id.name, |resource: &Resource| {
        resource.all_ids().any(
            |known| {
                if exact { known.same(&id) } else { known.name == id.name && known.gvk == id.gvk }
            },
        )
    });
    match found[..] {
        [] => Ok(()),
        [index] => {
            resources.contents_mut(index).vars.push(var.name.clone());
            Ok(())
        }
        _ => Err(Problem::target(format!(
            "found {} resId matches for var {} (unable to disambiguate)",
            found.len(),
            shown(var)
        ))),
    }
}

fn shown(var: &Var) -> String {
    let field = or(&var.fieldref.field_path, "metadata.name");
    format!("{{{} {} {{{field}}}}}", var.name, gvk_text(&var.objref.gvk()))
}

/// Resolves all vars; returns the names of those that nothing uses.
pub(crate) fn apply(resources: &mut Resources, vars: &Vars, specs: &[FieldSpec]) -> Result<Vec<String>, Problem> {
    if vars.is_empty() {
        return Ok(Vec::new());
    }
    let mut expand = Expand { values: values(resources, vars)?, used: BTreeSet::new() };
    for resource in resources.list_mut() {
        fields::visit_all(resource, specs, Make::Nothing, &mut |node| expand.node(node))?;
    }
    Ok(vars.keys().filter(|name| !expand.used.contains(*name)).cloned().collect())
}

fn values(resources: &Resources, vars: &Vars) -> Result<BTreeMap<String, Node>, Problem> {
    let mut readers: BTreeMap<&str, &Resource> = BTreeMap::new();
    for resource in resources.iter() {
        for name in &resource.vars {
            readers.entry(name).or_insert(resource);
        }
    }
    vars.iter().map(|(name, var)| Ok((name.clone(), value(readers.get(name.as_str()).copied(), var)?))).collect()
}

fn value(resource: Option<&Resource>, var: &Var) -> Result<Node, Problem> {
    let Some(resource) = resource else {
        let text = format!("var '{}' cannot be mapped to a field in the set of known resources", shown(var));
        return Err(Problem::target(text).hint("check the `objref` of the var"));
    };
    let parts = indexes(path::split(or(&var.fieldref.field_path, "metadata.name")));
    match path::lookup(&resource.node, &parts) {
        Ok(Some(node)) => Ok(node.clone()),
        _ => {
            Err(Problem::target(format!("field specified in var '{}' not found in corresponding resource", shown(var))))
        }
    }
}

/// `ports[0]` is `ports` and then `0`.
fn indexes(parts: Vec<String>) -> Vec<String> {
    let mut split = Vec::new();
    for part in parts {
        let index = part.strip_suffix(']').and_then(|rest| rest.rsplit_once('['));
        match index.filter(|(_, index)| !index.is_empty() && index.bytes().all(|byte| byte.is_ascii_digit())) {
            Some((name, index)) => {
                split.extend((!name.is_empty()).then(|| name.to_owned()));
                split.push(index.to_owned());
            }
            None => split.push(part),
        }
    }
    split
}

struct Expand {
    values: BTreeMap<String, Node>,
    used: BTreeSet<String>,
}

impl Expand {
    fn node(&mut self, node: &mut Node) -> Result<(), Problem> {
        match &mut node.value {
            Value::Scalar(_) => self.scalar(node),
            Value::Mapping(mapping) => {
                for (key, value) in mapping.entries_mut() {
                    if key.tag != Tag::Str {
                        return Err(Problem::new("invalid map key: keys must be strings"));
                    }
                    self.scalar(value);
                }
            }
            Value::Sequence(items) => {
                for item in items {
                    if item.tag != Tag::Str {
                        return Err(Problem::new("invalid value type expect a string"));
                    }
                    self.scalar(item);
                }
            }
        }
        Ok(())
    }

    fn scalar(&mut self, node: &mut Node) {
        if let (Tag::Str, Value::Scalar(text)) = (&node.tag, &node.value)
            && text.contains('$')
        {
            let expanded = self.text(text);
            (node.value, node.tag) = (expanded.value, expanded.tag);
        }
    }

    /// Expands a text. One that is only `$(NAME)` takes the type of the value.
    fn text(&mut self, text: &str) -> Node {
        let mut out = String::new();
        let mut rest = text;
        while let Some(at) = rest.find('$').filter(|at| at + 1 < rest.len()) {
            out.push_str(&rest[..at]);
            let after = &rest[at + 1..];
            rest = match variable(after) {
                Some((name, after)) => {
                    let value = self.lookup(name);
                    if after.is_empty() && at == 0 && rest.len() == text.len() {
                        return value.unwrap_or_else(|| Node::string(text));
                    }
                    out.push_str(&value.map_or_else(|| format!("$({name})"), |value| printed(&value)));
                    after
                }
                None => escaped(after, &mut out),
            };
        }
        out.push_str(rest);
        Node::string(out)
    }

    fn lookup(&mut self, name: &str) -> Option<Node> {
        let value = self.values.get(name).filter(|value| matches!(value.value, Value::Scalar(_)))?;
        self.used.insert(name.to_owned());
        Some(value.clone())
    }
}

/// Reads `(NAME)` and what follows it.
fn variable(text: &str) -> Option<(&str, &str)> {
    text.strip_prefix('(')?.split_once(')')
}

/// `$$` is `$`; any other letter after `$` stays.
fn escaped<'t>(after: &'t str, out: &mut String) -> &'t str {
    let mut letters = after.chars();
    match letters.next() {
        Some('$') => out.push('$'),
        Some(letter) => {
            out.push('$');
            out.push(letter);
        }
        None => out.push('$'),
    }
    letters.as_str()
}

fn printed(value: &Node) -> String {
    match (&value.value, &value.tag) {
        (Value::Scalar(text), Tag::Int) => text.trim_start_matches('+').to_owned(),
        (Value::Scalar(text), _) => text.clone(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("$(A)", "x")]
    #[case("a $(A)-$(A)", "a x-x")]
    #[case("$$(A)", "$(A)")]
    #[case("$(B) $x $", "$(B) $x $")]
    #[case("$(A", "$(A")]
    fn text_is_expanded_as_kubernetes_does(#[case] text: &str, #[case] expected: &str) {
        let values = BTreeMap::from([("A".to_owned(), Node::string("x"))]);
        let mut expand = Expand { values, used: BTreeSet::new() };
        assert_eq!(expand.text(text), Node::string(expected));
    }
}
