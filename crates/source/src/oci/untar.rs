//! Tar as it comes from outside: regular files only, and no more bytes than are allowed, whatever the headers say.

use std::{
    cell::Cell,
    io::{self, Read},
    rc::Rc,
};

use sluice_object::TreePath;

use super::Problem;

/// Bytes of the headers of one entry; a long name is read into memory.
const HEADERS: u64 = 1 << 20;

/// The entries of an archive.
pub(super) struct Entries<R: Read> {
    archive: tar::Archive<Metered<R>>,
    left: Rc<Cell<u64>>,
    /// Bytes of links, devices and the like that may be passed over.
    skippable: u64,
}

impl<R: Read> Entries<R> {
    pub(super) fn new(inner: R, skippable: u64) -> Self {
        let left = Rc::new(Cell::new(HEADERS));
        let archive = tar::Archive::new(Metered { inner, left: left.clone() });
        Self { archive, left, skippable }
    }

    /// Hands each file to `act`: path, size, whether it is executable, contents. Links and special files are passed
    /// over, as in Flux.
    pub(super) fn each(
        &mut self,
        mut act: impl FnMut(TreePath, u64, bool, &mut dyn Read) -> Result<(), Problem>,
    ) -> Result<(), Problem> {
        let failed = |error: io::Error| Problem::Archive(format!("the layer is no gzipped tar: {error}"));
        let (left, mut skippable) = (self.left.clone(), self.skippable);
        for entry in self.archive.entries().map_err(failed)? {
            let mut entry = entry.map_err(failed)?;
            let size = entry.size();
            // What is in the entry is bounded by whoever reads it.
            left.set(size.saturating_add(HEADERS));
            if entry.header().entry_type().is_file() {
                let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
                let path = TreePath::parse(&name).map_err(|error| Problem::Archive(error.to_string()))?;
                let executable = entry.header().mode().is_ok_and(|mode| mode & 0o100 != 0);
                act(path, size, executable, &mut entry)?;
            } else {
                skippable = skippable.checked_sub(size).ok_or_else(|| {
                    Problem::Archive("links and special files in the layer are larger than files may be".into())
                })?;
            }
            left.set(left.get().max(HEADERS));
        }
        Ok(())
    }
}

/// Reads on as long as there is something left.
struct Metered<R> {
    inner: R,
    left: Rc<Cell<u64>>,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.left.get();
        if left == 0 && !buffer.is_empty() {
            return Err(io::Error::other("a header is longer than 1 MiB"));
        }
        let most = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let read = self.inner.read(&mut buffer[..most])?;
        self.left.set(left - read as u64);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn archive(entries: &[(&str, tar::EntryType, usize)]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (name, kind, size) in entries {
            let mut header = tar::Header::new_gnu();
            header.set_entry_type(*kind);
            header.set_size(*size as u64);
            header.set_mode(if name.ends_with(".sh") { 0o755 } else { 0o644 });
            builder.append_data(&mut header, name, io::repeat(b'x').take(*size as u64)).unwrap();
        }
        builder.into_inner().unwrap()
    }

    fn read(bytes: &[u8]) -> Result<Vec<(String, u64, bool)>, String> {
        let mut found = Vec::new();
        let result = Entries::new(bytes, 4096).each(|path, size, executable, contents| {
            let read = io::copy(contents, &mut io::sink()).map_err(|error| Problem::Archive(error.to_string()))?;
            assert_eq!(read, size);
            found.push((path.to_string(), size, executable));
            Ok(())
        });
        result.map(|()| found).map_err(|error| error.to_string())
    }

    #[test]
    fn files_are_read_and_links_passed_over() {
        use tar::EntryType as Type;
        let long = "d/".repeat(80) + "f";
        let entries = [
            ("./a", Type::Regular, 3 << 20),
            ("b", Type::Symlink, 0),
            ("dir/", Type::Directory, 0),
            ("run.sh", Type::Regular, 1),
            (long.as_str(), Type::Regular, 2),
        ];
        let expected = [("a".into(), 3 << 20, false), ("run.sh".into(), 1, true), (long.clone(), 2, false)];
        assert_eq!(read(&archive(&entries)).unwrap(), expected);
    }

    #[rstest]
    #[case::path(&[("../up", tar::EntryType::Regular, 1)], "path `../up` leaves the artifact")]
    #[case::skipped(&[("a", tar::EntryType::Char, 4000), ("b", tar::EntryType::Char, 4000)], "links and special files")]
    #[case::name(&[("a", tar::EntryType::GNULongName, 2 << 20), ("b", tar::EntryType::Regular, 1)], "longer than 1 MiB")]
    fn what_does_harm_is_refused(#[case] entries: &[(&str, tar::EntryType, usize)], #[case] problem: &str) {
        let bytes = match entries[0].0 {
            "../up" => renamed(&archive(&[("xx/up", tar::EntryType::Regular, 1)]), "../up"),
            _ => archive(entries),
        };
        let error = read(&bytes).unwrap_err();
        assert!(error.contains(problem), "{error}");
    }

    /// The builder refuses such names.
    fn renamed(archive: &[u8], name: &str) -> Vec<u8> {
        let mut bytes = archive.to_vec();
        bytes[..name.len()].copy_from_slice(name.as_bytes());
        let mut header = tar::Header::from_byte_slice(&bytes[..512]).clone();
        header.set_cksum();
        bytes[..512].copy_from_slice(header.as_bytes());
        bytes
    }

    #[rstest]
    #[case(b"not a tar at all, but some text that goes on".as_slice())]
    #[case(&[b'x'; 1024])]
    fn something_else_is_refused(#[case] bytes: &[u8]) {
        assert!(read(bytes).unwrap_err().contains("no gzipped tar"));
    }
}
