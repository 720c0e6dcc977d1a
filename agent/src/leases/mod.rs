//! Who acts when several agents run: leader election over the agent's own lease and those of Flux's controllers.
//!
//! ```text
//! Lease objects ── get, watch ──► Claim ──► decide (pure) ──► Act ──► create or patch, with a resourceVersion
//!                                              Standing ◄── Election: own lease first, then Flux's, all or none
//! ```
//!
//! While a Flux controller is alive this agent stands by, and the other way round. Whoever has had the leases and
//! cannot renew them stops before others may begin.

mod claim;
mod decide;
mod election;
mod record;

use std::sync::Arc;

use anyhow::Context as _;
use jiff::Timestamp;
use rustls::crypto::SecureRandom;
use sluice_cluster::Cluster;
use tokio::{sync::watch, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::readiness::Readiness;

pub use decide::{Act, Observation, Terms, decide};
use election::Election;
pub use record::{LeaseSpec, Stored};

/// The lease of this agent.
pub const OWN: &str = "sluice-leader-election";

/// The leases of the Flux controllers whose kinds this agent serves.
pub const FLUX: [&str; 3] =
    ["source-controller-leader-election", "kustomize-controller-leader-election", "helm-controller-leader-election"];

/// What to hold, and as whom.
#[derive(Debug, Clone)]
pub struct Options {
    /// The namespace of the leases.
    pub namespace: String,
    /// What is put behind the names of the leases, where agents share the objects.
    pub suffix: String,
    /// The holder's identity, see [`identity`].
    pub identity: String,
    /// The times of the election.
    pub terms: Terms,
    /// The clock whose time is written into leases.
    pub wall: fn() -> Timestamp,
}

/// Where this process stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Nothing is known yet.
    Asking,
    /// Another agent acts; the text says which.
    StandBy(String),
    /// The leases cannot be read or written; the text says why.
    Failing(String),
    /// This process acts.
    Held,
    /// This process must not act any more; the text says why.
    Lost(String),
}

/// The election under way.
#[derive(Debug)]
pub struct Leases {
    standing: watch::Receiver<Standing>,
    release: CancellationToken,
    task: JoinHandle<()>,
}

impl Leases {
    /// Begins to ask for the leases, and tells `/readyz` where this process stands.
    pub fn start(cluster: Arc<dyn Cluster>, options: Options, readiness: Readiness) -> Self {
        let (sender, standing) = watch::channel(Standing::Asking);
        let release = CancellationToken::new();
        readiness.pending("leases", "not asked for yet");
        let task = tokio::spawn(Election::new(cluster, options).run(release.clone(), Board { sender, readiness }));
        Self { standing, release, task }
    }

    /// Returns where this process stands.
    pub fn standing(&self) -> Standing {
        self.standing.borrow().clone()
    }

    /// Waits until this process may act.
    ///
    /// # Errors
    /// When the election has ended.
    pub async fn held(&mut self) -> anyhow::Result<()> {
        let held = self.until(|standing| *standing == Standing::Held).await;
        held.map(|_| ()).context("the election has ended")
    }

    /// Waits until this process must not act any more; returns why.
    pub async fn lost(&mut self) -> String {
        match self.until(|standing| matches!(standing, Standing::Lost(_))).await {
            Some(Standing::Lost(reason)) => reason,
            _ => "the election has ended".to_owned(),
        }
    }

    /// Gives back what is held, so that another agent takes over at once.
    pub async fn release(self) {
        self.release.cancel();
        if let Err(error) = self.task.await {
            tracing::warn!(logger = "leases", %error, "election ended");
        }
    }

    async fn until(&mut self, wanted: impl FnMut(&Standing) -> bool) -> Option<Standing> {
        self.standing.wait_for(wanted).await.ok().map(|standing| standing.clone())
    }
}

/// Where the standing is made known: to waiting tasks, to `/readyz`, and once per change to the log.
struct Board {
    sender: watch::Sender<Standing>,
    readiness: Readiness,
}

impl Board {
    fn show(&self, standing: Standing) {
        let changed = self.sender.send_if_modified(|shown| std::mem::replace(shown, standing.clone()) != standing);
        if changed {
            tell(&standing, &self.readiness);
        }
    }
}

fn tell(standing: &Standing, readiness: &Readiness) {
    match standing {
        Standing::Asking => {}
        Standing::StandBy(reason) => {
            tracing::info!(logger = "leases", "standing by: {reason}");
            readiness.ready("leases", format!("standing by: {reason}"));
        }
        Standing::Failing(reason) => {
            tracing::error!(logger = "leases", error = reason, "leases cannot be had");
            readiness.pending("leases", reason);
        }
        Standing::Held => {
            tracing::info!(logger = "leases", "leases are held");
            readiness.ready("leases", "held");
        }
        Standing::Lost(reason) => {
            tracing::error!(logger = "leases", error = reason, "leases are lost");
            readiness.pending("leases", reason);
        }
    }
}

/// Returns an identity that no other process has: `<hostname>_<uuid>`, as client-go makes it.
///
/// # Errors
/// When there is no randomness to be had.
pub fn identity(hostname: &str, random: &dyn SecureRandom) -> anyhow::Result<String> {
    let mut bytes = [0; 16];
    random.fill(&mut bytes).map_err(|_| anyhow::anyhow!("read random bytes for the identity of this process"))?;
    Ok(format!("{hostname}_{}", uuid(bytes)))
}

/// Formats random bytes as a UUID of version 4.
fn uuid(mut bytes: [u8; 16]) -> String {
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = format!("{:032x}", u128::from_be_bytes(bytes));
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

#[cfg(test)]
mod tests;
