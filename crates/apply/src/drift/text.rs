//! What was found, for people.

use serde_json::Value;

use super::{Difference, Found};

/// Returns a line for each object that is not the same: `Deployment/apps/web changed (1 additions, 2 changes, 0 removals)`.
pub fn summary(differences: &[Difference]) -> String {
    let line = |difference: &Difference| {
        let told = told(&difference.found)?;
        Some(format!("{} {told}", difference.object.id()))
    };
    differences.iter().filter_map(line).collect::<Vec<_>>().join("\n")
}

fn told(found: &Found) -> Option<String> {
    match found {
        Found::Same => None,
        Found::Excluded => Some("excluded".into()),
        Found::Missing => Some("removed".into()),
        Found::Changed { patch } => {
            let [added, changed, removed] = ["add", "replace", "remove"].map(|op| count(patch, op));
            Some(format!("changed ({added} additions, {changed} changes, {removed} removals)"))
        }
    }
}

fn count(patch: &[Value], op: &str) -> usize {
    patch.iter().filter(|operation| operation["op"] == op).count()
}

/// Returns how many objects of each sort there are: `removed: 1, changed: 3, excluded: 0`.
pub fn brief(differences: &[Difference]) -> String {
    let of = |is: fn(&Found) -> bool| differences.iter().filter(|difference| is(&difference.found)).count();
    let removed = of(|found| matches!(found, Found::Missing));
    let changed = of(|found| matches!(found, Found::Changed { .. }));
    let excluded = of(|found| matches!(found, Found::Excluded));
    format!("removed: {removed}, changed: {changed}, excluded: {excluded}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use sluice_object::Object;

    use super::*;

    fn difference(kind: &str, namespace: &str, found: Found) -> Difference {
        let metadata = json!({"name": "a", "namespace": namespace});
        let object = Object::new(json!({"apiVersion": "e.io/v1", "kind": kind, "metadata": metadata}));
        Difference { object: object.unwrap(), found }
    }

    fn found() -> Vec<Difference> {
        let ops = ["add", "replace", "remove", "remove", "replace", "remove"];
        let patch = ops.map(|op| json!({"op": op, "path": "/add"})).to_vec();
        vec![
            difference("Same", "ns", Found::Same),
            difference("Changed", "ns", Found::Changed { patch }),
            difference("Missing", "", Found::Missing),
            difference("Excluded", "ns", Found::Excluded),
            difference("Missing", "ns", Found::Missing),
        ]
    }

    #[test]
    fn a_line_says_what_was_found_of_an_object() {
        let expected = "Changed/ns/a changed (1 additions, 2 changes, 3 removals)\n\
                        Missing/a removed\nExcluded/ns/a excluded\nMissing/ns/a removed";
        assert_eq!(summary(&found()), expected);
        assert_eq!(summary(&found()[..1]), "");
    }

    #[test]
    fn the_sorts_are_counted() {
        assert_eq!(brief(&found()), "removed: 2, changed: 1, excluded: 1");
    }
}
