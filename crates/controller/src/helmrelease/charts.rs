//! Charts in memory: what many releases share is loaded once.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, PoisonError, Weak},
};

use sluice_helm::{
    Chart,
    release::{Release, Released},
};

/// Bytes of the files of all charts that are kept.
const BYTES: usize = 32 << 20;

/// The charts that were used last, by the digest of their archive.
#[derive(Debug, Default)]
pub(super) struct Charts(Mutex<VecDeque<Kept>>);

#[derive(Debug)]
struct Kept {
    digest: String,
    chart: Arc<Chart>,
    size: usize,
}

impl Charts {
    /// Returns a chart.
    pub(super) fn get(&self, digest: &str) -> Option<Arc<Chart>> {
        let mut kept = self.kept();
        let index = kept.iter().position(|kept| kept.digest == digest)?;
        let found = kept.remove(index)?;
        let chart = found.chart.clone();
        kept.push_front(found);
        Some(chart)
    }

    /// Keeps a chart, and drops those that were not used for longest.
    pub(super) fn put(&self, digest: &str, chart: Arc<Chart>) {
        let size = chart.content.raw.iter().map(|file| file.data.len()).sum();
        let mut kept = self.kept();
        kept.retain(|kept| kept.digest != digest);
        kept.push_front(Kept { digest: digest.into(), chart, size });
        let mut total = 0;
        kept.retain(|kept| {
            total += kept.size;
            total <= BYTES
        });
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, VecDeque<Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The charts of the releases in memory, by name and version: equal ones are held once.
#[derive(Debug, Default)]
pub(super) struct Stored(Mutex<BTreeMap<Version, Vec<Weak<Released>>>>);

/// The name and the version of a chart.
type Version = (String, String);

impl Stored {
    /// Gives a release the chart that another one has, if it is the same.
    pub(super) fn share(&self, release: &mut Release) {
        let Some(chart) = &mut release.chart else { return };
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let versions = all.entry((chart.metadata.name.clone(), chart.metadata.version.clone())).or_default();
        match versions.iter().filter_map(Weak::upgrade).find(|held| held == chart) {
            Some(held) => *chart = held,
            None => versions.push(Arc::downgrade(chart)),
        }
        all.retain(|_, versions| {
            versions.retain(|chart| chart.strong_count() > 0);
            !versions.is_empty()
        });
    }
}

#[cfg(test)]
mod tests {
    use sluice_helm::{File, Limits, load_files};

    use super::*;

    fn chart(size: usize) -> Arc<Chart> {
        let files = vec![
            File::new("Chart.yaml", "apiVersion: v2\nname: c\nversion: 1.0.0\n"),
            File::new("big", vec![b'a'; size]),
        ];
        Arc::new(load_files(files, &Limits { file: u64::MAX, ..Limits::default() }).unwrap().chart)
    }

    #[test]
    fn what_was_used_last_is_kept() {
        let charts = Charts::default();
        for digest in ["a", "b", "c"] {
            charts.put(digest, chart(10 << 20));
        }
        assert!(charts.get("a").is_some());
        charts.put("d", chart(10 << 20));
        let there = ["a", "b", "c", "d"].map(|digest| charts.get(digest).is_some());
        assert_eq!(there, [true, false, true, true]);
    }

    #[test]
    fn releases_of_one_chart_hold_it_once() {
        let stored = Stored::default();
        let share = |size: usize| {
            let chart = Some(Arc::new(Released::from(&*chart(size))));
            let mut release = Release { chart, ..Release::default() };
            stored.share(&mut release);
            release.chart.unwrap()
        };
        let (one, same, other) = (share(1), share(1), share(2));
        assert!(Arc::ptr_eq(&one, &same) && !Arc::ptr_eq(&one, &other));
        drop((one, same, other));
        share(3);
        assert_eq!(stored.0.lock().unwrap().values().map(Vec::len).sum::<usize>(), 1);
    }
}
