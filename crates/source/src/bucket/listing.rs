//! What a container holds now, and the revision that follows from it.

use std::{collections::BTreeMap, fmt::Write as _, sync::Arc};

use sluice_object::{Digest, Revision, TreePath};

use super::{Error, page::Listed};
use crate::{
    Limit, Limits,
    ignore::{self, Rules},
};

/// How many blobs may be listed for each that is taken: ignored ones are listed too.
const VISITS: u64 = 10;

/// The blobs of a container that are taken, as they were at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// The revision, `sha256:` and the digest of names and etags as Flux computes it.
    pub revision: Revision,
    pub(super) blobs: Arc<BTreeMap<TreePath, Blob>>,
}

/// A blob as it was listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Blob {
    pub(super) etag: String,
    pub(super) size: u64,
}

impl Listing {
    /// Returns a listing without blobs, for tests of what follows from a revision.
    pub fn of_revision(revision: &str) -> Self {
        Self { revision: Revision::new(revision), blobs: Arc::default() }
    }

    /// Returns the number of files.
    pub fn files(&self) -> usize {
        self.blobs.len()
    }

    /// Returns the name of the archive of this revision.
    pub fn file(&self) -> String {
        let hex = self.revision.as_str().trim_start_matches("sha256:");
        format!("{hex}.tar.gz")
    }

    pub(super) fn etags(&self) -> BTreeMap<String, String> {
        self.blobs.iter().map(|(path, blob)| (path.as_str().to_owned(), blob.etag.clone())).collect()
    }
}

/// A listing in the making.
#[derive(Debug)]
pub(super) struct Collector<'a> {
    pub(super) bucket: &'a str,
    pub(super) rules: &'a Rules,
    pub(super) limits: &'a Limits,
    blobs: BTreeMap<TreePath, Blob>,
    size: u64,
    visited: u64,
}

impl<'a> Collector<'a> {
    pub(super) fn new(bucket: &'a str, rules: &'a Rules, limits: &'a Limits) -> Self {
        Self { bucket, rules, limits, blobs: BTreeMap::new(), size: 0, visited: 0 }
    }

    /// Takes a blob unless it is left out. Limits are checked by what the listing says, before anything is downloaded.
    pub(super) fn add(&mut self, listed: Listed) -> Result<(), Error> {
        self.visited += 1;
        self.limits.check(Limit::Files, self.visited / VISITS, self.bucket)?;
        let Listed { name, etag, size, directory } = listed;
        if directory || name.ends_with('/') || name == ignore::FILE || self.rules.ignores_name(&name) {
            return Ok(());
        }
        let path = self.path(&name)?;
        self.limits.check(Limit::File, size, &name)?;
        self.limits.check(Limit::Files, self.blobs.len() as u64 + 1, self.bucket)?;
        self.size = self.size.saturating_add(size);
        self.limits.check(Limit::Size, self.size, self.bucket)?;
        self.blobs.insert(path, Blob { etag, size });
        Ok(())
    }

    /// A name must lead to one place below the root, in one way.
    fn path(&self, name: &str) -> Result<TreePath, Error> {
        let refuse = |problem: &str| Error::Name {
            bucket: self.bucket.to_owned(),
            key: name.escape_default().to_string(),
            problem: problem.into(),
        };
        if name.split('/').any(|part| matches!(part, "." | "..")) {
            return Err(refuse("`.` and `..` are no names of files"));
        }
        if name.chars().any(|char| char.is_control() || char == '\\') {
            return Err(refuse("it has characters that names of files cannot have"));
        }
        let path = TreePath::parse(name).map_err(|error| refuse(&error.to_string()))?;
        if path.as_str() != name {
            return Err(refuse("its path is absolute, or has an empty part"));
        }
        Ok(path)
    }

    /// Computes the revision: the digest of a line with name and etag for each file, sorted by name.
    pub(super) fn finish(self) -> Result<Listing, Error> {
        self.check_nesting()?;
        let mut index = String::new();
        for (path, blob) in &self.blobs {
            let _ = writeln!(index, "{} {}", path.as_str(), blob.etag);
        }
        let revision = Revision::new(Digest::sha256(index.as_bytes()).as_str());
        Ok(Listing { revision, blobs: Arc::new(self.blobs) })
    }

    fn check_nesting(&self) -> Result<(), Error> {
        for path in self.blobs.keys() {
            let mut dir = path.parent();
            while !dir.is_root() {
                if self.blobs.contains_key(&dir) {
                    let problem = format!("there is also `{path}`, so it would be a file and a folder");
                    return Err(Error::Name { bucket: self.bucket.to_owned(), key: dir.to_string(), problem });
                }
                dir = dir.parent();
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn listed(name: &str, size: u64) -> Listed {
        Listed { name: name.into(), etag: "\"0x1\"".into(), size, directory: false }
    }

    fn collect(names: &[(&str, u64)], rules: &Rules, limits: &Limits) -> Result<Listing, Error> {
        let mut collector = Collector::new("fleet", rules, limits);
        names.iter().try_for_each(|(name, size)| collector.add(listed(name, *size)))?;
        collector.finish()
    }

    fn all() -> Rules {
        Rules::of_bucket(None, None)
    }

    /// The digest is that of `printf 'a.yaml "0x1"\nb/c.yaml "0x1"\n' | sha256sum`.
    #[test]
    fn the_revision_is_the_digest_of_sorted_names_and_etags() {
        let listing = collect(&[("b/c.yaml", 1), ("a.yaml", 1)], &all(), &Limits::bucket()).unwrap();
        let expected = "78e12fb63766549872caeb1abfa7a284b7a5fdc21366a20fd84ab65fa9ac44d6";
        assert_eq!(listing.revision.as_str(), format!("sha256:{expected}"));
        assert_eq!((listing.files(), listing.file()), (2, format!("{expected}.tar.gz")));
    }

    #[test]
    fn folders_rules_and_ignored_blobs_are_left_out() {
        let rules = Rules::of_bucket(Some("docs/\n"), Some("../*"));
        let names = [("apps/", 0), (".sourceignore", 9), ("docs/a.md", 9), ("../up.yaml", 9), ("a.yaml", 9)];
        let listing = collect(&names, &rules, &Limits::bucket()).unwrap();
        assert_eq!(listing.etags().into_keys().collect::<Vec<_>>(), ["a.yaml"]);
    }

    #[rstest]
    #[case("../up.yaml", "`.` and `..`")]
    #[case("a/./b", "`.` and `..`")]
    #[case("a/../b", "`.` and `..`")]
    #[case("/etc/passwd", "absolute")]
    #[case("a//b", "empty part")]
    #[case("a\\b", "characters")]
    #[case("a\nb", "characters")]
    fn a_name_that_leads_elsewhere_is_refused(#[case] name: &str, #[case] problem: &str) {
        let error = collect(&[("a.yaml", 1), (name, 1)], &all(), &Limits::bucket()).unwrap_err();
        assert!(matches!(&error, Error::Name { problem: found, .. } if found.contains(problem)), "{error}");
    }

    #[test]
    fn a_file_that_is_also_a_folder_is_refused() {
        let error = collect(&[("a/b", 1), ("a/b/c/d", 1)], &all(), &Limits::bucket()).unwrap_err().to_string();
        assert!(error.contains("`a/b` of bucket 'fleet'") && error.contains("`a/b/c/d`"), "{error}");
    }

    #[rstest]
    #[case::file(&[("big", 10 << 30)], "store `big`: the file is larger than 100 MiB (limit `--bucket-max-file-size`)")]
    #[case::size(&[("a", 60), ("b", 60)], "its files are larger than 100 B together (limit `--bucket-max-size`)")]
    #[case::files(&[("a", 1), ("b", 1), ("c", 1)], "it has more than 2 files (limit `--bucket-max-files`)")]
    #[case::ignored(&[("x.log", 1); 30], "it has more than 2 files (limit `--bucket-max-files`)")]
    fn too_much_is_refused_by_what_the_listing_says(#[case] names: &[(&str, u64)], #[case] message: &str) {
        let limits = Limits { size: 100, files: 2, ..Limits::bucket() };
        let error = collect(names, &Rules::of_bucket(Some("*.log"), None), &limits).unwrap_err();
        assert!(error.to_string().contains(message), "{error}");
        assert!(error.hint().is_some());
    }
}
