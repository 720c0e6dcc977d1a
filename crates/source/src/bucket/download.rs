//! The files of a listing: taken from earlier artifacts where they are the same, downloaded where not.

use std::{collections::BTreeMap, sync::Arc};

use futures::{StreamExt, stream};
use sluice_object::{Tree, TreePath};

use super::{
    Buckets, Error,
    container::Container,
    listing::{Blob, Listing},
};
use crate::{
    Limits,
    store::{Draft, Received},
};

/// Downloads of one bucket at a time.
const AT_ONCE: usize = 16;

/// Files that are here already, with the etags that they have in the bucket.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) tree: Arc<Tree>,
    pub(super) etags: BTreeMap<String, String>,
    /// How many of them were downloaded for this fetch.
    pub(super) downloaded: usize,
}

impl Known {
    fn has(&self, path: &TreePath, blob: &Blob) -> bool {
        self.etags.get(path.as_str()) == Some(&blob.etag)
    }
}

impl Buckets {
    /// Brings the files of a listing together. What was received is returned also when it could not be finished.
    pub(super) async fn round(
        &self,
        container: &Container,
        listing: &Listing,
        limits: &Limits,
        known: &[Known],
    ) -> Result<(Known, Result<(), Error>), Error> {
        let mut draft = self.store.draft(&container.name, limits.clone());
        let wanted = reuse(&mut draft, listing, known);
        let downloads = stream::iter(wanted).map(|(path, blob)| self.download(container, path, blob, limits));
        let mut downloads = downloads.buffer_unordered(AT_ONCE);
        let (mut outcome, mut downloaded) = (Ok(()), 0);
        while let Some(result) = downloads.next().await {
            match result {
                Ok((path, received)) => {
                    draft.take(path, received)?;
                    downloaded += 1;
                }
                Err(error) => {
                    outcome = Err(error);
                    break;
                }
            }
        }
        drop(downloads);
        Ok((Known { tree: draft.finish(), etags: listing.etags(), downloaded }, outcome))
    }

    async fn download(
        &self,
        container: &Container,
        path: TreePath,
        blob: Blob,
        limits: &Limits,
    ) -> Result<(TreePath, Received), Error> {
        let _turn = self.downloads.acquire().await;
        let received = container.download(path.as_str(), &blob.etag, limits, &self.store).await?;
        if received.size != blob.size {
            return Err(Error::Changed { bucket: container.name.clone(), key: path.to_string() });
        }
        Ok((path, received))
    }
}

/// Takes what is known, and returns what is not. A file that is known but damaged counts as not known.
fn reuse(draft: &mut Draft, listing: &Listing, known: &[Known]) -> Vec<(TreePath, Blob)> {
    let mut wanted = Vec::new();
    for (path, blob) in listing.blobs.iter() {
        let reused = known.iter().any(|known| known.has(path, blob) && draft.reuse(&known.tree, path).is_ok());
        if !reused {
            wanted.push((path.clone(), blob.clone()));
        }
    }
    wanted
}
