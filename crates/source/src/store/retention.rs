//! Which artifacts go, and what goes with them.

use std::{fs, io, path::Path};

use jiff::Timestamp;

use super::{Error, Inner, Options, Owner, blobs::list};

/// An archive on disk, with when it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Record {
    path: String,
    written: Timestamp,
}

impl Inner {
    pub(super) fn collect(&self, owner: &Owner, current: &str, now: Timestamp) -> Result<Vec<String>, Error> {
        let records = self.records(owner)?;
        let garbage = garbage(records, current, now, &self.options);
        for path in &garbage {
            self.discard(path)?;
        }
        if !garbage.is_empty() {
            self.blobs.sweep();
        }
        Ok(garbage)
    }

    pub(super) fn remove(&self, owner: &Owner) -> Result<usize, Error> {
        let (dir, count) = (self.artifacts.join(owner.to_string()), self.records(owner)?.len());
        self.archives().retain(|path, _| !path.starts_with(&format!("{owner}/")));
        gone(fs::remove_dir_all(&dir)).map_err(Error::io("remove", &dir))?;
        self.blobs.sweep();
        Ok(count)
    }

    /// Returns the path of the archive that was written last.
    pub(super) fn latest(&self, owner: &Owner) -> Option<String> {
        let records = self.records(owner).ok()?;
        records.into_iter().max_by_key(|record| record.written).map(|record| record.path)
    }

    fn records(&self, owner: &Owner) -> Result<Vec<Record>, Error> {
        let files = list(&self.artifacts.join(owner.to_string()))?;
        let named = files.iter().filter_map(|file| Some((file, owner.path(file.file_name()?.to_str()?).ok()?)));
        Ok(named.filter_map(|(file, path)| Some(Record { path, written: written(file)? })).collect())
    }

    pub(super) fn discard(&self, path: &str) -> Result<(), Error> {
        for file in [self.index_file(path), self.artifacts.join(path)] {
            gone(fs::remove_file(&file)).map_err(Error::io("remove", &file))?;
        }
        self.archives().remove(path);
        Ok(())
    }
}

/// As Flux: expired ones go first, then the oldest until few enough are left; the current one always stays
/// (source-controller `Storage.getGarbageFiles`).
fn garbage(mut records: Vec<Record>, current: &str, now: Timestamp, options: &Options) -> Vec<String> {
    records.sort_by(|a, b| b.written.cmp(&a.written).then_with(|| a.path.cmp(&b.path)));
    let is_current = |record: &Record| record.path == current;
    let mut kept = usize::from(records.iter().any(is_current));
    records.retain(|record| {
        let expired = now.duration_since(record.written).unsigned_abs() > options.retention_ttl && record.written < now;
        let keep = is_current(record) || (!expired && kept < options.retention_records);
        kept += usize::from(keep && !is_current(record));
        !keep
    });
    records.into_iter().map(|record| record.path).collect()
}

/// Lists the paths of all artifacts below a directory.
pub(super) fn archives_below(root: &Path) -> Result<Vec<String>, Error> {
    let mut dirs = vec![root.to_owned()];
    for _ in 0..3 {
        dirs = dirs.iter().map(|dir| list(dir)).collect::<Result<Vec<_>, _>>()?.concat();
    }
    let files = dirs.iter().map(|dir| list(dir)).collect::<Result<Vec<_>, _>>()?.concat();
    let relative = |file: &Path| Some(file.strip_prefix(root).ok()?.to_str()?.to_owned());
    Ok(files.iter().filter_map(|file| relative(file)).filter(|path| Owner::of_path(path).is_ok()).collect())
}

fn written(file: &Path) -> Option<Timestamp> {
    Timestamp::try_from(fs::metadata(file).ok()?.modified().ok()?).ok()
}

fn gone(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    /// Ages in seconds by name; `c` is the current one.
    #[rstest]
    #[case(&[("c", 0), ("b", 10)], &[])]
    #[case(&[("c", 0), ("b", 10), ("a", 20)], &["a"])]
    #[case(&[("c", 0), ("b", 61)], &["b"])]
    #[case(&[("c", 500)], &[])]
    #[case(&[("b", 1), ("a", 2), ("c", 500)], &["a"])]
    #[case(&[("b", 1), ("a", 2), ("z", 3)], &["z"])]
    #[case(&[("c", 0), ("b", -90)], &[])]
    fn keeps_the_current_one_and_a_few_young_ones(#[case] ages: &[(&str, i64)], #[case] gone: &[&str]) {
        let now = Timestamp::from_second(10_000).unwrap();
        let record = |(path, age): &(&str, i64)| Record {
            path: (*path).into(),
            written: Timestamp::from_second(10_000 - age).unwrap(),
        };
        let found = garbage(ages.iter().map(record).collect(), "c", now, &Options::default());
        assert_eq!(found, gone);
    }
}
