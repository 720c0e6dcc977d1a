//! Passes, counted.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use sluice_object::ObjectId;
use sluice_reconcile::Meter;

/// How many passes have ended.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicUsize);

impl Count {
    pub(crate) fn passes(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl Meter for Count {
    fn reconciled(&self, _: &str, _: &ObjectId, _: Duration, _: &'static str) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn forget(&self, _: &str, _: &ObjectId) {}

    fn queue(&self, _: &str, _: usize, _: usize, _: usize) {}
}
