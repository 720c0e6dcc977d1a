//! What was made of files, kept by their digest: bounded, and made once for all who ask at the same time.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use sha2::{Digest as _, Sha256};

/// How much is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// How many things.
    pub count: usize,
    /// How many bytes the files of all of them have.
    pub bytes: usize,
}

/// What tells files apart.
pub(crate) type Digest = [u8; 32];

/// Things by digest. What was not used for the longest time goes first.
pub(crate) struct Kept<T> {
    bounds: Bounds,
    shelf: Mutex<Shelf<T>>,
}

struct Shelf<T> {
    slots: HashMap<Digest, Slot<T>>,
    bytes: usize,
    /// Counts uses.
    now: u64,
}

struct Slot<T> {
    place: Place<T>,
    bytes: usize,
    used: u64,
}

type Place<T> = Arc<Mutex<Option<Arc<T>>>>;

impl<T> Kept<T> {
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self { bounds, shelf: Mutex::new(Shelf { slots: HashMap::new(), bytes: 0, now: 0 }) }
    }

    /// Returns what was made of files, or makes it. Whoever asks for the same meanwhile waits for it.
    pub(crate) fn get<E>(
        &self,
        digest: Digest,
        bytes: usize,
        make: impl FnOnce() -> Result<T, E>,
    ) -> Result<Arc<T>, E> {
        let place = self.shelf().place(digest, bytes, &self.bounds);
        let mut place = place.lock().unwrap_or_else(PoisonError::into_inner);
        match &*place {
            Some(known) => Ok(Arc::clone(known)),
            None => Ok(Arc::clone(place.insert(Arc::new(make()?)))),
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.shelf().slots.len()
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf<T>> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Shelf<T> {
    /// Returns the place for a digest, and makes room for it; what is too large gets one that nobody else finds.
    fn place(&mut self, digest: Digest, bytes: usize, bounds: &Bounds) -> Place<T> {
        self.now += 1;
        if let Some(slot) = self.slots.get_mut(&digest) {
            slot.used = self.now;
            return Arc::clone(&slot.place);
        }
        let place = Place::default();
        if bytes <= bounds.bytes && bounds.count > 0 {
            while self.slots.len() >= bounds.count || self.bytes + bytes > bounds.bytes {
                self.drop_oldest();
            }
            self.bytes += bytes;
            self.slots.insert(digest, Slot { place: Arc::clone(&place), bytes, used: self.now });
        }
        place
    }

    fn drop_oldest(&mut self) {
        let oldest = self.slots.iter().min_by_key(|(_, slot)| slot.used).map(|(digest, _)| *digest);
        if let Some(slot) = oldest.and_then(|digest| self.slots.remove(&digest)) {
            self.bytes -= slot.bytes;
        }
    }
}

impl<T> fmt::Debug for Kept<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept").field("bounds", &self.bounds).field("count", &self.count()).finish()
    }
}

/// Returns the digest of texts, each behind its length.
pub(crate) fn digest<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Digest {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    /// Asks for things of one byte by their names, and returns how many were made.
    fn made(count: usize, bytes: usize, names: &str) -> usize {
        let (kept, mut made) = (Kept::new(Bounds { count, bytes }), 0);
        for name in names.bytes() {
            let make = || -> Result<u8, Infallible> {
                made += 1;
                Ok(name)
            };
            assert_eq!(kept.get(digest([&[name][..]]), 1, make), Ok(Arc::new(name)));
        }
        assert!(kept.count() <= count.min(bytes));
        made
    }

    #[test]
    fn what_was_not_used_for_longest_goes_first() {
        assert_eq!(made(2, 10, "abab"), 2);
        assert_eq!(made(2, 10, "abaca"), 3);
        assert_eq!(made(2, 10, "abacab"), 4);
    }

    #[test]
    fn bytes_are_bounded_too() {
        assert_eq!(made(10, 1, "aaba"), 3);
        assert_eq!(made(10, 0, "aa"), 2);
        assert_eq!(made(0, 10, "aa"), 2);
    }

    #[test]
    fn what_fails_is_tried_again() {
        let kept = Kept::new(Bounds { count: 1, bytes: 1 });
        assert_eq!(kept.get([0; 32], 1, || Err::<u8, _>("no")), Err("no"));
        assert_eq!(kept.get([0; 32], 1, || Ok::<u8, &str>(1)), Ok(Arc::new(1)));
    }

    #[test]
    fn parts_do_not_run_into_one_another() {
        let of = |parts: &[&str]| digest(parts.iter().map(|part| part.as_bytes()));
        assert_ne!(of(&["ab", "c"]), of(&["a", "bc"]));
        assert_ne!(of(&["ab", ""]), of(&["ab"]));
    }
}
