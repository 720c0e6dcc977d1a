//! The agent's log as that of its pod, which kwok plays.

use std::fs::File;
use std::io::{self, BufReader};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::control_plane::copy_as_container_log;

/// The time between two looks at the log.
const POLL: Duration = Duration::from_millis(100);

/// Copies what is written to a log, until it is dropped.
#[derive(Debug)]
pub(super) struct PodLog(Arc<AtomicBool>);

impl PodLog {
    /// Begins; the log must be there.
    pub(super) fn start(log: &Path, copy: &Path) -> io::Result<Self> {
        let mut log = BufReader::new(File::open(log)?);
        let copy = File::options().create(true).append(true).open(copy)?;
        let ended = Arc::new(AtomicBool::new(false));
        let seen = ended.clone();
        // A thread: agents outlive the runtimes of the tests that share them.
        thread::spawn(move || {
            while !seen.load(Ordering::Relaxed) && copy_as_container_log(&mut log, &copy).is_ok() {
                thread::sleep(POLL);
            }
        });
        Ok(Self(ended))
    }
}

impl Drop for PodLog {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
