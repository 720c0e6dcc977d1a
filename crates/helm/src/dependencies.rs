//! Which dependencies of a chart are used, under which names, and what parents take over of their values.

mod conditions;
mod import;
mod node;

use sluice_template::Map;

use crate::{
    chart::Chart,
    coalesce::{Mismatch, Nulls, coalesce},
    compat::is_compatible,
    notice::Notice,
};
use node::{Node, Shared};

/// The most charts that may come of a chart: an alias of an alias of an alias doubles what is below it each time.
const MOST_CHARTS: usize = 1024;

/// Dependencies that are named in a chart's metadata and not in its `charts/`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("found in Chart.yaml, but missing in charts/ directory: {}", .0.join(", "))]
pub struct Missing(pub Vec<String>);

/// Checks that all dependencies are there. Helm does it before it processes them.
///
/// # Errors
/// With the names of those that are not.
pub fn check(chart: &Chart) -> Result<(), Missing> {
    let there = |name: &str| chart.dependencies.iter().any(|child| child.name() == name);
    let wanted = chart.metadata.dependencies().map(|dependency| dependency.name.as_str());
    let missing: Vec<_> = wanted.filter(|name| !there(name)).map(str::to_owned).collect();
    if missing.is_empty() { Ok(()) } else { Err(Missing(missing)) }
}

/// Returns a chart with the dependencies that its and the user's values enable, under their aliases and in the order of
/// its metadata, and with the values that parents import in their defaults.
///
/// # Errors
/// When the name of a dependency stands for something else than a map, or there are too many of them.
pub fn process(chart: &Chart, values: &Map, notices: &mut Vec<Notice>) -> Result<Chart, Mismatch> {
    let (root, mut left) = (Node::of(chart), MOST_CHARTS);
    enable(&root, values, "", &mut left, notices)?;
    import::run(&root, notices)?;
    Ok(node::chart(&root))
}

/// Leaves in a chart and below it only what is enabled.
fn enable(
    node: &Shared,
    values: &Map,
    path: &str,
    left: &mut usize,
    notices: &mut Vec<Notice>,
) -> Result<(), Mismatch> {
    // A chart that says nothing of dependencies keeps those it has, as they are.
    let metadata = node.borrow().metadata.clone();
    if metadata.borrow().dependencies.is_none() {
        return Ok(());
    }
    let children = named(node);
    *left = left.checked_sub(children.len()).ok_or(Mismatch::Charts { limit: MOST_CHARTS })?;
    node.borrow_mut().dependencies = children;
    let values = coalesce(&node::chart(node), values, Nulls::Delete, notices)?;
    let disabled = {
        let mut metadata = metadata.borrow_mut();
        let mut wanted: Vec<_> = metadata.dependencies.iter_mut().flatten().flatten().collect();
        wanted.iter_mut().for_each(|dependency| dependency.enabled = true);
        conditions::tags(&mut wanted, &values, notices);
        conditions::conditions(&mut wanted, &values, path, notices);
        let disabled = wanted.iter().filter(|dependency| !dependency.enabled);
        disabled.map(|dependency| dependency.name.clone()).collect::<Vec<_>>()
    };
    let used = |child: &Shared| !disabled.contains(&child.borrow().name());
    let children: Vec<_> = node.borrow().dependencies.iter().filter(|child| used(child)).cloned().collect();
    let mut kept = metadata.borrow().dependencies.clone().unwrap_or_default();
    kept.retain(|dependency| dependency.as_ref().is_some_and(|dependency| !disabled.contains(&dependency.name)));
    for child in &children {
        let path = format!("{path}{}.", child.borrow().name());
        enable(child, &values, &path, left, notices)?;
    }
    metadata.borrow_mut().dependencies = (!kept.is_empty()).then_some(kept);
    node.borrow_mut().dependencies = children;
    Ok(())
}

/// Returns the charts below a chart: first those that its metadata does not name, then those that it names, each under
/// its alias. A chart that is named twice is there twice.
fn named(node: &Shared) -> Vec<Shared> {
    let there = node.borrow().dependencies.clone();
    let metadata = node.borrow().metadata.clone();
    let mut metadata = metadata.borrow_mut();
    let fits = |child: &Shared, name: &str, version: &str| {
        let child = child.borrow();
        let own = child.metadata.borrow();
        own.name == name && is_compatible(version, &own.version)
    };
    let unnamed = |child: &&Shared| !metadata.dependencies().any(|wanted| fits(child, &wanted.name, &wanted.version));
    let mut found: Vec<_> = there.iter().filter(unnamed).cloned().collect();
    for wanted in metadata.dependencies.iter_mut().flatten().flatten() {
        let child = there.iter().find(|child| fits(child, &wanted.name, &wanted.version));
        found.extend(child.map(|child| node::alias(child, &wanted.alias)));
        if !wanted.alias.is_empty() {
            wanted.name.clone_from(&wanted.alias);
        }
    }
    found
}
