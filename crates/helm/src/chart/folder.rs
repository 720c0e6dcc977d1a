//! Charts in folders.

use sluice_object::{Tree, TreePath};

use super::{File, Limits, LoadError, Loaded, Metadata, load::described, load_files};
use crate::ignore::Rules;

/// Loads a chart from a folder of a tree, without what its `.helmignore` names.
///
/// # Errors
/// When it is no chart, or too large.
pub fn load_folder(tree: &Tree, folder: &TreePath, limits: &Limits) -> Result<Loaded, LoadError> {
    let ignore = folder.join(".helmignore").ok().filter(|path| tree.entry(path).is_some());
    let rules = match ignore {
        Some(path) => Rules::parse(&read(tree, &path, ".helmignore")?)?,
        None => Rules::default(),
    };
    let mut walk = Walk { tree, limits, rules, files: Vec::new(), bytes: 0 };
    walk.directory(folder, "")?;
    load_files(walk.files, limits)
}

/// Reads from a folder of a tree what a chart says of itself.
///
/// # Errors
/// When it says nothing, or nothing that Helm accepts.
pub fn folder_metadata(tree: &Tree, folder: &TreePath, limits: &Limits) -> Result<Metadata, LoadError> {
    let mut walk = Walk { tree, limits, rules: Rules::default(), files: Vec::new(), bytes: 0 };
    for name in ["Chart.yaml", "requirements.yaml"] {
        let path = folder.join(name).ok().filter(|path| tree.entry(path).is_some());
        path.map_or(Ok(()), |path| walk.file(&path, name.to_owned()))?;
    }
    described(&walk.files)
}

struct Walk<'a> {
    tree: &'a Tree,
    limits: &'a Limits,
    rules: Rules,
    files: Vec<File>,
    bytes: u64,
}

impl Walk<'_> {
    /// Takes the files in a directory and below it, in the order of their names. What is ignored is not read.
    fn directory(&mut self, dir: &TreePath, prefix: &str) -> Result<(), LoadError> {
        for (name, is_dir) in self.tree.list(dir) {
            let Ok(path) = dir.join(&name) else { continue };
            let name = format!("{prefix}{name}");
            match self.rules.ignore(&name, is_dir) {
                true => {}
                false if is_dir => self.directory(&path, &format!("{name}/"))?,
                false => self.file(&path, name)?,
            }
        }
        Ok(())
    }

    fn file(&mut self, path: &TreePath, name: String) -> Result<(), LoadError> {
        let size = self.tree.entry(path).map_or(0, |entry| entry.size);
        if size > self.limits.file {
            return Err(LoadError::FileSize { name: path.file_name().to_owned(), limit: self.limits.file });
        }
        self.bytes += size;
        if self.bytes > self.limits.archive {
            return Err(LoadError::Limit { what: "bytes", limit: self.limits.archive });
        }
        let data = read(self.tree, path, &name)?;
        self.files.push(File::new(name, data).without_mark());
        Ok(())
    }
}

fn read(tree: &Tree, path: &TreePath, name: &str) -> Result<bytes::Bytes, LoadError> {
    let failed = |error: sluice_object::TreeError| LoadError::Read { path: name.to_owned(), cause: error.to_string() };
    tree.read(path).map_err(failed)
}
