//! Layers: which one is taken, how it comes to disk, and what is in it.

use std::fs::File;

use flate2::read::MultiGzDecoder;
use sluice_object::{Digest, Tree, TreePath};

use super::{
    Problem,
    answer::Ask,
    manifest::{Descriptor, Manifest, digest_of},
    retry::retried,
    session::Session,
    untar::Entries,
};
use crate::{
    Limit, Limits,
    ignore::{self, Rules},
    store::{self, Draft, Received, Store},
};

/// Bytes of a `.sourceignore`: each file is held against each pattern.
const RULES: u64 = 256 << 10;

/// Picks the first layer, or the first one of a type.
pub(super) fn select<'a>(manifest: &'a Manifest, media_type: Option<&str>) -> Result<&'a Descriptor, Problem> {
    let fits = |layer: &&Descriptor| media_type.is_none_or(|wanted| layer.media_type == wanted);
    manifest.layers.iter().find(fits).ok_or_else(|| {
        let problem = match media_type {
            Some(wanted) => format!("failed to find layer with media type '{wanted}' in artifact"),
            None => "no layers found in artifact".into(),
        };
        Problem::Layer { problem, existing: manifest.layers.iter().map(|layer| layer.media_type.clone()).collect() }
    })
}

/// Downloads a layer to disk. What is cut off, or is other than the digest says, is not taken.
pub(super) async fn download(
    session: &Session,
    layer: &Descriptor,
    limits: &Limits,
    store: &Store,
) -> Result<Received, Problem> {
    let digest = digest_of(&layer.digest).map_err(Problem::Name)?;
    limits.check(Limit::Download, layer.size, &session.repository.shown())?;
    let ask = Ask::get(session.url(&format!("blobs/{digest}")).await?, "*/*");
    let received = retried(|| receive(session, &ask, layer.size, store)).await?;
    let found = received.digest();
    if found != digest {
        return Err(Problem::Digest { asked: ask.shown(), found: found.to_string() });
    }
    Ok(received)
}

async fn receive(session: &Session, ask: &Ask, size: u64, store: &Store) -> Result<Received, Problem> {
    let (mut response, mut file) = (session.send(ask).await?, store.incoming()?);
    while let Some(chunk) = response.chunk().await.map_err(|error| ask.failed(error))? {
        file.write(&chunk).await?;
        if file.size() > size {
            return Err(ask.protocol(format!("more bytes came than the {size} that the manifest says")));
        }
    }
    if file.size() < size {
        return Err(ask.protocol(format!("{} bytes came, not the {size} that the manifest says", file.size())));
    }
    Ok(file.finish().await?)
}

/// Stores the files of a layer, a gzipped tar.
pub(super) fn unpack(layer: File, draft: &mut Draft, limits: &Limits) -> Result<(), Problem> {
    let mut archive = Entries::new(MultiGzDecoder::new(layer), limits.size);
    archive.each(|path, size, executable, contents| {
        draft.admit(&path, size)?;
        let mut bytes = Vec::new();
        contents.read_to_end(&mut bytes).map_err(|error| Problem::Archive(format!("read `{path}`: {error}")))?;
        Ok(draft.add(path, &bytes, executable)?)
    })
}

/// Takes what the rules of a tree, and those of the spec, do not leave out.
pub(super) fn filter(tree: &Tree, spec: Option<&str>, draft: &mut Draft) -> Result<(), Problem> {
    let files = rules(tree)?;
    let rules = Rules::new(files.iter().map(|(dir, text)| (dir, text.as_str())), spec);
    for (path, _) in tree.files().filter(|(path, _)| !rules.ignores(path)) {
        draft.reuse(tree, path)?;
    }
    Ok(())
}

/// Returns the texts of the rules with their directories, parents first.
fn rules(tree: &Tree) -> Result<Vec<(TreePath, String)>, Problem> {
    let mut found = Vec::new();
    for (path, entry) in tree.files().filter(|(path, _)| path.file_name() == ignore::FILE) {
        if entry.size > RULES {
            return Err(Problem::Archive(format!("`{path}` is larger than {} KiB", RULES >> 10)));
        }
        let bytes = tree.read(path).map_err(store::Error::from)?;
        found.push((path.parent(), String::from_utf8_lossy(&bytes).into_owned()));
    }
    found.sort_by_key(|(dir, _)| (dir.as_str().split('/').count(), dir.clone()));
    Ok(found)
}

/// Refuses a tree that no directory can hold.
pub(super) fn check(tree: &Tree) -> Result<(), Problem> {
    for (path, _) in tree.files() {
        let mut dir = path.parent();
        while !dir.is_root() {
            if tree.entry(&dir).is_some() {
                return Err(Problem::Archive(format!("`{dir}` is both a file and the directory of `{path}`")));
            }
            dir = dir.parent();
        }
    }
    Ok(())
}

/// Names the archive of a manifest.
pub(super) fn file(digest: &Digest) -> String {
    format!("{digest}.tar.gz")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(types: &[&str]) -> Manifest {
        let layers = types.iter().enumerate().map(|(at, media_type)| {
            let text = format!(r#"{{"mediaType": "{media_type}", "digest": "sha256:{at}", "size": 1}}"#);
            serde_json::from_str(&text).unwrap()
        });
        Manifest { layers: layers.collect(), annotations: Default::default() }
    }

    fn selected(types: &[&str], wanted: Option<&str>) -> Result<String, String> {
        let manifest = manifest(types);
        let found = select(&manifest, wanted);
        found.map(|layer| layer.digest.clone()).map_err(|error| error.to_string())
    }

    #[test]
    fn the_first_layer_or_the_first_of_a_type_is_taken() {
        assert_eq!(selected(&["a", "b", "b"], None), Ok("sha256:0".into()));
        assert_eq!(selected(&["a", "b", "b"], Some("b")), Ok("sha256:1".into()));
        assert_eq!(selected(&["a"], Some("b")).unwrap_err(), "failed to find layer with media type 'b' in artifact");
        assert_eq!(selected(&[], None).unwrap_err(), "no layers found in artifact");
    }

    #[test]
    fn a_file_that_is_also_a_directory_is_refused() {
        assert!(check(&Tree::in_memory([("a/b", ""), ("a/c", "")])).is_ok());
        let error = check(&Tree::in_memory([("a/b", ""), ("a/b/c/d", "")])).unwrap_err().to_string();
        assert_eq!(error, "`a/b` is both a file and the directory of `a/b/c/d`");
    }
}
