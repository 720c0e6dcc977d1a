//! What lies beside an archive: enough to make its tree again without reading it.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufReader, BufWriter, Write},
    path::Path,
};

use serde::{Deserialize, Serialize};
use sluice_object::{Entry, Tree, TreePath};
use tempfile::NamedTempFile;

use super::{Error, blobs::BlobId};

/// Path, digest in hex, bytes, executable.
type File4 = (String, String, u64, bool);

/// The index of an archive.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Index {
    pub(super) revision: String,
    pub(super) digest: String,
    pub(super) size: u64,
    #[serde(default)]
    pub(super) metadata: BTreeMap<String, String>,
    /// By path, what the source calls the contents of a file.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) etags: BTreeMap<String, String>,
    files: Vec<File4>,
}

impl Index {
    pub(super) fn new(tree: &Tree, digest: &str, size: u64) -> Self {
        let file = |(path, entry): (&TreePath, &Entry)| {
            (path.as_str().to_owned(), entry.digest.hex().to_owned(), entry.size, entry.executable)
        };
        let files = tree.files().map(file).collect();
        let (metadata, etags) = (BTreeMap::new(), BTreeMap::new());
        Self { revision: String::new(), digest: digest.to_owned(), size, metadata, etags, files }
    }

    /// Writes the index below `scratch`, without a name yet.
    pub(super) fn write(&self, scratch: &Path) -> Result<NamedTempFile, Error> {
        let failed = || Error::io("write", scratch);
        let mut out = BufWriter::new(NamedTempFile::new_in(scratch).map_err(failed())?);
        serde_json::to_writer(&mut out, self).map_err(|error| failed()(error.into()))?;
        out.flush().map_err(failed())?;
        out.into_inner().map_err(|error| failed()(error.into_error()))
    }

    /// Reads the index of an archive; `path` is the artifact's.
    pub(super) fn read(file: &Path, path: &str) -> Result<Self, Error> {
        let file = File::open(file).map_err(|_| Error::Missing(path.to_owned()))?;
        serde_json::from_reader(BufReader::new(file)).map_err(|source| Error::Index { path: path.to_owned(), source })
    }

    /// Returns the files with the blobs that hold them.
    pub(super) fn files(&self) -> impl Iterator<Item = Option<(TreePath, Entry, BlobId)>> {
        self.files.iter().map(|(path, hex, size, executable)| {
            let id = BlobId::parse(hex)?;
            let entry = Entry { digest: id.digest(), size: *size, executable: *executable };
            Some((TreePath::parse(path).ok()?, entry, id))
        })
    }
}
