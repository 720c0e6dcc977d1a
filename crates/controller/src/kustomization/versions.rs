//! Manifests in versions of Flux's kinds that are served no more.

use sluice_object::Object;

/// Objects that the event names; the others are counted.
const NAMED: usize = 10;

/// Brings objects to the versions that are served; says which were not in them, and what to do about it.
pub(super) fn convert(objects: &mut [Object]) -> Option<String> {
    let lines: Vec<_> = objects.iter_mut().filter_map(converted).collect();
    let more = match lines.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!("\n{more} more"),
    };
    let named = lines.get(..NAMED).unwrap_or(&lines).join("\n");
    (!lines.is_empty()).then(|| format!("applied in versions that are served, not as written:\n{named}{more}"))
}

fn converted(object: &mut Object) -> Option<String> {
    let done = sluice_api::to_served_version(object.value_mut())?;
    let place = object.origin().map(|origin| format!(" ({origin})")).unwrap_or_default();
    let fixes = [format!("write `apiVersion: {}` for `{}`", done.to, done.from)].into_iter().chain(done.changes);
    Some(format!("{}{place}: {}", object.id(), fixes.collect::<Vec<_>>().join("; ")))
}
