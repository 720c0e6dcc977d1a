//! Whatever an archive of a chart is, loading it ends without a panic, and so do packing and rendering what was loaded.
//!
//! What does not begin as gzip does is compressed first: chance seldom finds a checksum.
#![no_main]

use std::io::Write as _;

use flate2::{Compression, write::GzEncoder};
use libfuzzer_sys::fuzz_target;
use sluice_helm::{Limits, load_archive};

fn compressed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::none());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).unwrap_or_default()
}

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits::default();
    let archive = if bytes.starts_with(&[0x1f, 0x8b]) { bytes.to_vec() } else { compressed(bytes) };
    if let Ok(loaded) = load_archive(&archive, &limits) {
        let _ = sluice_helm::pack(&loaded.chart, jiff::Timestamp::UNIX_EPOCH);
    }
});
