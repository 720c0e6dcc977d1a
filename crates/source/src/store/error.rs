use std::{
    io,
    path::{Path, PathBuf},
};

use sluice_object::{Digest, TreeError};

use crate::LimitExceeded;

/// Why the store could not do something.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file system refused.
    #[error("{act} `{}`", path.display())]
    Io {
        /// What was tried.
        act: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// An artifact, or one of its files, is not there any more.
    #[error("find `{0}` in storage")]
    Missing(String),
    /// An artifact is not what it was.
    #[error("verify `{path}`: its digest is `{found}`, not `{expected}`")]
    Corrupt {
        /// The artifact's path.
        path: String,
        /// The digest that was asked for.
        expected: Digest,
        /// The digest of what is there.
        found: Digest,
    },
    /// The index beside an archive cannot be read.
    #[error("read the index of `{path}`")]
    Index {
        /// The artifact's path.
        path: String,
        /// The cause.
        #[source]
        source: serde_json::Error,
    },
    /// A name that cannot be a part of a path.
    #[error("use `{0}` as a path in storage")]
    Name(String),
    /// A file of the tree that is to be published cannot be read.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// The source brings too much.
    #[error(transparent)]
    Limit(#[from] LimitExceeded),
    /// The work was given up.
    #[error("finish: the work was cancelled")]
    Cancelled,
}

impl Error {
    /// Returns one word for conditions, events and metrics.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Limit(_) => "LimitExceeded",
            Self::Cancelled => "Cancelled",
            _ => "StorageOperationFailed",
        }
    }

    /// Returns what can be done.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Io { source, path, .. } => io_hint(source, path),
            Self::Missing(_) | Self::Corrupt { .. } | Self::Index { .. } => Some("it is fetched again".into()),
            Self::Limit(limit) => Some(limit.hint()),
            _ => None,
        }
    }

    pub(crate) fn io(act: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { act, path: path.to_owned(), source }
    }
}

fn io_hint(error: &io::Error, path: &Path) -> Option<String> {
    use io::ErrorKind::{PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
    let path = path.display();
    match error.kind() {
        StorageFull | QuotaExceeded => Some(format!("the volume that holds `{path}` is full: enlarge it")),
        PermissionDenied => Some(format!("the agent's user must own the volume that holds `{path}`: set `fsGroup`")),
        ReadOnlyFilesystem => Some(format!("mount a writable volume at the directory that holds `{path}`")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(io::ErrorKind::StorageFull, "is full")]
    #[case(io::ErrorKind::PermissionDenied, "fsGroup")]
    #[case(io::ErrorKind::ReadOnlyFilesystem, "writable")]
    fn a_refusal_names_the_path_and_the_way_out(#[case] kind: io::ErrorKind, #[case] hint: &str) {
        let error = Error::io("write", Path::new("/data/x"))(kind.into());
        assert_eq!((error.to_string().as_str(), error.reason()), ("write `/data/x`", "StorageOperationFailed"));
        let found = error.hint().unwrap();
        assert!(found.contains("/data/x") && found.contains(hint), "{found}");
    }
}
