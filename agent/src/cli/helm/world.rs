//! What templates reach on the command line: the clock and chance, and no cluster.

use jiff::Timestamp;
use rustls::crypto::{SecureRandom, ring};
use sluice_template::World;

/// A world without a cluster.
#[derive(Debug)]
pub(super) struct Offline(&'static dyn SecureRandom);

impl Offline {
    pub(super) fn new() -> Self {
        Self(ring::default_provider().secure_random)
    }
}

impl World for Offline {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn random(&mut self, bytes: &mut [u8]) {
        self.0.fill(bytes).expect("invariant: the system gives random bytes once the process has started");
    }
}
