//! Rendered files to manifests and hooks, in the order in which Helm installs them.
//!
//! file → documents → head of each (kind, name, annotations) → hooks · manifests, sorted by kind

mod head;
mod split;

use std::collections::BTreeMap;

use crate::{
    files,
    hook::{Annotated, Execution, Hook},
    notice::{Level, Notice},
    order::KindOrder,
};
use head::Head;
pub use split::documents;

/// A document of a rendered file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// The template that it comes from.
    pub path: String,
    /// The kind of its object, if it has one.
    pub kind: String,
    /// Its text.
    pub text: String,
}

/// What is in rendered files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sorted {
    /// The hooks, sorted by kind.
    pub hooks: Vec<Hook>,
    /// All else, sorted by kind.
    pub manifests: Vec<Manifest>,
    /// What Helm logs.
    pub notices: Vec<Notice>,
}

/// A document that is no object.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("YAML parse error on {path}: {reason}")]
pub struct Unreadable {
    /// The template that it comes from.
    pub path: String,
    /// Why, in Go's words.
    pub reason: String,
}

/// Splits rendered files, and sorts what is in them. Equal kinds stay in the order of paths, then of documents.
///
/// # Errors
/// When a document is no YAML, or no object.
pub fn sort(rendered: &BTreeMap<String, Vec<u8>>, order: KindOrder) -> Result<Sorted, Unreadable> {
    let mut sorted = Sorted::default();
    let whole = rendered.iter().filter(|(path, _)| !is_partial(path));
    for (path, bytes) in whole {
        let text = files::text(bytes);
        for document in documents(&text) {
            take(&mut sorted, path, document).map_err(|reason| Unreadable { path: path.clone(), reason })?;
        }
    }
    sorted.hooks.sort_by(|one, other| order.compare(&one.kind, &other.kind));
    sorted.manifests.sort_by(|one, other| order.compare(&one.kind, &other.kind));
    Ok(sorted)
}

pub(crate) fn is_partial(path: &str) -> bool {
    path.rsplit('/').next().is_some_and(|name| name.starts_with('_'))
}

fn take(sorted: &mut Sorted, path: &str, document: &str) -> Result<(), String> {
    let head = Head::read(document)?;
    let kind = head.kind.clone();
    let (name, annotations) = head.into_metadata();
    let (path, text) = (path.to_owned(), document.to_owned());
    match Annotated::of(&annotations) {
        Annotated::No => sorted.manifests.push(Manifest { path, kind, text }),
        Annotated::Unknown(moments) => sorted.notices.push(skipped(moments)),
        Annotated::Hook { events, weight, delete_policies, output_log_policies } => {
            let (manifest, last_run) = (text.into(), Execution::default());
            let hook =
                Hook { name, kind, path, manifest, events, weight, delete_policies, output_log_policies, last_run };
            sorted.hooks.push(hook);
        }
    }
    Ok(())
}

fn skipped(moments: String) -> Notice {
    Notice {
        level: Level::Info,
        message: "skipping unknown hooks".to_owned(),
        attributes: vec![("hookTypes", moments)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(files: &[(&str, &str)]) -> BTreeMap<String, Vec<u8>> {
        files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect()
    }

    fn texts(files: &[(&str, &str)]) -> Vec<String> {
        let sorted = sort(&super::tests::files(files), KindOrder::INSTALL).unwrap_or_default();
        sorted.manifests.into_iter().map(|manifest| manifest.text).collect()
    }

    #[test]
    fn kinds_are_sorted_and_equal_ones_keep_their_order() {
        let found = texts(&[
            ("c/templates/b.yaml", "kind: Service # b"),
            ("c/templates/a.yaml", "kind: Widget\n---\nkind: Service # a\n---\nkind: Namespace"),
        ]);
        let expected = ["kind: Namespace", "kind: Service # a\n", "kind: Service # b", "kind: Widget\n"];
        assert_eq!(found, expected);
    }

    #[test]
    fn partials_and_empty_files_give_nothing() {
        assert_eq!(
            texts(&[("c/templates/_a.yaml", "kind: A"), ("c/templates/b.yaml", " \n"), ("d", "---\n")]),
            [""; 0]
        );
    }

    #[test]
    fn an_unknown_moment_is_told_and_the_object_left_out() {
        let text = "kind: Job\nmetadata: {annotations: {helm.sh/hook: crd-install}}";
        let sorted = sort(&files(&[("c/a.yaml", text)]), KindOrder::INSTALL).unwrap_or_default();
        let expected = Sorted { notices: vec![skipped("crd-install".into())], ..Sorted::default() };
        assert_eq!(sorted, expected);
    }
}
