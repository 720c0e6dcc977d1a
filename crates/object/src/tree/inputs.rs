//! What was asked of a tree, so that the same questions can be put to another.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use super::{Base, Tree, TreePath};
use crate::Digest;

/// A question to a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Ask {
    /// What is the file?
    Entry,
    /// Is there a directory?
    Directory,
    /// Which names are in the directory?
    Names,
    /// Which files are in or below the directory?
    Below,
}

/// The questions so far.
#[derive(Debug, Default)]
pub(super) struct Log(Mutex<BTreeSet<(TreePath, Ask)>>);

impl Log {
    pub(super) fn note(&self, path: &TreePath, ask: Ask) {
        let mut asked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        asked.insert((path.clone(), ask));
    }

    pub(super) fn inputs(&self, base: &Base) -> Inputs {
        let asked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let asked: Box<[_]> = asked.iter().cloned().collect();
        Inputs { answers: base.answers(&asked), asked }
    }
}

/// Everything that a build asked of a tree, files that were not there included, and a digest of the answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inputs {
    asked: Box<[(TreePath, Ask)]>,
    answers: Digest,
}

impl Inputs {
    /// Says whether a tree answers all of it alike, so that the build would have the same result.
    pub fn are_same_in(&self, tree: &Tree) -> bool {
        tree.above.is_empty() && tree.base.answers(&self.asked) == self.answers
    }
}

impl Base {
    fn answers(&self, asked: &[(TreePath, Ask)]) -> Digest {
        let mut text = String::new();
        for (path, ask) in asked {
            match ask {
                Ask::Entry => text.extend(self.files.get(path).map(|entry| entry.digest.as_str())),
                Ask::Directory => text.push_str(if self.directories.contains(path) { "directory" } else { "none" }),
                Ask::Names => self.names(path).iter().for_each(|(name, directory)| {
                    text.extend([name.as_str(), if *directory { "/" } else { "" }, "\0"]);
                }),
                Ask::Below => self.below(path).for_each(|(path, entry)| {
                    text.extend([path.as_str(), "\0", entry.digest.as_str(), "\0"]);
                }),
            }
            text.push('\n');
        }
        Digest::sha256(text.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn path(text: &str) -> TreePath {
        TreePath::parse(text).unwrap()
    }

    const FILES: [(&str, &str); 3] = [("a/k.yaml", "1"), ("a/b/c.yaml", "2"), ("z.yaml", "3")];

    #[rstest]
    #[case::nothing(None, true)]
    #[case::elsewhere(Some(("z.yaml", "changed")), true)]
    #[case::elsewhere_new(Some(("new.yaml", "")), true)]
    #[case::a_file_that_was_read(Some(("a/k.yaml", "changed")), false)]
    #[case::a_file_that_was_missing(Some(("a/kustomization.yaml", "")), false)]
    #[case::a_name_in_a_list(Some(("a/b/new.yaml", "")), false)]
    #[case::below_a_name_in_a_list(Some(("a/b/c.yaml", "changed")), true)]
    #[case::a_directory_that_was_missing(Some(("c/d", "")), false)]
    fn what_was_asked_tells_whether_a_change_matters(
        #[case] change: Option<(&'static str, &'static str)>,
        #[case] same: bool,
    ) {
        let logged = Tree::in_memory(FILES).logged();
        let above = logged.overlay([(path("a/made.yaml"), "generated".into())]);
        assert!(above.read(&path("a/k.yaml")).is_ok() && above.read(&path("a/made.yaml")).is_ok());
        assert!(above.entry(&path("a/kustomization.yaml")).is_none() && !above.is_dir(&path("c")));
        assert_eq!(above.list(&path("a/b")), [("c.yaml".to_owned(), false)]);
        let inputs = logged.inputs().unwrap();
        let files: std::collections::BTreeMap<_, _> = FILES.into_iter().chain(change).collect();
        assert_eq!(inputs.are_same_in(&Tree::in_memory(files)), same);
    }

    #[test]
    fn whole_directories_count_when_they_are_walked() {
        let logged = Tree::in_memory(FILES).logged();
        assert_eq!(logged.files_below(&path("a")).count(), 2);
        let inputs = logged.inputs().unwrap();
        let with = |change: (&'static str, &'static str)| {
            let files: std::collections::BTreeMap<_, _> = FILES.into_iter().chain([change]).collect();
            inputs.are_same_in(&Tree::in_memory(files))
        };
        assert_eq!((with(("z.yaml", "4")), with(("a/b/c.yaml", "4"))), (true, false));
    }

    #[test]
    fn only_a_logged_tree_remembers() {
        assert_eq!(Tree::in_memory(FILES).inputs(), None);
    }
}
