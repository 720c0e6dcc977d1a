//! A received pack: made readable by an index beside it.

use std::{
    fs::File,
    io::{BufReader, BufWriter, Write},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use gix::{
    error::Class,
    hash::Kind,
    odb::pack::{data, index},
};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;

use super::Error;
use crate::{Limit, Limits, store};

/// How often the limits may be exceeded before files are left out: ignored files are part of a pack too.
const SLACK: u64 = 16;

/// What gix may allocate at once whatever the limit on files: its table of objects counts too.
const WORKSPACE: usize = 64 << 20;

/// A directory with a pack, laid out as a Git object database. It goes away with its value.
#[derive(Debug)]
pub(super) struct Pack {
    objects: PathBuf,
    _dir: TempDir,
}

/// Says when to give up.
pub(super) type Cancel = Arc<AtomicBool>;

impl Pack {
    pub(super) fn new(dir: TempDir) -> Result<Self, Error> {
        let objects = dir.path().join("objects");
        let packs = objects.join("pack");
        std::fs::create_dir_all(&packs).map_err(store::Error::io("create directory", &packs))?;
        Ok(Self { objects, _dir: dir })
    }

    /// Begins to write the pack.
    pub(super) async fn writer(&self) -> Result<Writer, Error> {
        let path = self.file();
        let file = tokio::fs::File::create(&path).await.map_err(store::Error::io("write", &path))?;
        Ok(Writer { file: tokio::io::BufWriter::with_capacity(256 << 10, file), path })
    }

    fn file(&self) -> PathBuf {
        self.objects.join("pack/pack-sluice.pack")
    }

    /// Makes the pack readable. Each object is unpacked once to learn its name, so damage is found here.
    pub(super) fn open(&self, url: &str, limits: &Limits, cancel: &Cancel) -> Result<gix::odb::Handle, Error> {
        let damaged = |error: gix::Error| pack_error(url, limits, &error);
        let file = self.file();
        let raw = File::open(&file).map_err(store::Error::io("read", &file))?;
        let entries = data::input::BytesToEntriesIter::new_from_header(
            BufReader::with_capacity(64 << 10, raw),
            data::input::Mode::Verify,
            data::input::EntryDataMode::Crc32,
            Kind::Sha1,
        );
        let entries = entries.map_err(damaged)?;
        limits.check(Limit::Files, (entries.size_hint().0 as u64) / SLACK, url)?;
        self.index(entries, limits, cancel).map_err(|error| match error {
            IndexError::Pack(error) => pack_error(url, limits, &error),
            IndexError::Other(error) => error,
        })?;
        gix::odb::at(&self.objects, Kind::Sha1).map_err(|error| store::Error::io("read", &self.objects)(error).into())
    }

    fn index(
        &self,
        entries: data::input::BytesToEntriesIter<BufReader<File>>,
        limits: &Limits,
        cancel: &Cancel,
    ) -> Result<(), IndexError> {
        let path = self.file().with_extension("idx");
        let failed = || store::Error::io("write", &path);
        let mut out = BufWriter::new(File::create(&path).map_err(|error| failed()(error))?);
        let mut bounded = Bounded { entries, left: limits.size.saturating_mul(SLACK), exceeded: false, cancel };
        let version = bounded.entries.version();
        let largest = usize::try_from(limits.file).unwrap_or(usize::MAX).max(WORKSPACE);
        let pack = self.file();
        let outcome = index::write_data_iter_to_stream(
            index::Version::default(),
            move || Ok((slice, data::File::at(pack, Kind::Sha1).map_err(std::io::Error::other)?)),
            &mut bounded,
            // Each thread holds the bases of the deltas it resolves; packs are resolved side by side already.
            Some(1),
            &mut gix::progress::Discard,
            &mut out,
            cancel,
            Kind::Sha1,
            Some(largest),
            version,
        );
        if bounded.exceeded {
            limits.check(Limit::Size, u64::MAX, "the pack").map_err(Error::from)?;
        }
        outcome.map_err(IndexError::Pack)?;
        out.flush().map_err(|error| failed()(error))?;
        Ok(())
    }
}

/// A pack as it arrives.
pub(super) struct Writer {
    file: tokio::io::BufWriter<tokio::fs::File>,
    path: PathBuf,
}

impl Writer {
    pub(super) async fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        Ok(self.file.write_all(bytes).await.map_err(store::Error::io("write", &self.path))?)
    }

    pub(super) async fn finish(mut self) -> Result<(), Error> {
        Ok(self.file.shutdown().await.map_err(store::Error::io("write", &self.path))?)
    }
}

fn slice(range: std::ops::Range<u64>, pack: &data::File) -> Option<&[u8]> {
    pack.entry_slice(range)
}

enum IndexError {
    Pack(gix::Error),
    Other(Error),
}

impl<E: Into<Error>> From<E> for IndexError {
    fn from(error: E) -> Self {
        Self::Other(error.into())
    }
}

/// The entries of a pack, until they have become too large or nobody waits any more. A few bytes can unpack to much.
struct Bounded<'a, I> {
    entries: I,
    left: u64,
    exceeded: bool,
    cancel: &'a AtomicBool,
}

impl<I: Iterator<Item = gix::Result<data::input::Entry>>> Iterator for Bounded<'_, I> {
    type Item = gix::Result<data::input::Entry>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.cancel.load(Ordering::Relaxed) {
            return Some(Err(gix::error::message("cancelled").into()));
        }
        let entry = self.entries.next()?;
        let size = entry.as_ref().map_or(0, |entry| entry.decompressed_size);
        self.exceeded = size > self.left;
        self.left = self.left.saturating_sub(size);
        if self.exceeded { Some(Err(gix::error::message("too large").into())) } else { Some(entry) }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.entries.size_hint()
    }
}

/// Says what a failure of the Git library means.
pub(super) fn pack_error(url: &str, limits: &Limits, error: &gix::Error) -> Error {
    if matches!(error.dominant_class(), Some(Class::ResourceExhaustion(_)))
        && let Err(limit) = limits.check(Limit::Object, u64::MAX, url)
    {
        return limit.into();
    }
    Error::Pack { url: url.to_owned(), problem: error.to_string() }
}

/// Gives blocking work up when the task that waits for it is dropped.
#[derive(Debug, Default)]
pub(super) struct CancelOnDrop(pub(super) Cancel);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Returns an error when the work was given up.
pub(super) fn check(cancel: &Cancel) -> Result<(), Error> {
    if cancel.load(Ordering::Relaxed) { Err(store::Error::Cancelled.into()) } else { Ok(()) }
}
