//! What switches dependencies on and off. A condition that is a boolean beats tags.

use sluice_template::{Map, Value};

use crate::{
    chart::Dependency,
    notice::Notice,
    values::{lookup, table},
};

/// Switches off what has a tag that is false, and none that is true.
pub(super) fn tags(wanted: &mut [&mut Dependency], values: &Map, notices: &mut Vec<Notice>) {
    let Some(tags) = table(values, &["tags"]) else { return };
    for dependency in wanted {
        let (mut on, mut off) = (false, false);
        for tag in &dependency.tags {
            match tags.get(tag.as_bytes()) {
                Some(Value::Bool(value)) => *if value { &mut on } else { &mut off } = true,
                Some(_) => notices.push(not_boolean("tag", tag, dependency)),
                None => {}
            }
        }
        dependency.enabled = on || !off;
    }
}

/// Switches as the first path says that leads to a boolean; `prefix` are the names from the root down.
pub(super) fn conditions(wanted: &mut [&mut Dependency], values: &Map, prefix: &str, notices: &mut Vec<Notice>) {
    for dependency in wanted {
        let condition = dependency.condition.trim().to_owned();
        for path in condition.split(',').filter(|path| !path.is_empty()) {
            let keys: Vec<_> = format!("{prefix}{path}").split('.').map(str::to_owned).collect();
            let keys: Vec<_> = keys.iter().map(String::as_str).collect();
            match lookup(values, &keys) {
                Some(Value::Bool(value)) => {
                    dependency.enabled = value;
                    break;
                }
                Some(Value::Map(_)) | None => {}
                Some(_) => notices.push(not_boolean("path", path, dependency)),
            }
        }
    }
}

fn not_boolean(what: &'static str, which: &str, dependency: &Dependency) -> Notice {
    let attributes = vec![(what, which.to_owned()), ("chart", dependency.name.clone())];
    Notice::warn("returned non-bool value", attributes)
}
