//! `import-values`: what parents take over of their dependencies' values. A parent's own count where both say
//! something.

use serde_json::Value as Json;
use sluice_template::{Map, Value};
use sluice_yaml::quote;

use super::node::{self, Shared};
use crate::{
    chart::{Dependency, Import},
    coalesce::{Mismatch, Nulls, coalesce, coalesce_tables},
    notice::Notice,
    print::shown,
    values::deep_copy,
};

/// The most names in a path to a parent's values.
const LONGEST_PATH: usize = 32;

/// Puts imported values into the defaults of a chart, after those below it.
pub(super) fn run(node: &Shared, notices: &mut Vec<Notice>) -> Result<(), Mismatch> {
    let children = node.borrow().dependencies.clone();
    for child in &children {
        run(child, notices)?;
    }
    let metadata = node.borrow().metadata.clone();
    if metadata.borrow().dependencies.is_none() {
        return Ok(());
    }
    let values = coalesce(&node::chart(node), &Map::default(), Nulls::Keep, notices)?;
    let imported = Map::default();
    for dependency in metadata.borrow_mut().dependencies.iter_mut().flatten().flatten() {
        import(dependency, &values, &imported, notices)?;
    }
    let defaults = deep_copy(&values);
    coalesce_tables(&defaults, &imported, Nulls::Keep, notices);
    node.borrow_mut().values = Some(defaults);
    Ok(())
}

fn import(
    dependency: &mut Dependency,
    values: &Map,
    imported: &Map,
    notices: &mut Vec<Notice>,
) -> Result<(), Mismatch> {
    let mut mapped = Vec::new();
    for import in std::mem::take(&mut dependency.import_values) {
        let Some(import) = Wanted::of(&import) else { continue };
        if import.parent.split('.').count() > LONGEST_PATH {
            return Err(Mismatch::Path { dependency: dependency.name.clone(), limit: LONGEST_PATH });
        }
        match table(values, &format!("{}.{}", dependency.name, import.child)) {
            Ok(found) => {
                let found = if found.is_empty() { Map::default() } else { found };
                coalesce_tables(imported, &nested(&import.parent, found), Nulls::Keep, notices);
            }
            Err(key) => notices.push(import.missing(&dependency.name, &key)),
        }
        mapped.push(Import::Mapped { child: import.child, parent: import.parent });
    }
    dependency.import_values = mapped;
    Ok(())
}

struct Wanted {
    child: String,
    parent: String,
    exported: bool,
}

impl Wanted {
    fn of(import: &Import) -> Option<Self> {
        let (child, parent, exported) = match import {
            Import::Mapped { child, parent } => (child.clone(), parent.clone(), false),
            Import::Written(Json::String(name)) => (format!("exports.{name}"), ".".to_owned(), true),
            Import::Written(Json::Object(object)) => {
                let text = |key| object.get(key).map_or("<nil>".into(), |json| shown(&Value::from_json(json)));
                (text("child"), text("parent"), false)
            }
            Import::Written(_) => return None,
        };
        Some(Self { child, parent, exported })
    }

    fn missing(&self, chart: &str, key: &str) -> Notice {
        let error = ("error", format!("{} is not a table", quote(key)));
        match self.exported {
            true => Notice::warn("ImportValues missing table", vec![error]),
            false => Notice::warn("ImportValues missing table from chart", vec![("chart", chart.to_owned()), error]),
        }
    }
}

/// Returns the table at a path; the key that leads to none where there is none.
fn table(values: &Map, path: &str) -> Result<Map, String> {
    path.split('.').try_fold(values.clone(), |map, key| match map.get(key.as_bytes()) {
        Some(Value::Map(inner)) => Ok(inner),
        _ => Err(key.to_owned()),
    })
}

/// Returns a map that has a table at a path.
fn nested(path: &str, table: Map) -> Map {
    if path == "." {
        return table;
    }
    path.rsplit('.').fold(table, |inner, key| {
        let outer = Map::default();
        outer.set(key, Value::Map(inner));
        outer
    })
}
