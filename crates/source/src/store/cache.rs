//! Contents of small files that were read last, in memory.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;

use super::blobs::BlobId;

/// A cache bounded by bytes; what was used longest ago goes first.
#[derive(Debug)]
pub(super) struct Cache {
    capacity: usize,
    used: usize,
    tick: u64,
    entries: HashMap<BlobId, (u64, Bytes)>,
    order: BTreeMap<u64, BlobId>,
}

/// A file larger than this share of the cache would push out too much of it.
const LARGEST_SHARE: usize = 16;

impl Cache {
    pub(super) fn new(capacity: usize) -> Self {
        Self { capacity, used: 0, tick: 0, entries: HashMap::new(), order: BTreeMap::new() }
    }

    pub(super) fn get(&mut self, id: &BlobId) -> Option<Bytes> {
        let (last, bytes) = self.entries.get_mut(id)?;
        self.order.remove(last);
        self.tick += 1;
        *last = self.tick;
        self.order.insert(self.tick, *id);
        Some(bytes.clone())
    }

    pub(super) fn put(&mut self, id: BlobId, bytes: &Bytes) {
        if bytes.len() > self.capacity / LARGEST_SHARE || self.entries.contains_key(&id) {
            return;
        }
        self.used += bytes.len();
        self.tick += 1;
        self.order.insert(self.tick, id);
        self.entries.insert(id, (self.tick, bytes.clone()));
        self.shrink();
    }

    fn shrink(&mut self) {
        while self.used > self.capacity
            && let Some((_, oldest)) = self.order.pop_first()
        {
            let freed = self.entries.remove(&oldest).map_or(0, |(_, bytes)| bytes.len());
            self.used -= freed;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(byte: u8) -> BlobId {
        BlobId([byte; 32])
    }

    #[test]
    fn forgets_what_was_used_longest_ago() {
        let mut cache = Cache::new(32);
        let bytes = Bytes::from_static(b"ab");
        (0..16).for_each(|n| cache.put(id(n), &bytes));
        assert!(cache.get(&id(0)).is_some());
        cache.put(id(16), &bytes);
        assert!(cache.get(&id(0)).is_some() && cache.get(&id(1)).is_none() && cache.get(&id(16)).is_some());
        assert_eq!(cache.used, 32);
    }

    #[test]
    fn keeps_no_large_file() {
        let mut cache = Cache::new(32);
        cache.put(id(1), &Bytes::from_static(b"abc"));
        assert!(cache.get(&id(1)).is_none());
    }
}
